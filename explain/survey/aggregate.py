"""What the outcomes of a survey come to: shares with intervals, distances by slice, and what flips touch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from explain.survey.feature import Feature
from explain.survey.files import component_names
from explain.survey.lift import FINE, Lift, drawn, held, lifts, tested
from explain.survey.record import Flip, Passed, Question, Reason, Surveyed
from models.change.types import Diff
from models.classify.bands import wilson

DIMENSIONS = ("language", "project", "component", "label")
"""What flip distances are given by. A change counts in every component (leading folder) that it touches."""
NOTHING = "(none)"
"""The group of changes that have no value there."""


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``rows`` with Wilson's 95 % interval; undefined (None) of no rows."""

    count: int
    rows: int

    @property
    def value(self) -> float | None:
        """The share."""
        return self.count / self.rows if self.rows else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its interval."""
        return wilson(self.count, self.rows) if self.rows else None

    def payload(self) -> dict[str, float | None]:
        """What JSON says of it."""
        low, high = self.interval or (None, None)
        return {"count": self.count, "of": self.rows, "share": self.value, "low": low, "high": high}


@dataclass(frozen=True, slots=True)
class Robustness:
    """How many flagged changes one sort of edit unflags.

    ``have``: flagged changes that have such an edit; ``open``: those where not all of them were tried and none of the tried
    ones did, so that the share is a lower bound.
    """

    name: str
    have: int
    share: Share
    open: int


@dataclass(frozen=True, slots=True)
class Kind:
    """Flips by one operator, and the median of the lines that they touch."""

    operator: str
    share: Share
    lines: int


Value = TypeVar("Value")
Quartiles = tuple[int | None, int | None, int | None]
"""First quartile, median, third quartile; None lies beyond every flip that was found."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the flagged changes of a group are from the other verdict; those without a flip count as farthest."""

    group: str
    found: Share
    edits: Quartiles
    lines: Quartiles


@dataclass(frozen=True, slots=True)
class Aggregates:
    """What a model leans on, as far as its flips tell.

    ``flips`` counts changes with a flip of the flagged ones, ``passed`` rows without a search by their reason, ``sizes``
    flips by their number of edits, ``aside`` the flips that touch one sort of thing alone. ``lifts`` rests on the ``fine``
    flips by single lines or words; in ``unverified`` changes the independent check did not confirm the flip. ``stopped``
    says why the searches ended that found none.
    """

    flips: Share
    passed: tuple[tuple[Reason, int], ...]
    unnumbered: tuple[str, ...]
    highest: float | None
    sizes: tuple[tuple[int, int], ...]
    kinds: tuple[Kind, ...]
    aside: tuple[tuple[str, Share], ...]
    robustness: tuple[Robustness, ...]
    distances: tuple[tuple[str, tuple[Distance, ...]], ...]
    lifts: tuple[Lift, ...]
    tested: int
    fine: int
    unverified: int
    stopped: tuple[tuple[str, int], ...]


class Tally:
    """Takes outcomes one by one; keeps no diff."""

    def __init__(self) -> None:
        self.surveyed: list[Surveyed] = []
        self._passed: Counter[Reason] = Counter()
        self._unnumbered: list[str] = []
        self._highest: float | None = None
        self._hits: Counter[Feature] = Counter()
        self._flagged: Counter[Feature] = Counter()
        self._chances: dict[Feature, list[float]] = {}

    def pass_over(self, one: Passed) -> None:
        """Count a row that was passed over."""
        self._passed[one.reason] += 1
        if one.reason is Reason.NO_NUMBER:
            self._unnumbered.append(one.id)
        if one.score is not None:
            self._highest = max(one.score, self._highest or 0.0)

    def add(self, one: Surveyed, diff: Diff) -> None:
        """Count a flagged change; ``diff`` is what was searched."""
        self.surveyed.append(one)
        self._flagged.update(held(diff))
        if one.flip is None or one.flip.operator not in FINE:
            return
        lots = drawn(diff, one.flip.edits)
        self._hits.update(lots.hit)
        for feature, chance in lots.chances():
            self._chances.setdefault(feature, []).append(chance)

    def aggregates(self) -> Aggregates:
        """What it all comes to."""
        flips = [one.flip for one in self.surveyed if one.flip is not None]
        return Aggregates(
            flips=Share(len(flips), len(self.surveyed)),
            passed=tuple((reason, self._passed[reason]) for reason in Reason if self._passed[reason]),
            unnumbered=tuple(self._unnumbered),
            highest=self._highest,
            sizes=tuple(sorted(Counter(len(flip.edits) for flip in flips).items())),
            kinds=_kinds(flips),
            aside=_aside(flips),
            robustness=tuple(_robustness(self.surveyed)),
            distances=tuple((name, _distances(self.surveyed, name)) for name in DIMENSIONS),
            lifts=lifts(self._hits, self._flagged, self._chances),
            tested=len(tested(self._chances)),
            fine=sum(flip.operator in FINE for flip in flips),
            unverified=sum(not flip.verified for flip in flips),
            stopped=tuple(Counter(one.stopped for one in self.surveyed if one.flip is None).most_common()),
        )


