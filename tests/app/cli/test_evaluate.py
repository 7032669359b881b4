"""``whydiff evaluate`` on predictions whose figures are known, and the card of a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from models.classify.checkpoint import Settings, digest_folder, write_settings
from models.encode.encoder import EncodeOptions
from models.evaluate.card import card_text

ROWS = 400
LABELS = np.random.default_rng(1).permutation(np.arange(ROWS) % 4 == 0).astype(int)
Write = Callable[..., Path]


def scores(strength: float, seed: int = 2) -> np.ndarray:
    """Scores that rank the better the greater ``strength`` is."""
    random = np.random.default_rng(seed)
    return 1 / (1 + np.exp(1.5 - strength * LABELS - random.normal(size=ROWS)))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of predictions; keywords replace columns, None drops one."""

    def call(name: str, strength: float = 1.0, rows: slice = slice(None), **columns: Any) -> Path:
        table: dict[str, Any] = {
            "id": [f"p@{n}" for n in range(ROWS)],
            "project": ["a" if n % 2 else "b" for n in range(ROWS)],
            "lines_added": [n % 50 for n in range(ROWS)],
            "lines_deleted": [n % 7 for n in range(ROWS)],
            "label": LABELS.tolist(),
            "score": scores(strength).tolist(),
            "threshold": [0.4] * ROWS,
            "model": [name] * ROWS,
            "model_kind": ["bag"] * ROWS,
            "model_digest": [name] * ROWS,
        } | columns
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({key: value[rows] for key, value in table.items() if value is not None}), path)
        return path

    return call


def report(whydiff: Any, *arguments: object) -> dict[str, Any]:
    result = whydiff("evaluate", *arguments, "--format", "json", "--replicates", 100)
    assert (result.code, result.err) == (0, "")
    data: dict[str, Any] = json.loads(result.out)
    return data


def test_json_holds_the_figures_of_every_model(whydiff, write: Write) -> None:
    data = report(whydiff, write("weak", 0.3), write("strong", 2.0))
    assert data["schema"] == "whydiff/evaluate/1"
    assert (data["rows"], data["positives"], data["projects"], data["left_out"]) == (400, 100, 2, 0)
    assert [one["name"] for one in data["models"]] == ["weak", "strong", "lines changed"]
    for one, strength in zip(data["models"], (0.3, 2.0), strict=False):
        auc = one["figures"]["auc"]
        assert auc["value"] == pytest.approx(roc_auc_score(LABELS, scores(strength)))
        assert auc["low"] < auc["value"] < auc["high"]
        flagged = scores(strength) >= 0.4
        assert one["at_threshold"]["flagged"]["part"] == flagged.sum()
        assert one["at_threshold"]["precision"]["value"] == pytest.approx(LABELS[flagged].mean())
        assert len(one["gate"]) == 101
        assert sum(part["rows"] for part in one["calibration"]["reliability"]) == 400
    lines = data["models"][2]
    assert (lines["calibration"], lines["at_threshold"]) == (None, None)
    assert lines["figures"]["auc"]["value"] == pytest.approx(roc_auc_score(LABELS, [n % 50 + n % 7 for n in range(ROWS)]))


def test_above_is_said_only_where_the_interval_excludes_nought(whydiff, write: Write) -> None:
    data = report(whydiff, write("strong", 2.0), write("alike", 2.0), "--against", write("weak", 0.3))
    said = {(one["a"], one["b"], one["figure"]): one for one in data["differences"]}
    assert {(a, b) for a, b, _ in said} == {("strong", "weak"), ("alike", "weak"), ("lines changed", "weak")}
    assert said["strong", "weak", "auc"]["verdict"] == "above"
    assert said["lines changed", "weak", "auc"]["verdict"] in {"below", "not told apart"}
    pairs = report(whydiff, write("strong", 2.0), write("alike", 2.0))["differences"]
    assert {one["verdict"] for one in pairs if one["b"] == "alike"} == {"not told apart"}
    assert len({(one["a"], one["b"]) for one in pairs}) == 3


def test_a_model_of_the_kind_size_stands_in_for_the_lines(whydiff, write: Write) -> None:
    data = report(whydiff, write("one"), write("small", 0.5, model_kind=["size"] * ROWS))
    assert [one["name"] for one in data["models"]] == ["one", "small"]
    without = report(whydiff, write("one", lines_added=None))
    assert [one["name"] for one in without["models"]] == ["one"]
    assert "recall_at_20_effort" not in without["models"][0]["figures"]


def test_only_common_rows_count_and_this_is_said(whydiff, write: Write) -> None:
    files = write("one", rows=slice(0, 300)), write("two", rows=slice(100, 400))
    data = report(whydiff, *files)
    assert (data["rows"], data["left_out"]) == (200, 200)
    assert "200 changes were left out" in whydiff("evaluate", *files, "--replicates", 100).out
    missing = [None if n < 5 else one for n, one in enumerate(scores(1.0).tolist())]
    result = whydiff("evaluate", write("holes", score=missing), "--replicates", 100)
    assert "5 rows of" in result.err
    assert "395 labelled changes" in result.out


def test_the_same_seed_gives_the_same_report(whydiff, write: Write) -> None:
    path = write("one")
    assert report(whydiff, path) == report(whydiff, path, "--seed", 1)
    assert report(whydiff, path) != report(whydiff, path, "--seed", 2)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_forms_for_people(whydiff, write: Write, tmp_path: Path, form: str) -> None:
    hostile = "[x](http://evil) \x1b[2J <b> | \u202e"
    path = write("m", model=[hostile] * ROWS)
    result = whydiff("evaluate", path, "--format", form, "--replicates", 100)
    assert (result.code, result.err) == (0, "")
    for part in ("Ranking", "Gating", "Filtering out", "Effort", "Differences", "calibration", "risk bands"):
        assert part in result.out
    assert not {"\x1b", "\u202e"} & set(result.out)
    if form == "markdown":
        assert "](http" not in result.out
        assert "<b>" not in result.out
    assert whydiff("evaluate", path, "--format", form, "--replicates", 100, "-o", tmp_path / "out").out == ""
    assert (tmp_path / "out").read_text() == result.out


