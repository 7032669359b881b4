"""Rules whose smallest flips are known in closed form, the same for every operator: each unit holds one word."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from math import comb

import pytest

from explain.counterfactual.types import Certificate, Counterfactual, Minimality, SearchOptions, StopReason
from explain.counterfactual.verify import verify
from tests.explain.counterfactual.planted import File, Plan, Planted, Row, Rule, key_of
from tests.explain.counterfactual.toys import result_of

A, B, C, D = "alpha", "bravo", "charlie", "delta"
CONTEXT = Row(" ", ("context",))


def one_line_a_word(mark: str, words: list[str]) -> Plan:
    return Plan((File("a.c", ((CONTEXT, *(Row(mark, (word,)) for word in words), CONTEXT),)),))


def one_hunk_a_word(words: list[str]) -> Plan:
    return Plan((File("a.c", tuple((CONTEXT, Row("+", (word,)), Row("-", ("old",)), CONTEXT) for word in words)),))


LAYOUTS: dict[str, tuple[str, str, Callable[[list[str]], Plan]]] = {
    "added lines": ("revert-line", "+", lambda words: one_line_a_word("+", words)),
    "removed lines": ("revert-line", "-", lambda words: one_line_a_word("-", words)),
    "hunks": ("drop-hunk", "+", one_hunk_a_word),
    "added sides": ("drop-added", "+", one_hunk_a_word),
    "runs": ("revert-run", "+", one_hunk_a_word),
    "files": ("drop-file", "@", lambda words: Plan(tuple(File(word, ((CONTEXT, Row("+", ("new",))),)) for word in words))),
    "words": ("delete-word", "+", lambda words: Plan((File("a.c", ((CONTEXT, Row("+", tuple(words))),)),))),
    "names": ("rename", "+", lambda words: Plan((File("a.c", ((CONTEXT, Row("+", tuple(words * 2))),)),))),
    "message": ("cut-message", "#", lambda words: Plan((File("a.c", ((CONTEXT, Row("+", ("new",))),)),), (tuple(words),))),
}
"""(operator, how its words read, a change in which each of its units holds one word)"""
TWO_OF_FOUR = tuple(
    tuple(("" if there else "!") + word for word, there in zip((A, B, C, D), some, strict=True))
    for some in product((True, False), repeat=4)
    if sum(some) != 2
)
RULES: dict[str, tuple[tuple[tuple[str, ...], ...], list[str]]] = {
    "one": (((A,),), [A]),
    "both": (((A, B),), [A, B]),
    "either": (((A,), (B,)), [f"{A} {B}"]),
    "two pairs": (((A, B), (C, D)), [f"{one} {other}" for one, other in product((A, B), (C, D))]),
    "two of three": (((A, B), (A, C), (B, C)), [f"{one} {other}" for one, other in combinations((A, B, C), 2)]),
    "needle": (((A,), (B,), (f"!{C}",)), [f"{A} {B}"]),
    "all but two": (TWO_OF_FOUR, [f"{one} {other}" for one, other in combinations((A, B, C, D), 2)]),
    "three": (((A,), (B,), (C,)), [f"{A} {B} {C}"]),
}
"""(terms under which a change is flagged, the smallest sets of words without which it is not)"""


def planted(terms: tuple[tuple[str, ...], ...], sign: str, graded: bool) -> Planted:
    atoms = tuple(tuple(f"!{sign}{atom[1:]}" if atom[0] == "!" else sign + atom for atom in term) for term in terms)
    return Planted(Rule(atoms, graded))


def words_of(plan: Plan, words: list[str], flip: Counterfactual) -> frozenset[str]:
    """The words of the units that a flip edits: units follow each other as the words do."""
    units = list(plan.offers(flip.certificate.operator))
    return frozenset(words[units.index(key_of(plan, edit))] for edit in flip.edits)


@pytest.mark.parametrize("graded", [False, True], ids=["flat", "graded"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rule", RULES)
def test_the_answer_is_the_planted_one_and_proved(rule: str, layout: str, graded: bool) -> None:
    (terms, answers), (operator, sign, make) = RULES[rule], LAYOUTS[layout]
    words = ["one", A, "two", B, C, "three", D]
    plan = make(words)
    diff, toy = plan.diff(), planted(terms, sign, graded)
    result = result_of(diff, toy, SearchOptions((operator,), budget=1000))
    best = min(result.counterfactuals, key=lambda flip: len(flip.edits))
    assert words_of(plan, words, best) in {frozenset(answer.split()) for answer in answers}
    size = len(answers[0].split())
    assert best.certificate == Certificate(Minimality.CARDINALITY, operator, size, sum(comb(7, k) for k in range(size)))
    assert verify(diff, best, toy).reasons == ()


@pytest.mark.parametrize("rule", ["either", "two pairs", "needle", "all but two"])
def test_of_a_plateau_the_pair_is_found_among_forty_lines_where_no_single_line_counts(rule: str) -> None:
    terms, answers = RULES[rule]
    words = [A, B, *(f"noise{n}" for n in range(36)), C, D]
    plan, toy = one_line_a_word("+", words), planted(terms, "+", graded=False)
    diff = plan.diff()
    result = result_of(diff, toy, SearchOptions(("revert-line",), max_edits=2, budget=2000))
    assert result.counterfactuals
    for flip in result.counterfactuals:
        assert words_of(plan, words, flip) in {frozenset(answer.split()) for answer in answers}
        assert flip.certificate == Certificate(Minimality.CARDINALITY, "revert-line", 2, 41)


def test_margins_that_tell_how_near_it_is_lead_to_the_pair_within_the_first_pairs() -> None:
    terms, answers = RULES["two pairs"]
    words = [A, B, *(f"noise{n}" for n in range(36)), C, D]
    plan, toy = one_line_a_word("+", words), planted(terms, "+", graded=True)
    result = result_of(plan.diff(), toy, SearchOptions(("revert-line",), budget=80))
    assert words_of(plan, words, result.counterfactuals[0]) in {frozenset(answer.split()) for answer in answers}
    assert result.queries <= 1 + 40 + 16


def test_a_triple_found_before_all_pairs_were_scored_is_proved_with_what_is_left() -> None:
    words = [A, B, *(f"noise{n}" for n in range(17)), C]
    plan, toy = one_line_a_word("+", words), planted(RULES["three"][0], "+", graded=True)
    result = result_of(plan.diff(), toy, SearchOptions(("revert-line",), budget=260))
    best = result.counterfactuals[0]
    assert words_of(plan, words, best) == {A, B, C}
    assert best.certificate == Certificate(Minimality.CARDINALITY, "revert-line", 3, 1 + 20 + 190)


@pytest.mark.parametrize("budget", [1, 2, 17, 31, 32, 60, 150, 400, 466, 467])
def test_a_budget_too_small_for_a_plateau_is_said_and_what_is_found_is_true(budget: int) -> None:
    terms, answers = RULES["two pairs"]
    words = [A, *(f"noise{n}" for n in range(26)), B, C, D]
    plan, toy = one_line_a_word("+", words), planted(terms, "+", graded=False)
    diff = plan.diff()
    result = result_of(diff, toy, SearchOptions(("revert-line",), max_edits=2, budget=budget))
    assert result.queries <= budget
    assert result.stopped is (StopReason.FOUND if result.counterfactuals else StopReason.BUDGET)
    assert result.counterfactuals or budget < 1 + 30 + 435  # all there is to score
    for flip in result.counterfactuals:
        assert words_of(plan, words, flip) in {frozenset(answer.split()) for answer in answers}
        assert verify(diff, flip, toy).reasons == ()


@pytest.mark.parametrize("most", [1, 2])
def test_too_few_edits_for_three_redundant_causes_is_exhausted(most: int) -> None:
    plan, toy = one_line_a_word("+", ["one", A, B, C]), planted(RULES["three"][0], "+", graded=True)
    result = result_of(plan.diff(), toy, SearchOptions(("revert-line",), max_edits=most))
    assert (result.counterfactuals, result.stopped) == ((), StopReason.EXHAUSTED)
    assert [one.complete for one in result.coverage] == [most]
    assert result.queries == sum(comb(4, k) for k in range(most + 1))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_no_edit_reaches_is_exhausted_at_the_full_price(layout: str) -> None:
    operator, sign, make = LAYOUTS[layout]
    plan, toy = make([A, B, C, D]), planted(((f"!{sign}nowhere",),), sign, graded=False)
    result = result_of(plan.diff(), toy, SearchOptions((operator,), max_edits=12))
    assert (result.counterfactuals, result.stopped) == ((), StopReason.EXHAUSTED)
    leaving_nothing = plan.left(frozenset().union(*plan.offers(operator).values())) is None
    assert result.queries == 2**4 - leaving_nothing
