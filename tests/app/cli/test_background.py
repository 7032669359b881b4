"""``whydiff explain --background DATASET``: which changes are drawn from, what is said, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import models.classify.load
from explain.attribution.background import AgainstBackground, blanks
from models.change.parse import parse
from tests.app.cli.conftest import TWO_FILES
from tests.explain.attribution.attribution_toys import Linear
from tests.models.classify.light_toys import write_bag

QUICK = ("--method", "gradient", "--no-trust")


class Dangerous(Linear):
    """Flags changes with a line that holds "danger", or its second word; its logit is linear in the embeddings."""

    second = "danger"

    def predict(self, diffs):
        found = super().predict(diffs)
        whole = [any("danger" in line.text or self.second in line.text for _, line in diff.lines()) for diff in diffs]
        return tuple(replace(one, score=float(bad), margin=bad - 0.5) for one, bad in zip(found, whole, strict=True))


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Dangerous:
    classifier = Dangerous()
    monkeypatch.setattr(models.classify.load, "load", lambda _folder=None: classifier)
    return classifier


def text(n: int, word: str) -> str:
    return f"--- a/a{n}.py\n+++ b/a{n}.py\n@@ -1 +1,2 @@\n top\n+{word} number {n}\n"


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rows = [{"id": f"calm {n}", "diff": text(n, "calm")} for n in range(6)]
    rows += [{"id": f"bad {n}", "diff": text(n, "danger")} for n in range(3)]
    return written(tmp_path / "data.parquet", [*rows, {"id": "itself", "diff": TWO_FILES}, {"id": "broken", "diff": "no diff"}])


def test_values_are_against_the_mean_of_rows_drawn_from_the_unflagged(whydiff, model, dataset: Path, two_files: Path) -> None:
    result = whydiff("explain", two_files, "--background", dataset, "--draws", 3, *QUICK, "--format", "json")
    assert (result.code, result.err) == (0, "")
    data = json.loads(result.out)
    assert data["attribution"]["baseline"] == "background of 6 unflagged changes"
    changes = tuple(parse(text(n, "calm")) for n in range(6))
    outputs = set()
    encoded = model.encode(parse(TWO_FILES))
    for seed in range(60):  # whatever the order of the rows, the draws are of those six
        options = AgainstBackground(changes=changes, draws=1, order_seed=seed)
        (row,) = blanks(model, encoded, options).rows
        outputs.add(model.logits_of_ids([row])[0])
    assert min(outputs) <= data["trust"]["baseline_output"] <= max(outputs)
    assert abs(data["attribution"]["completeness_gap"]) < 1e-3


def test_fewer_changes_and_another_seed_are_others(whydiff, model, dataset: Path, two_files: Path) -> None:
    def said(*arguments: object) -> dict[str, Any]:
        out = whydiff("explain", two_files, "--background", dataset, *QUICK, "--format", "json", *arguments).out
        return dict(json.loads(out))

    few = said("--background-rows", 2)
    assert few["attribution"]["baseline"] == "background of 2 unflagged changes"
    assert said("--background-rows", 2) == few
    assert said("--background-rows", 2, "--order-seed", 9)["attribution"]["units"] != few["attribution"]["units"]


def test_text_names_the_background_and_trust_is_measured(whydiff, model, dataset: Path, two_files: Path) -> None:
    result = whydiff("explain", two_files, "--background", dataset, "--draws", 2, "--method", "occlusion")
    assert (result.code, result.err) == (0, "")
    assert "Why: occlusion against the baseline “background of 6 unflagged changes”." in result.out
    assert "another seed" in result.out


def test_each_of_two_models_has_a_background_of_its_own(
    whydiff, monkeypatch: pytest.MonkeyPatch, dataset: Path, two_files: Path, tmp_path: Path
) -> None:
    one, other, folder = Dangerous(), Dangerous(seed=3), write_bag(tmp_path / "other", {})
    other.second = "number 1"
    monkeypatch.setattr(models.classify.load, "load", lambda given=None: other if given else one)
    result = whydiff("explain", two_files, "--background", dataset, "--against", folder, *QUICK[:2], "--format", "json")
    assert (result.code, result.err) == (0, "")
    data = json.loads(result.out)
    assert data["attribution"]["baseline"] == "background of 6 unflagged changes"
    assert data["against"]["attribution"]["baseline"] == "background of 5 unflagged changes"


def test_what_does_not_fit(refused, model, dataset: Path, two_files: Path, tmp_path: Path) -> None:
    bad = written(tmp_path / "bad.parquet", [{"id": "1", "diff": text(1, "danger")}, {"id": "2", "diff": TWO_FILES}])
    assert "flags every other change" in refused("explain", two_files, "--background", bad)
    assert "leave one of them out" in refused("explain", two_files, "--background", dataset, "--baseline", "pad")
    assert "Expected a single change with --background" in refused("explain", dataset, "--background", dataset)
    assert "no column diff" in refused("explain", two_files, "--background", written(tmp_path / "x.parquet", [{"x": 1}]))
    (tmp_path / "text.parquet").write_text("this is no table")
    assert "text.parquet" in refused("explain", two_files, "--background", tmp_path / "text.parquet")
    assert "gone.parquet" in refused("explain", two_files, "--background", tmp_path / "gone.parquet")


def test_a_model_without_tokens_has_none(refused, planted, dataset: Path, two_files: Path) -> None:
    assert "Expected a model that reads tokens with --background, but planted is none" in refused(
        "explain", two_files, "--background", dataset
    )
