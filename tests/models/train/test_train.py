from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score

from models.classify.load import load
from models.errors import DataError, ModelError, UsageError
from models.train.baselines import bag, bag_scores, size_scores
from models.train.evaluate import best_threshold, calibrate, calibration_error, figures, held_out_error
from models.train.options import TrainOptions
from models.train.prepare import prepare, tokenizer_for
from models.train.resume import save
from models.train.run import train_checkpoint
from models.train.transformer import _Run, train
from tests.models.conftest import SMALL, TINY


def dataset(rows: int = 120) -> pd.DataFrame:
    """Changes whose label is whether they take the lock away: a rule that a working trainer must find."""
    safe = SMALL.replace("-        with self.lock:\n-            return self.items.pop()\n", "-        x = 1\n-        y = 2\n")
    label = np.random.default_rng(5).permutation(np.arange(rows) % 2)
    return pd.DataFrame(
        {
            "id": [f"p@{i}" for i in range(rows)],
            "project": np.where(np.arange(rows) % 4 < 2, "p", "q"),
            "author_date": pd.Timestamp("2024-01-01", tz="UTC"),
            "language": "Python",
            "message": [f"change {i}" for i in range(rows)],
            "lines_added": 3 + label,
            "lines_deleted": 2,
            "files_changed": 1,
            "diff": np.where(label == 1, SMALL, safe),
            "label": label.astype("int8"),
            "split": np.where(np.arange(rows) < rows * 0.7, "train", "valid"),
        }
    )


OPTIONS = replace(TINY, epochs=12.0, batch_tokens=600, learning_rate=3e-3, checkpoint_minutes=99.0, mask_share=0.1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    dataset().to_parquet(folder / "data.parquet")
    list(train_checkpoint([folder / "data.parquet"], "transformer", OPTIONS, folder / "model"))
    return folder / "model"


def test_it_learns_a_rule_and_states_the_truth_on_its_card(trained: Path):
    classifier = load(trained)
    from models.data.dataset import to_diff

    valid = dataset().query("split == 'valid'")
    predictions = classifier.predict([d for d in map(to_diff, valid["diff"], valid["message"]) if d is not None])
    truth = roc_auc_score(valid["label"], [p.score for p in predictions])
    card = json.loads((trained / "card.json").read_text())
    assert truth > 0.95
    assert card["figures"]["transformer"]["pooled"] == pytest.approx(truth, abs=1e-9)
    assert f"| transformer | {truth:.3f} |" in (trained / "README.md").read_text()
    assert {"size only", "bag of words", "transformer"} == set(card["figures"])


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


def same(a: Path, b: Path) -> bool:
    return all((value == weights(b)[name]).all() for name, value in weights(a).items())


def test_a_run_that_is_over_stays_as_it_is(tmp_path: Path):
    short = replace(OPTIONS, epochs=1.0)
    list(train(dataset(), short, tmp_path / "a"))
    before = (tmp_path / "a" / "state.json").read_text()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    list(train(dataset(), short, tmp_path / "a"))
    assert json.loads((tmp_path / "a" / "state.json").read_text())["step"] == json.loads(before)["step"]
    assert same(tmp_path / "a", tmp_path / "b")
    list(train(dataset(), replace(short, epochs=2.0), tmp_path / "a"))
    assert not same(tmp_path / "a", tmp_path / "b")


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_run_that_was_killed_gives_the_weights_of_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    options = replace(OPTIONS, epochs=2.0, mask_share=0.6, checkpoint_minutes=0.01)
    list(train(dataset(), options, tmp_path / "whole"))
    real, taken = _Run._step, []

    def step(self: _Run, *batch: Any, rate: float) -> float:
        taken.append(rate)
        if len(taken) == 7:
            save(self.folder, self.model, self.optimizer, self.state)
        if len(taken) == 9:
            raise Killed
        return real(self, *batch, rate=rate)

    monkeypatch.setattr(_Run, "_step", step)
    with pytest.raises(Killed):
        list(train(dataset(), options, tmp_path / "cut"))
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    monkeypatch.undo()
    list(train(dataset(), options, tmp_path / "cut"))
    assert same(tmp_path / "whole", tmp_path / "cut")


def test_a_run_goes_on_only_as_it_was_begun(tmp_path: Path):
    short = replace(OPTIONS, epochs=0.5)
    list(train(dataset(), short, tmp_path / "a"))
    stored = (tmp_path / "a" / "train.json").read_text()
    for changed in (replace(short, layers=1), replace(short, seed=9), replace(short, vocabulary=500)):
        with pytest.raises(UsageError, match="was begun with"):
            list(train(dataset(), changed, tmp_path / "a"))
    assert (tmp_path / "a" / "train.json").read_text() == stored
    (tmp_path / "a" / "work" / "checkpoint.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="could not be read"):
        list(train(dataset(), short, tmp_path / "a"))
    shutil.rmtree(tmp_path / "a" / "work")
    with pytest.raises(UsageError, match="another folder"):
        list(train(dataset(), short, tmp_path / "a"))


def test_other_labels_or_texts_are_encoded_anew(tmp_path: Path):
    frame = dataset(40)
    tokenizer = tokenizer_for(frame, TINY)
    first = prepare(frame, tokenizer, TINY, tmp_path)
    other = prepare(frame.assign(label=1 - frame["label"]), tokenizer, TINY, tmp_path)
    assert (other.labels == 1 - first.labels).all()
    changed = prepare(frame.assign(message="something else"), tokenizer, TINY, tmp_path)
    assert changed.long.row(0).tolist() != first.long.row(0).tolist()


@pytest.mark.parametrize(
    "wrong",
    [{"minutes": 0.0}, {"heads": 3}, {"valid_rows": 1}, {"max_length": 8}, {"epochs": float("nan")}],
)
def test_options_out_of_bounds_are_refused(wrong: dict[str, float]):
    with pytest.raises(UsageError, match="Expected"):
        replace(TINY, **wrong)


def test_a_model_that_ranks_backwards_is_not_calibrated():
    labels = np.array([0, 0, 0, 1, 1, 1] * 10)
    with pytest.raises(DataError, match="no better than chance"):
        calibrate(labels, -labels + np.linspace(0, 0.1, 60))


def test_the_same_seed_gives_the_same_weights(tmp_path: Path):
    short = replace(OPTIONS, epochs=1.0)
    for name in ("a", "b"):
        list(train(dataset(), short, tmp_path / name))
    assert same(tmp_path / "a", tmp_path / "b")


def test_an_unknown_kind_and_a_dataset_without_valid_rows_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="transformer"):
        list(train_checkpoint([tmp_path], "forest", TrainOptions(), tmp_path / "m"))
    dataset().assign(split="train").to_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match="valid"):
        list(train_checkpoint([tmp_path / "data.parquet"], "transformer", OPTIONS, tmp_path / "m"))
    assert not (tmp_path / "m" / "model.safetensors").exists()


