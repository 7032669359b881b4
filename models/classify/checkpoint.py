"""A checkpoint folder as data: what must be in it, what must not, and how its scores are read."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.encode.encoder import EncodeOptions
from models.errors import ModelError
from models.files import write_whole

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
_DECIDING = {"config.json", "tokenizer.json", SETTINGS}
_MAX_JSON = 64_000_000
_LEAST_LENGTH, _MOST_TOKENS = 16, 1_000_000


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling (Platt 1999): score = sigmoid(slope * logit + intercept), slope > 0."""

    slope: float = 1.0
    intercept: float = 0.0

    def score(self, logit: float) -> float:
        """The calibrated probability of "flagged" for a raw logit."""
        z = self.slope * logit + self.intercept
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))

    def logit(self, score: float) -> float:
        """The raw logit with this calibrated score, 0 < score < 1."""
        return (math.log(score / (1 - score)) - self.intercept) / self.slope


@dataclass(frozen=True, slots=True)
class Settings:
    """What whydiff adds to a Hugging Face folder."""

    name: str
    encode: EncodeOptions
    calibration: Calibration = field(default_factory=Calibration)
    threshold: float = 0.5


def read_settings(folder: Path, positions: int) -> Settings | None:
    """The settings of ``folder``, or None without ``whydiff.json``; ``positions`` is the longest input of the model.

    Raises ModelError for a value that is none.
    """
    path = folder / SETTINGS
    if not path.exists():
        return None
    data = read_json(path)
    try:
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema is {data['schema']!r}, expected {SCHEMA!r}")
        calibration = Calibration(float(data["calibration"]["slope"]), float(data["calibration"]["intercept"]))
        settings = Settings(str(data["name"]), _encode_options(data["encode"], positions), calibration, float(data["threshold"]))
        if not (0 < calibration.slope < math.inf and math.isfinite(calibration.intercept)):
            raise ValueError(f"expected a positive slope and a finite intercept, got {data['calibration']}")
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
    text = json.dumps({"schema": SCHEMA, **asdict(settings)}, indent=1) + "\n"
    write_whole(folder / SETTINGS, lambda path: path.write_text(text, encoding="utf-8"))


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


def validate_folder(folder: Path) -> dict[str, Any]:
    """The configuration of a folder that is safe to load; raises ModelError with the first thing that is wrong."""
    try:
        _check_files(folder)
    except OSError as error:
        reason = error.strerror or error
        raise ModelError(f"The model folder {str(folder)[:200]} could not be read ({reason}); pass another one.") from error
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


def _check_files(folder: Path) -> None:
    """Raise ModelError unless the folder has what a model needs and nothing that may run code; OSError as it comes."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise ModelError(f"The model folder {folder} {what}; pass a folder with config.json and model.safetensors.")
    unsafe = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _UNSAFE)
    if unsafe:
        raise ModelError(f"The model folder {folder} holds {unsafe[0]}, which may run code when loaded; keep safetensors only.")
    missing = [name for name in ("config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"The model folder {folder} lacks {missing[0]}; save the model and its fast tokenizer with save_pretrained."
        )
    if not list(folder.glob("*.safetensors")):
        raise ModelError(
            f"The model folder {folder} has no weights as safetensors; save it with save_pretrained(safe_serialization=True)."
        )


def digest_folder(folder: Path) -> str:
    """SHA-256 over the names and bytes of all that decides the answers (16 hexadecimal digits)."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".safetensors", ".safetensors.index.json")) or path.name in _DECIDING:
            total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]
