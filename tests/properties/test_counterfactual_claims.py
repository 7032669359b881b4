"""Everything a search says is true of lookup tables, in which nothing is monotone: found by trying all sets."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, count

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain.counterfactual.operators import effect_of
from explain.counterfactual.recount import Key, applied, contradictory, offered
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
from models.change.parse import parse
from models.change.types import Diff
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
        (margin,) = random.Random(f"{self.seed}:{diff.id}").choices(MARGINS, self.shares)
        return Prediction(margin, 0.5, 0.5, margin, 1, 1)

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        self.seen += [diff.id for diff in diffs]
        return tuple(map(self.of, diffs))


def sets(diff: Diff, operator: str, sizes: range) -> Iterator[tuple[tuple[Key, ...], Diff]]:
    """Every set of an operator's edits of these sizes that leaves something, with what it leaves."""
    edits = offered(diff, operator)
    for size in sizes:
        for keys in combinations(edits, size):
            changes = [edits[key] for key in keys]
            edited = applied(diff, changes)
            if edited.files and not contradictory(changes):
                yield keys, edited


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


def size(diff: Diff, operator: str, keys: Iterable[Key]) -> tuple[int, int]:
    """(lines and files, characters) that a set of edits touches."""
    effect = effect_of(diff, [Edit(operator, unit, text) for unit, text in keys])
    assert effect is not None
    return effect.size(diff)


@settings(max_examples=120, deadline=None, database=None)
@given(patches(), st.integers(0, 10_000), st.sampled_from(SHARES), OPTIONS, st.none() | st.integers(0, 12))
def test_every_claim_of_a_search_is_true(
    text: str, seed: int, shares: Sequence[float], options: SearchOptions, patience: int | None
) -> None:
    diff = parse(text)
    assume(all(len(offered(diff, operator)) <= MOST_UNITS for operator in options.operators))
    table, asked = Table(seed, shares), count()
    assume(not math.isnan(table.of(diff).margin))
    *_, result = search(diff, table, options, lambda: patience is not None and next(asked) >= patience)
    assert isinstance(result, SearchResult)
    assert result.queries == len(table.seen) == len(set(table.seen)) <= options.budget
    for flip in result.counterfactuals:
        assert clear(table, diff, flip.diff)
        assert verify(diff, flip, table).ok
        check_certificate(table, diff, flip)
    check_reach(table, diff, result)


def check_certificate(table: Table, diff: Diff, flip: Counterfactual) -> None:
    claim, edits = flip.certificate, len(flip.edits)
    if claim.minimality is Minimality.ONE:
        known = offered(diff, claim.operator)
        kept = [known[edit.unit, edit.replacement] for edit in flip.edits]
        smaller = [applied(diff, some) for some in combinations(kept, edits - 1)]
    else:
        smaller = [edited for _, edited in sets(diff, claim.operator, range(edits))]
    if claim.minimality is not Minimality.NONE:
        assert all(edited.id in table.seen for edited in smaller)
        assert all(clear(table, diff, edited) is False for edited in smaller)


def check_reach(table: Table, diff: Diff, result: SearchResult) -> None:
    """All that is called complete was scored, no scored flip is smaller than those given, and exhausted means none."""
    found = [size(diff, one.certificate.operator, [(e.unit, e.replacement) for e in one.edits]) for one in result.counterfactuals]
    for coverage in result.coverage:
        assert coverage.units in {0, len(offered(diff, coverage.operator))}  # 0: never asked for
        for keys, edited in sets(diff, coverage.operator, range(1, result.max_edits + 1)):
            scored = edited.id in table.seen
            assert scored or len(keys) > coverage.complete
            if clear(table, diff, edited):
                assert result.stopped is not StopReason.EXHAUSTED
                assert not scored or (found and min(found) <= size(diff, coverage.operator, keys))
