from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.options import SampleOptions
from models.data.weights import row_weights, sample, training_weights
from models.errors import DataError, UsageError


def made(counts: dict[str, tuple[int, int]], split: str = "train") -> pd.DataFrame:
    """Rows by project: (positives, negatives)."""
    labels = [(project, label) for project, (yes, no) in counts.items() for label in [1] * yes + [0] * no]
    rows = [{"id": f"{project}@{n}", "project": project, "label": label} for n, (project, label) in enumerate(labels)]
    return pd.DataFrame(rows, columns=["id", "project", "label"]).assign(split=split)


def rates(frame: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """The weighted base rate of every project."""
    kept = frame.loc[weights.index]
    total = weights.groupby(kept["project"]).sum()
    return (weights * kept["label"]).groupby(kept["project"]).sum() / total


def test_negatives_are_thinned_at_an_equal_rate_and_positives_stay():
    frame = made({"a": (10, 100), "b": (20, 300)})
    weights = sample(frame, SampleOptions(rows=70))
    kept = frame.loc[weights.index]
    assert kept.groupby(["project", "label"]).size().to_dict() == {("a", 0): 10, ("a", 1): 10, ("b", 0): 30, ("b", 1): 20}
    assert sorted(set(weights)) == [1.0, 10.0]
    assert (weights[kept["label"] == 1] == 1).all()


def test_a_share_of_the_positives_stands_for_all_of_them():
    frame = made({"a": (10, 100)})
    weights = sample(frame, SampleOptions(rows=25, positives=0.5))
    labels = frame.loc[weights.index, "label"]
    assert set(weights[labels == 1]) == {2.0}
    assert set(weights[labels == 0]) == {5.0}


def test_what_is_measured_on_is_left_as_it_is():
    frame = pd.concat([made({"a": (2, 50)}), made({"z": (5, 70)}, "valid")], ignore_index=True)
    weights = sample(frame, SampleOptions(rows=4))
    assert weights[frame["split"] == "valid"].tolist() == [1.0] * 75
    assert len(weights) == 75 + 4
    assert len(sample(frame.drop(columns="split"), SampleOptions(rows=20))) == 20


def test_rows_that_stand_for_others_already_keep_doing_so():
    frame = made({"a": (1, 4)}).assign(weight=[1.0, 3.0, 3.0, None, 5.0])
    weights = sample(frame, SampleOptions(rows=3))
    assert weights.sum() == pytest.approx(13)
    assert weights[0] == 1.0
    assert rates(frame, weights)["a"] == pytest.approx(1 / 13)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 9), st.integers(0, 40)), min_size=1),
    st.integers(2, 200),
    st.sampled_from([1.0, 0.5, 0.1]),
    st.integers(0, 3),
)
def test_weighted_base_rates_are_the_natural_ones(counts: dict[str, tuple[int, int]], rows: int, share: float, seed: int):
    frame = made(counts)
    options = SampleOptions(rows=rows, positives=share, seed=seed)
    least = sum(max(1, round(share * yes)) for yes, _ in counts.values() if yes) + sum(no > 0 for _, no in counts.values())
    if rows < least:
        with pytest.raises(UsageError, match=f"at least {least:,}"):
            sample(frame, options)
        return
    weights = sample(frame, options)
    positives = int((frame.loc[weights.index, "label"] == 1).sum())
    assert len(weights) == min(rows, positives + sum(no for _, no in counts.values()))
    natural = rates(frame, pd.Series(1.0, index=frame.index))
    pd.testing.assert_series_equal(rates(frame, weights), natural, rtol=1e-12)
    assert weights.sum() == pytest.approx(len(frame))
    assert (weights >= 1 - 1e-12).all()
    shuffled = frame.sample(frac=1, random_state=seed)
    pd.testing.assert_series_equal(sample(shuffled, options).sort_index(), weights)


def test_training_weights_are_ones_on_average():
    weights = training_weights(pd.DataFrame({"weight": [1.0, 3.0, float("nan"), None]}))
    assert weights.tolist() == pytest.approx([1 / 1.5, 3 / 1.5, 1 / 1.5, 1 / 1.5])
    assert weights.dtype == np.float64
    assert weights.mean() == pytest.approx(1)
    assert training_weights(pd.DataFrame({"label": [1, 0]})).tolist() == [1.0, 1.0]
    assert training_weights(pd.DataFrame({"weight": [None, None]})).tolist() == [1.0, 1.0]
    assert len(training_weights(pd.DataFrame({"weight": []}))) == 0


def test_weights_of_many_sizes_are_whole_or_broken():
    assert row_weights(pd.DataFrame({"weight": np.float32([0.5, 2])})).tolist() == [0.5, 2.0]
    assert row_weights(pd.DataFrame({"weight": [1, 2]})).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("inf"), "heavy"])
def test_a_broken_weight_is_refused(wrong: object):
    with pytest.raises(DataError, match=r"The column weight holds .*, expected a finite number above 0"):
        training_weights(pd.DataFrame({"weight": [1.0, wrong]}))
