"""The engine against rules planted in changes: what it finds is what was planted, and what it claims can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain.counterfactual.core import CoreResult, find_core
from explain.counterfactual.types import (
    OPERATOR_NAMES,
    Certificate,
    Counterfactual,
    Minimality,
    SearchOptions,
    SearchResult,
    StopReason,
)
from explain.counterfactual.verify import verify, verify_core
from models.change.types import Diff
from models.classify.load import masked_by
from tests.explain.counterfactual.plans import plans, rules
from tests.explain.counterfactual.planted import (
    LIKELY,
    Key,
    Plan,
    Planted,
    Rule,
    contradict,
    key_of,
    parts_of,
    read,
    smallest_cores,
    smallest_flips,
)
from tests.explain.counterfactual.toys import result_of
from tests.models.classify.masked_toys import roberta

MOST_UNITS = 9
FAST = settings(max_examples=100, deadline=None, database=None)
SLOW = settings(max_examples=3000, deadline=None, database=None)


def keys_of(plan: Plan, flip: Counterfactual) -> frozenset[Key]:
    return frozenset(key_of(plan, edit) for edit in flip.edits)


def searched(diff: Diff, toy: Planted, options: SearchOptions) -> SearchResult:
    """The result of a search that kept to its budget and its batch and asked for no text twice."""
    result = result_of(diff, toy, options)
    assert result.queries == len(toy.seen) == len(set(toy.seen)) <= options.budget
    assert max(toy.batches) <= options.batch
    return result


def check_flip(plan: Plan, diff: Diff, flip: Counterfactual, toy: Planted) -> None:
    """The edited change reads as the plan says, turns the verdict, and is accepted by the verifier."""
    edits = plan.offers(flip.certificate.operator)
    plain = {f"+{edit.replacement}" for edit in flip.edits if edit.operator == "rename"}
    assert read(flip.diff) - plain == plan.left(frozenset().union(*(edits[key] for key in keys_of(plan, flip))))
    assert (toy.rule.margin(read(flip.diff)) >= 0) != (toy.rule.margin(read(diff)) >= 0)
    assert verify(diff, flip, toy).reasons == ()


FEW = tuple(name for name in OPERATOR_NAMES if name not in {"swap-name", "replace-word"})
"""Operators that offer one edit a place: small changes have few enough of all of them."""


@pytest.fixture(autouse=True, scope="module")
def _masked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # At the beginning of a line a word is another token than behind a blank.
    likes = [form for word in LIKELY for form in (word, f"Ġ{word}")]
    with masked_by(roberta(tmp_path_factory.mktemp("masked"), likes)):
        yield


def check_one_operator(plan: Plan, operator: str, rule: Rule, options: SearchOptions) -> None:
    diff, toy = plan.diff(), Planted(rule)
    result = searched(diff, toy, options)
    size, flips = smallest_flips(plan, operator, rule, options.max_edits)
    assert result.stopped is (StopReason.FOUND if size else StopReason.EXHAUSTED)
    assert bool(result.counterfactuals) == bool(size)
    for flip in result.counterfactuals:
        check_flip(plan, diff, flip, toy)
    if size:
        best = min(result.counterfactuals, key=lambda flip: len(flip.edits))
        assert keys_of(plan, best) in flips
        assert best.certificate == Certificate(Minimality.CARDINALITY, operator, size, smaller(plan, operator, size))


def smaller(plan: Plan, operator: str, size: int) -> int:
    """How many sets of fewer than ``size`` edits there are."""
    edits = plan.offers(operator).values()
    sets = (frozenset().union(*some) for k in range(size) for some in combinations(edits, k))
    return sum(not contradict(marks) for marks in sets)


def check_every_operator(plan: Plan, rule: Rule, options: SearchOptions) -> None:
    diff, toy = plan.diff(), Planted(rule)
    result = searched(diff, toy, options)
    sizes = {name: smallest_flips(plan, name, rule, options.max_edits)[0] for name in options.operators}
    assert result.stopped is (StopReason.FOUND if any(sizes.values()) else StopReason.EXHAUSTED)
    assert bool(result.counterfactuals) == any(sizes.values())
    for flip in result.counterfactuals:
        check_flip(plan, diff, flip, toy)
        assert flip.certificate.minimality is not Minimality.NONE
        if flip.certificate.minimality is Minimality.CARDINALITY:
            assert len(flip.edits) == sizes[flip.certificate.operator]


def check_core(plan: Plan, rule: Rule, batch: int) -> None:
    diff, toy = plan.diff(), Planted(rule)
    *_, last = find_core(diff, toy, SearchOptions(budget=10_000, batch=batch))
    assert isinstance(last, CoreResult)
    assert last.queries == len(toy.seen) == len(set(toy.seen))
    assert max(toy.batches) <= batch
    assert last.core is not None
    size, cores = smallest_cores(plan, rule)
    kept = frozenset(tuple(part for part in (unit.file, unit.hunk, unit.line) if part >= 0) for unit in last.core.kept)
    assert kept in cores
    assert read(last.core.diff) == plan.left(mark for key, mark in parts_of(plan).items() if key not in kept)
    assert verify_core(diff, last.core, toy).reasons == ()
    if not any(file.outlives and file.hunks for file in plan.files):
        # Of a renamed file the lines alone are no part: without the rename there is nothing that could stay.
        assert last.core.minimality is Minimality.CARDINALITY
        assert last.core.checked == sum(comb(len(parts_of(plan)), k) for k in range(1, size))


@st.composite
def one_operator(draw: st.DrawFn) -> tuple[Plan, str, Rule, SearchOptions]:
    plan, operator = draw(plans()), draw(st.sampled_from(OPERATOR_NAMES))
    assume(2 <= len(plan.offers(operator)) <= MOST_UNITS)
    most, batch = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 5, 16]))
    options = SearchOptions((operator,), most, 10_000, batch=batch, syntax="any")
    return plan, operator, draw(rules(plan, [operator])), options


@st.composite
def every_operator(draw: st.DrawFn) -> tuple[Plan, Rule, SearchOptions]:
    plan = draw(plans())
    assume(all(len(plan.offers(name)) <= MOST_UNITS for name in FEW))
    names = draw(st.just(FEW) | st.lists(st.sampled_from(FEW), min_size=2, unique=True).map(tuple))
    options = SearchOptions(names, draw(st.integers(1, 3)), 10_000, batch=draw(st.sampled_from([1, 3, 16])), syntax="any")
    return plan, draw(rules(plan, names)), options


@st.composite
def whole(draw: st.DrawFn) -> tuple[Plan, Rule, int]:
    plan = draw(plans())
    assume(2 <= len(parts_of(plan)) <= MOST_UNITS)
    return plan, draw(rules(plan, ["revert-line", "drop-file"])), draw(st.sampled_from([1, 3, 16]))


@FAST
@given(one_operator())
def test_the_smallest_flip_is_one_of_those_planted(case: tuple[Plan, str, Rule, SearchOptions]) -> None:
    check_one_operator(*case)


@FAST
@given(every_operator())
def test_all_operators_together_find_what_any_of_them_can(case: tuple[Plan, Rule, SearchOptions]) -> None:
    check_every_operator(*case)


@FAST
@given(whole())
def test_what_must_stay_is_the_least_that_was_planted(case: tuple[Plan, Rule, int]) -> None:
    check_core(*case)


@pytest.mark.soak
@SLOW
@given(one_operator())
def test_soak_the_smallest_flip_is_one_of_those_planted(case: tuple[Plan, str, Rule, SearchOptions]) -> None:
    check_one_operator(*case)


@pytest.mark.soak
@SLOW
@given(every_operator())
def test_soak_all_operators_together_find_what_any_of_them_can(case: tuple[Plan, Rule, SearchOptions]) -> None:
    check_every_operator(*case)


@pytest.mark.soak
@SLOW
@given(whole())
def test_soak_what_must_stay_is_the_least_that_was_planted(case: tuple[Plan, Rule, int]) -> None:
    check_core(*case)
