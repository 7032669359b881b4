"""The search for slices that may be weak, on one half of the rows; ``explain.slices.discover`` tests them on the other.

All slices of up to three conditions are counted at once. The one with the most evidence against the rest is taken, its rows
are set aside, and the counters of all slices are taken again from the rows that are left, as long as chance alone would
hardly give so much. So one weakness is found once: its parents, its children and what overlaps with it have little left to
show. Evidence is largest for the slice that is as wide as the weakness and no wider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from explain.slices.counts import FN, FP, STATES, TN, TP, Ints, holds, select, states
from explain.slices.cube import Cube, counted, within
from explain.slices.significance import evidence, one_sided
from explain.slices.types import Slice, Table
from models.bounds import validate

KINDS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "accuracy": ((FP, FN), (TP, FP, FN, TN)),
    "recall": ((FN,), (TP, FN)),
    "fpr": ((FP,), (FP, TN)),
    "precision": ((FP,), (TP, FP)),
}
"""What is an error, and what is a trial, by the metric that suffers; states of rows."""
_SIBLING_LEVEL, _SCREEN = 0.05, 0.5
_WHOLE = 3


@dataclass(frozen=True, slots=True)
class DiscoverOptions:
    """What weak slices are looked for. Raises UsageError for a value out of bounds."""

    kind: str = field(default="accuracy", metadata={"help": "the metric that suffers", "choices": tuple(KINDS)})
    conditions: int = field(default=2, metadata={"help": "most conditions of a slice; beyond 3 by a beam", "min": 1, "max": 6})
    level: float = field(default=0.05, metadata={"help": "share of false discoveries", "min": 1e-6, "max": 0.5})
    support: int = field(default=30, metadata={"help": "fewest trials of a slice in each half", "min": 5, "max": 10**9})
    most: int = field(default=25, metadata={"help": "most slices that are tested", "min": 1, "max": 200})
    beam: int = field(default=20, metadata={"help": "slices that the beam goes on from", "min": 1, "max": 1000})

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A slice that may be weak; with a ``parent``, among the rows of that."""

    slice: Slice
    parent: Slice | None = None


@dataclass(frozen=True, slots=True)
class _Best:
    slice: Slice
    evidence: float


def candidates(table: Table, options: DiscoverOptions, tick: Callable[[float], None]) -> tuple[int, list[Candidate]]:
    """(how many slices have enough trials, those that may be weak in the order found), from rows that are all trials.

    Attributes are capped already. ``tick`` hears of the share done.
    """
    whole = counted(table, min(options.conditions, _WHOLE))
    usable = ~whole.rest() & (_tally(whole, options.kind)[1] >= options.support)
    screened, found = int(usable.sum()), list[Candidate]()
    left, now = np.ones(table.rows, dtype=bool), whole
    while (taken := sum(one.parent is None for one in found)) < options.most:
        tick(taken / options.most)
        best = _best(now, usable, options)
        if best is None:
            break
        if options.conditions > _WHOLE:
            best = max(best, _deeper(select(table, left), now, usable, options), key=lambda one: one.evidence)
        if float(one_sided(np.array(best.evidence))) * screened > _SCREEN * (taken + 1):
            break
        chosen = _simplest(select(table, left), best.slice, options.kind)
        inside = holds(table, chosen)
        found.append(Candidate(chosen))
        found += _inside(table, inside & left, chosen, options)
        now, left = now.less(within(table, inside & left, min(options.conditions, _WHOLE))), left & ~inside
    return screened, found


def _tally(cube: Cube, kind: str) -> tuple[Ints, Ints]:
    """(errors, trials) of every slice."""
    errors, trials = KINDS[kind]
    return cube.rows[:, list(errors)].sum(axis=1), cube.rows[:, list(trials)].sum(axis=1)


def _best(cube: Cube, usable: NDArray[np.bool_], options: DiscoverOptions) -> _Best | None:
    scores = _scores(cube, usable, options)
    place = int(np.argmax(scores)) if len(scores) else 0
    return _Best(cube.at(place), float(scores[place])) if len(scores) and np.isfinite(scores[place]) else None