def test_a_file_of_several_models_is_as_good_as_a_file_a_model(whydiff, refused, write: Write, tmp_path: Path) -> None:
    files = write("weak", 0.3), write("strong", 2.0)
    long = tmp_path / "long.parquet"
    pq.write_table(pa.concat_tables([pq.read_table(one) for one in files]), long)
    assert report(whydiff, long) == report(whydiff, *files)
    said = report(whydiff, long, "--against", "strong")["differences"]
    assert {(one["a"], one["b"]) for one in said} == {("weak", "strong"), ("lines changed", "strong")}
    assert "several models" in refused("evaluate", files[0], "--against", long)
    assert "name one of weak, strong" in refused("evaluate", long, "--against", "stronger")
    pq.write_table(pa.concat_tables([pq.read_table(files[0])] * 2), long)
    assert "twice for the model weak" in refused("evaluate", long)


def test_wrong_inputs(refused, write: Write, tmp_path: Path) -> None:
    good = write("good")
    holes = scores(1.0).tolist()
    assert "no column label" in refused("evaluate", write("bare", label=None))
    assert "no column score" in refused("evaluate", write("data", score=None))
    assert "no column id" in refused("evaluate", write("nameless", id=None))
    assert "have the label 0" in refused("evaluate", write("one_class", label=[0] * ROWS))
    assert "scores that are NaN" in refused("evaluate", write("nan", score=[float("nan"), *holes[1:]]))
    assert "expected 0 to 1" in refused("evaluate", write("logits", score=[2.5, *holes[1:]]))
    assert "expected 0 or 1" in refused("evaluate", write("grades", label=[7, *LABELS[1:].tolist()]))
    assert "expected 0 or 1" in refused("evaluate", write("unlabelled", label=[None, *LABELS[1:].tolist()]))
    assert "expected numbers" in refused("evaluate", write("words", label=["bad"] * ROWS))
    assert "twice" in refused("evaluate", write("doubles", id=["p@1", *[f"p@{n}" for n in range(1, ROWS)]]))
    assert "no id in common" in refused("evaluate", good, write("others", id=[f"q@{n}" for n in range(ROWS)]))
    assert "differently" in refused("evaluate", good, write("liar", label=(1 - LABELS).tolist()))
    assert "several values of model_digest for one model" in refused(
        "evaluate", write("mixed", model_digest=["a"] * 9 + ["b"] * 391)
    )
    assert "several values of threshold for one model" in refused("evaluate", write("mixed", threshold=[0.1] * 9 + [0.2] * 391))
    assert "holds the threshold nan" in refused("evaluate", write("limit", threshold=[float("nan")] * ROWS))
    assert "holds the threshold high" in refused("evaluate", write("limit", threshold=["high"] * ROWS))
    assert "holds no scores" in refused("evaluate", write("empty", score=pa.nulls(ROWS, pa.float64())))
    assert "each file once" in refused("evaluate", good, good)
    (tmp_path / "no.parquet").write_bytes(b"no")
    assert "could not be read as Parquet" in refused("evaluate", tmp_path / "no.parquet")
    assert "could not be read as Parquet" in refused("evaluate", tmp_path / "missing.parquet")
    assert "could not be read as Parquet" in refused("evaluate", good, "--against", tmp_path / "missing.parquet")
    assert "--replicates" in refused("evaluate", good, "--replicates", 10)
    assert "is a folder" in refused("evaluate", good, "-o", tmp_path)
    assert "PREDICTIONS" in refused("evaluate")


def test_the_card_of_a_checkpoint(whydiff, refused, write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    write_settings(folder, Settings("tiny", EncodeOptions(max_length=128)))
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "train.json").write_text('{"layers": 2, "learning_rate": 0.0004, "secret": [1], "c": NaN}')
    own = write("mine", model_kind=["transformer"] * ROWS, model_digest=[digest_folder(folder)] * ROWS)
    other = write("other", 0.5)
    assert "None of the predictions was made by the checkpoint" in refused("evaluate", other, "--card", folder)
    assert "lacks whydiff.json" in refused("evaluate", own, "--card", tmp_path / "none")
    assert not (folder / "CARD.md").exists()
    (folder / "card.json").write_text('{"schema": "old", "data": {"train_rows": 3, "train_projects": 2}}')
    result = whydiff("evaluate", own, other, "--card", folder, "--replicates", 100)
    assert result.code == 0
    data, text = json.loads((folder / "card.json").read_text()), (folder / "CARD.md").read_text()
    assert text == card_text(data)
    assert data["data"] == {"train_rows": 3, "train_projects": 2}
    assert data["facts"]["options"] == {"layers": 2, "learning_rate": 0.0004}
    assert "whydiff evaluate PREDICTIONS.parquet --card FOLDER" in text
    auc = data["report"]["models"][0]["figures"]["auc"]
    assert f"| mine | {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}]" in text
    assert "| other |" in text
    (error,) = (one["error"] for one in data["report"]["models"][0]["calibration"]["trials"] if one["method"] == "temperature")
    assert f"its fit did not see {error:.3f}" in text
    assert "## mine, calibration" in text
    assert "## other, calibration" not in text
    assert digest_folder(folder) == data["facts"]["digest"]
