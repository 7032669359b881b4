"""The commands that measure slices, on few rows: what they print, and that their laws are what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from scipy.stats import norm
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from explain.slices.counts import holds
from explain.slices.group import group
from explain.slices.types import Labels
from scripts.slices import bench, coverage, discovery, files
from scripts.slices.laws import law, sample, shares
from scripts.slices.peers import load
from tests.explain.slices.tables import a_table


def rows_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_the_law_ranks_as_it_says() -> None:
    made = law(200_000, 0.2, np.random.default_rng(1))
    assert roc_auc_score(made.labels, made.scores) == pytest.approx(0.8, abs=0.005)
    assert made.labels.mean() == pytest.approx(0.2, abs=0.005)
    apart = norm.ppf(0.8) * np.sqrt(2)
    evidence = np.log(made.scores / (1 - made.scores)) - 0.3 - np.log(0.2 / 0.8)
    means = [evidence[made.labels == label].mean() for label in (0, 1)]
    assert means == [pytest.approx(sign * 1.3 * apart**2 / 2, abs=0.02) for sign in (-1, 1)]
    assert shares(made).sum() == pytest.approx(1)
    assert sample(made).rows == 200_000


def test_coverage_is_printed_for_every_metric_base_rate_and_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage.main(["--draws", "100", "--truth-rows", "200000", "--metrics", "recall", "mcc", "brier"]) == 0
    printed = rows_of(capsys.readouterr().out)
    assert [row[:2] for row in printed[2:]] == [
        [base, name] for base in ("0.2", "0.5") for name in ("Recall", "MCC", "Brier score")
    ]
    for row in printed[2:]:
        assert all(85 <= float(cell.split("%")[0]) <= 100 for cell in row[3:])


def test_an_interval_that_never_holds_the_truth_is_seen() -> None:
    recall = next(one for one in coverage.METRICS if one.name == "recall")
    own = coverage.Law(0.2, np.array([0.1, 0.1, 0.1, 0.7]), 200)
    assert coverage.covered(recall, own, 100, 0.99, np.random.default_rng(1)) == (0, 200)


def test_discoveries_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert discovery.main(["--shuffles", "4", "--planted", "2", "--rows", "1500"]) == 0
    out = capsys.readouterr().out
    assert "a slice was found in 0 of 4" in out
    assert [row[0] for row in rows_of(out)[2:]] == ["+10 points", "+15 points", "+25 points"]


def test_what_is_planted_can_be_found_and_what_is_not_counts_as_false() -> None:
    made = discovery.changes(5000, np.random.default_rng(2))
    sizes = [int(holds(made, where).sum()) for where in discovery.PLANTED]
    assert min(sizes) > 60
    assert max(sizes) < 500
    labels = made.column("language")
    assert isinstance(labels, Labels)
    starts = labels.offsets[:-1]
    assert set(np.diff(labels.offsets)) == {1, 2}
    assert (labels.codes[starts] != labels.codes[labels.offsets[1:] - 1]).sum() == (np.diff(labels.offsets) == 2).sum()


def test_the_bench_prints_its_rows(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "load", lambda name: None)
    assert bench.main(["--rows", "3000", "--no-memory"]) == 0
    out = capsys.readouterr().out
    assert len(rows_of(out)) == 2 + 6
    assert "all 51,363 slices" in out
    assert "No others are installed." in out
    assert bench.main(["--memory", "3000"]) == 0
    assert "3,000 rows, 8 columns" in capsys.readouterr().out


def test_labels_of_the_bench_are_several_and_distinct() -> None:
    made = bench.with_labels(bench.predictions(2000, bench.EIGHT))
    for one in made.columns:
        assert isinstance(one, Labels)
        many = np.diff(one.offsets)
        assert 1.2 < many.mean() < 1.4
        twice = one.offsets[:-1][many == 2]
        assert (one.codes[twice] != one.codes[twice + 1]).all()
        assert one.codes.max() < len(one.values)


def test_what_is_not_installed_is_none() -> None:
    assert load("no_such_package_at_all") is None
    assert load("json") is not None


def test_the_metrics_beside_others_are_the_same_figures() -> None:
    table = a_table(400)
    for one in group(table, ("kind",), ("mcc",))[1:]:
        inside = holds(table, one.slice)
        assert one.estimates["mcc"].value == pytest.approx(matthews_corrcoef(table.labels[inside], table.flagged[inside]))


def test_a_large_file_is_made_of_the_shipped_predictions_and_sliced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "many.parquet"
    files.write(path, 20_000)
    made = pq.read_table(path, columns=["id", "label", "score"])
    shipped = pq.read_table(files.SHIPPED, columns=["id", "label", "score", "model"])
    own = shipped.filter(pc.equal(shipped.column("model").cast("string"), files.MODEL))
    assert made.num_rows == len(set(made.column("id").to_pylist())) == 20_000
    assert made.column("score").to_pylist()[own.num_rows : 2 * own.num_rows] == own.column("score").to_pylist()
    assert files.main(["--rows", "12000"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("12,000 rows, a file of ")
    assert out.count(" GB |") == len(files.COMMANDS)
