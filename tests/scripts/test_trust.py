"""The comparison of attributions: what its table says of measured changes, and a whole run on changes of a given size."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from explain.trust.types import Against, Faithfulness
from scripts.trust.__main__ import Measured, main, report

FAITHFUL = Faithfulness("mask", Against(2.0, 0.0, -1.0, 1.0, 1.0), Against(0.0, 0.0, 0.0, 0.0, 0.0), 3.0, -1.0, 9, 8)
RANDOM = replace(FAITHFUL, comprehensiveness=Against(0.5, 0.0, -1.0, 1.0, 0.6))
ONE = Measured(
    tokens=100, gap=0.01, converged=True, right=True, scorings=50, seconds=1.0, captum_gap=0.001, captum_seconds=5.0,
    matched_seconds=2.0, masked=FAITHFUL, deleted=RANDOM, shap=0.5, beside_shap=0.75,
)  # fmt: skip


def rows(lines: str) -> dict[str, str]:
    return dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", lines, re.MULTILINE))


def test_the_table_counts_what_was_measured() -> None:
    found = [ONE, replace(ONE, tokens=300, gap=0.2, right=False), replace(ONE, tokens=200, gap=0.2, converged=False)]
    text = "\n".join(report(found))
    assert text.startswith("3 flagged diffs of 100 to 300 tokens read, 200 in the median.")
    said = rows(text)
    assert said["completeness gap, median; largest"] == "20.000%; 20.00%"
    assert said["gap under 5 % or marked as not converged"].startswith("2 of 3")
    assert said["values right and sums exact, by `explain.attribution.check`"].startswith("2 of 3")
    assert said["comprehensiveness above random orders, masked"].startswith("3 of 3")
    assert said["the same, deleted"].startswith("0 of 3")
    assert said["normalised comprehensiveness, mean"] == "0.750"
    assert said["processor time, Captum's 50 steps ÷ default"].startswith("5.00")
    assert said["the same, the default asked for Captum's gap"].startswith("2.50")
    assert said["scorings, default ÷ SHAP"].startswith("0.100")


def test_without_shap_nothing_is_said_of_it() -> None:
    assert "SHAP" not in "\n".join(report([replace(ONE, shap=None, beside_shap=None)]))


def test_no_row_of_such_a_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rows", "2", "--tokens", "1-500"]) == 0
    assert capsys.readouterr().out == "No row of the valid split is flagged and of that size.\n"


def test_sizes_that_are_none() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--tokens", "9-3"])
    assert stopped.value.code == 2


@pytest.mark.soak
def test_a_table_of_samples_of_a_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rows", "2", "--tokens", "500-2000"]) == 0
    out = capsys.readouterr().out
    sizes = re.match(r"(\d+) flagged diffs of (\d+) to (\d+) tokens read", out)
    assert sizes
    assert 500 <= int(sizes[2]) <= int(sizes[3]) <= 2000
    assert rows(out)["values right and sums exact, by `explain.attribution.check`"].startswith(f"{sizes[1]} of {sizes[1]}")
