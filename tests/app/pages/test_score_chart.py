"""The waterfall under "Why": its bars lead from the baseline to the output, and its limit is where the verdict turns."""

from __future__ import annotations

import pytest

from app.components.score_chart import caption, parts, waterfall
from explain.attribution.types import Attribution, UnitValue
from models.change.types import METRICS_FILE, Unit
from models.classify.protocol import Prediction
from models.encode.types import Side

ATTRIBUTION = Attribution(
    method="integrated-gradients",
    baseline="mask",
    output=1.0,
    baseline_output=-0.5,
    tokens=(
        UnitValue(Unit(METRICS_FILE), -0.25, Side.METRICS),
        UnitValue(Unit(0), 0.125, Side.PATH),
        UnitValue(Unit(0, 0, 0, 0, 3), 1.0, Side.ADDED),
        UnitValue(Unit(0, 0, 1, 0, 3), 0.25, Side.ADDED),
        UnitValue(Unit(0, 0, 2, 0, 3), 0.0, Side.REMOVED),
    ),
    special=0.25,
    completeness_gap=0.125,
)
PREDICTION = Prediction(logit=1.0, score=0.6, threshold=0.4, margin=0.75, tokens_read=5, tokens_total=5)


def test_parts_lead_from_the_baseline_to_the_output() -> None:
    sums = parts(ATTRIBUTION)
    assert sums["added lines"] == 1.25
    assert sums["frame tokens"] == 0.25
    assert "removed lines" not in sums
    assert ATTRIBUTION.baseline_output + sum(sums.values()) == ATTRIBUTION.output


def test_every_part_is_a_bar_between_baseline_and_output() -> None:
    figure = waterfall(ATTRIBUTION, PREDICTION)
    (bars,) = figure.data
    assert bars.y[0] == "baseline (mask)"
    assert bars.y[-1] == "this change"
    assert bars.x[0] == ATTRIBUTION.baseline_output
    assert sum(bars.x[:-1]) == pytest.approx(bars.x[-1])
    assert figure.layout.shapes[0].x0 == PREDICTION.logit - PREDICTION.margin
    low, high = figure.layout.xaxis.range
    assert low < min(bars.x) < max(bars.x) < high


def test_the_caption_names_the_largest_part() -> None:
    assert "added lines, 1.25 logits towards flagged; 0.12 are left" in caption(ATTRIBUTION)


def test_a_change_without_values_says_so() -> None:
    bare = Attribution(method="occlusion", baseline="mask", output=0.5, baseline_output=0.5)
    assert caption(bare) == "No part of the change has a value."
    assert waterfall(bare, PREDICTION).data[0].x[-1] == 0.5
