"""Shapley, Owen and erasure against their definitions, counted out over every order and every set."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest

from explain.attribution.game import game_of
from explain.attribution.options import AttributionOptions
from explain.attribution.run import answer, attribute
from explain.attribution.sampling import affordable
from models.change.parse import parse
from models.change.types import Diff, Level, LineKind, Unit
from models.classify.protocol import Prediction
from tests.explain.attribution.attribution_toys import DIFF, Attention, Bag, Linear, Size

LINES = parse("--- a/x\n+++ b/x\n@@ -1 +1,4 @@\n-a\n+b\n+c d\n+d\n+e\n", message="")
TWO_FILES = parse("--- a/x\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n--- a/y\n+++ b/y\n@@ -0,0 +1,2 @@\n+a\n+c\n", message="")
MANY = AttributionOptions(orders=400, budget=10**6)


class Planted:
    """Flags what its rule says of the words of the added lines: 4 logits, else 0."""

    name, digest, threshold = "planted", "00", 0.5

    def __init__(self, rule) -> None:
        self.rule = rule

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        found = []
        for diff in diffs:
            words = [word for _, line in diff.lines() if line.kind is LineKind.ADDED for word in line.text.split()]
            logit = 4.0 * self.rule(words)
            found.append(Prediction(logit, logit, 0.5, logit - 2, 1, 1))
        return tuple(found)


def values(diff, model, method, options=MANY, level=Level.LINE):
    return {one.unit: one.value for one in answer(attribute(diff, model, method, options)).at(level)}


def orders(groups: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Every order that finishes one group before the next."""
    return [
        tuple(itertools.chain.from_iterable(inner))
        for outer in itertools.permutations(groups)
        for inner in itertools.product(*(list(itertools.permutations(group)) for group in outer))
    ]


def averaged(game, every: list[tuple[int, ...]]) -> list[float]:
    """The definition: the mean loss of every part over all the orders of taking parts away."""
    sums = [0.0] * len(game.units)
    for order in every:
        for place, part in enumerate(order):
            with_it, without = game.logits([order[:place], order[: place + 1]])
            sums[part] += (with_it - without) / len(every)
    return sums


@pytest.mark.parametrize("model", [Attention(), Bag(), Size()], ids=["attention", "bag", "size"])
def test_shapley_comes_to_the_mean_over_all_orders_within_its_error(model):
    result = answer(attribute(LINES, model, "shapley", MANY))
    game = game_of(LINES, model, MANY, Level.LINE)
    truth = dict(zip(game.units, averaged(game, orders([[n] for n in range(len(game.units))])), strict=True))
    errors = dict(result.standard_errors)
    found = {one.unit: one.value for one in result.at(Level.LINE)}
    assert set(errors) == set(truth)
    for unit, value in truth.items():
        assert abs(found[unit] - value) <= 5 * errors[unit] + 1e-4


@pytest.mark.parametrize("model", [Attention(), Bag(), Size()], ids=["attention", "bag", "size"])
def test_owen_comes_to_the_mean_over_all_orders_of_the_tree(model):
    options = AttributionOptions(orders=300, budget=10**6, baseline="reverted")
    game = game_of(TWO_FILES, model, options, Level.LINE)
    truth = averaged(game, orders([[0, 1], [2, 3]]))
    result = answer(attribute(TWO_FILES, model, "owen", options))
    found, errors = {one.unit: one.value for one in result.tokens}, dict(result.standard_errors)
    assert [found[unit] for unit in game.units] == pytest.approx(truth, abs=5 * max(errors.values()) + 1e-4)


def test_a_file_is_worth_among_files_what_owen_gives_its_lines_together():
    model = Planted(lambda words: "a" in words)  # in both files: redundant
    found = values(TWO_FILES, model, "owen", AttributionOptions(orders=60, baseline="reverted"), Level.FILE)
    assert found == {Unit(0): 2.0, Unit(1): 2.0}


def test_redundant_lines_share_what_occlusion_gives_to_none():
    model = Planted(lambda words: "b" in words or "e" in words)
    shapley, occluded = values(LINES, model, "shapley"), values(LINES, model, "occlusion")
    assert set(occluded.values()) == {0.0}
    assert shapley[Unit(0, 0, 1)] + shapley[Unit(0, 0, 4)] == 4.0
    assert shapley[Unit(0, 0, 1)] == pytest.approx(2.0, abs=0.3)
    assert all(value == 0 for unit, value in shapley.items() if unit.line in {0, 2, 3})


