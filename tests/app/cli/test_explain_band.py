"""The risk band of a score stands behind the verdict: in every form of the explanation and on the page."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.components.verdict import card
from models.classify.bands import Band, band_of

BANDS = (Band("low", 0.0, 400, 20), Band("high", 0.5, 1234, 383))
SAID = "High risk: of 1,234 such changes in the past 31 % [29, 34] were defective."


@pytest.fixture
def banded(planted: Any) -> Any:
    planted.settings = SimpleNamespace(bands=BANDS)
    return planted


@pytest.mark.parametrize("form", ["text", "markdown", "html", "sarif"])
def test_every_form_says_what_became_of_such_changes(whydiff, banded, two_files: Path, form: str) -> None:
    assert SAID in whydiff("explain", two_files, "--method", "occlusion", "--format", form).out.replace("&#91;", "[").replace(
        "&#93;", "]"
    ).replace("&#58;", ":")


def test_json_holds_the_band(whydiff, banded, two_files: Path) -> None:
    data = json.loads(whydiff("explain", two_files, "--method", "occlusion", "--format", "json").out)
    band = data["prediction"]["band"]
    assert {name: band[name] for name in ("name", "rows", "positives")} == {"name": "high", "rows": 1234, "positives": 383}
    assert band["low"] < band["rate"] == 383 / 1234 < band["high"]


def test_a_checkpoint_without_bands_says_nothing(whydiff, planted, two_files: Path) -> None:
    data = json.loads(whydiff("explain", two_files, "--method", "occlusion", "--format", "json").out)
    assert set(data["prediction"]) == {"score", "threshold", "flagged"}
    assert "risk" not in whydiff("explain", two_files, "--method", "occlusion").out


def test_the_page_says_the_same(banded, parsed) -> None:
    prediction = banded.predict([parsed])[0]
    assert card(parsed, prediction, "m", band_of(banded, prediction.score))["sentence"].endswith(SAID)
    assert "risk" not in card(parsed, prediction, "m")["sentence"]
