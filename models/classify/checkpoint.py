"""A checkpoint folder as data: what must be in it, what must not, and how its scores are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.classify.bands import Band, read_bands
from models.classify.calibration import AnyCalibration, Calibration, read_calibration
from models.encode.encoder import EncodeOptions
from models.errors import ModelError
from models.files import write_json

SETTINGS = "whydiff.json"
SCHEMA = "whydiff/checkpoint/1"
_UNSAFE = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".py", ".h5", ".ckpt", ".joblib", ".msgpack", ".npy", ".npz"}
_FORBIDDEN_KEYS = (
    "auto_map",
    "_attn_implementation",
    "_attn_implementation_internal",
    "attn_implementation",
    "trust_remote_code",
)
_BOUNDS = {"num_hidden_layers": 64, "hidden_size": 8192, "vocab_size": 1_000_000, "intermediate_size": 65_536}
TRANSFORMER, DIFF_TRANSFORMER, SIZE, BAG = "transformer", "diff-transformer", "size", "bag"
WEIGHTS = "model.safetensors"
GUESSES = "guesser.safetensors"
"""The masked language model beside a classifier's weights, on which no score depends."""
FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        TRANSFORMER: ("config.json", "tokenizer.json", "*.safetensors"),
        DIFF_TRANSFORMER: ("config.json", "tokenizer.json", WEIGHTS),
        SIZE: ("trees.json",),
        BAG: ("words.json", WEIGHTS),
    }
)
"""Every kind of checkpoint and what its folder holds besides ``whydiff.json``; ``load`` has a loader for each."""
_LIGHT = (SIZE, BAG)
"""Kinds that read no tokens."""
_DECIDING = {SETTINGS, *(name for names in FILES.values() for name in names)}
_MAX_JSON = 64_000_000
_LEAST_LENGTH, _MOST_TOKENS = 16, 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What whydiff says about a checkpoint beside its weights; ``encode`` is read of kinds that read tokens only."""

    name: str
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    calibration: AnyCalibration = field(default_factory=Calibration)
    threshold: float = 0.5
    kind: str = TRANSFORMER
    bands: tuple[Band, ...] = ()


def read_kind(folder: Path) -> str:
    """Which kind of checkpoint ``folder`` holds: what ``whydiff.json`` says, a transformer where it says nothing.

    Raises ModelError for a kind that this version does not know, and for a light one whose training was not finished.
    """
    path = folder / SETTINGS
    try:
        if not path.exists():
            _check_finished(folder)
            return TRANSFORMER
        kind = read_json(path).get("kind", TRANSFORMER)
    except OSError as error:
        raise _unreadable(folder, error) from error
    if not isinstance(kind, str) or kind not in FILES:
        said = ascii(kind)[:80]
        raise ModelError(f"{SETTINGS} of {folder} says kind {said}, expected one of {', '.join(FILES)}; update whydiff.")
    return kind


def _check_finished(folder: Path) -> None:
    """Raise ModelError where only a light model has such files; without settings a Hugging Face folder can be read too."""
    if any((folder / FILES[kind][0]).exists() for kind in _LIGHT):
        raise unfinished(folder)


def unfinished(folder: Path) -> ModelError:
    """What is said of a folder whose settings were never written, which is the last thing that training does."""
    return ModelError(f"{folder} lacks {SETTINGS}, so its training was not finished; run whydiff train again with -o {folder}.")


def read_settings(folder: Path, positions: int | None = None) -> Settings | None:
    """The settings of ``folder``, or None without ``whydiff.json``; ``positions`` is the longest input of the model.

    Without ``positions`` (for a kind that reads no tokens) nothing is read of how to encode.
    Raises ModelError for a value that is none.
    """
    path = folder / SETTINGS
    if not path.exists():
        return None
    data = read_json(path)
    try:
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema is {data['schema']!r}, expected {SCHEMA!r}")
        calibration, bands = read_calibration(data["calibration"]), read_bands(data.get("bands", ()))
        encode = EncodeOptions() if positions is None else _encode_options(data["encode"], positions)
        kind = read_kind(folder)
        settings = Settings(str(data["name"]), encode, calibration, float(data["threshold"]), kind, bands)
        if not 0 < settings.threshold < 1:
            raise ValueError(f"expected a threshold between 0 and 1, got {settings.threshold}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{path.name} of the model folder {folder} is broken ({error}); train or copy the checkpoint again."
        ) from error
    return settings


def _encode_options(data: dict[str, Any], positions: int) -> EncodeOptions:
    """Options of the type and range that the encoder needs; a name that this version does not know is passed over."""
    defaults = asdict(EncodeOptions())
    given = {name: data[name] for name in defaults if name in data}
    for name, value in (defaults | given).items():
        least, most = (_LEAST_LENGTH, positions) if name == "max_length" else (0, _MOST_TOKENS)
        kind = type(defaults[name])
        if type(value) is not kind or not (kind is bool or least <= value <= most):
            raise ValueError(f"encode.{name} is {value!r}, expected {kind.__name__} from {least} to {most}")
    return EncodeOptions(**given)


def write_settings(folder: Path, settings: Settings) -> None:
    """Write ``whydiff.json``, whole or not at all."""
    data = {"schema": SCHEMA, **asdict(settings), "calibration": settings.calibration.payload()}
    if settings.kind in _LIGHT:
        del data["encode"]
    write_json(folder / SETTINGS, data)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of bounded size; raises ModelError."""
    try:
        if path.stat().st_size > _MAX_JSON:
            raise ModelError(f"{path} is larger than {_MAX_JSON // 1_000_000} MB; it is no configuration of a model.")
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} could not be read as JSON ({error}); copy the checkpoint again.") from error
    if not isinstance(data, dict):
        raise ModelError(f"{path} should hold a JSON object, but holds a {type(data).__name__}; copy the checkpoint again.")
    return data


