"""Rank correlations on values written by hand, and the cascade over toys whose right answers are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from explain.attribution.baseline import content
from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution, UnitValue
from explain.trust.sanity_cascade import agreement, aligned, cascade, explained, pair, spearman
from explain.trust.sanity_planted import RULES
from models.change.types import Diff, Level, Unit
from models.classify.layered import Layered
from models.encode.types import Side
from tests.explain.attribution.attribution_toys import MASK, Linear

DIFFS = tuple(one.diff for one in RULES[0].questions(6, 1))
OPTIONS = AttributionOptions(max_steps=8)


class Turned(Linear):
    """The linear toy in stages: the first turns no ranking around but its sign, the second draws a new direction."""

    stages = ("sign", "weights")

    def randomised(self, stages: int, seed: int) -> Linear:
        copy = Turned(seed=0)
        if stages:
            copy.weight.data.copy_(-self.weight.data)
        if stages > 1:
            copy.weight.data.copy_(np_normal(seed, len(self.weight)))
        return copy


class Deep(Turned):
    """Twenty stages."""

    stages = tuple(f"stage {n}" for n in range(20))


def np_normal(seed: int, size: int) -> Any:
    import torch

    return torch.from_numpy(np.random.default_rng(seed).normal(size=size)).float()


def closed_form(model: Linear, diff: Diff) -> float:
    """The rank correlation of w · (e - mask) with the same in the direction that the copy got, over the content of ``diff``."""
    encoded = model.encode(diff)
    away = (model.embed(encoded.ids)[0] - model.embed((MASK,))[0]).numpy()[list(content(encoded))]
    copy = model.randomised(2, 5)  # type: ignore[attr-defined]
    mine, other = (away @ one.weight.detach().numpy() for one in (model, copy))
    return abs(float(spearmanr(mine, other).statistic))


def lines(*values: float, start: int = 0) -> Attribution:
    tokens = tuple(UnitValue(Unit(0, 0, start + n), value, Side.ADDED) for n, value in enumerate(values))
    return Attribution(method="toy", baseline="mask", output=1.0, baseline_output=0.0, tokens=tokens)


def test_spearman_is_scipys() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        a, b = random.integers(0, 6, 12).astype(float), random.normal(size=12)
        assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert spearman(np.ones(4), np.arange(4.0)) == 0.0


def test_the_sign_of_a_correlation_does_not_matter_but_sizes_do() -> None:
    random = np.random.default_rng(1)
    turned = pair(lines(1, 2, 3, 4, 5), lines(-1, -2, -3, -4, -5), Level.LINE, random)
    assert turned is not None
    assert (turned.rho, turned.size) == pytest.approx((1.0, 1.0))
    bent = pair(lines(-2, -1, 1, 2, 0.5), lines(2, 1, -1, -2, -0.5), Level.LINE, random)
    mixed = pair(lines(1, 2, 3, 4, 5), lines(3, -1, 0.5, 7, -2), Level.LINE, random)
    assert bent is not None
    assert mixed is not None
    assert bent.rho == pytest.approx(1.0)
    assert mixed.rho < 0.6


def test_units_are_matched_and_those_without_a_value_in_both_are_left_out() -> None:
    a, b = aligned(lines(1, 0, 3), lines(5, 0, 0, start=1), Level.LINE)
    assert a.tolist() == [1.0, 0.0, 3.0]
    assert b.tolist() == [0.0, 5.0, 0.0]
    a, b = aligned(lines(1, 0, 3), lines(5, 0, 2), Level.LINE)
    assert (a.tolist(), b.tolist()) == ([1.0, 3.0], [5.0, 2.0])


@pytest.mark.parametrize("values", [(1.0, 2.0), (1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0)])
def test_without_a_ranking_nothing_is_said(values: tuple[float, ...]) -> None:
    found = agreement("toy", Level.LINE, [lines(*values)], [lines(*values)], 1)
    assert (found.rho.value, found.chance, found.size, found.diffs) == (None, None, None, 0)


def test_the_mean_lies_in_its_interval_and_is_counted_over_changes() -> None:
    random = np.random.default_rng(2)
    first = [lines(*random.normal(size=30)) for _ in range(12)]
    second = [lines(*random.normal(size=30)) for _ in range(12)]
    found = agreement("toy", Level.LINE, first, second, 1)
    truth = np.mean(
        [
            abs(spearmanr([x.value for x in a.tokens], [x.value for x in b.tokens]).statistic)
            for a, b in zip(first, second, strict=True)
        ]
    )
    assert found.rho.value == pytest.approx(truth)
    assert found.rho.low is not None
    assert found.rho.high is not None
    assert found.chance is not None
    assert found.rho.low < truth < found.rho.high
    assert found.chance == pytest.approx(truth, abs=0.1)
    assert found.diffs == 12


def test_a_turned_sign_keeps_the_ranking_and_new_weights_do_not() -> None:
    model = Turned()
    assert isinstance(model, Layered)
    sign, weights = cascade(DIFFS, model, OPTIONS, seed=5)
    assert (sign.name, weights.name) == ("sign", "weights")
    for one in sign.agreements:
        # Values that are differences of float32 scores put equal words in either order.
        exact = one.method in {"integrated-gradients", "gradient"}
        assert one.rho.value == pytest.approx(1.0, abs=1e-6 if exact else 0.01)
        assert one.diffs == len(DIFFS)
    for one in weights.agreements:
        if one.level == "token" and one.method in {"integrated-gradients", "gradient"}:
            assert one.rho.value == pytest.approx(np.mean([closed_form(model, diff) for diff in DIFFS]), abs=1e-3)


def test_every_method_that_fits_is_asked_at_the_levels_it_has() -> None:
    (first, *_) = cascade(DIFFS[:2], Turned(), OPTIONS, seed=5)
    asked = [(one.method, one.level) for one in first.agreements]
    assert len(set(asked)) == len(asked)
    assert {name for name, _ in asked} == set(explained(DIFFS[:1], Turned(), OPTIONS))
    assert ("occlusion", "token") not in asked
    assert ("gradient", "token") in asked


def test_a_deep_model_is_tried_at_eight_stages_with_the_first_and_the_last() -> None:
    names = [one.name for one in cascade(DIFFS[:1], Deep(), OPTIONS, seed=5)]
    assert len(names) == 8
    assert (names[0], names[-1]) == ("stage 0", "stage 19")


def test_the_same_seed_gives_the_same_figures() -> None:
    assert list(cascade(DIFFS[:3], Turned(), OPTIONS, 5)) == list(cascade(DIFFS[:3], Turned(), OPTIONS, 5))
