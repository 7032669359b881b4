from __future__ import annotations

from dataclasses import replace

import pytest

from explain.attribution.check import check
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution
from models.change.types import Unit
from tests.explain.attribution.attribution_toys import DIFF, Attention, Size, Steep


@pytest.fixture(scope="module")
def model() -> Attention:
    return Attention(seed=3, limit=60)


@pytest.fixture(scope="module")
def right(model) -> Attribution:
    return answer(attribute(DIFF, model))


@pytest.mark.parametrize("method", [card.name for card in METHODS.values() if card.fits(Attention())])
@pytest.mark.parametrize("baseline", ["mask", "pad"])
def test_a_right_answer_passes(model, method, baseline):
    assert check(answer(attribute(DIFF, model, method, AttributionOptions(baseline=baseline))), model, DIFF) == ()


def test_a_right_answer_by_reverting_passes():
    assert check(answer(attribute(DIFF, Size(), "occlusion")), Size(), DIFF) == ()


def test_partial_and_honest_answers_pass():
    assert check(next(attribute(DIFF, Attention(), "occlusion", AttributionOptions(batch=2))), Attention(), DIFF) == ()
    assert check(answer(attribute(DIFF, Steep(), options=AttributionOptions(max_steps=8))), Steep(), DIFF) == ()


def _with_value(right: Attribution, value: float) -> Attribution:
    first, *rest = right.tokens
    return replace(right, tokens=(replace(first, value=value), *rest))


def _foreign(right: Attribution) -> Attribution:
    return replace(right, tokens=(*right.tokens, replace(right.tokens[0], unit=Unit(7, 0, 0, 0, 1), value=0.0)))


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda a: replace(a, completeness_gap=a.completeness_gap + 2.0**-40), "values and gap sum"),
        (lambda a: _with_value(a, 0.25), "values and gap sum"),
        (lambda a: _with_value(a, float("nan")), "finite"),
        (lambda a: replace(a, output=a.output + 0.5, completeness_gap=a.completeness_gap + 0.5), "output at the input"),
        (lambda a: replace(a, baseline_output=a.baseline_output - 0.5), "output at the baseline"),
        (lambda a: replace(a, baseline="pad"), "output at the baseline"),
        (lambda a: replace(a, baseline="zero"), "none that this classifier has"),
        (lambda a: replace(a, tokens=a.tokens[1:]), "should have a value but have none"),
        (_foreign, "have a value but should have none"),
        (lambda a: replace(a, unread=(Unit(0, 0, 0),)), "unread"),
        (lambda a: replace(a, output=a.output + 1, completeness_gap=a.completeness_gap + 1), "claimed to have converged"),
    ],
)
def test_every_kind_of_wrong_answer_is_found(model, right, break_it, reason):
    reasons = check(break_it(right), model, DIFF)
    assert any(reason in one for one in reasons), reasons


def test_an_occlusion_value_that_was_not_measured_is_found(model):
    result = answer(attribute(DIFF, model, "occlusion"))
    wrong = replace(result.tokens[0], value=9.0)
    moved = result.completeness_gap - 9.0 + result.tokens[0].value
    reasons = check(replace(result, tokens=(wrong, *result.tokens[1:]), completeness_gap=moved), model, DIFF)
    assert any("output at the input without" in one for one in reasons), reasons


def test_values_that_are_not_on_a_grid_are_found(model, right):
    tokens = tuple(replace(one, value=(0.1 if n % 2 else 1e8) * (n + 1)) for n, one in enumerate(right.tokens))
    assert check(replace(right, tokens=tokens), model, DIFF)


def test_another_models_answer_is_found(right):
    assert any("output at the input" in one for one in check(right, Attention(seed=4, limit=60), DIFF))
    assert any("needs a classifier that knows tokens" in one for one in check(right, Size(), DIFF))
