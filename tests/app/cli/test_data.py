from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest


def made(path: Path, count: int = 40, project: str = "p") -> Path:
    rows = [
        {"id": f"{project}@{n}", "project": project, "author_date": pd.Timestamp("2021-01-01", tz="UTC") + pd.Timedelta(days=n),
         "language": "Go", "message": "m", "lines_added": n, "lines_deleted": 0, "files_changed": 1, "diff": "+x",
         "label": int(n % 10 == 0), "split": "train"}
        for n in range(count)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return made(tmp_path / "d.parquet")


def test_describe_for_people(whydiff, dataset: Path) -> None:
    result = whydiff("data", "describe", dataset)
    assert (result.code, result.err) == (0, "")
    assert "40 rows in 1 file, 4 positive (10.0%)" in result.out
    assert "from 2021-01-01 to 2021-02-09" in result.out
    assert "lines added and deleted, at most: 3 (10%), 9 (25%), 19 (50%), 29 (75%), 35 (90%), 39 (99%), 39 (100%)" in result.out
    assert "p: (none)" in result.out
    assert "Go" in whydiff("data", "describe", dataset, "--by", "language").out
    assert "2021" not in whydiff("data", "describe", dataset, "--by", "language").out.split("at most")[1]


def test_describe_for_programs(whydiff, dataset: Path, tmp_path: Path) -> None:
    data = json.loads(whydiff("data", "describe", dataset, "--format", "json", "--by", "split,year").out)
    assert data["schema"] == "whydiff/data-describe/1"
    assert (data["rows"], data["positive"], data["base_rate"], data["natural_base_rate"], data["stands_for"]) == (
        40,
        4,
        0.1,
        0.1,
        40,
    )
    assert {name: [one["name"] for one in groups] for name, groups in data["by"].items()} == {
        "split": ["train"],
        "year": ["2021"],
    }
    assert (data["oldest"], data["truncated"], data["repeated_ids"]) == ("2021-01-01T00:00:00+00:00", None, 0)
    assert whydiff("data", "describe", dataset, "--format", "json", "-o", tmp_path / "x.json").out == ""
    assert json.loads((tmp_path / "x.json").read_text())["rows"] == 40


def test_names_of_projects_are_hostile(whydiff, tmp_path: Path) -> None:
    made(tmp_path / "d.parquet", 3, "[red]\x1b[2J\u202e")
    for form in ("text", "json"):
        out = whydiff("data", "describe", tmp_path / "d.parquet", "--format", form).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "[red]" in out


def test_what_is_amiss_is_told(whydiff, tmp_path: Path) -> None:
    frame = pd.concat([pd.read_parquet(made(tmp_path / "a.parquet", 3)).assign(label=[1, 2, None], weight=[-1.0, 1, None])] * 2)
    frame.drop(columns="diff").to_parquet(tmp_path / "a.parquet")
    out = whydiff("data", "describe", tmp_path / "a.parquet").out
    for said in (
        "lacks the columns diff, which training needs", "4 rows without a label 0 or 1", "3 rows whose id stands further up",
        "2 weights that are no finite number above 0", "empty cells: 2 in label, 2 in weight",
    ):  # fmt: skip
        assert said in out
    frame.assign(label=1).to_parquet(tmp_path / "a.parquet")
    assert "all rows bear the same label" in whydiff("data", "describe", tmp_path / "a.parquet").out


def test_split_and_sample(whydiff, dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    result = whydiff("data", "split", dataset, "-o", output, "--train", 0.5)
    assert (result.code, result.out, result.err) == (0, f"{output}\n", "20 train, 4 valid, 16 test.\n")
    assert pq.read_table(output)["split"].to_pylist() == ["train"] * 20 + ["valid"] * 4 + ["test"] * 16
    result = whydiff("data", "split", dataset, "-o", output, "--by", "project", "--held-out", "p")
    assert (result.code, result.err) == (0, "0 train, 0 valid, 40 test.\n")
    result = whydiff("data", "sample", dataset, "-o", output, "--rows", 10)
    assert (result.code, result.out, result.err) == (0, f"{output}\n", "10 rows stand for 40, of which 10.0% are positive.\n")
    assert pq.read_table(output)["weight"].to_pylist().count(6.0) == 6


def test_rows_without_a_date_are_told(whydiff, dataset: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(dataset)
    frame.loc[3, "author_date"] = None
    frame.to_parquet(dataset)
    assert "1 have no date that can be read" in whydiff("data", "split", dataset, "-o", tmp_path / "out.parquet").err


def test_what_is_wrong_is_one_sentence_and_leaves_nothing(refused, dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    assert "does not exist" in refused("data", "describe", tmp_path / "none.parquet")
    assert "Expected by to name some of project" in refused("data", "describe", dataset, "--by", "colour")
    (tmp_path / "empty").mkdir()
    assert "found none" in refused("data", "split", tmp_path / "empty", "-o", output)
    assert "ending in .parquet" in refused("data", "split", dataset, "-o", tmp_path / "x.csv")
    assert "another place than the dataset" in refused("data", "split", dataset, "-o", dataset)
    assert "another place than the dataset" in refused("data", "sample", tmp_path, "-o", tmp_path / "d.parquet", "--rows", 9)
    assert "at most 1 together" in refused("data", "split", dataset, "-o", output, "--train", 0.9, "--valid", 0.2)
    assert "it has p." in refused("data", "split", dataset, "-o", output, "--by", "project", "--held-out", "q")
    assert "at least 5" in refused("data", "sample", dataset, "-o", output, "--rows", 3)
    assert "whydiff --help" in refused("data", "sample", dataset, "-o", output)
    assert "whydiff --help" in refused("data")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.parquet", "empty"]


@pytest.mark.parametrize("verb", ["describe", "split", "sample"])
def test_help(whydiff, verb: str) -> None:
    result = whydiff("data", verb, "--help")
    assert (result.code, result.err) == (0, "")
    assert f"Usage: whydiff data {verb}" in result.out
