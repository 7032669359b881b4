"""First-order values: what a linear model's words are worth, and the order in which edits are tried."""

from __future__ import annotations

import pytest

from explain.attribution.run import answer, attribute
from explain.counterfactual.hints import first_order
from explain.counterfactual.search import search
from explain.counterfactual.types import SearchOptions, SearchResult
from models.change.edit import changed_units
from models.change.types import Diff, Level, Unit
from models.classify.protocol import Prediction
from tests.explain.attribution.attribution_toys import DIFF, Linear
from tests.explain.counterfactual.toys import linear, lines_of


def test_units_are_worth_what_their_words_add() -> None:
    model = Linear()
    order = first_order(DIFF, model)
    assert order is not None
    tokens = answer(attribute(DIFF, model, "gradient")).tokens
    lines = changed_units(DIFF, Level.LINE)
    for line, value in zip(lines, order(lines), strict=True):
        assert value == pytest.approx(sum(token.value for token in tokens if token.unit.at(Level.LINE) == line))
    word = next(token for token in tokens if token.unit.at(Level.LINE) == Unit(0, 0, 2) and token.unit.start == 8)
    assert order([word.unit, Unit(0, 0, 2, 6, 13)]) == pytest.approx([word.value, word.value + _of(tokens, 6)])
    assert order([Unit(0)])[0] == pytest.approx(sum(token.value for token in tokens if token.unit.file == 0))
    assert order([Unit(0, 0, 99)]) == [0.0]


def _of(tokens, start: int) -> float:
    """The value of the token of that line that begins before 7 and ends after it."""
    line = (token for token in tokens if token.unit.at(Level.LINE) == Unit(0, 0, 2))
    return sum(token.value for token in line if token.unit.start < 8 and token.unit.end > start)


def test_a_model_without_gradients_or_sums_has_none() -> None:
    assert first_order(lines_of("a"), linear({})) is None


@pytest.mark.parametrize("flagged", [True, False])
def test_the_most_promising_edit_is_tried_first(flagged: bool) -> None:
    """Of 40 lines one turns the verdict; told which, the search asks for it in its first batch."""
    sign = 1.0 if flagged else -1.0
    diff = lines_of(*(f"line {n}" for n in range(40)))
    values = {unit: (sign if unit.line == 33 else 0.0) for unit in changed_units(diff, Level.LINE)}
    toy = linear({"line 32": 2.0 * sign}, -1.0 * sign)
    options = SearchOptions(operators=("revert-line",))
    *_, told = search(diff, toy, options, order=lambda units: [values[unit] for unit in units])
    *_, untold = search(diff, toy, options)
    assert isinstance(told, SearchResult)
    assert isinstance(untold, SearchResult)
    assert told.counterfactuals[0].edits == untold.counterfactuals[0].edits
    assert told.queries <= 1 + 4 + 5 < untold.queries  # four alone, and 2, 4, 8, 16 and 32 at once


def test_outputs_that_are_no_numbers_give_no_order() -> None:
    class Broken(Linear):
        def predict(self, diffs: tuple[Diff, ...]) -> tuple[Prediction, ...]:  # type: ignore[override]
            return tuple(Prediction(float("nan"), float("nan"), 0.5, float("nan"), 1, 1) for _ in diffs)

        def score(self, embeddings, attention):
            return super().score(embeddings, attention) * float("nan")

    assert first_order(DIFF, Broken()) is None
