"""The light tiers learn what was planted, the same way every time, and leave folders that load."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from models.classify.checkpoint import BAG, SIZE, Settings, write_settings
from models.classify.load import load
from models.classify.size import rows as metric_rows
from models.data.dataset import to_diff
from models.encode.words import sizes, words
from models.errors import DataError, ModelError, UsageError
from models.train.bag import BagOptions, train_bag
from models.train.size import SizeOptions, train_size

BAG_OPTIONS = BagOptions(c=1.0, min_df=2, jobs=1)
SIZE_OPTIONS = SizeOptions(rounds=40, depth=2, child_weight=1.0, patience=10, learning_rate=0.3, jobs=1)


def _patch(lines: list[str]) -> str:
    body = "".join(f"+{line}\n" for line in lines)
    return f"--- a/src/a.py\n+++ b/src/a.py\n@@ -0,0 +1,{len(lines)} @@\n{body}"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """240 rows: the word "unsafe" and more than ten lines each make label 1 likely; every fifth row is valid."""
    random = np.random.default_rng(5)
    rows = []
    for n in range(240):
        long, unsafe = random.random() < 0.4, random.random() < 0.4
        names = random.choice(
            ["alpha", "beta", "gamma", "delta"], size=int(random.integers(11, 20) if long else random.integers(1, 6))
        )
        lines = [f"{name} = {n}" for name in names] + (["unsafe(x)"] if unsafe else [])
        label = int(random.random() < 0.1 + 0.4 * long + 0.45 * unsafe)
        rows.append((_patch(lines), "Change it", label, "valid" if n % 5 == 0 else "train"))
    made = pd.DataFrame(rows, columns=["diff", "message", "label", "split"])
    made["author_date"] = pd.date_range("2020-01-01", periods=len(made), tz="UTC")
    made["weight"] = np.where(made["label"] == 1, 1.0, np.nan)
    made.loc[made.index[::3], "weight"] = 3.0
    made.loc[7, "diff"] = "no diff at all"
    return made


def _bag(frame: pd.DataFrame, folder: Path, options: BagOptions = BAG_OPTIONS) -> Path:
    reports = list(train_bag(frame, options, folder))
    assert reports[-1].done == 1.0
    assert np.isfinite(reports[-1].loss)
    write_settings(folder, Settings("trained", kind=BAG))
    return folder


def _size(frame: pd.DataFrame, folder: Path, options: SizeOptions = SIZE_OPTIONS) -> Path:
    reports = list(train_size(frame, options, folder))
    assert reports[-1].done == 1.0
    assert all(a.done <= b.done for a, b in pairwise(reports))
    write_settings(folder, Settings("trained", kind=SIZE))
    return folder


def test_the_bag_is_the_regression_that_sklearn_fits_on_the_same_words(frame: pd.DataFrame, tmp_path: Path) -> None:
    classifier = load(_bag(frame, tmp_path / "bag"))
    train = frame[frame["split"] == "train"]
    diffs = [to_diff(text, message) for text, message in zip(train["diff"], train["message"], strict=True)]
    kept = [n for n, diff in enumerate(diffs) if diff is not None]
    known = [diffs[n] for n in kept]
    vectors = CountVectorizer(analyzer=lambda diff: [one.feature for one in words(diff)], binary=True, min_df=2)
    inputs = np.hstack([vectors.fit_transform(known).toarray(), [sizes(diff) for diff in known]])
    weights = train["weight"].fillna(1.0).to_numpy()[kept]
    model = LogisticRegression(C=1.0, solver="liblinear", random_state=1)
    model.fit(inputs, train["label"].to_numpy()[kept], weights / weights.mean())
    theirs = model.decision_function(inputs)
    ours = [one.logit for one in classifier.predict(known)]
    assert ours == pytest.approx(theirs.tolist(), abs=1e-4)
    state = json.loads((tmp_path / "bag" / "state.json").read_text())
    assert state["rows"] == len(known)
    assert state["features"] == inputs.shape[1]


def test_the_trees_learn_that_long_changes_are_risky(frame: pd.DataFrame, tmp_path: Path) -> None:
    classifier = load(_size(frame, tmp_path / "size"))
    short, long = (to_diff(_patch(["x = 1"] * n), "Change it") for n in (3, 15))
    first, second = classifier.predict([short, long])
    assert second.logit > first.logit + 1.0
    names = json.loads((tmp_path / "size" / "trees.json").read_text())["learner"]["feature_names"]
    assert len(names) == metric_rows([short]).shape[1]


def test_a_row_without_a_date_is_an_old_one(frame: pd.DataFrame, tmp_path: Path) -> None:
    undated = frame.copy()
    undated["author_date"] = undated["author_date"].astype(object).where(undated.index % 2 == 0, None)
    _size(undated, tmp_path / "size")


@pytest.mark.parametrize("train", [_bag, _size])
def test_the_same_rows_give_the_same_model(frame: pd.DataFrame, tmp_path: Path, train) -> None:
    digests = {load(train(frame, tmp_path / str(n))).digest for n in range(2)}
    assert len(digests) == 1


@pytest.mark.parametrize("train", [_bag, _size])
def test_valid_rows_teach_nothing(frame: pd.DataFrame, tmp_path: Path, train) -> None:
    other = frame.copy()
    other.loc[other["split"] == "valid", "label"] = 1 - other.loc[other["split"] == "valid", "label"]
    assert load(train(frame, tmp_path / "a")).digest == load(train(other, tmp_path / "b")).digest


@pytest.mark.parametrize(("train", "options"), [(_bag, BAG_OPTIONS), (_size, SIZE_OPTIONS)])
def test_weights_count_unless_they_are_not_wanted(frame: pd.DataFrame, tmp_path: Path, train, options) -> None:
    bare = frame.drop(columns="weight")
    first = load(train(frame, tmp_path / "a", options)).digest
    assert load(train(bare, tmp_path / "b", options)).digest != first
    unweighted = replace(options, weighted=False)
    assert load(train(frame, tmp_path / "c", unweighted)).digest == load(train(bare, tmp_path / "d", options)).digest


def test_several_processes_find_the_same_words(frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(_bag(frame, tmp_path / "one")).digest
    monkeypatch.setattr("models.train.light._WORTH_A_POOL", 10)
    assert load(_bag(frame, tmp_path / "two", replace(BAG_OPTIONS, jobs=2))).digest == first


@pytest.mark.parametrize("train", [_bag, _size])
def test_a_run_that_stopped_is_not_taken_for_a_checkpoint(frame: pd.DataFrame, tmp_path: Path, train) -> None:
    folder = tmp_path / "run"
    train(frame, folder)
    first = load(folder).digest
    (folder / "whydiff.json").unlink()
    with pytest.raises(ModelError, match="training was not finished"):
        load(folder)
    train(frame, folder)
    assert load(folder).digest == first


@pytest.mark.parametrize("train", [_bag, _size])
def test_rows_that_teach_nothing_are_refused(frame: pd.DataFrame, tmp_path: Path, train) -> None:
    with pytest.raises(DataError, match="without both labels"):
        train(frame[frame["label"] == 1], tmp_path / "a")
    unreadable = frame.assign(diff="nothing")
    with pytest.raises(DataError, match="None of the 192 rows"):
        train(unreadable, tmp_path / "b")


@pytest.mark.parametrize("options", [{"c": 0.0}, {"min_df": 0}, {"max_features": 0}, {"seed": -1}])
def test_options_of_the_bag_have_bounds(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        BagOptions(**options)


@pytest.mark.parametrize("options", [{"rounds": 0}, {"depth": 11}, {"learning_rate": 0.0}, {"held_out": 1.0}, {"subsample": 2.0}])
def test_options_of_the_trees_have_bounds(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        SizeOptions(**options)