def _kinds(flips: Sequence[Flip]) -> tuple[Kind, ...]:
    groups: dict[str, list[int]] = {}
    for flip in flips:
        groups.setdefault(flip.operator, []).append(flip.touched.lines)
    found = [Kind(name, Share(len(some), len(flips)), _rank(sorted(some), 0.5)) for name, some in groups.items()]
    return tuple(sorted(found, key=lambda one: (-one.share.count, one.operator)))


def _aside(flips: Sequence[Flip]) -> tuple[tuple[str, Share], ...]:
    names = {"comments": "comment and blank lines", "message": "the message", "tests": "tests", "docs": "documentation"}
    counts = {title: sum(getattr(flip.touched, name) for flip in flips) for name, title in names.items()}
    return tuple((title, Share(count, len(flips))) for title, count in counts.items())


def _robustness(surveyed: Sequence[Surveyed]) -> list[Robustness]:
    found = []
    for question in Question:
        answers = [answer for one in surveyed for answer in one.answers if answer.question is question]
        flips = Share(sum(answer.flips for answer in answers), len(surveyed))
        have, unsettled = sum(answer.offered > 0 for answer in answers), sum(not answer.settled for answer in answers)
        found.append(Robustness(question.value, have, flips, unsettled))
    singles = {"one changed line": [one.one_line for one in surveyed], "one edit of any kind": [one.one_edit for one in surveyed]}
    for name, said in singles.items():
        share = Share(sum(answer is True for answer in said), len(surveyed))
        found.append(Robustness(name, len(surveyed), share, sum(answer is None for answer in said)))
    return found


def _distances(surveyed: Sequence[Surveyed], dimension: str) -> tuple[Distance, ...]:
    groups: dict[str, list[Surveyed]] = {}
    for one in surveyed:
        for group in _groups(one, dimension):
            groups.setdefault(group, []).append(one)
    found = [_distance(group, some) for group, some in groups.items()]
    return tuple(sorted(found, key=lambda one: (-one.found.rows, one.group)))


def _groups(one: Surveyed, dimension: str) -> Sequence[str]:
    if dimension == "component":
        return component_names(one.project, one.components)
    if dimension == "label":
        return [NOTHING if one.label is None else str(one.label)]
    return [str(getattr(one, dimension)) or NOTHING]


def _distance(group: str, some: Sequence[Surveyed]) -> Distance:
    flips = [one.flip for one in some if one.flip is not None]
    missing = len(some) - len(flips)
    return Distance(
        group,
        Share(len(flips), len(some)),
        _quartiles([len(flip.edits) for flip in flips], missing),
        _quartiles([flip.touched.lines for flip in flips], missing),
    )


def _quartiles(values: Sequence[int], missing: int) -> Quartiles:
    """Quartiles of ``values`` and of ``missing`` ones beyond them all."""
    ordered = [*sorted(values), *([None] * missing)]
    first, second, third = (_rank(ordered, share) for share in (0.25, 0.5, 0.75))
    return first, second, third


def _rank(ordered: Sequence[Value], share: float) -> Value:
    """The least of ``ordered`` values that at least ``share`` of them do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
