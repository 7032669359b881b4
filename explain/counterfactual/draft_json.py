"""A draft as JSON, and read back: the steps make the versions anew, so that a file can claim no patch and no score."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from explain.counterfactual.draft import ORIGINAL, Draft, Version
from explain.counterfactual.effects import Effect
from explain.counterfactual.steps import place, replaced, taken_back
from models.change.render import render
from models.change.types import MESSAGE_FILE, Diff, Level, Unit, clean
from models.errors import UsageError

SCHEMA = "whydiff/draft/1"
_FIELDS = ("file", "hunk", "line", "start", "end")
_BACK, _PUT = "take back", "replace"


def payload(draft: Draft, model: Mapping[str, str]) -> dict[str, Any]:
    """The whole draft; ``model`` names what scored it. Bytes that are not UTF-8 are replacement characters in the patches."""
    return {
        "schema": SCHEMA,
        "model": dict(model),
        "diff_id": draft.original.id,
        "current": draft.at,
        "versions": [_version(draft, number, one) for number, one in enumerate(draft.versions)],
    }


def _version(draft: Draft, number: int, version: Version) -> dict[str, Any]:
    scored, diff = version.prediction, version.diff
    return {
        "number": number,
        "parent": version.parent,
        "step": clean(version.step),
        "name": version.name or None,
        "steps": list(_steps(draft.original, version.effect)),
        "score": scored.score if scored else None,
        "margin": scored.margin if scored else None,
        "threshold": scored.threshold if scored else None,
        "flagged": scored.flagged if scored else None,
        "patch": clean(render(diff)),
        "message": clean(diff.message) if diff.message != draft.original.message else None,
    }


def _steps(original: Diff, effect: Effect) -> Iterator[dict[str, Any]]:
    """All steps from the original to a version, in the order of the text."""
    said = original.message.split("\n")
    for unit in sorted(effect.reverted):
        yield {"do": _BACK, "unit": _address(unit), "where": clean(place(original, unit))}
    for unit, text in sorted(effect.words):
        line = said[unit.line] if unit.file == MESSAGE_FILE else original.line(unit).text
        where = clean(place(original, unit.at(Level.LINE)))
        yield {"do": _PUT, "unit": _address(unit), "where": where, "before": line[unit.start : unit.end], "after": text}


def _address(unit: Unit) -> dict[str, int]:
    """What is set of the unit; the message is file -1."""
    values = {name: getattr(unit, name) for name in _FIELDS}
    return {name: value for name, value in values.items() if name == "file" or value >= 0}


def read(text: str, original: Diff) -> Draft:
    """The draft of ``original`` that ``payload`` was made of, as JSON text, without its scores.

    Raises UsageError for what is no such draft, is one of another change, or holds steps that ``original`` does not offer.
    """
    data = _decoded(text)
    if data.get("schema") != SCHEMA:
        found = str(data.get("schema"))[:60]
        raise UsageError(f"Expected a draft with the schema {SCHEMA}, but got {found!r}; choose another file.")
    if data.get("diff_id") != original.id:
        found = str(data.get("diff_id"))[:60]
        raise UsageError(f"Expected a draft of the change {original.id}, but got one of {found!r}; open that change first.")
    draft = Draft.of(original)
    try:
        for number, row in enumerate(data["versions"]):
            draft = _with(draft, number, row)
        return draft.go(int(data["current"]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UsageError(f"Expected versions with steps, but reading them gave {error!r:.80}; choose another file.") from error


def _decoded(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Expected the JSON of a draft, but reading it gave {error!r:.80}; choose another file.") from error
    return data if isinstance(data, dict) else {}


def _with(draft: Draft, number: int, row: Mapping[str, Any]) -> Draft:
    """``draft`` with one more version, as ``row`` has it."""
    if number:
        effect = Effect()
        for step in row["steps"]:
            effect = _after(draft.original, effect, step)
        draft = draft.go(int(row["parent"])).with_version(effect, str(row["step"]))
    elif row["steps"] or row["parent"] is not None:
        raise UsageError(f"Expected a draft whose first version is {ORIGINAL}, but got one with steps; choose another file.")
    return draft.pin(number, row["name"] or "")


def _after(original: Diff, effect: Effect, step: Mapping[str, Any]) -> Effect:
    unit = Unit(**{name: int(value) for name, value in step["unit"].items()})
    if step["do"] == _BACK:
        return taken_back(original, effect, unit)
    if step["do"] == _PUT:
        return replaced(original, effect, unit, step["after"])
    raise UsageError(f"Expected the steps {_BACK!r} and {_PUT!r}, but got {str(step['do'])[:60]!r}; choose another file.")