def check_folder(folder: Path, kind: str) -> None:
    """Raise ModelError with the first thing that is wrong with the files of a folder for a checkpoint of ``kind``."""
    try:
        _check_files(folder, kind)
    except OSError as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: OSError) -> ModelError:
    return ModelError(f"The model folder {str(folder)[:200]} could not be read ({error.strerror or error}); pass another one.")


def validate_folder(folder: Path) -> dict[str, Any]:
    """The configuration of a transformer's folder that is safe to load; raises ModelError with the first thing wrong."""
    check_folder(folder, TRANSFORMER)
    config = read_json(folder / "config.json")
    for key in _FORBIDDEN_KEYS:
        if config.get(key):
            raise ModelError(
                f"config.json of {folder} sets {key}, which can load foreign code; remove that entry if you trust the weights."
            )
    for key, most in _BOUNDS.items():
        value = config.get(key, 1)
        if type(value) is not int or not 0 < value <= most:
            raise ModelError(
                f"config.json of {folder} has {key} = {value!r}, expected a whole number from 1 to {most}; "
                "copy the checkpoint again."
            )
    return config


def _check_files(folder: Path, kind: str) -> None:
    """Raise ModelError unless the folder has what a model needs and nothing that may run code; OSError as it comes."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise ModelError(f"The model folder {folder} {what}; pass a folder with {' and '.join(_expected(kind))}.")
    unsafe = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _UNSAFE)
    if unsafe:
        raise ModelError(f"The model folder {folder} holds {unsafe[0]}, which may run code when loaded; keep safetensors only.")
    missing = [name for name in FILES[kind] if not any(path.is_file() for path in folder.glob(name))]
    if missing and kind != TRANSFORMER:
        raise ModelError(f"The model folder {folder} lacks {missing[0]}, so it is no {kind} checkpoint; train or copy it again.")
    if missing and "*" in missing[0]:
        raise ModelError(
            f"The model folder {folder} has no weights as safetensors; save it with save_pretrained(safe_serialization=True)."
        )
    if missing:
        raise ModelError(
            f"The model folder {folder} lacks {missing[0]}; save the model and its fast tokenizer with save_pretrained."
        )


def _expected(kind: str) -> tuple[str, str]:
    """Two names that a folder of ``kind`` holds, for a message."""
    return ("config.json", WEIGHTS) if kind == TRANSFORMER else (SETTINGS, FILES[kind][0])


def digest_folder(folder: Path, guesses: bool = False) -> str:
    """SHA-256 over the names and bytes of all that decides the answers (16 hexadecimal digits).

    Scores depend on nothing that the masked language model beside them holds; ``guesses`` counts that too.
    """
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        decides = path.name.endswith((".safetensors", ".safetensors.index.json")) or path.name in _DECIDING
        if decides and (guesses or path.name != GUESSES):
            total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]
