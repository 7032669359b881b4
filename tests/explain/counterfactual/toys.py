"""Diffs and classifiers whose answers are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from explain.counterfactual.recount import applied, offered
from explain.counterfactual.search import search
from explain.counterfactual.types import Progress, SearchOptions, SearchResult
from models.change.parse import parse
from models.change.types import Diff, LineKind, Unit
from models.classify.protocol import Prediction

PLAIN = ("revert-line", "drop-hunk", "drop-file")
"""Operators for toys that know lines by their whole text: any word deleted in one would be the line gone."""
HEADS = "diff --git a/{0} b/{0}\nindex 1111111..2222222 100644\n--- a/{0}\n+++ b/{0}\n"


def diff_of(files: dict[str, list[list[str]]]) -> Diff:
    """A diff from marked lines: ``{"a.c": [["+one", "-two"], ["+three"]]}``; hunks get a context line around."""
    parts: list[str] = []
    for path, hunks in files.items():
        parts.append(HEADS.format(path))
        old = new = 1
        for hunk in hunks:
            body = [" top", *hunk, " end"]
            olds, news = (sum(line[0] != other for line in body) for other in "+-")
            parts.append(f"@@ -{old},{olds} +{new},{news} @@\n" + "".join(line + "\n" for line in body))
            old, new = old + olds + 20, new + news + 20
    return parse("".join(parts), "a message")


def lines_of(*texts: str) -> Diff:
    """One file, one hunk of added lines."""
    return diff_of({"a.c": [["+" + text for text in texts]]})


def words(diff: Diff) -> frozenset[str]:
    """The changed lines that are there, removed ones with a leading minus."""
    changed = [line for _, line in diff.lines() if line.changed]
    return frozenset(("-" if line.kind is LineKind.REMOVED else "") + line.text for line in changed)


def predicted(margin: float) -> Prediction:
    """A prediction with this margin at threshold 0.5."""
    score = math.nan if math.isnan(margin) else 1 / (1 + math.exp(-max(min(margin, 50.0), -50.0)))
    return Prediction(margin, score, 0.5, margin, 1, 1)


@dataclass
class Toy:
    """A classifier from a function of the changed lines; remembers what it was asked."""

    margin: Callable[[frozenset[str]], float]
    seen: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    name: str = "toy"
    digest: str = "00"
    threshold: float = 0.5

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        self.batches.append(len(diffs))
        self.seen += [diff.id for diff in diffs]
        return tuple(predicted(self.margin(words(diff))) for diff in diffs)


def linear(weights: dict[str, float], bias: float = 0.0) -> Toy:
    """The sum of the weights of the lines that are there, plus ``bias``."""
    return Toy(lambda there: bias + sum(weights.get(word, 0.0) for word in sorted(there)))


def run(found: Iterator[Progress | SearchResult]) -> tuple[list[Progress], SearchResult]:
    """All progress and the result, whose place is checked."""
    *steps, last = found
    assert isinstance(last, SearchResult)
    assert steps
    progress = [step for step in steps if isinstance(step, Progress)]
    assert len(progress) == len(steps)
    return progress, last


def result_of(diff: Diff, toy: Toy, options: SearchOptions | None = None) -> SearchResult:
    """The result of a search, by taking changes back where ``options`` are not given."""
    return run(search(diff, toy, options or SearchOptions(operators=PLAIN)))[1]


def smallest(diff: Diff, toy: Toy, operator: str) -> tuple[int, set[frozenset[Unit]]]:
    """Exhaustive oracle: the least number of an operator's edits that clearly flip, and the units of every such set (0: none)."""
    before = toy.predict([diff])[0].flagged
    edits = offered(diff, operator)
    for size in range(1, len(edits) + 1):
        flips = set()
        for chosen in combinations(edits, size):
            edited = applied(diff, [edits[key] for key in chosen])
            if edited.files:
                after = toy.predict([edited])[0]
                if after.flagged != before and abs(after.margin) > 1e-3:
                    flips.add(frozenset(unit for unit, _ in chosen))
        if flips:
            return size, flips
    return 0, set()
