"""The model card (Mitchell et al. 2019): ``card.json`` holds what was measured, and ``CARD.md`` is made from it alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.classify.checkpoint import SETTINGS, digest_folder, read_json, read_kind, read_settings
from models.errors import ModelError, UsageError
from models.evaluate.faulty_lines import line_summary
from models.evaluate.markdown import escaped, markdown
from models.evaluate.report import Report, band_payload
from models.evaluate.sanity_sections import sanity_sections
from models.evaluate.sections import Section, bands, counted, sections
from models.files import write_whole

SCHEMA = "whydiff/card/1"
CARD, DATA = "CARD.md", "card.json"
KNOWN = ("train_rows", "train_projects")
"""What a card keeps about the data that a model was trained on, which no prediction tells."""
PARTS: Mapping[str, Callable[[Mapping[str, Any]], Iterable[Section]]] = MappingProxyType(
    {"sanity": sanity_sections, "lines": line_summary}
)
"""What else was measured of a checkpoint and is stored in its card under this name, and how it is shown."""
_READS = {
    "size": "reads the size and shape of a change, no code",
    "bag": "reads which words are added, removed, in paths and in the message, without their order",
    "transformer": "reads message, paths and changed lines with their surroundings as a sequence of tokens",
    "diff-transformer": "reads message, paths and changed lines as a structure of files, hunks and lines",
}
_KINDS = {
    "size": "gradient boosting over metrics of the change",
    "bag": "logistic regression over words",
    "transformer": "transformer over tokens",
    "diff-transformer": "transformer made for diffs",
    "lines": "no model: the number of changed lines",
}
_LIMITS = (
    "Labels come from later fixes and are noisy; silence is no proof of health. Threshold, calibration and bands of a model "
    "are chosen on the split valid; where these rows are that split, its figures at the threshold are a little too kind (areas "
    "under the curves, gating, filtering and effort depend on none of them, and rates of bands are counted on rows that did "
    "not choose them). Intervals speak of other changes to the same projects, not of other projects or times. A score is a "
    "reason to look, not a verdict on a person."
)


def checkpoint_facts(folder: Path) -> dict[str, Any]:
    """What the files of a checkpoint say about it: settings, options and progress of its training, size of its weights.

    Raises ModelError for a folder that is no checkpoint of whydiff's.
    """
    kind, settings = read_kind(folder), read_settings(folder)
    if settings is None:
        raise ModelError(f"{folder} lacks {SETTINGS}, so there is nothing to make a card of; train it with whydiff train.")
    weights = sum(path.stat().st_size for path in folder.iterdir() if path.suffix == ".safetensors" or path.name == "trees.json")
    return {
        "name": settings.name,
        "kind": kind,
        "digest": digest_folder(folder),
        "megabytes": round(weights / 1e6, 1),
        "threshold": settings.threshold,
        "calibration": settings.calibration.method,
        "bands": [band_payload(one) for one in settings.bands],
        **_begun(folder / "train.json"),
        "training": _scalars(read_json(folder / "state.json")) if (folder / "state.json").exists() else {},
        "encode": _scalars(_object(folder / SETTINGS, "encode")),
    }


def _begun(path: Path) -> dict[str, Any]:
    """The options of a run and what it began with (a digest of its data, and the checkpoint it started from)."""
    record = read_json(path) if path.exists() else {}
    options = record.get("options", record)
    begun = {name: record[name] for name in ("data", "parent") if isinstance(record.get(name), str)}
    return {"options": _scalars(options), "begun": begun} if isinstance(options, dict) else {"options": {}, "begun": begun}


def _scalars(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if _scalar(value)}


def _object(path: Path, key: str) -> dict[str, Any]:
    value = read_json(path).get(key)
    return value if isinstance(value, dict) else {}


def _scalar(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def card_data(facts: Mapping[str, Any], report: Report, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``card.json``. ``data``: what ``KNOWN`` names, where it is known.

    Raises UsageError unless the checkpoint is among the models of ``report``.
    """
    own = next((one for one in report.models if one.digest and one.digest == facts["digest"]), None)
    if own is None:
        raise UsageError(
            f"None of the predictions was made by the checkpoint {facts['name']!r:.80} ({facts['digest']}); "
            "score the dataset with it and pass that file."
        )
    return {"schema": SCHEMA, "model": own.name, "facts": dict(facts), "data": dict(data or {}), "report": report.payload()}


def write_card(folder: Path, data: Mapping[str, Any]) -> None:
    """``card.json`` for machines, then ``CARD.md`` for people, each whole; the ``PARTS`` of a card of the same digest stay."""
    data = {**_stored_parts(folder, data["facts"]["digest"]), **data}
    stored, text = json.dumps(data, indent=1, allow_nan=False) + "\n", card_text(data)
    write_whole(folder / DATA, lambda path: path.write_text(stored, encoding="utf-8"))
    write_whole(folder / CARD, lambda path: path.write_text(text, encoding="utf-8"))


def check_part(folder: Path, digest: str) -> dict[str, Any]:
    """``card.json`` of ``folder``, to which a part may be added.

    Raises UsageError where the folder does not hold the checkpoint with ``digest``, or has no card of it.
    """
    found = checkpoint_facts(folder)["digest"]
    if found != digest:
        raise UsageError(f"{folder} holds the checkpoint {found}, but measured is {digest}; name the folder of that model.")
    stored = read_json(folder / DATA) if (folder / DATA).exists() else {}
    if not _speaks_of(stored, digest):
        raise UsageError(f"{folder} has no card of this checkpoint yet; write it with whydiff evaluate PREDICTIONS --card first.")
    return stored


