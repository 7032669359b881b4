from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explain.attribution.check import check
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS, default_method, fitting
from explain.attribution.rollout import shares
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution
from explain.trust.panel import trust
from explain.trust.removal import curves
from explain.trust.types import Word
from explain.trust.verdict import verdict
from models.change.types import Level
from models.classify.attentive import Attention
from models.errors import UsageError
from tests.explain.attribution.attribution_toys import DIFF, Linear

NAME = "attention-rollout"


class Looking(Linear):
    """Attends by a rule of its own: every place to itself, to its neighbour on the left, and to the first one."""

    attends = True

    def attention(self, ids):
        n, layers = len(ids), []
        for share in (0.2, 0.5):
            one = np.eye(n) * (1 - share)
            one[range(1, n), range(n - 1)] += share / 2
            one[:, 0] += share / 2
            one[0, 0] = 1.0
            layers.append([one, np.eye(n)])
        return Attention(np.array(layers, dtype=np.float32), np.eye(n, dtype=np.float32)[-1])


def explained(model: Linear | None = None, **options: object) -> Attribution:
    return answer(attribute(DIFF, model or Looking(), NAME, AttributionOptions(**options)))


def test_two_layers_by_hand():
    """One head and two places: the first looks at itself; the second halfway at the first, then entirely."""
    first = [[[1.0, 0.0], [0.5, 0.5]]]
    second = [[[1.0, 0.0], [1.0, 0.0]]]
    found = shares(Attention(np.array([first, second], dtype=np.float32), np.array([0, 1], dtype=np.float32)))
    # A1' = [[1, 0], [1/4, 3/4]], A2' = [[1, 0], [1/2, 1/2]]; the last row of A2' A1' is [1/2 + 1/8, 3/8].
    assert found.tolist() == pytest.approx([0.625, 0.375])


def test_heads_are_averaged_and_the_order_of_the_layers_counts():
    one, other = [[0.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]
    weights = np.array([[one, other], [other, other]], dtype=np.float32)
    read = np.array([1, 0], dtype=np.float32)
    # The mean of the heads below is [[1/2, 1/2], [0, 1]], half of it residual [[3/4, 1/4], [0, 1]]; above nothing moves.
    assert shares(Attention(weights, read)).tolist() == pytest.approx([0.75, 0.25])
    swapped = np.array([[one, one], [[[0.0, 1.0], [1.0, 0.0]]] * 2], dtype=np.float32)
    assert shares(Attention(swapped, read)).tolist() != pytest.approx(shares(Attention(swapped[::-1], read)).tolist())


def test_all_paths_through_three_layers_counted_one_by_one():
    chance = np.random.default_rng(4)
    weights = chance.dirichlet(np.ones(4), size=(3, 2, 4)).astype(np.float32)
    read = np.array([0.5, 0, 0, 0.5], dtype=np.float32)
    expected = np.zeros(4)
    layers = [0.5 * one.mean(axis=0) + 0.5 * np.eye(4) for one in weights.astype(np.float64)]
    for path in np.ndindex(4, 4, 4, 4):
        top, upper, lower, token = path
        expected[token] += read[top] * layers[2][top, upper] * layers[1][upper, lower] * layers[0][lower, token]
    assert shares(Attention(weights, read)).tolist() == pytest.approx(expected.tolist())


def test_shares_are_not_negative_sum_to_one_and_stand_up_to_the_check():
    found = explained()
    assert all(one.value >= 0 for one in found.tokens)
    assert found.total == pytest.approx(1.0, abs=1e-6)
    assert len({round(one.value, 6) for one in found.tokens}) > 2
    assert check(found, Looking(), DIFF) == ()
    wrong = replace(found, tokens=(replace(found.tokens[0], value=0.5), *found.tokens[1:]))
    moved = replace(wrong, completeness_gap=wrong.output - wrong.baseline_output - wrong.total)
    assert any("the share of" in one for one in check(moved, Looking(), DIFF))
    assert "toy does not give its attention" in check(found, Linear(), DIFF)


def test_it_is_for_nothing_that_does_not_attend_and_never_the_default():
    model = Looking()
    assert [card.name for card in fitting(model)][-1] == NAME
    assert default_method(model).name == "integrated-gradients"
    model.attends = False
    for one in (model, Linear()):
        assert NAME not in [card.name for card in fitting(one)]
        with pytest.raises(UsageError, match="by attention alone for attention-rollout"):
            attribute(DIFF, one, NAME)


def test_its_card_says_what_it_is_not():
    card = METHODS[NAME]
    assert (card.signed, card.additive, card.measured) == (False, False, False)
    assert [one.name for one in METHODS.values() if not one.signed] == [NAME]
    assert "None about the output" in card.guarantee


def test_trust_is_never_more_than_weak():
    model = Looking()
    *_, found = trust(DIFF, model, explained(model))
    assert verdict(found).word is not Word.USABLE
    bare = replace(found, faithfulness=(), agreement=(), stability=())
    assert verdict(bare).word is Word.WEAK
    assert "its values have no sign" in verdict(bare).reasons[0]


@pytest.mark.parametrize("margin", [1.0, -1.0])
def test_the_most_looked_at_goes_first_whatever_the_verdict(margin):
    model = Looking()
    plain = model.predict
    model.predict = lambda diffs: tuple(replace(one, margin=margin) for one in plain(diffs))
    found = explained(model)
    values = {one.unit: one.value for one in found.at(Level.TOKEN)}
    curve = curves(DIFF, model, AttributionOptions())[0]
    ranked = [values[curve.game.units[part]] for part in curve.order(found)]
    assert ranked == sorted(ranked, reverse=True)
