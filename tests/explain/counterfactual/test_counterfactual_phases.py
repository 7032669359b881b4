"""What single phases of the search are there for."""

from __future__ import annotations

from explain.counterfactual.types import SearchOptions
from tests.explain.counterfactual.test_counterfactual_search import LINES, taken
from tests.explain.counterfactual.toys import Toy, diff_of, lines_of, result_of


def test_where_no_lines_flip_words_have_their_share_of_the_budget() -> None:
    """Of forty lines every one taken back brings the verdict nearer and none turns it; two words deleted do."""
    diff = lines_of(*(f"line{n} = value{n}" for n in range(38)), "first = one", "second = two")

    def margin(there: frozenset[str]) -> float:
        return 1.0 + 0.001 * len(there) - 0.7 * ("first =" in there) - 0.7 * ("second =" in there)

    result = result_of(diff, Toy(margin), SearchOptions(operators=("revert-line", "delete-word")))
    best = result.counterfactuals[0]
    assert taken(diff, best) == {"first = one", "second = two"}
    assert {edit.operator for edit in best.edits} == {"delete-word"}


def test_neighbours_that_do_nothing_alone_are_found_together() -> None:
    """Too many lines for all pairs, what two of them do shows in no single one, and of many lines gone nothing can be learnt."""
    diff = lines_of(*(f"line {n}" for n in range(60)))

    def margin(there: frozenset[str]) -> float:
        return 1.0 if len(there) < 50 or {"line 31", "line 32"} & there else -1.0

    assert taken(diff, result_of(diff, Toy(margin), LINES).counterfactuals[0]) == {"line 31", "line 32"}


def test_hunks_that_must_go_are_found_where_lines_took_the_budget() -> None:
    """Only five of six hunks gone turn the verdict, sixty lines: more than one answer holds, and lines are asked for first."""
    diff = diff_of({"a.py": [[f"+file {hunk} line {n}" for n in range(12)] for hunk in range(6)]})

    def margin(there: frozenset[str]) -> float:
        return 0.1 * (len(there) - 15)

    result = result_of(diff, Toy(margin), SearchOptions(budget=200))
    best = result.counterfactuals[0]
    assert {edit.operator for edit in best.edits} == {"drop-hunk"}
    assert len(best.edits) == 5
