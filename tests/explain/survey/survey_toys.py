"""A planted classifier and made-up rows whose right answers are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from explain.survey.aggregate import Tally
from explain.survey.record import Passed, Row, Surveyed
from explain.survey.run import survey
from models.change.parse import parse
from models.change.types import Diff, LineKind
from models.classify.protocol import Prediction

OTHERS = ("alpha", "beta", "gamma", "delta", "omega", "kappa", "sigma", "theta")


@dataclass
class Planted:
    """Flags a change when ``word`` stands in an added line or in the message; "broken" in the message gives no number."""

    word: str = "danger"
    name: str = "planted"
    digest: str = "feedbeef"
    threshold: float = 0.5

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        return tuple(map(self._one, diffs))

    def _one(self, diff: Diff) -> Prediction:
        lines = [line.text for _, line in diff.lines() if line.kind is LineKind.ADDED]
        logit = -1.0 + 2.0 * any(self.word in text for text in [*lines, diff.message])
        if "broken" in diff.message:
            logit = math.nan
        score = 1 / (1 + math.exp(-logit))
        return Prediction(logit, score, 0.5, logit, len(lines), len(lines))


def patch(path: str, *added: str) -> str:
    """A patch that adds lines to a file."""
    body = "".join(f"+{line}\n" for line in added)
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1,{1 + len(added)} @@\n top\n{body}"


def row(name: str, text: str, message: str = "a change", **more: object) -> Row:
    """A row of this patch."""
    return Row(name, parse(text, message), **more)  # type: ignore[arg-type]


def plain(n: int, *lines: str) -> str:
    """Eight lines of C that differ a little by ``n``, then ``lines``."""
    return patch(f"src/part{n % 3}.c", *(f"{word}({n});" for word in OTHERS), *lines)


def tally_of(rows: Sequence[Row], classifier: Planted | None = None) -> Tally:
    """What a survey of ``rows`` comes to."""
    tally = Tally()
    for one, outcome in survey(rows, classifier or Planted()):
        if isinstance(outcome, Passed):
            tally.pass_over(outcome)
        else:
            assert one.diff is not None
            tally.add(outcome, one.diff)
    return tally


def surveyed(one: Row, classifier: Planted | None = None) -> Surveyed:
    """What comes out for a flagged row."""
    ((_, outcome),) = survey([one], classifier or Planted())
    assert isinstance(outcome, Surveyed)
    return outcome
