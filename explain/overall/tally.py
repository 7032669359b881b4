"""What the attributions of a set of changes come to."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from explain.overall.evidence import LEAST, Sureness, adjusted, sureness
from explain.overall.parts import SIDE
from explain.overall.record import By, Explained, Part
from explain.survey.aggregate import NOTHING
from explain.survey.feature import Feature
from explain.survey.files import component_names
from explain.survey.record import Passed, Reason
from models.change.types import Diff

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Example:
    """One change where a feature adds much, either way, and where in it."""

    value: float
    id: str
    place: str


@dataclass(frozen=True, slots=True)
class Item:
    """A feature of ``changes`` changes of ``projects`` projects: what it adds to the output of each, in the mean and in sum.

    ``share``: the absolute values of what it adds to each change, of the absolute values of all tokens; None where all are 0.
    ``p`` is adjusted for all features of the same table. ``examples``: where it adds most, either way, largest first.
    """

    feature: Feature
    changes: int
    projects: int
    sure: Sureness
    sum: float
    share: float | None
    p: float | None
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """What carries the model over ``changes`` changes, whose outputs differ by ``shift`` from the baseline, in sum.

    ``of_sides`` is what the sides add, in sum. Nothing is left out and both are correctly rounded: it is ``shift``.
    ``items``: the surest first: those whose interval ends farthest from 0. ``tested`` of them are in enough changes.
    """

    name: str
    changes: int
    projects: int
    shift: float
    of_sides: float
    items: tuple[Item, ...]
    tested: int

    def at(self, where: str) -> tuple[Item, ...]:
        """The items of one sort."""
        return tuple(one for one in self.items if one.feature.where == where)


@dataclass(frozen=True, slots=True)
class Overall:
    """The whole set, its slices if any were asked for, the largest first, and what was left out."""

    whole: Carried
    by: By | None
    slices: tuple[Carried, ...]
    methods: tuple[tuple[str, str], ...]
    unconverged: int
    passed: tuple[tuple[Reason, int], ...]
    unnumbered: tuple[str, ...]


@dataclass(slots=True)
class _Column:
    """The values of one feature: ``rows`` are the numbers of their changes."""

    rows: array[int] = field(default_factory=lambda: array("l"))
    values: array[float] = field(default_factory=lambda: array("d"))
    top: list[tuple[float, int, Part]] = field(default_factory=list)

    def add(self, row: int, part: Part) -> None:
        """Count what the feature adds to the change with the number ``row``."""
        self.rows.append(row)
        self.values.append(part.value)
        ranked = abs(part.value), -row, part
        if len(self.top) < _EXAMPLES:
            heapq.heappush(self.top, ranked)
        elif ranked[:2] > self.top[0][:2]:
            heapq.heapreplace(self.top, ranked)


@dataclass(slots=True)
class _Slice:
    """Counts the changes of one slice; numbers only, and the places of examples."""

    ids: list[str] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)
    shifts: list[float] = field(default_factory=list)
    masses: list[float] = field(default_factory=list)
    columns: dict[Feature, _Column] = field(default_factory=dict)

    def add(self, one: Explained) -> None:
        """Count a change."""
        row = len(self.ids)
        self.ids.append(one.id)
        self.projects.append(one.project)
        self.shifts.append(one.shift)
        self.masses.append(one.mass)
        for part in one.parts:
            self.columns.setdefault(part.feature, _Column()).add(row, part)

    def carried(self, name: str) -> Carried:
        """What it comes to."""
        mass = math.fsum(self.masses)
        found = [sureness(column.values, [self.projects[row] for row in column.rows]) for column in self.columns.values()]
        ps = adjusted(found)
        pairs = zip(self.columns.items(), found, ps, strict=True)
        items = [self._item(feature, column, (sure, p, mass)) for (feature, column), sure, p in pairs]
        tested = sum(p is not None for p in ps)
        return Carried(
            name=name,
            changes=len(self.ids),
            projects=len(set(self.projects)),
            shift=math.fsum(self.shifts),
            of_sides=math.fsum(value for feature, one in self.columns.items() if feature.where == SIDE for value in one.values),
            items=tuple(sorted(items, key=_surest_first)),
            tested=tested,
        )

    def _item(self, feature: Feature, column: _Column, figures: tuple[Sureness, float | None, float]) -> Item:
        sure, p, mass = figures
        ranked = sorted(column.top, key=lambda one: one[:2], reverse=True)
        examples = tuple(Example(part.value, self.ids[-row], part.place) for _, row, part in ranked if part.value)
        return Item(
            feature=feature,
            changes=len(column.rows),
            projects=len({self.projects[row] for row in column.rows}),
            sure=sure,
            sum=math.fsum(column.values),
            share=math.fsum(map(abs, column.values)) / mass if mass else None,
            p=p,
            examples=examples,
        )


def _surest_first(one: Item) -> tuple[float, float, int, Feature]:
    return -one.sure.nearest, -abs(one.sure.mean) if one.changes >= LEAST else 0.0, -one.changes, one.feature


class Tally:
    """Takes outcomes one by one; keeps no diff."""

    def __init__(self, by: By | None = None) -> None:
        self._by = by
        self._whole = _Slice()
        self._slices: dict[str, _Slice] = {}
        self._methods: Counter[tuple[str, str]] = Counter()
        self._unconverged = 0
        self._passed: Counter[Reason] = Counter()
        self._unnumbered: list[str] = []

    def pass_over(self, one: Passed, /) -> None:
        """Count a row that was passed over."""
        self._passed[one.reason] += 1
        if one.reason is Reason.NO_NUMBER:
            self._unnumbered.append(one.id)

    def add(self, one: Explained, _: Diff | None = None, /) -> None:
        """Count a change that was explained."""
        self._whole.add(one)
        for name in _names(one, self._by):
            self._slices.setdefault(name, _Slice()).add(one)
        self._methods[one.method, one.baseline] += 1
        self._unconverged += not one.converged

    def overall(self) -> Overall:
        """What it all comes to."""
        slices = sorted(self._slices.items(), key=lambda one: (-len(one[1].ids), one[0]))
        return Overall(
            whole=self._whole.carried(""),
            by=self._by,
            slices=tuple(some.carried(name) for name, some in slices),
            methods=tuple(pair for pair, _ in self._methods.most_common()),
            unconverged=self._unconverged,
            passed=tuple((reason, self._passed[reason]) for reason in Reason if self._passed[reason]),
            unnumbered=tuple(self._unnumbered),
        )


def _names(one: Explained, by: By | None) -> Sequence[str]:
    """The slices that a change belongs to."""
    if by is None:
        return ()
    if by is By.COMPONENT:
        return component_names(one.project, one.components)
    return [(one.language if by is By.LANGUAGE else one.project) or NOTHING]
