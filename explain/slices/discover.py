"""Weak slices: found on one half of the rows, confirmed on the other, with the share of false ones held under a level."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from explain.slices.actions import advise
from explain.slices.counts import holds, select
from explain.slices.cube import capped
from explain.slices.intervals import LEAST_CLUSTERS
from explain.slices.search import Candidate, DiscoverOptions, candidates, is_error, is_trial
from explain.slices.significance import adjusted, clustered_p, difference, mid_p, ratio, share_of
from explain.slices.types import NOT_KNOWN, Discovery, Slice, Table, WeakSlice
from models.errors import UsageError

Bools = NDArray[np.bool_]


def half_of(ids: Sequence[str]) -> Bools:
    """Which half each row is in, by a hash of its id and nothing else: the halves of ``models.evaluate.bands``.

    True is the half that slices are found on. Rows of one id, such as one change scored twice, are in the same half.
    """
    from models.evaluate.bands import in_first_half  # here, as it brings scikit-learn along

    return np.array([in_first_half(one) for one in ids], dtype=bool)


def discover(
    table: Table,
    halves: Bools,
    options: DiscoverOptions | None = None,
    tick: Callable[[float], None] = lambda done: None,
) -> Discovery:
    """The weak slices of ``table`` by an error of ``options.kind``, the surest first; conditions on all of its attributes.

    Found where ``halves``, shape (rows,), is True. Tested where it is False by Fisher's exact test (mid-p) against all other
    rows, and against those of them that no slice found before it holds; for a slice with rows of at least 8 clusters, between
    clusters too. The largest p-value counts (an intersection-union test, Berger 1982), so that a slice is worse than the rest,
    and not for what was found already. Clusters should lie in one half each (``half_of`` their names), or what is peculiar to
    some of them is found and confirmed.

    p-values are adjusted by Benjamini and Hochberg (1995) for all slices that were tested, and figures are those of the testing
    half, so that neither owes anything to the search. Weights are not used. ``tick`` hears of the share done; what it raises
    ends the search. Raises UsageError where a half has too few trials.
    """
    options = options or DiscoverOptions()
    if halves.shape != (table.rows,):
        raise UsageError(f"Expected one half for each of {table.rows:,} rows, but got {len(halves):,}.")
    table = replace(table, columns=tuple(map(capped, table.columns)))
    trials = is_trial(table, options.kind)
    finding, testing = (select(table, trials & side) for side in (halves, ~halves))
    if min(finding.rows, testing.rows) < 2 * options.support:
        raise UsageError(
            f"Expected at least {2 * options.support:,} trials for {options.kind} in each half of the rows, but got"
            f" {finding.rows:,} and {testing.rows:,}; pass more predictions or a lower support."
        )
    screened, tried = candidates(finding, options, tick)
    p = adjusted(list(_tested(testing, tried, options)))
    found = [
        _described(table, trials & ~halves, each, options.kind, float(value))
        for each, value in zip(tried, p, strict=True)
        if value <= options.level
    ]
    tick(1.0)
    found.sort(key=lambda one: (one.p, -(one.difference.low or 0.0)))
    return Discovery(options.kind, options.level, screened, len(tried), finding.rows, testing.rows, tuple(found))


def _tested(table: Table, tried: Sequence[Candidate], options: DiscoverOptions) -> Iterator[float]:
    """The p-value of every candidate; 1 where the rows that are left are too few to test."""
    every = left = before = np.ones(table.rows, dtype=bool)
    wrong = is_error(table, options.kind)
    for one in tried:
        inside = holds(table, one.slice)
        if one.parent is None:
            scope, before, left = every, left, left & ~inside
        else:
            scope = holds(table, one.parent)
        sides = (scope, scope & before)
        yield max(_p(inside[side], wrong[side], None if table.clusters is None else table.clusters[side]) for side in sides)


def _p(inside: Bools, wrong: Bools, clusters: NDArray[np.int64] | None) -> float:
    trials, rest = int(inside.sum()), int((~inside).sum())
    if not trials or not rest:
        return 1.0
    p = mid_p(int(wrong[inside].sum()), trials, int(wrong[~inside].sum()), rest)
    if clusters is not None and len(np.unique(clusters[inside])) >= LEAST_CLUSTERS:
        p = max(p, clustered_p(inside, wrong, clusters))
    return min(p, 1.0)


def _described(table: Table, testing: Bools, one: Candidate, kind: str, p: float) -> WeakSlice:
    inside, wrong = holds(table, one.slice), is_error(table, kind)
    around = testing if one.parent is None else testing & holds(table, one.parent)
    own, other = around & inside, around & ~inside
    rate, rest = (share_of(int(wrong[side].sum()), int(side.sum())) for side in (own, other))
    action, reason = advise(table, inside)
    return WeakSlice(
        one.slice, int(inside.sum()), rate, rest, difference(rate, rest), ratio(rate, rest), p, one.parent, action, reason
    )


def sentence(where: Slice) -> str:
    """The conditions of a slice in words, "all changes" for none. Values are as hostile as the data that they come from."""
    return " and ".join(f"{one.column} = {one.value or NOT_KNOWN}" for one in where) or "all changes"