def test_a_dataset_that_teaches_nothing_is_refused(tmp_path: Path):
    dataset().assign(diff="nonsense").to_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match="a diff that can be read"):
        list(train_checkpoint([tmp_path / "data.parquet"], "transformer", OPTIONS, tmp_path / "m"))
    few = dataset()
    few.loc[few["split"] == "valid", "label"] = np.int8(0)
    few.loc[few.index[-1], "label"] = np.int8(1)
    few.to_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match="two or more rows of each label"):
        list(train_checkpoint([tmp_path / "data.parquet"], "transformer", OPTIONS, tmp_path / "m"))


def test_the_held_out_error_needs_no_luck_with_the_order_of_rows():
    random = np.random.default_rng(3)
    labels = np.tile([0, 1], 200)
    logits = random.normal(size=400) + 3 * labels
    assert 0 <= held_out_error(labels, logits) < 0.15


def test_within_project_auc_ignores_what_only_tells_projects_apart():
    labels = np.array([1, 1, 0, 1, 0, 0])
    projects = pd.Series(list("aaabbb"))
    scores = np.array([2.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    result = figures(labels, scores, projects)
    assert result.within == 0.5
    assert result.pooled > 0.5


def test_calibration_recovers_planted_coefficients():
    random = np.random.default_rng(0)
    logits = random.normal(size=20_000)
    labels = (random.random(20_000) < 1 / (1 + np.exp(-(1.5 * logits - 1)))).astype(np.int64)
    fitted = calibrate(labels, logits)
    assert fitted.slope == pytest.approx(1.5, abs=0.1)
    assert fitted.intercept == pytest.approx(-1, abs=0.1)
    assert calibration_error(labels, np.array([fitted.score(x) for x in logits])) < 0.02
    assert calibration_error(labels, np.full(20_000, 0.9)) > 0.4


def test_the_threshold_has_the_highest_f1():
    labels = np.array([0, 0, 1, 0, 1, 1])
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])

    def f1(cut: float) -> float:
        flagged = scores >= cut
        hit = (flagged & (labels == 1)).sum()
        return float(2 * hit / (flagged.sum() + labels.sum()))

    best = best_threshold(labels, scores)
    assert f1(best) == max(f1(cut) for cut in scores)
    assert best not in scores
    assert 0 < best_threshold(labels[2:3], scores[2:3]) < scores[2]


def test_the_baselines_find_what_they_can_see():
    rows = dataset(400)
    train, valid = rows[:280], rows[280:]
    assert roc_auc_score(valid["label"], bag_scores(train, valid, 1)) > 0.95
    assert roc_auc_score(valid["label"], size_scores(train, valid, 1)) > 0.95
    assert roc_auc_score(valid["label"], size_scores(train.assign(lines_added=1), valid.assign(lines_added=1), 1)) == 0.5


def test_the_bag_marks_where_a_word_stands():
    assert set(bag(("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-old\n+new\n same\n", "Fix"))) == {
        "pa",
        "p/",
        "px",
        "p-",
        "p.",
        "ppy",
        "-old",
        "+new",
        "mfix",
    }
