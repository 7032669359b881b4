"""Everything a search says is true of lookup tables, in which nothing is monotone: found by trying all sets."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, count

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain.counterfactual.operators import OPERATORS, apply, atoms
from explain.counterfactual.search import search
from explain.counterfactual.types import (
    CLEAR_MARGIN,
    OPERATOR_NAMES,
    Counterfactual,
    Edit,
    Minimality,
    SearchOptions,
    SearchResult,
    StopReason,
)
from explain.counterfactual.verify import verify
from models.change.edit import changed_units, revert
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, Level, Unit
from models.classify.protocol import Prediction
from tests.properties.test_change_algebra import patches

MARGINS = (2.0, 1.0, -1.0, 0.0005, -0.0005, 0.0, float("nan"))
SHARES = ((5, 1, 1, 0, 0, 0, 0), (9, 0, 1, 0, 0, 0, 0), (3, 1, 1, 1, 1, 1, 1), (0, 1, 6, 0, 0, 0, 0), (20, 5, 1, 3, 3, 0, 1))
MOST_UNITS = 8


class Table:
    """A margin for every text, drawn once."""

    name, digest, threshold = "table", "00", 0.5

    def __init__(self, seed: int, shares: Sequence[float]) -> None:
        self.seed, self.shares = seed, shares
        self.seen: list[str] = []

    def of(self, diff: Diff) -> Prediction:
        (margin,) = random.Random(f"{self.seed}:{render(diff)}").choices(MARGINS, self.shares)
        return Prediction(margin, 0.5, 0.5, margin, 1, 1)

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        self.seen += [render(diff) for diff in diffs]
        return tuple(map(self.of, diffs))


def sets(diff: Diff, level: Level, sizes: range) -> Iterator[tuple[tuple[Unit, ...], Diff]]:
    """Every set of units of these sizes that leaves something, with what it leaves."""
    for size in sizes:
        for units in combinations(changed_units(diff, level), size):
            edited = revert(diff, units)
            if edited.files:
                yield units, edited


def clear(table: Table, diff: Diff, edited: Diff) -> bool | None:
    """Whether the verdict on ``edited`` is clearly the other one; None where it is neither clear nor kept."""
    answer = table.of(edited)
    return (answer.flagged != table.of(diff).flagged) if abs(answer.margin) > CLEAR_MARGIN else None


OPTIONS = st.builds(
    SearchOptions,
    operators=st.lists(st.sampled_from(OPERATOR_NAMES), min_size=1, max_size=3, unique=True).map(tuple),
    max_edits=st.integers(1, 6),
    budget=st.sampled_from([1, 2, 4, 8, 16, 32, 64, 1000]),
    batch=st.sampled_from([1, 2, 3, 16]),
)


def taken(diff: Diff, edits: Iterable[Edit]) -> frozenset[Unit]:
    """What ``edits`` take back."""
    return frozenset().union(*(atoms(diff, edit) for edit in edits))


@settings(max_examples=120, deadline=None, database=None)
@given(patches(), st.integers(0, 10_000), st.sampled_from(SHARES), OPTIONS, st.none() | st.integers(0, 12))
def test_every_claim_of_a_search_is_true(
    text: str, seed: int, shares: Sequence[float], options: SearchOptions, patience: int | None
) -> None:
    diff = parse(text)
    assume(all(len(changed_units(diff, level)) <= MOST_UNITS for level in (Level.LINE, Level.HUNK, Level.FILE)))
    table, asked = Table(seed, shares), count()
    *_, result = search(diff, table, options, lambda: patience is not None and next(asked) >= patience)
    assert isinstance(result, SearchResult)
    assert result.queries == len(table.seen) == len(set(table.seen)) <= options.budget
    for flip in result.counterfactuals:
        assert clear(table, diff, flip.diff)
        assert verify(diff, flip, table).ok or math.isnan(result.before.margin)
        check_certificate(table, diff, flip)
    check_reach(table, diff, result)


def check_certificate(table: Table, diff: Diff, flip: Counterfactual) -> None:
    claim, size = flip.certificate, len(flip.edits)
    if claim.minimality is Minimality.ONE:
        smaller = [revert(diff, units) for units in combinations([edit.unit for edit in flip.edits], size - 1)]
    else:
        smaller = [edited for _, edited in sets(diff, claim.level, range(size))]
    if claim.minimality is not Minimality.NONE:
        assert all(render(edited) in table.seen for edited in smaller)
        assert all(clear(table, diff, edited) is False for edited in smaller)


def check_reach(table: Table, diff: Diff, result: SearchResult) -> None:
    """All that is called complete was scored, no scored flip is smaller than those given, and exhausted means none."""
    smallest = min((len(taken(diff, flip.edits)) for flip in result.counterfactuals), default=0)
    for coverage in result.coverage:
        candidates = {edit.unit: edit for edit in OPERATORS.get(coverage.operator).candidates(diff)}
        assert coverage.units == len(candidates)
        for units, edited in sets(diff, coverage.level, range(1, result.max_edits + 1)):
            scored = render(edited) in table.seen
            assert scored or len(units) > coverage.complete
            if clear(table, diff, edited):
                assert result.stopped is not StopReason.EXHAUSTED
                assert not scored or 0 < smallest <= len(taken(diff, (candidates[unit] for unit in units)))


@settings(max_examples=120, deadline=None, database=None)
@given(patches(), st.data())
def test_edits_of_the_same_atoms_give_the_same_diff(text: str, data: st.DataObject) -> None:
    diff = parse(text)
    edits = [edit for operator in OPERATORS for edit in operator.candidates(diff)]
    some = data.draw(st.lists(st.sampled_from(edits), min_size=1, max_size=5))
    inside = [edit for edit in edits if atoms(diff, edit) <= taken(diff, some)]
    assert apply(diff, inside) == apply(diff, some)