def _scores(cube: Cube, usable: NDArray[np.bool_], options: DiscoverOptions) -> np.ndarray:
    """The evidence of every usable slice that still has enough trials, and a rest; -inf for the others."""
    errors, trials = _tally(cube, options.kind)
    wrong, every = (int(cube.all[list(some)].sum()) for some in KINDS[options.kind])
    enough = usable & (trials >= options.support) & (every - trials >= options.support)
    scores = np.full(len(errors), -np.inf)
    scores[enough] = evidence(errors[enough], trials[enough], wrong, every)
    return scores


def _simplest(table: Table, chosen: Slice, kind: str) -> Slice:
    """``chosen`` without conditions that do not make it significantly worse than its best parent.

    The best parent is the one with the most errors a trial. The level is divided by the number of conditions that could have
    stood in the place of the one left out.
    """
    while len(chosen) > 1:
        parents = [tuple(one for one in chosen if one != each) for each in chosen]
        inside, wrong = holds(table, chosen), is_error(table, kind)
        masks = [holds(table, parent) for parent in parents]
        worst = max(range(len(parents)), key=lambda place: float(wrong[masks[place]].mean()))
        own, around = masks[worst] & inside, masks[worst]
        score = evidence(
            np.array([int(wrong[own].sum())]), np.array([int(own.sum())]), int(wrong[around].sum()), int(around.sum())
        )
        siblings = sum(len(one.values) for one in table.columns if one.name not in {each.column for each in parents[worst]})
        if float(one_sided(score)[0]) * siblings <= _SIBLING_LEVEL:
            break
        chosen = parents[worst]
    return chosen


def _inside(table: Table, inside: NDArray[np.bool_], chosen: Slice, options: DiscoverOptions) -> Iterator[Candidate]:
    """The part of ``chosen`` that is worst beside the rest of it, if chance hardly gives as much; by the rows ``inside``."""
    deeper = min(options.conditions, _WHOLE) - len(chosen)
    if deeper < 1:
        return
    part = without(select(table, inside), chosen)
    cube = counted(part, deeper)
    usable = ~cube.rest()
    scores = _scores(cube, usable, options)
    tested = int(np.isfinite(scores).sum())
    if tested and float(one_sided(scores.max(keepdims=True))[0]) * tested <= _SIBLING_LEVEL:
        child = _simplest(part, cube.at(int(np.argmax(scores))), options.kind)
        yield Candidate(tuple(sorted((*chosen, *child))), chosen)


def _deeper(table: Table, cube: Cube, usable: NDArray[np.bool_], options: DiscoverOptions) -> _Best:
    """The best slice of more than three conditions that grows, one by one, from the best of three."""
    scores = _scores(cube, usable, options)
    deep = int(cube.starts[next((place for place, one in enumerate(cube.parts) if len(one) == _WHOLE), -1)]) if cube.parts else 0
    places = deep + np.argsort(-scores[deep:], kind="stable")[: options.beam]
    beam = [cube.at(int(place)) for place in places if np.isfinite(scores[place])]
    best, totals = _Best((), -np.inf), cube.all
    for _ in range(_WHOLE, options.conditions):
        grown: dict[Slice, float] = {}
        for one in beam:
            grown |= _children(table, one, totals, options)
        beam = sorted(grown, key=lambda one: -grown[one])[: options.beam]
        if beam and grown[beam[0]] > best.evidence:
            best = _Best(beam[0], grown[beam[0]])
    return best


def _children(table: Table, parent: Slice, totals: Ints, options: DiscoverOptions) -> dict[Slice, float]:
    cube = counted(without(select(table, holds(table, parent)), parent), 1)
    scores = _scores(Cube(cube.columns, cube.parts, cube.starts, cube.rows, totals), ~cube.rest(), options)
    return {tuple(sorted((*parent, *cube.at(int(place))))): float(scores[place]) for place in np.flatnonzero(np.isfinite(scores))}


def without(table: Table, where: Slice) -> Table:
    """``table`` without the attributes that ``where`` has conditions on."""
    names = {one.column for one in where}
    return replace(table, columns=tuple(one for one in table.columns if one.name not in names))


def is_error(table: Table, kind: str) -> NDArray[np.bool_]:
    """Which rows are errors of this kind, shape (rows,)."""
    return np.isin(np.arange(STATES), KINDS[kind][0])[states(table)]


def is_trial(table: Table, kind: str) -> NDArray[np.bool_]:
    """Which rows could be errors of this kind, shape (rows,)."""
    return np.isin(np.arange(STATES), KINDS[kind][1])[states(table)]
