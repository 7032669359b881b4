"""An explanation as remarks at lines: for reviewdog (rdjsonl) and as workflow commands of GitHub Actions."""

from __future__ import annotations

from app.cli.explanation import Explanation, percent
from app.cli.findings import RULE, Finding, findings, joined
from app.cli.output import dumps
from app.hidden import visible

_LONGEST_PATH = 4096
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def rdjsonl(explanation: Explanation) -> str:
    """One object of reviewdog's diagnostic format a line; none where nothing of the new side pushes towards flagged."""
    severity = "WARNING" if explanation.prediction.flagged else "INFO"
    return "".join(dumps(_diagnostic(one, severity), indent=None) for one in joined(findings(explanation)))


def github(explanation: Explanation) -> str:
    """One workflow command a line; none where nothing of the new side pushes towards flagged."""
    command = "warning" if explanation.prediction.flagged else "notice"
    title = f"whydiff: {_verdict(explanation)}"
    return "".join(_command(one, command, title) for one in joined(findings(explanation)))


def _diagnostic(one: Finding, severity: str) -> dict[str, object]:
    return {
        "message": one.message,
        "location": {"path": visible(one.path, _LONGEST_PATH), "range": {"start": {"line": one.start}, "end": {"line": one.end}}},
        "severity": severity,
        "source": {"name": "whydiff"},
        "code": {"value": RULE},
    }


def _verdict(explanation: Explanation) -> str:
    prediction = explanation.prediction
    word = "flagged" if prediction.flagged else "not flagged"
    return f"{word}, {percent(prediction.score)} (flags from {percent(prediction.threshold)})"


def _command(one: Finding, command: str, title: str) -> str:
    properties = {"file": visible(one.path, _LONGEST_PATH), "line": str(one.start), "endLine": str(one.end), "title": title}
    written = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{command} {written}::{one.message.translate(_DATA)}\n"