def add_part(folder: Path, digest: str, name: str, part: Mapping[str, Any]) -> None:
    """Store ``part`` under ``name`` of ``PARTS`` in the card that ``folder`` has of the checkpoint with ``digest``.

    Raises UsageError as ``check_part`` does.
    """
    write_card(folder, check_part(folder, digest) | {name: dict(part)})


def stored_data(folder: Path) -> dict[str, Any]:
    """The "data" of the card that ``folder`` has already; empty when there is none."""
    path = folder / DATA
    if not path.exists():
        return {}
    known = _object(path, "data")
    return {name: known[name] for name in KNOWN} if all(type(known.get(name)) is int for name in KNOWN) else {}


def _stored_parts(folder: Path, digest: str) -> dict[str, Any]:
    """The ``PARTS`` of the card that ``folder`` has already, where it speaks of the checkpoint with ``digest``.

    Raises ModelError for one that cannot be shown.
    """
    stored = read_json(folder / DATA) if (folder / DATA).exists() else {}
    parts = {name: stored[name] for name in PARTS if name in stored} if _speaks_of(stored, digest) else {}
    for name, part in parts.items():
        try:
            list(PARTS[name](part))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"The part {name} of {folder / DATA} is damaged; take it out of the file, and measure it again."
            ) from error
    return parts


def _speaks_of(card: Mapping[str, Any], digest: str) -> bool:
    facts = card.get("facts")
    return isinstance(facts, dict) and facts.get("digest") == digest


def card_text(data: Mapping[str, Any]) -> str:
    """``CARD.md`` from ``card.json``, for any kind of model."""
    facts, report = data["facts"], data["report"]
    head = f"# {escaped(facts['name'])}\n\n" + "\n".join(f"- {one}" for one in _head(data)) + "\n\n"
    own = [one for one in report["models"] if one["name"] == data["model"]]
    others = [{**one, "at_threshold": None, "calibration": None} for one in report["models"] if one["name"] != data["model"]]
    shown = [one for one in sections({**report, "models": [*own, *others]}) if not one.title.endswith(", risk bands")]
    parts = [section for name, made in PARTS.items() if name in data for section in made(data[name])]
    return head + markdown([_models(report), *shown, _bands(facts, own[0]), *parts, _options(facts), Section("Limits", _LIMITS)])


def _head(data: Mapping[str, Any]) -> Iterator[str]:
    facts, known, state = data["facts"], data["data"], data["facts"]["training"]
    reads = _READS.get(facts["kind"], "reads a change")
    yield f"Kind {escaped(facts['kind'])}: {reads}. Flags code changes that are likely to introduce a defect."
    length = facts["encode"].get("max_length")
    if length is not None:
        yield f"Reads at most {escaped(str(length))} tokens of a change; what it did not read is listed."
    yield f"Weights: {facts['megabytes']:.1f} MB; digest {escaped(facts['digest'])}."
    if known:
        yield f"Trained on {counted(known['train_rows'], 'labelled change')} of {counted(known['train_projects'], 'project')}."
    if facts["begun"]:
        yield "Began with: " + ", ".join(f"{escaped(name)} {escaped(value)}" for name, value in facts["begun"].items()) + "."
    if state:
        yield "Training: " + ", ".join(f"{escaped(_words(name))} {escaped(_plain(value))}" for name, value in state.items()) + "."
    yield f"Calibration: {escaped(facts['calibration'])}{_held_out(data)}."
    yield f"Flags from a score of {facts['threshold']:.3f} on."
    yield (
        "Predictions: `whydiff score DATASET --split valid --model FOLDER -o PREDICTIONS.parquet`; this card: "
        "`whydiff evaluate PREDICTIONS.parquet --card FOLDER`, with predictions of further models to compare with."
    )


def _held_out(data: Mapping[str, Any]) -> str:
    """The calibration error of the checkpoint's method on rows that the fit did not see, where it was measured."""
    own = next(one for one in data["report"]["models"] if one["name"] == data["model"])
    trials = own["calibration"]["trials"] if own["calibration"] else ()
    errors = [one["error"] for one in trials if one["method"] == data["facts"]["calibration"]]
    return "".join(
        f"; expected calibration error on rows that its fit did not see {one:.3f} (15 bins of equal count)" for one in errors
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)


def _bands(facts: Mapping[str, Any], own: Mapping[str, Any]) -> Section:
    """The bands that the checkpoint stores; of one without, those that these rows would give."""
    if facts["bands"]:
        return bands("Risk bands", facts["bands"], ())
    notes = ["The checkpoint stores none; these are measured on these rows." if own["bands"] else "", *own["band_notes"]]
    return bands("Risk bands", own["bands"], [one for one in notes if one])


def _models(report: Mapping[str, Any]) -> Section:
    rows = tuple((one["name"], one["kind"] or "unknown", _KINDS.get(one["kind"], "")) for one in report["models"])
    return Section("The models", "All were measured on the same rows.", ("model", "kind", "what it is"), rows)


def _options(facts: Mapping[str, Any]) -> Section:
    rows = tuple((_words(name), _plain(value)) for name, value in facts["options"].items())
    return Section("Options of its training", "As stored with the weights." if rows else "Not stored.", ("option", "value"), rows)
