"""An explanation as SARIF 2.1.0 (OASIS, 2020): one result a top line on the new side, for code review tools."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any
from urllib.parse import quote

from app.cli.explanation import TOP, Explanation
from app.cli.visible import visible
from explain.attribution.types import UnitValue
from models.change.types import METRICS_FILE, Level, LineKind

_RULE = "whydiff/attribution"
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(explanation: Explanation, version: str) -> dict[str, Any]:
    """The log; ``rank`` is a line's share of the strongest push towards flagged, 0 to 100."""
    top = _top(explanation)
    seen: Counter[str] = Counter()
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "whydiff", "version": version, "rules": [_rule()]}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(explanation, one, top[0].value, seen) for one in top],
                "properties": {
                    "model": explanation.model,
                    "diff_id": explanation.diff.id,
                    "prediction": {"score": explanation.prediction.score, "flagged": explanation.prediction.flagged},
                    "method": explanation.attribution.method,
                    "verdict": explanation.verdict(),
                }
                | _metrics(explanation),
            }
        ],
    }


def _metrics(explanation: Explanation) -> dict[str, Any]:
    """What belongs to no line: the numbers taken of the change as a whole, with their values."""
    units = [one for one in explanation.attribution.at(Level.LINE) if one.unit.file == METRICS_FILE]
    found = [{"text": explanation.places.text(one.unit), "value": one.value} for one in units]
    return {"metrics": found} if found else {}


def _rule() -> dict[str, Any]:
    return {
        "id": _RULE,
        "name": "PushesTowardsFlagged",
        "shortDescription": {"text": "A line that pushes the model towards flagging the change."},
        "fullDescription": {"text": "The value is the line's share of the model's logit. It proves no fault."},
        "defaultConfiguration": {"level": "note"},
    }


def _top(explanation: Explanation) -> list[UnitValue]:
    """The lines that stand in the new file and push towards flagged, strongest first."""
    lines = (one for one in explanation.attribution.at(Level.LINE) if one.unit.file >= 0 and one.unit.line >= 0 and one.value > 0)
    standing = [one for one in lines if explanation.diff.line(one.unit).kind is not LineKind.REMOVED]
    return sorted(standing, key=lambda one: -one.value)[:TOP]


def _result(explanation: Explanation, one: UnitValue, largest: float, seen: Counter[str]) -> dict[str, Any]:
    places = explanation.places
    path, text = places.path(one.unit) or "", places.text(one.unit)
    _, line = places.numbers(one.unit)
    content = hashlib.sha256(f"{path}\0{text.strip()}".encode()).hexdigest()[:32]
    seen[content] += 1
    message = f"Pushes the model towards flagged by {one.value:+.3f} logits: {visible(text.strip(), 200)}"
    place = {"artifactLocation": {"uri": quote(path)}, "region": {"startLine": max(1, line or 1)}}
    return {
        "ruleId": _RULE,
        "ruleIndex": 0,
        "level": "warning" if explanation.prediction.flagged else "note",
        "message": {"text": message},
        "rank": round(100 * one.value / largest, 2),
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"whydiffLine/v1": f"{content}:{seen[content]}"},
        "properties": {"value": one.value, "kind": places.kind(one.unit)},
    }
