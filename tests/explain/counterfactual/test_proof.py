"""What is left to look through, and that a search given as much does so."""

from __future__ import annotations

from dataclasses import replace
from math import comb

from explain.counterfactual.proof import left_to_score, proving
from explain.counterfactual.search import search
from explain.counterfactual.types import Minimality, SearchOptions, SearchResult
from tests.explain.counterfactual.toys import Toy, linear, lines_of, run

LINES = SearchOptions(operators=("revert-line",))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def ended(options: SearchOptions, toy: Toy) -> SearchResult:
    return run(search(lines_of(*LETTERS), toy, options))[1]


def additive() -> Toy:
    """Four of the six that weigh anything are needed."""
    return linear({letter: 1.0 for letter in "aeimqu"}, -2.5)


def test_what_is_left_are_the_sets_of_the_sizes_between() -> None:
    result = ended(replace(LINES, budget=120), additive())
    first = result.counterfactuals[0]
    assert first.certificate.minimality is Minimality.ONE
    assert (len(first.edits), result.coverage[0].complete) == (4, 1)
    assert left_to_score(result, first) == comb(26, 2) + comb(26, 3)


def test_a_search_with_what_it_takes_ends_with_the_proof() -> None:
    options = replace(LINES, budget=120)
    more = proving(options, ended(options, additive()))
    assert more is not None
    proved = ended(more, additive())
    assert proved.counterfactuals[0].certificate.minimality is Minimality.CARDINALITY
    assert left_to_score(proved, proved.counterfactuals[0]) == 0
    assert proving(more, proved) is None
    assert proved.queries <= more.budget


def test_where_nothing_was_found_or_too_much_is_left_there_is_nothing_to_offer() -> None:
    assert proving(LINES, ended(LINES, linear({}, 1.0))) is None
    needs_nine = linear({letter: 1.0 for letter in LETTERS[:10]}, -1.5)
    result = ended(LINES, needs_nine)
    assert len(result.counterfactuals[0].edits) == 9
    assert left_to_score(result, result.counterfactuals[0]) > 1_000_000
    assert proving(LINES, result) is None
