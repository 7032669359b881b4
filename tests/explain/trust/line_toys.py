"""Made-up changes with known faults, and a classifier and rankers whose answers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from explain.trust.lines import LineCase, line_case
from models.change.parse import parse
from models.change.types import Diff, LineKind
from models.classify.protocol import Prediction
from models.data.faulty import FaultyRow, NamedLine


@dataclass
class Counted:
    """The logit is -1 and 1 more for every "danger" in an added line; flags from the first on."""

    name: str = "counted"
    digest: str = "feedbeef"
    threshold: float = 0.5

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        return tuple(map(self._one, diffs))

    def _one(self, diff: Diff) -> Prediction:
        logit = -1.0 + sum(line.text.count("danger") for _, line in diff.lines() if line.kind is LineKind.ADDED)
        return Prediction(logit, 0.5 if logit == 0 else float(logit > 0), 0.5, logit, 1, 1)


@dataclass
class By:
    """Ranks by a function of the line's text and whether it is at fault."""

    name: str
    value: Callable[[str, bool], float]

    def values(self, case: LineCase) -> list[float]:
        return [self.value(line.text, line.faulty) for line in case.lines]


def patch(path: str, *added: str, old_path: str = "") -> str:
    """A patch that adds lines to a file, which had another path before if ``old_path`` is given."""
    renamed = f"similarity index 90%\nrename from {old_path}\nrename to {path}\n" if old_path else ""
    body = "".join(f"+{line}\n" for line in added)
    before = old_path or path
    return f"diff --git a/{before} b/{path}\n{renamed}--- a/{before}\n+++ b/{path}\n@@ -1 +1,{1 + len(added)} @@\n top\n{body}"


def row(text: str, *named: tuple[str, str] | tuple[str, str, str], name: str = "a@1", cut: bool = False) -> FaultyRow:
    """A row whose truth names these (path, text) or (path, text, change)."""
    lines = tuple(NamedLine(one[0], one[2] if len(one) == 3 else "added", one[1]) for one in named)
    return FaultyRow(name, name.partition("@")[0], parse(text, "a change"), lines, cut)


def case(added: Sequence[str], faulty: Sequence[str], name: str = "a@1") -> LineCase:
    """A change that adds lines to one file, some of which are at fault."""
    made = line_case(row(patch("src/a.c", *added), *(("src/a.c", text) for text in faulty), name=name))
    assert made is not None
    return made
