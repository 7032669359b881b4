"""Calibrations have an inverse, keep every ranking, survive JSON, and refuse what is none; so do risk bands."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from models.classify.bands import Band, band_at, band_of, read_bands, wilson
from models.classify.calibration import AnyCalibration, Calibration, Isotonic, read_calibration
from models.classify.checkpoint import Settings, read_settings, write_settings
from models.encode.encoder import EncodeOptions
from models.errors import ModelError

STEPS = Isotonic((-3.0, -1.0, -0.999, 2.0), (0.01, 0.0101, 0.4, 0.97))
EACH = pytest.mark.parametrize("calibration", [Calibration(0.6, -1.0), Calibration(2.0), STEPS], ids=lambda one: one.method)
BANDS = (Band("low", 0.0, 400, 20), Band("elevated", 0.1, 300, 60), Band("high", 0.4, 100, 55))


@EACH
@given(logit=st.floats(-10, 10))  # twice 12 would be a score so near to 1 that float64 keeps 3e-6 of the logit no more
def test_the_logit_of_a_score_is_the_logit(calibration: AnyCalibration, logit: float) -> None:
    assert calibration.logit(calibration.score(logit)) == pytest.approx(logit, abs=1e-6)


@EACH
@given(score=st.floats(1e-6, 1 - 1e-6))
def test_the_score_of_a_logit_is_the_score(calibration: AnyCalibration, score: float) -> None:
    assert calibration.score(calibration.logit(score)) == pytest.approx(score, abs=1e-9)


@EACH
def test_scores_rise_strictly_and_stay_probabilities(calibration: AnyCalibration) -> None:
    scores = [calibration.score(one) for one in np.linspace(-9, 9, 4001)]
    assert all(a < b for a, b in pairwise(scores))
    assert all(0 <= calibration.score(one) <= 1 for one in (-1e300, -800.0, 800.0, 1e300))


@given(st.data())
def test_any_knots_that_rise_have_an_inverse(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 12))
    steps = st.lists(st.floats(1e-3, 1), min_size=size, max_size=size)
    logits = np.cumsum(data.draw(steps))
    scores = np.cumsum(data.draw(steps))
    one = Isotonic(tuple(logits.tolist()), tuple((scores / (scores[-1] * 1.01)).tolist()))
    for logit in (*one.logits, logits.mean(), logits[0] - 2, logits[-1] + 2):
        assert one.logit(one.score(logit)) == pytest.approx(logit, abs=1e-6)
    assert [one.score(logit) for logit in one.logits] == pytest.approx(list(one.scores), abs=1e-12)


@EACH
def test_json_keeps_everything(calibration: AnyCalibration) -> None:
    assert read_calibration(json.loads(json.dumps(calibration.payload()))) == calibration


def test_checkpoints_from_before_there_were_methods_are_read() -> None:
    assert read_calibration({"slope": 0.5, "intercept": -1}) == Calibration(0.5, -1.0)
    assert read_calibration({"method": "temperature", "slope": 2}) == Calibration(2.0)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"slope": 1.0},
        {"slope": 0.0, "intercept": 0.0},
        {"slope": -1.0, "intercept": 0.0},
        {"slope": float("nan"), "intercept": 0.0},
        {"slope": 1.0, "intercept": float("inf")},
        {"slope": "1", "intercept": 0.0},
        {"slope": True, "intercept": 0.0},
        {"slope": 10**400, "intercept": 0.0},
        {"method": "magic", "slope": 1.0, "intercept": 0.0},
        {"method": ["platt"], "slope": 1.0, "intercept": 0.0},
        {"method": "temperature", "slope": 1.0, "intercept": 0.5},
        {"method": "isotonic"},
        {"method": "isotonic", "logits": [0, 1], "scores": [0.1]},
        {"method": "isotonic", "logits": [0], "scores": [0.1]},
        {"method": "isotonic", "logits": [0, 0], "scores": [0.1, 0.2]},
        {"method": "isotonic", "logits": [0, 1], "scores": [0.2, 0.1]},
        {"method": "isotonic", "logits": [0, 1], "scores": [0.2, 0.2]},
        {"method": "isotonic", "logits": [0, 1], "scores": [0.0, 0.2]},
        {"method": "isotonic", "logits": [0, 1], "scores": [0.5, 1]},
        {"method": "isotonic", "logits": [0, float("nan")], "scores": [0.1, 0.2]},
        {"method": "isotonic", "logits": [0, "1"], "scores": [0.1, 0.2]},
        {"method": "isotonic", "logits": list(range(1001)), "scores": [(i + 1) / 1003 for i in range(1001)]},
        {"method": "isotonic", "logits": {"0": 1}, "scores": [0.1, 0.2]},
    ],
)
def test_what_is_no_calibration_is_refused(broken: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected|should"):
        read_calibration(broken)
    stored(tmp_path, calibration=broken)
    with pytest.raises(ModelError, match=r"whydiff\.json .* is broken"):
        read_settings(tmp_path, 512)


def stored(folder: Path, **changed: Any) -> None:
    write_settings(folder, Settings("m", EncodeOptions(max_length=128), STEPS, 0.3, bands=BANDS))
    data = json.loads((folder / "whydiff.json").read_text())
    (folder / "whydiff.json").write_text(json.dumps(data | changed))


def test_settings_keep_calibration_and_bands(tmp_path: Path) -> None:
    stored(tmp_path)
    settings = read_settings(tmp_path, 512)
    assert settings is not None
    assert (settings.calibration, settings.bands) == (STEPS, BANDS)
    write_settings(tmp_path, replace(settings, bands=()))
    bare = read_settings(tmp_path, 512)
    assert bare is not None
    assert bare.bands == ()


def band(**changed: Any) -> dict[str, Any]:
    return {"name": "low", "start": 0.0, "rows": 10, "positives": 1} | changed


@pytest.mark.parametrize(
    "broken",
    [
        {},
        "low",
        [1],
        [{}],
        [band(name="lowest")],
        [band(start=0.1)],
        [band(start=float("nan"))],
        [band(start="0")],
        [band(rows=0, positives=0)],
        [band(positives=11)],
        [band(positives=-1)],
        [band(rows=1.5)],
        [band(rows=True)],
        [band(rows=10**13)],
        [band(), band(name="high", start=1.0)],
        [band(), band(name="high", start=0.0)],
        [band(name="high"), band(name="elevated", start=0.5)],
        [band(), band(start=0.5)],
        [band()] * 4,
    ],
)
def test_what_are_no_bands_is_refused(broken: Any, tmp_path: Path) -> None:
    stored(tmp_path, bands=broken)
    with pytest.raises(ModelError, match=r"whydiff\.json .* is broken"):
        read_settings(tmp_path, 512)


def test_a_score_lies_in_the_band_that_starts_at_or_below_it() -> None:
    found = [band_at(BANDS, score) for score in (0.0, 0.0999, 0.1, 0.4, 1.0)]
    assert [one.name for one in found if one] == ["low", "low", "elevated", "high", "high"]
    assert band_at((), 0.5) is None
    assert band_of(object(), 0.5) is None
    assert read_bands([]) == ()


def test_a_band_says_what_became_of_such_changes() -> None:
    assert Band("elevated", 0.0, 1234, 383).sentence() == (
        "elevated risk: of 1,234 such changes in the past 31 % [29, 34] were defective"
    )
    assert BANDS[0].payload()["rate"] == 0.05


@given(rows=st.integers(1, 5000), share=st.floats(0, 1))
def test_wilson_is_that_of_scipy(rows: int, share: float) -> None:
    positives = int(share * rows)
    truth = binomtest(positives, rows).proportion_ci(method="wilson")
    assert wilson(positives, rows) == pytest.approx((truth.low, truth.high), abs=1e-12)
