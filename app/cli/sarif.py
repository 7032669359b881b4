"""An explanation as SARIF 2.1.0 (OASIS, 2020): one result a finding, for code review tools."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from app.cli.explanation import Explanation, measured
from app.cli.findings import RULE, Finding, findings
from explain.trust.types import Word
from explain.trust.verdict import verdict
from models.change.types import METRICS_FILE, Level

_LINK_SIGNS = re.compile(r"[\\\[\]]")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(explanation: Explanation, version: str) -> dict[str, Any]:
    """The log; ``rank`` is the push of a line, hunk or file as a share of the strongest one, 0 to 100."""
    found = findings(explanation)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "whydiff", "version": version, "rules": [_rule()]}},
                "columnKind": "unicodeCodePoints",
                **_invocations(explanation),
                "results": [_result(explanation, one, found[0].value) for one in found],
                "properties": {
                    "model": explanation.model,
                    "diff_id": explanation.diff.id,
                    "prediction": {"score": explanation.prediction.score, "flagged": explanation.prediction.flagged},
                    "method": explanation.attribution.method,
                    "verdict": explanation.verdict(),
                }
                | ({} if explanation.trust is None else {"trust": measured(explanation.trust)})
                | _metrics(explanation),
            }
        ],
    }


def _invocations(explanation: Explanation) -> dict[str, Any]:
    """How far to believe the results, as a notification (section 3.20.21); a warning unless they are usable."""
    conclusion, _ = explanation.believed()
    if explanation.trust is None:
        return {}
    level = "note" if verdict(explanation.trust).word is Word.USABLE else "warning"
    notification = {"level": level, "message": {"text": _literal(conclusion)}}
    return {"invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [notification]}]}


def _metrics(explanation: Explanation) -> dict[str, Any]:
    """What belongs to no line: the numbers taken of the change as a whole, with their values."""
    units = [one for one in explanation.attribution.at(Level.LINE) if one.unit.file == METRICS_FILE]
    found = [{"text": explanation.places.text(one.unit), "value": one.value} for one in units]
    return {"metrics": found} if found else {}


def _rule() -> dict[str, Any]:
    return {
        "id": RULE,
        "name": "PushesTowardsFlagged",
        "shortDescription": {"text": "A part of the change that pushes the model towards flagging it."},
        "fullDescription": {"text": "The value is what the part adds to the model's logit. It proves no fault."},
        "defaultConfiguration": {"level": "note"},
    }


def _result(explanation: Explanation, one: Finding, largest: float) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": _uri(one.path)}, "region": {"startLine": one.start, "endLine": one.end}}
    return {
        "ruleId": RULE,
        "ruleIndex": 0,
        "level": "warning" if explanation.prediction.flagged else "note",
        "message": {"text": _literal(one.message)},
        "rank": round(100 * one.value / largest, 2),
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"whydiffContent/v1": one.mark},
        "properties": {"value": one.value, "kind": explanation.places.kind(one.unit)},
    }


def _literal(text: str) -> str:
    """``text`` in which no viewer reads a placeholder or a link (sections 3.11.5 and 3.11.6 of the standard)."""
    text = text.replace("{", "{{").replace("}", "}}")
    return _LINK_SIGNS.sub(r"\\\g<0>", text) if "](" in text else text


def _uri(path: str) -> str:
    """A reference relative to the root of the repository: one that begins with slashes would name a host or a place outside."""
    kept = path.lstrip("/")
    return quote(path[: len(path) - len(kept)], safe="") + quote(kept)
