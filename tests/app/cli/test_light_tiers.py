"""explain, flip and score with the light tiers: checkpoints on disk, read like any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from explain.counterfactual.types import TAKING_BACK
from tests.models.classify.light_toys import write_bag, write_size

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = sorted((ROOT / "sample_diffs").glob("0[1-6]-*.diff"))
Run = Callable[..., object]


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_bag(tmp_path / "bag", {"+danger": 3.0, "-slow": 0.5, "pdocs": -0.25})


@pytest.fixture
def size(tmp_path: Path) -> Path:
    return write_size(tmp_path / "size")


def test_a_bag_is_explained_exactly_by_default(whydiff, bag: Path, two_files: Path) -> None:
    result = whydiff("explain", two_files, "--model", bag, "--level", "token", "--format", "json")
    assert result.code == 0
    data = json.loads(result.out)
    attribution = data["attribution"]
    assert (attribution["method"], attribution["baseline"]) == ("exact", "empty change")
    assert abs(attribution["completeness_gap"]) < 1e-9
    by_text = {one["text"]: one["value"] for one in attribution["units"]}
    assert {text: by_text[text] for text in ("danger", "slow", "docs")} == {"danger": 3.0, "slow": 0.5, "docs": -0.25}
    assert {"lines added: 3", "lines removed: 2", "files: 2"} <= set(by_text)
    assert data["truncation"]["unread_units"] == []
    total = data["trust"]["baseline_output"] + sum(by_text.values())
    assert total == pytest.approx(data["trust"]["output"], abs=1e-9)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_numbers_of_the_whole_change_are_named_in_every_form(whydiff, size: Path, two_files: Path, form: str) -> None:
    result = whydiff("explain", two_files, "--model", size, "--format", form)
    assert result.code == 0
    for name in ("lines added", "files"):
        assert name in result.out
    assert "exact" in result.out
    assert "average change" in result.out
    assert "danger()" in result.out
    assert "none of them read" not in result.out


def test_sarif_has_the_numbers_beside_the_lines(whydiff, size: Path, two_files: Path) -> None:
    (run,) = json.loads(whydiff("explain", two_files, "--model", size, "--format", "sarif").out)["runs"]
    assert run["results"] == []
    assert {one["text"]: round(one["value"], 6) for one in run["properties"]["metrics"] if one["value"]} == {
        "lines added: 3": 1.5,
        "files: 2": 0.625,
    }


def test_a_method_that_does_not_fit_is_refused(refused, bag: Path, two_files: Path) -> None:
    said = refused("explain", two_files, "--model", bag, "--method", "gradient")
    assert said.endswith("use exact, occlusion, shapley, owen, erasure.\n")
    assert "a model with gradients" in said


def test_occlusion_reverts_lines(whydiff, bag: Path, two_files: Path) -> None:
    result = whydiff("explain", two_files, "--model", bag, "--method", "occlusion", "--format", "json")
    data = json.loads(result.out)
    assert data["attribution"]["baseline"] == "reverted"
    (danger,) = [one for one in data["attribution"]["units"] if "danger" in one["text"]]
    assert danger["value"] > 3.0


@pytest.mark.parametrize(("kind", "edits"), [("bag", 1), ("size", 2)])
def test_the_smallest_flip_is_found(whydiff, request: pytest.FixtureRequest, two_files: Path, kind: str, edits: int) -> None:
    """The word "danger" has to go; of three added lines two have to go, so that fewer than two are left."""
    result = whydiff("flip", two_files, "--model", request.getfixturevalue(kind), "--format", "json", "--syntax", "any")
    assert result.code == 0
    data = json.loads(result.out)
    assert data["before"]["flagged"]
    assert data["counterfactuals"]
    for one in data["counterfactuals"]:
        assert one["verified"]
        assert not one["after"]["flagged"]
    back = [one for one in data["counterfactuals"] if one["edits"][0]["operator"] in TAKING_BACK]
    left = max(_added(one["patch"]) for one in back)
    assert _added(two_files.read_text()) - left == edits


def _added(patch: str) -> int:
    return sum(line.startswith("+") and not line.startswith("+++") for line in patch.splitlines())


@pytest.mark.parametrize("kind", ["bag", "size"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_flip_answers_on_samples(whydiff, request: pytest.FixtureRequest, sample: Path, kind: str) -> None:
    model = request.getfixturevalue(kind)
    data = json.loads(whydiff("flip", sample, "--model", model, "--format", "json", "--budget", 200).out)
    assert data["counterfactuals"] or data["stopped"] in {"exhausted", "budget"}
    assert all(one["verified"] for one in data["counterfactuals"])


@pytest.mark.parametrize("kind", ["bag", "size"])
def test_changes_are_scored(whydiff, request: pytest.FixtureRequest, two_files: Path, kind: str) -> None:
    result = whydiff("score", two_files, SAMPLES[0], "--model", request.getfixturevalue(kind), "--format", "json")
    records = [json.loads(line) for line in result.out.splitlines()]
    assert records[0]["flagged"]
    assert all(one["tokens_read"] == one["tokens_total"] > 0 for one in records)


def test_hostile_names_stay_text(whydiff, hostile: Path, bag: Path) -> None:
    result = whydiff("explain", hostile, "--model", bag, "--format", "html")
    assert result.code == 0
    assert "<script>" not in result.out


def test_one_line_of_megabytes_is_read_to_its_limit(whydiff, bag: Path, long_line: Path) -> None:
    result = whydiff("explain", long_line, "--model", bag, "--format", "json")
    assert result.code == 0
    data = json.loads(result.out)
    assert data["truncation"]["tokens_read"] < data["truncation"]["tokens_total"]
    assert [one["start"] for one in data["truncation"]["unread_units"]] == [20_000]
