"""What a part that must stay claims of lookup tables, and that no search asks more, twice, or at once than it may."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, count
from math import isnan

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain.counterfactual.core import Core, CoreResult, find_core
from explain.counterfactual.search import search
from explain.counterfactual.types import OPERATOR_NAMES, Minimality, Progress, SearchOptions, SearchResult, StopReason
from explain.counterfactual.verify import verify, verify_core
from models.change.edit import changed_units, revert, says_more_than_lines
from models.change.parse import parse
from models.change.types import Diff, Level, Unit
from models.classify.protocol import Prediction
from tests.explain.counterfactual.plans import plans
from tests.explain.counterfactual.planted import Plan
from tests.properties.test_change_algebra import patches
from tests.properties.test_counterfactual_claims import SHARES, Table, clear

MOST_PARTS = 8
OPTIONS = st.builds(
    SearchOptions,
    operators=st.lists(st.sampled_from(OPERATOR_NAMES), min_size=1, unique=True).map(tuple),
    max_edits=st.integers(1, 12),
    budget=st.integers(1, 60) | st.sampled_from([200, 1000]),
    batch=st.integers(1, 20) | st.just(1024),
)


class Counted(Table):
    """A lookup table that notes how many diffs it is asked for at once."""

    def __init__(self, seed: int, shares: Sequence[float]) -> None:
        super().__init__(seed, shares)
        self.batches: list[int] = []

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        self.batches.append(len(diffs))
        return super().predict(diffs)

    def check(self, options: SearchOptions, progress: Sequence[Progress], last: SearchResult | CoreResult) -> None:
        """No more than the budget and the batch, nothing twice, and what is told of it is true."""
        assert last.queries == len(self.seen) == len(set(self.seen)) <= options.budget == last.budget
        assert self.batches[0] == 1
        assert 0 < max(self.batches) <= options.batch
        told = [one.queries for one in progress]
        assert told == sorted(told)
        assert told[0] == 1
        assert all(one.budget == options.budget for one in progress)


COUNTED = st.builds(Counted, st.integers(0, 10_000), st.sampled_from(SHARES))


@settings(max_examples=60, deadline=None, database=None)
@given(plans(), COUNTED, OPTIONS, st.none() | st.integers(0, 8))
def test_a_search_keeps_to_its_options_whatever_they_are(
    plan: Plan, table: Counted, options: SearchOptions, patience: int | None
) -> None:
    diff, asked = plan.diff(), count()
    assume(not math.isnan(table.of(diff).margin))
    *progress, last = search(diff, table, options, lambda: patience is not None and next(asked) >= patience)
    assert isinstance(last, SearchResult)
    table.check(options, [one for one in progress if isinstance(one, Progress)], last)
    for flip in last.counterfactuals:
        assert 0 < len(flip.edits) <= options.max_edits
        assert {edit.operator for edit in flip.edits} == {flip.certificate.operator} <= set(options.operators)
        assert flip.after == table.of(flip.diff)
        assert verify(diff, flip, table).ok or isnan(last.before.margin)


def names(diff: Diff) -> set[tuple[str, str]]:
    return {(file.path, file.old_path) for file in diff.files}


def units(diff: Diff) -> set[Unit]:
    """The parts of a change: its changed lines, and files that say more, or have none."""
    more = {Unit(f) for f, file in enumerate(diff.files) if says_more_than_lines(file) or not file.added + file.removed}
    return more | set(changed_units(diff, Level.LINE))


@settings(max_examples=80, deadline=None, database=None)
@given(patches(), COUNTED, OPTIONS, st.none() | st.integers(0, 8))
def test_every_claim_of_what_must_stay_is_true(text: str, table: Counted, options: SearchOptions, patience: int | None) -> None:
    diff, asked = parse(text), count()
    assume(len(units(diff)) <= MOST_PARTS)
    assume(names(diff) >= names(revert(diff, changed_units(diff, Level.LINE))))  # a header may name another file than its lines
    assume(len(names(diff)) == len(diff.files))
    assume(not math.isnan(table.of(diff).margin))
    *progress, last = find_core(diff, table, options, lambda: patience is not None and next(asked) >= patience)
    assert isinstance(last, CoreResult)
    table.check(options, [one for one in progress if isinstance(one, Progress)], last)
    on_the_threshold = clear(table, diff, diff) is None
    assert (last.core is None) == on_the_threshold
    assert not on_the_threshold or last.stopped is StopReason.EXHAUSTED
    if last.core is not None:
        check_core(diff, last.core, table)


def check_core(diff: Diff, core: Core, table: Counted) -> None:
    kept, every = frozenset(core.kept), units(diff)
    assert kept <= every
    assert core.diff == revert(diff, every - kept)
    assert (core.before, core.after) == (table.of(diff), table.of(core.diff))
    assert clear(table, diff, core.diff) is False
    one, most = core.minimality is Minimality.ONE, core.minimality is Minimality.CARDINALITY
    sizes = range(len(kept) - 1, len(kept)) if one else range(1, len(kept)) if most else range(0)
    among = sorted(kept if one else every)
    parts = (revert(diff, every - set(part)) for size in sizes for part in combinations(among, size))
    smaller = [part for part in parts if part.files]
    assert core.checked == len(smaller)
    assert all(part.id in table.seen and clear(table, diff, part) for part in smaller)
    assert verify_core(diff, core, table).reasons == ()
