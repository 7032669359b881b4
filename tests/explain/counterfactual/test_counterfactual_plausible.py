"""Plausibility: which lines are compared, and what the shipped masked language model makes of words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from explain.counterfactual.effects import Effect, realise
from explain.counterfactual.operators import OPERATORS, effect_of
from explain.counterfactual.plausible import plausibility, rated
from explain.counterfactual.search import search
from explain.counterfactual.types import SearchOptions
from models.change.parse import parse
from models.change.types import MESSAGE_FILE, Diff, Level, LineKind, Unit
from models.classify.load import shipped_guesser
from tests.explain.counterfactual.toys import diff_of, linear, run

DIFF = diff_of({"a.py": [["+one", "-two", "+three"], ["+four"]], "b.py": [["+five", "-six"]]})
LOOP = diff_of({"a.c": [["+for (i = 0; i < count; i++) {", "+    total += values[i];", "+}", "+return total;"]]})


@dataclass
class Told:
    """A masked model to whom the likelihood of a line is what a table says; remembers which lines it was asked for."""

    values: dict[str, float]

    def __post_init__(self) -> None:
        self.asked: list[list[str]] = []

    def fill(self, diff: Diff, words: Sequence[Unit], most: int) -> tuple[tuple[str, ...], ...]:
        """Nothing."""
        return tuple(() for _ in words)

    def likelihood(self, diff: Diff, lines: Sequence[Unit]) -> float | None:
        """The mean over the lines."""
        self.asked.append([diff.line(unit).text if unit.file != MESSAGE_FILE else diff.message for unit in lines])
        values = [self.values.get(text, -1.0) for text in self.asked[-1]]
        return sum(values) / len(values) if values else None


@pytest.mark.parametrize(
    ("reverted", "before", "after"),
    [
        ({Unit(0, 0, 1)}, ["top", "two"], ["top", "two"]),
        ({Unit(0, 0, 2)}, ["one", "two", "three"], ["one", "two", "three"]),
        ({Unit(0, 1, 1)}, [], []),
        ({Unit(0, 0, 1), Unit(0, 0, 2), Unit(0, 0, 3), Unit(1, 0, 1)}, ["top", "six"], ["top", "six"]),
    ],
)
def test_the_same_lines_are_compared_before_and_after(reverted: set[Unit], before: list[str], after: list[str]) -> None:
    told, effect = Told({}), Effect(frozenset(reverted))
    value = plausibility(DIFF, realise(DIFF, effect), effect, told)
    assert value == 1.0
    assert told.asked == ([before, after] if before else [])


def test_the_value_is_a_ratio_of_likelihoods_a_token() -> None:
    effect = Effect(words=frozenset({(Unit(0, 1, 1, 0, 4), "odd")}))
    edited = realise(DIFF, effect)
    assert plausibility(DIFF, edited, effect, Told({"four": -1.0, "odd": -3.0})) == pytest.approx(math.exp(-2.0))
    assert plausibility(DIFF, edited, effect, Told({"four": -3.0, "odd": -1.0})) == 1.0


def test_of_equal_size_the_more_plausible_comes_first() -> None:
    """Either line may go; the search has no reason to prefer the second."""
    diff, toy = diff_of({"a.txt": [["+aaaa", "+bb", "+cc"]]}), linear({"aaaa": 1.0, "bb": 1.0}, -1.5)
    result = run(search(diff, toy, SearchOptions(operators=("revert-line",))))[1]

    @dataclass
    class Likes(Told):
        def likelihood(self, diff: Diff, lines: Sequence[Unit]) -> float | None:
            texts = {line.text for _, line in diff.lines()}
            return 0.0 if "bb" not in texts or {"aaaa", "bb"} <= texts else -5.0

    first = rated(result, Likes({})).counterfactuals[0]
    assert diff.line(first.edits[0].unit).text == "bb"
    assert first.plausibility == 1.0


def test_the_shipped_model_proposes_names_that_fit() -> None:
    words = [Unit(0, 0, 2, 4, 9), Unit(0, 0, 4, 7, 12), Unit(0, 0, 99, 0, 1)]
    first, second, unread = shipped_guesser().fill(LOOP, words, 3)
    assert len(first) == len(second) == 3
    assert unread == ()
    assert all(name.isidentifier() for name in (*first, *second))
    assert shipped_guesser().fill(LOOP, words, 3) == (first, second, unread)


def test_the_shipped_model_knows_code_from_rubbish() -> None:
    lines = [unit for unit, line in LOOP.lines() if line.kind is LineKind.ADDED]
    rubbish = diff_of({"a.c": [["+for (i = total; count < i++; 0) }", "+    ) values += total[;", "+zebra", "+42 return;"]]})
    right, wrong = (shipped_guesser().likelihood(diff, lines) for diff in (LOOP, rubbish))
    assert right is not None
    assert wrong is not None
    assert wrong < right < 0
    assert shipped_guesser().likelihood(LOOP, [Unit(0, 0, 99)]) is None
    assert shipped_guesser().likelihood(parse("--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n", ""), []) is None


@pytest.mark.parametrize("name", ["swap-name", "replace-word"])
def test_names_are_replaced_by_others_and_keywords_stay(name: str) -> None:
    offers = OPERATORS.get(name).offers(LOOP)
    assert offers
    for edit in offers:
        own = LOOP.line(edit.unit).text[edit.unit.start : edit.unit.end]
        assert edit.unit.level is Level.TOKEN
        assert own in {"count", "total", "values"}
        assert edit.replacement not in {own, "", None}
        effect = effect_of(LOOP, (edit,))
        assert effect is not None
        edited = realise(LOOP, effect)
        assert str(edit.replacement) in edited.line(edit.unit.at(Level.LINE)).text


def test_swapped_names_are_the_nearest_of_their_sort() -> None:
    diff = diff_of({"a.py": [["+load(first)", "+save(second, third)"]]})
    swaps = {
        (diff.line(edit.unit).text[edit.unit.start : edit.unit.end], edit.replacement)
        for edit in OPERATORS.get("swap-name").offers(diff)
    }
    assert swaps == {
        ("load", "save"), ("save", "load"), ("first", "top"), ("first", "second"), ("second", "first"), ("second", "third"),
        ("third", "second"), ("third", "end"),
    }  # fmt: skip
