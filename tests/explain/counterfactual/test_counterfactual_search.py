"""The search against classifiers whose smallest flips are known, and against exhaustive search."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from threading import Event

import pytest

from explain.counterfactual.operators import apply
from explain.counterfactual.search import search
from explain.counterfactual.types import (
    OPERATOR_NAMES,
    TAKING_BACK,
    Counterfactual,
    Minimality,
    Progress,
    SearchOptions,
    SearchResult,
    StopReason,
)
from explain.counterfactual.verify import verify
from models.change.types import Diff, Unit
from models.errors import UsageError
from tests.explain.counterfactual.toys import Toy, diff_of, linear, lines_of, result_of, run, smallest, words

LINES = SearchOptions(operators=("revert-line",))
THREE_HUNKS = {"a.c": [["+one", "-two", "+three"], ["+four"]], "b.c": [["+five", "+six"]]}


def taken(diff: Diff, flip: Counterfactual) -> frozenset[str]:
    return words(diff) - words(flip.diff)


def scrambled(seed: int) -> Callable[[frozenset[str]], float]:
    """A lookup table over sets of lines: nothing about it is monotone."""
    return lambda there: random.Random(f"{seed}:{sorted(there)}").gauss(0.8, 1.0)


def test_one_guilty_line_is_found_and_certified() -> None:
    diff, toy = diff_of(THREE_HUNKS), linear({"five": 2.0}, -1.0)
    result = result_of(diff, toy)
    best = result.counterfactuals[0]
    assert result.stopped is StopReason.FOUND
    assert result.closest is None
    assert taken(diff, best) == {"five"}
    assert (best.certificate.minimality, best.certificate.operator) == (Minimality.CARDINALITY, "revert-line")
    assert best.before.flagged
    assert not best.after.flagged
    assert apply(diff, best.edits) == best.diff


def test_a_removed_line_can_be_the_cause() -> None:
    diff = diff_of(THREE_HUNKS)
    assert taken(diff, result_of(diff, linear({"-two": 2.0}, -1.0)).counterfactuals[0]) == {"-two"}


def test_two_lines_needed_is_a_pair_with_the_proof_for_free() -> None:
    diff = lines_of("a", "b", "c", "d")
    result = result_of(diff, linear({"a": 1.0, "b": 1.0, "c": 0.2, "d": 0.2}, -0.9), LINES)
    best = result.counterfactuals[0]
    assert taken(diff, best) == {"a", "b"}
    assert best.certificate.minimality is Minimality.CARDINALITY
    assert best.certificate.checked == 5


def test_redundant_causes_must_both_go() -> None:
    diff, toy = lines_of("a", "b", "c"), Toy(lambda there: 1.0 if there & {"a", "b"} else -1.0)
    assert taken(diff, result_of(diff, toy).counterfactuals[0]) == {"a", "b"}


def test_exclusive_or_is_found_though_taking_everything_back_does_not_flip() -> None:
    toy = Toy(lambda there: -1.0 if len(there & {"a", "b", "c"}) == 2 else 1.0)
    diff = lines_of("a", "b", "c", "d")
    result = result_of(diff, toy)
    assert len(taken(diff, result.counterfactuals[0]) & {"a", "b", "c"}) == 1
    assert len(result.counterfactuals[0].edits) == 1


def test_a_change_that_is_not_flagged_is_searched_for_the_part_that_would_be() -> None:
    diff = lines_of("bad", "excuse", "noise")
    result = result_of(diff, linear({"bad": 1.0, "excuse": -2.0}, -0.5))
    best = result.counterfactuals[0]
    assert not best.before.flagged
    assert best.after.flagged
    assert taken(diff, best) == {"excuse"}


def test_never_flips_says_exhausted_and_names_the_closest() -> None:
    diff, toy = diff_of(THREE_HUNKS), linear({"one": 1.0, "five": 0.5}, 3.0)
    result = result_of(diff, toy)
    assert result.counterfactuals == ()
    assert result.stopped is StopReason.EXHAUSTED
    assert result.closest is not None
    edits, prediction = result.closest
    assert prediction.margin == 3.0
    assert words(apply(diff, edits)).isdisjoint({"one", "five"})
    assert {(one.operator, one.units, one.complete) for one in result.coverage} == {
        ("revert-line", 6, 6), ("drop-hunk", 3, 3), ("drop-file", 2, 2),
    }  # fmt: skip


@pytest.mark.parametrize("diff", [lines_of("a"), lines_of("a", "b", "c"), diff_of({"a.c": [["+a"]], "b.c": [["-b"]]})])
def test_taking_the_whole_change_back_is_never_proposed(diff: Diff) -> None:
    toy = Toy(lambda there: 1.0 if there else -1.0)
    result = result_of(diff, toy)
    assert result.counterfactuals == ()
    assert result.stopped is StopReason.EXHAUSTED


def test_a_diff_without_files_is_exhausted_at_once() -> None:
    result = result_of(Diff(()), linear({}, 1.0))
    assert (result.stopped, result.queries, result.closest) == (StopReason.EXHAUSTED, 1, None)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("name", [name for name in OPERATOR_NAMES if name != "cut-message"])
def test_against_exhaustive_search_on_lookup_tables(seed: int, name: str) -> None:
    rng = random.Random(seed)
    texts = iter(f"{rng.choice('+-')}{n}" for n in range(100))
    sizes = {f"f{f}.c": [rng.randint(1, 2) for _ in range(rng.randint(1, 2))] for f in range(rng.randint(1, 3))}
    diff = diff_of({path: [[next(texts) for _ in range(n)] for n in hunks] for path, hunks in sizes.items()})
    toy = Toy(scrambled(seed))
    result = result_of(diff, toy, SearchOptions(operators=(name,), max_edits=12, budget=10_000, batch=rng.choice([1, 3, 16])))
    size, flips = smallest(diff, toy, name)
    assert bool(result.counterfactuals) == bool(size)
    assert result.stopped is (StopReason.FOUND if size else StopReason.EXHAUSTED)
    for flip in result.counterfactuals:
        assert verify(diff, flip, toy).reasons == ()
    if size:
        best = min(result.counterfactuals, key=lambda flip: len(flip.edits))
        assert frozenset(edit.unit for edit in best.edits) in flips
        assert best.certificate.minimality is Minimality.CARDINALITY


@pytest.mark.parametrize("seed", range(25))
def test_certificates_claim_no_more_than_exhaustive_search_finds_under_small_budgets(seed: int) -> None:
    diff = lines_of(*(f"line {n}" for n in range(7)))
    toy = Toy(scrambled(1000 + seed))
    size, _ = smallest(diff, toy, "revert-line")
    for budget in (5, 9, 14, 23, 40):
        for flip in result_of(diff, toy, replace(LINES, budget=budget, batch=4)).counterfactuals:
            assert verify(diff, flip, toy).ok
            if flip.certificate.minimality is Minimality.CARDINALITY:
                assert len(flip.edits) == size


def planted(effects: dict[str, float], bias: float, joint: dict[str, float]) -> Toy:
    """Taking a letter back moves the margin by its effect; taking both letters of a pair back, by the joint one too."""

    def margin(there: frozenset[str]) -> float:
        alone = sum(effect for letter, effect in effects.items() if letter not in there)
        return bias + alone + sum(effect for pair, effect in joint.items() if there.isdisjoint(pair))

    return Toy(margin)


def test_a_triple_of_the_beam_is_shrunk_to_the_pair_inside() -> None:
    letters = "abcdefghijklmnopqrsxyz"
    effects = {letter: -0.3 for letter in letters} | {"a": -1.5, "x": 0.5, "y": 0.5}
    diff, toy = lines_of(*letters), planted(effects, 6.0, {"ax": -1.5, "ay": -1.5, "xy": -8.0})
    progress, result = run(search(diff, toy, replace(LINES, budget=150)))
    assert any(step.phase == "revert-line: shrinking" for step in progress)
    pairs = [step.found for step in progress if step.phase == "revert-line: sets of 2"]
    assert all(len(found[0].edits) > 2 for found in pairs)
    best = result.counterfactuals[0]
    assert taken(diff, best) == {"x", "y"}
    assert best.certificate.minimality is Minimality.CARDINALITY
    assert verify(diff, best, toy).ok


def test_the_proof_of_a_triple_may_find_a_pair_that_takes_over() -> None:
    letters = "abcdefghijxy"
    effects = {letter: -0.1 for letter in letters} | {"a": -1.1, "b": -1.1, "c": -1.1, "x": 0.5, "y": 0.5}
    diff, toy = lines_of(*letters), planted(effects, 3.0, {"xy": -8.0})
    progress, result = run(search(diff, toy, replace(LINES, budget=89)))
    assert [taken(diff, flip) for flip in progress[-3].found] == [{"a", "b", "c"}]
    assert [taken(diff, flip) for flip in result.counterfactuals] == [{"x", "y"}, {"a", "b", "c"}]
    kinds = [flip.certificate.minimality for flip in result.counterfactuals]
    assert kinds == [Minimality.CARDINALITY, Minimality.ONE]
    assert all(verify(diff, flip, toy).ok for flip in result.counterfactuals)


def rugged(seed: int, count: int) -> Callable[[frozenset[str]], float]:
    """A lookup table in which a line alone never flips, two rarely do, and more often do."""

    def margin(there: frozenset[str]) -> float:
        height = random.Random(f"{seed}:{sorted(there)}").random()
        return -0.1 - height if height > {0: 1.0, 1: 1.0, 2: 0.98}.get(count - len(there), 0.5) else 1.0 - height / 2

    return margin


@pytest.mark.parametrize("seed", [13, 19, 25])
def test_a_search_that_is_stopped_while_it_shrinks_keeps_the_smallest_flip_it_scored(seed: int) -> None:
    diff = lines_of(*(f"line {n}" for n in range(14)))
    for budget in range(32, 46):
        sizes: list[int] = []

        def margin(there: frozenset[str], sizes: list[int] = sizes) -> float:
            found = rugged(seed, 14)(there)
            sizes += [14 - len(there)] if found < 0 else []
            return found

        result = result_of(diff, Toy(margin), replace(LINES, budget=budget, batch=1))
        assert min((len(flip.edits) for flip in result.counterfactuals), default=0) == min(sizes, default=0)


@pytest.mark.parametrize("seed", range(30))
def test_all_operators_together_give_verified_answers_none_of_which_holds_another(seed: int) -> None:
    diff, toy = diff_of(THREE_HUNKS), Toy(scrambled(500 + seed))
    result = result_of(diff, toy, SearchOptions(operators=TAKING_BACK, batch=3, budget=10_000, max_edits=12))
    best = min(smallest(diff, toy, name)[0] or 99 for name in TAKING_BACK)
    assert bool(result.counterfactuals) == (best < 99)
    for flip in result.counterfactuals:
        assert verify(diff, flip, toy).reasons == ()
    for one, other in combinations((taken(diff, flip) for flip in result.counterfactuals), 2):
        assert not one <= other
        assert not other <= one


@pytest.mark.parametrize("batch", [1, 2, 7, 16])
@pytest.mark.parametrize("budget", [1, 2, 3, 5, 8, 13, 21, 34, 100, 400])
def test_budgets_hold_and_no_text_is_scored_twice(budget: int, batch: int) -> None:
    files = {"a.c": [["+same", "+same", "-x"], ["+y"]], "b.c": [["+z"]], "c.c": [["+p", "+q", "+r"]]}
    toy = linear({"same": 0.1}, 5.0)
    result = result_of(diff_of(files), toy, SearchOptions(budget=budget, batch=batch))
    assert result.queries == len(toy.seen) <= budget
    assert len(set(toy.seen)) == len(toy.seen)
    assert max(toy.batches) <= batch
    assert result.stopped in {StopReason.BUDGET, StopReason.EXHAUSTED}


@pytest.mark.parametrize("budget", range(1, 40))
def test_exhausted_is_said_only_when_it_is_true(budget: int) -> None:
    diff, toy = lines_of("a", "b", "c", "d", "e"), linear({}, 1.0)
    result = result_of(diff, toy, replace(LINES, budget=budget))
    every = 2**5 - 1
    assert result.stopped is (StopReason.EXHAUSTED if budget >= every else StopReason.BUDGET)
    assert result.queries == min(budget, every)


def test_a_flip_in_the_last_affordable_batch_is_kept() -> None:
    diff = lines_of("a", "b", "c", "d")
    result = result_of(diff, linear({"a": 2.0}, -1.0), replace(LINES, budget=5, batch=16))
    assert len(result.counterfactuals) == 1


def test_progress_only_grows_and_ends_with_one_result() -> None:
    progress, result = run(search(diff_of(THREE_HUNKS), linear({"five": 1.0, "one": 1.0}, -0.5)))
    queries = [step.queries for step in progress]
    assert queries == sorted(queries)
    assert queries[0] == 1
    assert progress[0].phase == "original"
    assert progress[-1].queries == result.queries
    assert progress[-1].found
    assert {step.budget for step in progress} == {400}


def test_cancelling_keeps_what_was_found() -> None:
    files = {f"f{n}.c": [[f"+{n} a", f"+{n} b", f"+{n} c"]] for n in range(8)}
    toy = Toy(lambda there: 1.0 if any(word.startswith("3") for word in there) else -1.0)
    cancelled = Event()
    found: list[tuple[Counterfactual, ...]] = []
    for item in search(diff_of(files), toy, SearchOptions(batch=16), cancelled=cancelled.is_set):
        if isinstance(item, Progress) and item.found:
            cancelled.set()
            found.append(item.found)
        last = item
    assert isinstance(last, SearchResult)
    assert last.stopped is StopReason.CANCELLED
    assert found == [last.counterfactuals]
    assert last.counterfactuals[0].certificate.operator == "drop-file"


def test_cancelled_from_the_start_scores_the_original_only() -> None:
    toy = linear({}, 1.0)
    result = run(search(lines_of("a", "b"), toy, cancelled=lambda: True))[1]
    assert (result.stopped, result.queries, result.before.flagged) == (StopReason.CANCELLED, 1, True)


def test_no_time_scores_the_original_only() -> None:
    result = result_of(lines_of("a", "b"), linear({}, 1.0), SearchOptions(seconds=0.0))
    assert (result.stopped, result.queries) == (StopReason.TIME, 1)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 6, 16])
def test_the_size_found_does_not_depend_on_the_batch(batch: int) -> None:
    diff = lines_of(*"abcdef")
    toy = Toy(lambda there: 1.0 - 0.7 * len({"b", "e"} - there) - 0.01 * len(there))
    best = result_of(diff, toy, replace(LINES, batch=batch)).counterfactuals[0]
    assert taken(diff, best) == {"b", "e"}


def test_an_attribution_brings_the_guilty_line_to_the_front() -> None:
    diff = lines_of(*(f"a line of some length {n}" for n in range(64)), "x")

    def order(units: Sequence[Unit]) -> Sequence[float]:
        return [float(diff.line(unit).text == "x") for unit in units]

    blind, led = (run(search(diff, linear({"x": 2.0}, -1.0), LINES, order=one))[1] for one in (None, order))
    assert led.queries == 1 + 4 + 6 < blind.queries  # four alone, and 2, 4, 8, 16, 32 and 64 at once
    assert taken(diff, led.counterfactuals[0]) == {"x"} == taken(diff, blind.counterfactuals[0])


def test_hunks_of_a_long_diff_lead_to_the_line() -> None:
    files = {f"f{n}.c": [[f"+{n} line {m} {'x' * m}" for m in range(8)]] for n in range(10)}
    toy = linear({"7 line 0 ": 2.0}, -1.0)
    result = result_of(diff_of(files), toy)
    assert taken(diff_of(files), result.counterfactuals[0]) == {"7 line 0 "}
    assert result.queries <= 1 + 10 + 16
    assert [flip.certificate.operator for flip in result.counterfactuals] == ["revert-line"]


def test_triples_are_reached_by_the_beam_in_a_diff_too_long_to_exhaust() -> None:
    diff = lines_of(*(f"line {n}" for n in range(30)))
    weights = {f"line {n}": 0.5 for n in (4, 11, 23)}
    result = result_of(diff, linear(weights, -0.4), replace(LINES, budget=300))
    best = result.counterfactuals[0]
    assert taken(diff, best) == set(weights)
    assert best.certificate.minimality is Minimality.ONE
    assert verify(diff, best, linear(weights, -0.4)).ok


def test_a_triple_is_proved_smallest_where_the_budget_allows_all_pairs() -> None:
    diff = lines_of(*(f"line {n}" for n in range(12)))
    weights = {f"line {n}": 0.5 for n in (4, 7, 9)}
    best = result_of(diff, linear(weights, -0.4), LINES).counterfactuals[0]
    assert best.certificate.minimality is Minimality.CARDINALITY
    assert best.certificate.checked == 1 + 12 + 66


def test_close_to_the_threshold_is_neither_a_flip_nor_evidence() -> None:
    margins = {frozenset("bc"): -0.0005, frozenset("c"): -1.0}
    diff, toy = lines_of("a", "b", "c"), Toy(lambda there: margins.get(there, 1.0))
    result = result_of(diff, toy, LINES)
    best = result.counterfactuals[0]
    assert taken(diff, best) == {"a", "b"}
    assert best.certificate.minimality is Minimality.NONE
    assert verify(diff, best, toy).ok


@pytest.mark.parametrize("near", [0.0, 1e-7, 0.001, float("nan")])
def test_what_is_not_clearly_on_the_side_of_the_original_is_no_evidence_either(near: float) -> None:
    margins = {frozenset("bc"): near, frozenset("c"): -1.0}
    diff, toy = lines_of("a", "b", "c"), Toy(lambda there: margins.get(there, 1.0))
    best = result_of(diff, toy, LINES).counterfactuals[0]
    assert taken(diff, best) == {"a", "b"}
    assert best.certificate.minimality is Minimality.NONE
    assert verify(diff, best, toy).ok


def test_an_original_at_the_threshold_proves_nothing() -> None:
    diff, toy = lines_of("a", "b"), Toy(lambda there: 0.0 if len(there) == 2 else -1.0)
    best = result_of(diff, toy, LINES).counterfactuals[0]
    assert (len(best.edits), best.certificate.minimality) == (1, Minimality.NONE)


def test_not_a_number_is_never_a_flip() -> None:
    diff, toy = lines_of("a", "b", "c"), Toy(lambda there: 1.0 if len(there) == 3 else float("nan"))
    result = result_of(diff, toy, LINES)
    assert result.counterfactuals == ()
    assert result.stopped is StopReason.EXHAUSTED


def test_at_most_max_edits() -> None:
    diff, toy = lines_of(*"abcd"), Toy(lambda there: 1.0 if len(there) > 1 else -1.0)
    assert result_of(diff, toy, replace(LINES, max_edits=2)).counterfactuals == ()
    assert len(result_of(diff, toy, replace(LINES, max_edits=3)).counterfactuals[0].edits) == 3


def test_every_drop_of_a_found_set_was_scored() -> None:
    diff, toy = lines_of(*"abcde"), Toy(lambda there: 1.0 if len(there) > 2 else -1.0)
    best = result_of(diff, toy, LINES).counterfactuals[0]
    for part in combinations(best.edits, len(best.edits) - 1):
        assert apply(diff, part).id in toy.seen


def test_a_wrong_operator_is_refused_before_anything_is_scored() -> None:
    toy = linear({})
    with pytest.raises(UsageError, match="revert-line, revert-run, drop-added"):
        search(lines_of("a"), toy, SearchOptions(operators=("revert-lines",)))
    assert toy.seen == []


def test_the_package_loads_without_torch() -> None:
    modules = "search verify wording operators types"
    code = "import sys\n" + "".join(f"import explain.counterfactual.{name}\n" for name in modules.split())
    code += "assert not {'torch', 'transformers', 'captum', 'streamlit'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
