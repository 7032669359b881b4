"""The quick first answer, and several answers that lie apart."""

from __future__ import annotations

from dataclasses import replace

from explain.counterfactual.effects import Effect
from explain.counterfactual.operators import effect_of
from explain.counterfactual.search import search
from explain.counterfactual.types import Minimality, Progress, SearchOptions, SearchResult
from explain.counterfactual.verify import verify
from models.change.types import Diff
from tests.explain.counterfactual.toys import Toy, linear, lines_of, run

LINES = SearchOptions(operators=("revert-line",))


def _order(diff: Diff, weights: dict[str, float]):
    return lambda units: [weights.get(diff.line(unit).text, 0.0) for unit in units]


def test_a_flip_of_many_lines_is_found_at_once_and_then_shrunk() -> None:
    """Twenty of forty lines must go: far beyond what goes upwards, and one-minimal in the end."""
    diff = lines_of(*(f"line {n}" for n in range(40)))
    weights = {f"line {n}": 0.1 if n % 2 else 0.0 for n in range(40)}
    toy = linear(weights, -0.05)
    steps, result = run(search(diff, toy, replace(LINES, syntax="any"), order=_order(diff, weights)))
    first = next(step for step in steps if step.found)
    assert first.queries <= 12
    best = result.counterfactuals[0]
    assert len(best.edits) == 20
    assert best.certificate.minimality is Minimality.ONE
    assert verify(diff, best, toy).ok


def test_a_smaller_answer_takes_the_place_of_the_quick_one() -> None:
    diff = lines_of(*(f"line {n}" for n in range(40)))
    weights = {f"line {n}": 1.0 if n in {7, 31} else 0.1 for n in range(40)}
    toy = linear({"line 7": 1.0, "line 31": 1.0}, -0.5)
    steps, result = run(search(diff, toy, replace(LINES, syntax="any"), order=_order(diff, weights)))
    assert isinstance(next(step for step in steps if step.found), Progress)
    assert [edit.unit.line for edit in result.counterfactuals[0].edits] == [8, 32]
    assert result.counterfactuals[0].certificate.minimality is Minimality.CARDINALITY


def test_answers_that_lie_apart() -> None:
    """Any of three lines turns the verdict, and a pair elsewhere: four answers, no two of which touch the same line."""
    words = [f"line {n}" for n in range(12)]
    toy = Toy(lambda there: 1.0 if {"line 1", "line 5", "line 9"} <= there and there & {"line 2", "line 3"} else -1.0)
    result: SearchResult = run(search(lines_of(*words), toy, replace(LINES, syntax="any", answers=6)))[1]
    diff = lines_of(*words)
    found = [sorted(edit.unit.line - 1 for edit in one.edits) for one in result.counterfactuals]
    assert sorted(found) == [[1], [2, 3], [5], [9]]
    touched = [(effect_of(diff, one.edits) or Effect()).lines for one in result.counterfactuals]
    assert sum(map(len, touched)) == len(frozenset().union(*touched))
    assert all(verify(diff, one, toy).ok for one in result.counterfactuals)
    assert len(run(search(diff, toy, replace(LINES, syntax="any", answers=2)))[1].counterfactuals) == 2
