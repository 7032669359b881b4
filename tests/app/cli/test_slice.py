"""``whydiff slice`` on predictions whose figures can be counted by hand, and its gates."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from statsmodels.stats.proportion import proportion_confint

from app.cli.cells import cell, csv_text

ROWS = 600
LANGUAGES = ["Go", "C", "=cmd|calc", "<b>[x](http://evil)\x1b[2J"]
Write = Callable[..., Path]


def rows() -> list[dict[str, Any]]:
    """Go is found half as often as the rest."""
    random = np.random.default_rng(3)
    found = []
    for n in range(ROWS):
        label, language = int(random.random() < 0.4), LANGUAGES[n % 7 % 4]
        score = 0.7 if random.random() < ((0.4 if language == "Go" else 0.85) if label else 0.1) else 0.2
        found.append(
            {
                "id": f"r{n}",
                "label": label,
                "score": score,
                "threshold": 0.5,
                "flagged": score >= 0.5,
                "model": "planted",
                "model_kind": "bag",
                "model_digest": "feed",
                "project": f"p{n % 10}",
                "language": language,
                "languages": [language, "Docs"] if n % 2 else [language],
                "kind": ["fix", "feature"][n % 2],
                "lines_added": n % 60,
                "lines_deleted": 1,
            }
        )
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "p.parquet"
    pq.write_table(pa.Table.from_pylist(rows()), file)
    return file


def recall(keep: Callable[[dict[str, Any]], bool] = lambda one: True) -> tuple[int, int]:
    positive = [one for one in rows() if one["label"] and keep(one)]
    return sum(one["flagged"] for one in positive), len(positive)


def report(whydiff: Any, *arguments: object) -> dict[str, Any]:
    result = whydiff("slice", *arguments, "--format", "json")
    assert result.code == 0
    data: dict[str, Any] = json.loads(result.out)
    return data


def test_json_holds_every_slice_with_n_and_interval(whydiff, path: Path) -> None:
    data = report(whydiff, path, "--by", "language", "--metrics", "recall,auc", "--cluster", "none")
    assert data["schema"] == "whydiff/slice/1"
    assert data["model"] == {"name": "planted", "kind": "bag", "digest": "feed", "threshold": 0.5}
    assert (data["by"], data["metrics"], data["notes"]) == (["language"], ["recall", "auc"], [])
    assert data["all"]["rows"] == ROWS
    assert data["slices"][0]["conditions"] == [{"column": "language", "value": "Go"}]
    assert sum(one["rows"] for one in data["slices"]) == ROWS
    for one in (data["all"], *data["slices"]):
        values = [each["value"] for each in one["conditions"]]
        hits, trials = recall(lambda row, values=values: not values or row["language"] in values)
        low, high = proportion_confint(hits, trials, method="wilson")
        assert one["metrics"]["recall"]["value"] == pytest.approx(hits / trials)
        assert one["metrics"]["recall"]["n"] == trials
        assert (one["metrics"]["recall"]["low"], one["metrics"]["recall"]["high"]) == (pytest.approx(low), pytest.approx(high))


def test_slices_of_labels_overlap_and_bins_are_asked_for(whydiff, path: Path) -> None:
    data = report(whydiff, path, "--by", "languages")
    assert sum(one["rows"] for one in data["slices"]) == ROWS + ROWS // 2
    data = report(whydiff, path, "--by", "lines_changed,kind", "--bins", "lines_changed=10:50")
    values = {tuple(each["value"] for each in one["conditions"]) for one in data["slices"]}
    assert values == {(kind, name) for kind in ("fix", "feature") for name in ("up to 9", "10 to 49", "50 or more")}


def test_an_expression_and_slices_by_name(whydiff, path: Path, tmp_path: Path) -> None:
    file = tmp_path / "slices.json"
    saved = whydiff("slice", path, "--by", "kind", "--where", "language = 'Go'", "--slices", file, "--save", "only Go")
    assert (saved.code, saved.err) == (0, f"Saved only Go in {file}.\n")
    data = report(
        whydiff, path, "--by", "kind", "--slices", file, "--slice", "only Go", "--where", "lines_changed > 30 or kind = 'fix'"
    )
    assert data["where"] == "(language = 'Go') and (lines_changed > 30 or kind = 'fix')"
    kept = [one for one in rows() if one["language"] == "Go" and (one["lines_added"] > 29 or one["kind"] == "fix")]
    assert data["all"]["rows"] == len(kept)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_forms_for_people(whydiff, path: Path, tmp_path: Path, form: str) -> None:
    arguments = ("slice", path, "--by", "language", "--where", "kind != '[y](http://evil) \x1b[2J'", "--format", form)
    result = whydiff(*arguments)
    assert result.code == 0
    assert "\x1b" not in result.out
    assert "language: Go" in result.out.replace("&#58;", ":")
    assert "undefined" not in result.out
    if form == "markdown":
        assert "](http" not in result.out
        assert "<b>" not in result.out
    assert whydiff(*arguments, "-o", tmp_path / "out").out == ""
    assert (tmp_path / "out").read_text() == result.out
    few = whydiff(*arguments, "--most", 1).out
    assert "3 further slices are left out" in few
    assert len(few) < len(result.out)


def test_csv_is_a_table_without_formulas(whydiff, path: Path) -> None:
    out = whydiff("slice", path, "--by", "language,kind", "--format", "csv", "--metrics", "mcc").out
    table = list(csv.DictReader(io.StringIO(out, newline="")))
    assert len(table) == 9
    assert (table[0]["language"], table[0]["kind"], table[0]["rows"]) == ("(all)", "(all)", "600")
    assert {row["language"] for row in table[1:]} == {"Go", "C", "'=cmd|calc", "<b>[x](http://evil)\x1b[2J"}
    assert all(float(row["mcc low"]) < float(row["mcc"]) < float(row["mcc high"]) for row in table)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-2", "-2"),
        ("-2.5e-3", "-2.5e-3"),
        ("-2+3", "'-2+3"),
        ("@sum", "'@sum"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =x", "'  =x"),
        ("\uff1dx", "'\uff1dx"),
        ("plain", "plain"),
        ("", ""),
        (-2.5, "-2.5"),
        (3, "3"),
        (None, ""),
        (True, "true"),
    ],
)
def test_cells(value: str | float | None, expected: str) -> None:
    assert cell(value) == expected
    assert list(csv.reader(io.StringIO(csv_text(["a"], [[value, 1]]), newline=""))) == [["a"], [expected, "1"]]


def test_a_carriage_return_makes_no_row_of_its_own() -> None:
    assert list(csv.reader(io.StringIO(csv_text(["a"], [["x\r=cmd"], ["y\n=cmd"]]), newline=""))) == [
        ["a"],
        ["x\r=cmd"],
        ["y\n=cmd"],
    ]


def test_gates_trip_by_the_interval(whydiff, path: Path) -> None:
    hits, trials = recall(lambda one: one["language"] == "Go")
    low, high = proportion_confint(hits, trials, method="wilson")
    for bound, code in ((high + 1e-6, 1), (high - 1e-6, 0), (hits / trials + 0.01, 0)):
        result = whydiff("slice", path, "--cluster", "none", "--fail-if", f"recall[language=Go] < {bound:.9f}")
        assert result.code == code
        assert ("does not trip" in result.err) is (code == 0)
        assert f"{hits / trials:.3f} [{low:.3f}, {high:.3f}], counted on {trials}" in result.err
    silent = whydiff("slice", path, "--fail-if", "recall[language=Cobol] < 1", "--format", "json")
    assert (silent.code, json.loads(silent.out)["gates"][0]["tripped"]) == (0, None)
    assert "was not judged, because recall is undefined there" in silent.err
    both = whydiff(
        "slice",
        path,
        "--by",
        "kind",
        "--fail-if",
        "recall < 0.1",
        "--fail-if",
        "fpr[kind=fix, language=C] < 1",
        "--format",
        "csv",
    )
    assert both.code == 1
    assert both.out.startswith("kind,rows")
    assert whydiff("slice", path, "--fail-if", "fpr < 1", "--format", "csv").out.startswith("gate,tripped,value")


def test_clusters_widen_intervals(whydiff, path: Path) -> None:
    def width(cluster: str, *more: str) -> float:
        data = report(whydiff, path, "--by", "kind", "--metrics", "recall", *more)
        assert data["cluster"] == cluster
        own = data["all"]["metrics"]["recall"]
        return float(own["high"] - own["low"])

    assert width("project", "--cluster", "project") == width("project") > width("", "--cluster", "none")


def test_evaluate_takes_expressions_and_gates(whydiff, refused, path: Path) -> None:
    arguments = ("evaluate", path, "--replicates", 100, "--format", "json")
    result = whydiff(*arguments, "--where", "language = 'Go'", "--fail-if", "recall < 0.9", "--fail-if", "recall[kind=x] < 1")
    hits, trials = recall(lambda one: one["language"] == "Go")
    assert result.code == 1
    assert f"The gate recall < 0.9 trips: {hits / trials:.3f}" in result.err
    assert "The gate recall[kind=x] < 1 was not judged" in result.err
    assert json.loads(result.out)["positives"] == trials
    assert whydiff(*arguments, "--fail-if", "recall < 0.1").code == 0
    assert "widen it" in refused(*arguments, "--where", "language = 'Cobol'")
    assert "--where with --lines" in refused("evaluate", "--lines", path, "--where", "label = 1")
    assert "--fail-if with --lines" in refused("evaluate", "--lines", path, "--fail-if", "recall < 1")


def test_the_planted_weakness_is_discovered(whydiff, refused, path: Path) -> None:
    data = report(whydiff, path, "--discover", "--kind", "recall", "--support", 10)["discovery"]
    first = data["found"][0]
    assert {"column": "languages", "value": "Go"} in first["conditions"]
    assert first["p"] < 0.01
    assert first["rate"]["value"] > first["rest"]["value"]
    assert data["rows"] + data["confirming"] == recall()[1]
    only = report(whydiff, path, "--discover", "--kind", "recall", "--support", 10, "--by", "language")["discovery"]
    assert {each["column"] for one in only["found"] for each in one["conditions"]} == {"language"}
    text = whydiff("slice", path, "--discover", "--kind", "recall", "--support", 10).out
    assert "languages: Go" in text
    assert first["reason"][:60] in text
    assert first["advice"] in text
    table = whydiff("slice", path, "--discover", "--kind", "recall", "--support", 10, "--format", "csv").out
    assert len(list(csv.DictReader(io.StringIO(table, newline="")))) == len(data["found"])
    assert "expected kind" in refused("slice", path, "--discover", "--kind", "speed").lower()
    assert "lower support" in refused("slice", path, "--discover", "--support", 1000)


def test_words_of_the_changes_are_searched_too(whydiff, refused, path: Path, tmp_path: Path) -> None:
    """The word "async" stands in every change in Go, and in no other."""
    patch = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+{} y\n"
    words = [("async" if one["language"] == "Go" else "await") for one in rows()[:-5]]
    dataset = pa.table({"id": [f"r{n}" for n in range(ROWS - 5)], "diff": [patch.format(word) for word in words]})
    pq.write_table(dataset, tmp_path / "changes.parquet")
    asked = ("--discover", "--kind", "recall", "--support", 10, "--by", "kind")
    assert report(whydiff, path, *asked)["discovery"]["found"] == []
    data = report(whydiff, path, *asked, "--content", tmp_path / "changes.parquet")
    (found,) = data["discovery"]["found"]
    assert found["conditions"] == [{"column": "added words", "value": "async"}]
    assert data["notes"] == [f"5 of {ROWS} changes are not in the dataset; none of their words are known."]
    assert "Expected --discover with --content" in refused("slice", path, "--by", "kind", "--content", path)
    assert "lacks the column diff" in refused("slice", path, *asked, "--content", path)


def test_wrong_inputs(refused, path: Path, tmp_path: Path) -> None:
    good = ("slice", path, "--by", "kind")
    assert "slices can be made of project, language" in refused("slice", path)
    assert "choose of project" in refused("slice", path, "--by", "knid")
    assert "one or two different attributes" in refused("slice", path, "--by", "kind,language,project")
    assert "at character 8, expected text in single quotes" in refused(*good, "--where", "kind = fix")
    assert "at character 12" in refused(*good, "--where", "kind = 'x' ; drop table predictions")
    assert "at character 1, expected one of the columns" in refused(*good, "--where", "read_csv('/etc/passwd')")
    assert "Expected a metric among accuracy" in refused(*good, "--metrics", "recal")
    assert "Expected a gate" in refused(*good, "--fail-if", "recall is low")
    assert "Expected a number" in refused(*good, "--fail-if", "recall < low")
    assert "choose of project" in refused(*good, "--fail-if", "recall[lang=Go] < 1")
    assert "--bins" in refused(*good, "--bins", "lines_changed")
    assert "--bins" in refused(*good, "--bins", "lines_changed=1:x")
    assert "bins of a column of numbers" in refused(*good, "--bins", "kind=1:2")
    assert "cannot be clustered by" in refused(*good, "--cluster", "lines_changed")
    assert "--slices FILE with --slice" in refused(*good, "--slice", "a")
    assert "holds no slice 'a'" in refused(*good, "--slices", tmp_path / "s.json", "--slice", "a")
    assert "expression with --save" in refused(*good, "--slices", tmp_path / "s.json", "--save", "a")
    assert "name one of planted" in refused(*good, "--model", "other")
    assert "widen it" in refused(*good, "--where", "kind = 'x'")
    assert "could not be read as Parquet" in refused("slice", tmp_path / "none.parquet", "--by", "kind")
    assert "is a folder" in refused(*good, "-o", tmp_path)
    assert not (tmp_path / "s.json").exists()
    half = tmp_path / "half.parquet"
    half.write_bytes(path.read_bytes()[:3000])
    assert "could not be read as Parquet" in refused("slice", half, "--by", "kind")
    one_class = tmp_path / "one.parquet"
    pq.write_table(pa.Table.from_pylist([one | {"label": 0} for one in rows()]), one_class)
    assert "--by" in refused("slice", one_class)


def test_rows_of_one_class_leave_metrics_undefined(whydiff, tmp_path: Path) -> None:
    file = tmp_path / "one.parquet"
    pq.write_table(pa.Table.from_pylist([one | {"label": 0} for one in rows()]), file)
    own = report(whydiff, file, "--by", "kind", "--metrics", "recall,auc,fpr")["all"]["metrics"]
    assert (own["recall"]["value"], own["recall"]["n"], own["auc"]["value"]) == (None, 0, None)
    assert own["fpr"]["value"] > 0
    assert "undefined" in whydiff("slice", file, "--by", "kind").out


def test_thresholds_by_cost(whydiff, refused, path: Path) -> None:
    data = report(whydiff, path, "--threshold-cost", 3, "--by", "language")
    found = data["thresholds"]
    # Scores are 0.7 and 0.2 only, and so high a cost of misses is met by the one threshold between them or by flagging all.
    assert found["threshold"] in (pytest.approx(0.45), 0.0)
    held = [one for one in rows() if hashlib.sha256(one["id"].encode()).digest()[0] % 2]
    assert found["confirming"] == len(held)
    cost = sum((3 if one["label"] else 1) for one in held if (one["score"] >= found["threshold"]) != bool(one["label"]))
    assert found["common"]["cost"]["value"] == pytest.approx(100 * cost / len(held))
    assert (found["common"]["unit"], found["span"]) == ("100 changes", None)
    assert {one["value"] for one in found["own"]} <= set(LANGUAGES)
    text = whydiff("slice", path, "--threshold-cost", 3, "--by", "language").out
    assert "If a miss costs 3 needless flags" in text
    assert "Thresholds by language" in text
    assert "\x1b" not in text
    table = list(csv.DictReader(io.StringIO(whydiff("slice", path, "--threshold-cost", 3, "--format", "csv").out, newline="")))
    assert [row["choice"] for row in table] == ["present", "common"]
    assert float(table[1]["cost"]) == found["common"]["cost"]["value"]
    assert "one value a change" in refused("slice", path, "--threshold-cost", 3, "--by", "languages")
    assert "name one" in refused("slice", path, "--threshold-cost", 3, "--by", "language,kind")
    assert "--threshold-cost" in refused("slice", path, "--threshold-cost", "nan", "--by", "kind")
    assert "in each half" in refused("slice", path, "--threshold-cost", 3, "--where", "label = 1")


def test_dated_predictions_give_flags_a_week(whydiff, tmp_path: Path) -> None:
    file = tmp_path / "dated.parquet"
    day = datetime(2024, 1, 1, 23, 59, tzinfo=UTC)
    pq.write_table(pa.Table.from_pylist([one | {"date": day + timedelta(n % 70)} for n, one in enumerate(rows())]), file)
    found = report(whydiff, file, "--threshold-cost", 1)["thresholds"]
    assert found["span"] == {"first": "2024-01-01", "last": "2024-03-10", "weeks": 10, "undated": 0}
    held = [one for one in rows() if hashlib.sha256(one["id"].encode()).digest()[0] % 2]
    flags = sum(one["flagged"] for one in held)
    assert found["present"]["flags"]["value"] == pytest.approx(flags / (10 * len(held) / ROWS))
    assert "10.0 from 2024-01-01 to 2024-03-10" in whydiff("slice", file, "--threshold-cost", 1).out
