"""How many weak slices are false, and how many planted ones are found: ``python -m scripts.slices.discovery``, as Markdown.

Shuffled: correct and wrong predictions are dealt out to the changes anew, so that no slice is weak and every one found is
false. Planted: in slices of one to three conditions predictions are wrong more often, by so many points. Attributes are
uneven and tied to each other as those of real changes are, two with several labels a change. A slice counts as planted when half
of the rows of either are in both it and a planted one; as false when its true error rate is less than one point above that of
what it is compared with.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from explain.slices.counts import holds
from explain.slices.discover import discover
from explain.slices.search import KINDS, DiscoverOptions
from explain.slices.types import Column, Condition, Floats, Labels, Slice, Table, WeakSlice
from scripts.flips.tables import mean, share, table

_BASE = 0.18
PLANTED: tuple[Slice, ...] = (
    (Condition("kind", "k1"), Condition("language", "l2")),
    (Condition("month", "m3"),),
    (Condition("experience", "e0"), Condition("size", "s4"), Condition("unread", "u1")),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run: slices found, how many are false, which planted ones are among them."""

    found: int
    false: int
    planted: tuple[bool, ...]


def changes(rows: int, random: np.random.Generator) -> Table:
    """Changes with attributes and without predictions."""
    project = _uneven(12, rows, random)
    columns = (
        Column("project", _names("p", 12), project),
        Column("kind", _names("k", 5), _uneven(5, rows, random)),
        Column("size", _names("s", 5), random.integers(0, 5, rows).astype(np.uint8)),
        Column("experience", _names("e", 4), random.integers(0, 4, rows).astype(np.uint8)),
        Column("month", _names("m", 18), random.integers(0, 18, rows).astype(np.uint8)),
        Column("unread", _names("u", 3), _uneven(3, rows, random)),
        _labels("language", 8, project % 8, random),
        _labels("component", 20, (project * 5 + random.integers(0, 5, rows)) % 20, random),
    )
    none = np.zeros(rows, dtype=np.uint8)
    return Table("made up", none, np.zeros(rows), none.astype(bool), columns)


def _names(letter: str, many: int) -> tuple[str, ...]:
    return tuple(f"{letter}{place}" for place in range(many))


def _uneven(many: int, rows: int, random: np.random.Generator) -> np.ndarray:
    law = 1 / np.arange(1, many + 1)
    return random.choice(many, rows, p=law / law.sum()).astype(np.uint8)


def _labels(name: str, many: int, first: np.ndarray, random: np.random.Generator) -> Labels:
    """The first label of each row, and another one in a fifth of them."""
    second = np.where(random.random(len(first)) < 0.2, random.integers(1, many, len(first)), 0)
    both = np.stack([first, (first + second) % many], axis=1)
    kept = np.stack([np.ones(len(first), dtype=bool), second > 0], axis=1)
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    return Labels(name, _names(name[0], many), offsets, both[kept].astype(np.uint8))


def predicted(made: Table, wrong: Floats, random: np.random.Generator) -> Table:
    """``made`` with predictions that are wrong with the probabilities ``wrong``, shape (rows,)."""
    labels = (random.random(made.rows) < 0.3).astype(np.uint8)
    flagged = (labels > 0) ^ (random.random(made.rows) < wrong)
    return replace(made, labels=labels, flagged=flagged, scores=np.where(flagged, 0.6, 0.2) + 0.2 * random.random(made.rows))


def shuffled(rows: int, options: DiscoverOptions, random: np.random.Generator) -> Outcome:
    """One run without any weakness."""
    made = changes(rows, random)
    found = discover(predicted(made, np.full(rows, _BASE), random), random.random(rows) < 0.5, options)
    return Outcome(len(found.found), len(found.found), ())


def planted(rows: int, options: DiscoverOptions, random: np.random.Generator, points: float) -> Outcome:
    """One run with three weak slices, where errors are more frequent by ``points``, in percent."""
    made = changes(rows, random)
    inside = [holds(made, where) for where in PLANTED]
    wrong = _BASE + points / 100 * np.any(inside, axis=0)
    found = discover(predicted(made, wrong, random), random.random(rows) < 0.5, options)
    hits = tuple(any(_same(one, holds(made, each.slice)) for each in found.found) for one in inside)
    return Outcome(len(found.found), sum(_false(made, each, wrong) for each in found.found), hits)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(2 * (one & other).sum() >= (one | other).sum())


def _false(made: Table, one: WeakSlice, wrong: Floats) -> bool:
    inside = holds(made, one.slice)
    around = np.ones(made.rows, dtype=bool) if one.parent is None else holds(made, one.parent)
    return bool(wrong[inside & around].mean() < wrong[around & ~inside].mean() + 0.01)


def repeated(name: str, times: int, run: Callable[[], Outcome]) -> list[Outcome]:
    """So many runs; every hundredth is told of."""
    found = []
    for place in range(times):
        found.append(run())
        if place % 100 == 99:
            print(f"{name}: {place + 1} of {times}", file=sys.stderr, flush=True)
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m scripts.slices.discovery", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shuffles", type=int, default=1000, help="runs without any weakness")
    parser.add_argument("--planted", type=int, default=100, help="runs with three weak slices, for each size of weakness")
    parser.add_argument("--rows", type=int, default=9000)
    parser.add_argument("--conditions", type=int, default=2)
    parser.add_argument("--kind", choices=tuple(KINDS), default="accuracy")
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args(arguments)
    options, random = DiscoverOptions(given.kind, given.conditions), np.random.default_rng(given.seed)
    none = repeated("shuffled", given.shuffles, partial(shuffled, given.rows, options, random))
    some = sum(one.found > 0 for one in none)
    print(f"{given.rows:,} changes with 8 attributes, errors of {given.kind}, up to {given.conditions} conditions.\n")
    print(f"Shuffled: a slice was found in {share(some, len(none))} of the runs; the level asked for is {options.level:.0%}.\n")
    rows = []
    for points in (10.0, 15.0, 25.0):
        runs = repeated(f"+{points:g}", given.planted, partial(planted, given.rows, options, random, points))
        rows.append((f"+{points:g} points", *_cells(runs)))
    heads = ["errors more", "slices found, mean", "false, mean share", *(" and ".join(c.value for c in one) for one in PLANTED)]
    print(table(heads, rows))
    return 0


def _cells(runs: Sequence[Outcome]) -> list[str]:
    false = [one.false / one.found if one.found else 0.0 for one in runs]
    hits = np.sum([one.planted for one in runs], axis=0)
    return [mean([one.found for one in runs]), f"{np.mean(false):.1%}", *(f"{hit / len(runs):.0%}" for hit in hits)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
