"""The trial on labelled rows: what it counts, and what it refuses."""

from __future__ import annotations

import pandas as pd
import pytest

from explain import trial
from explain.attribution.run import answer, attribute
from explain.counterfactual.types import SearchOptions
from models.change.render import render
from models.classify.protocol import Prediction
from tests.explain.attribution.attribution_toys import DIFF, Linear


def a_trial(found: int, accepted: int) -> trial.Trial:
    return trial.Trial(
        row="repo@1234567890abc",
        language="C",
        score=0.9,
        gap=0.01,
        steps=8,
        attribution_right=True,
        size=1 if found else 0,
        operator="revert-line" if found else "-",
        minimality="none",
        found=found,
        accepted=accepted,
        queries=9,
        stopped="found",
        explain_seconds=0.1,
        flip_seconds=0.2,
    )


def test_counterfactuals_are_counted_not_changes() -> None:
    text = trial.summary([a_trial(3, 2), a_trial(0, 0), a_trial(1, 1)])
    assert "flips found: 2 of 3 changes in 1 languages (2 of size 1)" in text
    assert "counterfactuals that the verifier accepts: 3 of 4" in text


def test_a_row_of_the_table_has_a_cell_under_every_head() -> None:
    for one in (a_trial(3, 2), a_trial(0, 0)):
        assert trial.line(one).count("|") == trial.HEAD.split("\n")[0].count("|")


def test_one_change_is_explained_flipped_and_checked() -> None:
    one = trial.try_one("row", "C", DIFF, Linear(), SearchOptions(budget=20))
    assert one.attribution_right
    assert one.gap == answer(attribute(DIFF, Linear())).relative_gap
    assert one.accepted == one.found


@pytest.mark.parametrize("rows", ["0", "-3", "many"])
def test_a_trial_of_no_rows_is_refused(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        trial.main(["nowhere.parquet", "--rows", rows])
    assert stopped.value.code == 2
    assert f"expected a whole number from 1 on, but got '{rows}'" in capsys.readouterr().err


def test_rows_are_spread_over_the_languages_and_may_be_none() -> None:
    model = Linear()
    model.predict = lambda diffs: (Prediction(1.0, 0.9, 0.5, 1.0, 1, 1),) * len(diffs)
    same = {"split": "valid", "diff": render(DIFF), "message": "m"}
    frame = pd.DataFrame([{"id": f"{name}{n}", "language": name, **same} for name in "ab" for n in range(4)])
    rows = list(trial.flagged_rows(frame, model, 3))
    assert sorted(language for _, language, _ in rows) == ["a", "a", "b"]
    assert list(trial.flagged_rows(frame[:0], model, 3)) == []
