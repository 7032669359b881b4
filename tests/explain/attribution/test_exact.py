"""The exact method on models whose terms are known, and its check against planted mistakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from explain.attribution.check import check
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution
from models.change.types import METRICS_FILE, Diff, Level, Unit
from models.classify.additive import Additive, Contributions
from models.classify.protocol import Classifier, Prediction
from tests.explain.attribution.attribution_toys import DIFF, Size
from tests.models.classify.light_toys import bag, trees


class Counting:
    """An additive classifier that counts the diffs it is asked for."""

    def __init__(self, inside: Additive) -> None:
        self.inside, self.queries = inside, 0
        self.name, self.digest, self.threshold = inside.name, inside.digest, inside.threshold

    def predict(self, diffs: list[Diff]) -> tuple[Prediction, ...]:
        self.queries += len(diffs)
        return self.inside.predict(diffs)

    def contributions(self, diff: Diff) -> Contributions:
        return self.inside.contributions(diff)

    def recounted(self, diff: Diff) -> Contributions:
        return self.inside.recounted(diff)


@pytest.fixture(params=[bag, trees])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Additive:
    return request.param(tmp_path)


@pytest.fixture
def right(model: Additive) -> Attribution:
    return answer(attribute(DIFF, model, "exact"))


def test_nothing_is_left_over_but_rounding(model: Additive, right: Attribution) -> None:
    assert right.converged
    assert abs(right.completeness_gap) < 1e-6
    assert right.output == pytest.approx(model.predict([DIFF])[0].logit, abs=1e-6)
    assert right.total + right.completeness_gap == right.output - right.baseline_output
    assert check(right, model, DIFF) == ()


def test_numbers_of_the_whole_change_are_apart_and_named(right: Attribution) -> None:
    metrics = [one for one in right.at(Level.LINE) if one.unit.file == METRICS_FILE]
    assert [one.unit for one in metrics] == [Unit(METRICS_FILE, -1, n) for n in range(len(right.names))]
    assert right.names[0] == "lines added: 3"
    whole = [one for one in right.at(Level.FILE) if one.unit.file == METRICS_FILE]
    assert [one.unit for one in whole] == [Unit(METRICS_FILE)]


def test_it_costs_one_query(model: Additive) -> None:
    counting = Counting(model)
    answer(attribute(DIFF, counting, "exact"))
    assert counting.queries == 1 <= METHODS["exact"].max_queries(10, AttributionOptions())


def _moved(right: Attribution, by: float) -> Attribution:
    """A value moved from one unit to another, so that all sums stay."""
    first, second, *rest = right.tokens
    return replace(right, tokens=(replace(first, value=first.value + by), replace(second, value=second.value - by), *rest))


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda a: _moved(a, 0.25), "counted another way"),
        (lambda a: replace(a, baseline="mask"), "none that this classifier has"),
        (lambda a: replace(a, baseline_output=a.baseline_output + 0.5), "output at the baseline"),
        (lambda a: replace(a, tokens=a.tokens[1:]), "should have a value but have none"),
        (lambda a: replace(a, unread=(Unit(0, 0, 0),)), "given as unread"),
        (lambda a: replace(a, completeness_gap=0.5, output=a.output + 0.5), "claimed to be exact"),
    ],
)
def test_mistakes_are_found(
    model: Additive, right: Attribution, break_it: Callable[[Attribution], Attribution], reason: str
) -> None:
    found = check(break_it(right), model, DIFF)
    assert any(reason in one for one in found), found


def test_a_model_that_is_no_sum_is_not_taken_for_one(right: Attribution) -> None:
    other: Classifier = Size()
    assert any("does not take its logit apart" in one for one in check(right, other, DIFF))
