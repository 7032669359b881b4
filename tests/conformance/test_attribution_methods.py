"""What every registered attribution method promises, whatever it does inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import pytest

from explain.attribution.baseline import content, replaced
from explain.attribution.check import check
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS, MethodCard, default_method, fitting
from explain.attribution.run import answer, attribute
from models.change.parse import parse
from models.change.types import Level
from models.classify.bag import BagClassifier
from models.classify.checkpoint import BAG, SIZE, Settings
from models.classify.differentiable import Differentiable
from models.classify.features import NAMES
from models.classify.protocol import Classifier
from models.classify.size import SizeClassifier
from models.classify.trees import forest
from models.errors import UsageError
from tests.explain.attribution.attribution_toys import DIFF, Attention, Bag, Linear, Placed, Size, Steep
from tests.models.classify.light_toys import STUMPS, trees_json

ALL = pytest.mark.parametrize("card", METHODS.values(), ids=list(METHODS))
CARDS = pytest.mark.parametrize("card", [card for card in METHODS.values() if card.fits(Linear())], ids=lambda card: card.name)
"""The methods for classifiers that know tokens."""


def linear_words() -> Classifier:
    settings = Settings("words", kind=BAG)
    return BagClassifier({"+retry": 1.5, "-value": -0.5, "mretry": 0.25}, (0.5, -0.25, 0.125), -1.0, settings, "00")


def small_trees() -> Classifier:
    return SizeClassifier(forest(trees_json(STUMPS), NAMES), Settings("trees", kind=SIZE), "00")


MAKERS: list[Callable[[], Classifier]] = [Linear, Bag, Attention, Placed, Steep, Size, linear_words, small_trees]
PAIRS = [
    pytest.param(card, toy, id=f"{name}-{toy.__name__}") for name, card in METHODS.items() for toy in MAKERS if card.fits(toy())
]
FITTING = pytest.mark.parametrize(("card", "toy"), PAIRS)
ORDER = list(Level)
PERTURBING = ["occlusion", "shapley", "owen", "erasure"]
"""The methods for any classifier."""
SMALL = parse("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", message="")


def test_the_toys_are_classifiers():
    assert isinstance(Linear(), Differentiable)
    assert not isinstance(Size(), Differentiable)


@ALL
def test_the_card_is_filled_in(card: MethodCard):
    assert card is METHODS[card.name]
    assert card.name == card.name.lower().replace(" ", "-")
    assert all((card.summary, card.paper, card.guarantee, card.needs))


@FITTING
def test_every_result_is_right_and_the_last_is_the_answer(card: MethodCard, toy: Callable[[], Classifier]):
    model = toy()
    results = list(attribute(DIFF, model, card.name))
    assert results
    for one in results:
        assert one.method == card.name
        assert one.target == "logit: flagged minus not"
        assert check(one, model, DIFF) == ()
    assert not any(one.converged for one in results[:-1])
    assert [one.steps for one in results] == sorted({one.steps for one in results})


@FITTING
def test_sums_are_exactly_equal_at_all_levels(card: MethodCard, toy: Callable[[], Classifier]):
    result = answer(attribute(DIFF, toy(), card.name))
    assert len({sum(one.value for one in result.at(level)) for level in Level}) == 1
    assert result.total + result.completeness_gap == result.output - result.baseline_output


@FITTING
def test_an_additive_method_adds_up_or_says_that_it_does_not(card: MethodCard, toy: Callable[[], Classifier]):
    result = answer(attribute(DIFF, toy(), card.name))
    if card.additive and result.converged:
        assert result.relative_gap <= AttributionOptions().tolerance


@CARDS
def test_padding_as_filler_moves_nothing_and_is_the_same_baseline_for_all(card: MethodCard):
    model = Placed()
    result = answer(attribute(DIFF, model, card.name, AttributionOptions(baseline="pad")))
    assert check(result, model, DIFF) == ()
    encoded = model.encode(DIFF)
    row = replaced(encoded, content(encoded), model.pad_id)
    assert result.baseline_output == pytest.approx(model.logit_of_embeddings(model.embed(row), row).item(), abs=1e-5)
    assert abs(result.baseline_output - model.logits_of_ids([row])[0]) > 0.01


@CARDS
def test_lines_taken_back_are_a_baseline_for_what_scores_variants_and_refused_by_the_rest(card: MethodCard):
    options = AttributionOptions(baseline="reverted")
    if "reverted" in card.baselines:
        result = answer(attribute(DIFF, Bag(), card.name, options))
        assert result.baseline == "reverted"
        assert check(result, Bag(), DIFF) == ()
    else:
        with pytest.raises(UsageError, match="Expected the baseline mask or pad"):
            attribute(DIFF, Bag(), card.name, options)


@CARDS
def test_a_linear_model_is_explained_without_rest(card: MethodCard):
    result = answer(attribute(DIFF, Linear(), card.name))
    assert result.converged
    assert result.relative_gap < 1e-4


@CARDS
def test_no_value_is_finer_than_the_card_says(card: MethodCard):
    result = answer(attribute(DIFF, Bag(), card.name))
    finest = max(ORDER.index(one.unit.level) for one in result.tokens)
    assert finest == ORDER.index(card.finest)


@CARDS
@pytest.mark.parametrize("diff", [DIFF, SMALL], ids=["two files", "one line"])
@pytest.mark.parametrize("options", [AttributionOptions(), AttributionOptions(max_steps=20, batch=3, tolerance=1e-6, budget=20)])
def test_no_more_queries_than_the_card_says(card: MethodCard, diff, options: AttributionOptions):
    model = Steep()
    level = Level.TOKEN if card.name == "leave-one-out" else Level.LINE
    parts = {unit.at(level) for unit in model.encode(diff).units if unit is not None}
    answer(attribute(diff, model, card.name, options))
    assert 0 < model.queries <= card.max_queries(len(parts), options)


@CARDS
def test_stopping_early_stops_the_queries(card: MethodCard):
    model = Attention()
    results = attribute(DIFF, model, card.name, AttributionOptions(batch=2))
    next(results)
    queries = model.queries
    results.close()
    assert model.queries == queries


def test_every_option_has_help_and_bounds():
    for one in fields(AttributionOptions):
        assert one.metadata["help"]
        assert "choices" in one.metadata or {"min", "max"} <= set(one.metadata)


@pytest.mark.parametrize(
    ("toy", "names"),
    [
        (Linear, ["integrated-gradients", *PERTURBING, "leave-one-out", "gradient"]),
        (Size, PERTURBING),
        (linear_words, ["exact", *PERTURBING]),
        (small_trees, ["exact", *PERTURBING]),
    ],
)
def test_every_classifier_has_a_method_and_the_best_one_is_the_default(toy: Callable[[], Classifier], names: list[str]):
    model = toy()
    assert sorted(card.name for card in fitting(model)) == sorted(names)
    assert fitting(model)[0].name == names[0]
    assert default_method(model).name == names[0]
    assert answer(attribute(SMALL, model)).method == names[0]


@pytest.mark.parametrize("toy", MAKERS)
@ALL
def test_a_method_that_does_not_fit_says_so_at_once_and_names_those_that_do(card: MethodCard, toy: Callable[[], Classifier]):
    model = toy()
    if card.fits(model):
        return
    with pytest.raises(UsageError) as caught:
        attribute(SMALL, model, card.name)
    said = str(caught.value)
    assert card.needs in said
    assert said.endswith(f"use {', '.join(one.name for one in fitting(model))}.")