def test_lines_that_only_work_together_share():
    found = values(LINES, Planted(lambda words: "b" in words and "e" in words), "shapley")
    assert found[Unit(0, 0, 1)] + found[Unit(0, 0, 4)] == 4.0
    assert min(found[Unit(0, 0, 1)], found[Unit(0, 0, 4)]) > 1.5


def test_erasure_gives_all_to_the_last_of_redundant_lines():
    found = values(LINES, Planted(lambda words: "b" in words or "e" in words), "erasure")
    assert sorted(value for value in found.values() if value) == [4.0]


def test_erasure_takes_the_part_without_which_the_logit_falls_most():
    model = Attention()
    game = game_of(LINES, model, MANY, Level.TOKEN)
    left, removed, expected = set(range(len(game.units))), (), {}
    while left:
        before = game.logits([removed])[0]
        part = min(left, key=lambda one: game.logits([(*removed, one)])[0])
        expected[game.units[part]] = before - game.logits([(*removed, part)])[0]
        removed, left = (*removed, part), left - {part}
    found = {one.unit: one.value for one in answer(attribute(LINES, model, "erasure")).tokens}
    assert {unit: found[unit] for unit in expected} == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("method", ["shapley", "owen", "erasure"])
def test_of_a_linear_model_tokens_get_what_integrated_gradients_gives(method):
    model = Linear()
    expected = {one.unit: one.value for one in answer(attribute(DIFF, model)).tokens}
    found = {one.unit: one.value for one in answer(attribute(DIFF, model, method)).tokens}
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("method", ["shapley", "owen"])
def test_a_seed_gives_one_answer_and_another_seed_another(method):
    one, same, other = (answer(attribute(DIFF, Attention(), method, AttributionOptions(order_seed=seed))) for seed in (1, 1, 2))
    assert one == same
    assert one.tokens != other.tokens


def test_more_orders_bring_smaller_errors_and_one_pair_brings_none():
    def largest(orders: int) -> float:
        found = answer(attribute(DIFF, Attention(), "shapley", AttributionOptions(orders=orders, budget=10**6))).standard_errors
        return max((error for _, error in found), default=math.inf)

    assert largest(1) == math.inf
    assert largest(200) < largest(8) < math.inf


def test_a_small_budget_takes_coarser_parts_and_fewer_orders():
    model = Bag()
    tokens, pairs = affordable(DIFF, model, AttributionOptions(), Level.TOKEN)
    assert (len(tokens.units), pairs) == (len(game_of(DIFF, model, AttributionOptions(), Level.TOKEN).units), 4)
    for budget, level in ((2 * len(tokens.units) - 1, Level.LINE), (20, Level.HUNK), (8, Level.FILE), (1, Level.FILE)):
        game, pairs = affordable(DIFF, model, AttributionOptions(budget=budget), Level.TOKEN)
        assert game.units == game_of(DIFF, model, AttributionOptions(), level).units
        assert pairs == 1 or 2 * pairs * len(game.units) <= budget
    result = answer(attribute(DIFF, model, "owen", AttributionOptions(budget=20)))
    assert {unit.level for unit, _ in result.standard_errors} <= {Level.LINE, Level.HUNK, Level.FILE}


class Blind(Bag):
    """Its gradient is not a number; its scores are."""

    def logit_of_embeddings(self, embeddings, ids):
        return super().logit_of_embeddings(embeddings, ids) + (embeddings.sum() * 0).sqrt()


@pytest.mark.parametrize("method", ["shapley", "owen", "erasure", "occlusion", "leave-one-out"])
def test_scored_variants_need_no_gradient(method):
    options = AttributionOptions(budget=60)
    found = answer(attribute(DIFF, Blind(), method, options))
    expected = answer(attribute(DIFF, Bag(), method, options))
    assert found.converged
    assert {one.unit: one.value for one in found.at(Level.FILE)} == pytest.approx(
        {one.unit: one.value for one in expected.at(Level.FILE)}, abs=1e-4
    )


@pytest.mark.parametrize("method", ["shapley", "owen", "erasure", "leave-one-out"])
@pytest.mark.parametrize(
    "text", ["diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n", "--- a/x\n+++ b/x\n@@ -1 +0,0 @@\n-a\n"]
)
def test_a_diff_without_lines_or_with_one_has_an_answer(method, text):
    result = answer(attribute(parse(text, message=""), Linear(), method))
    assert result.converged
    assert abs(result.completeness_gap) < 1e-4
