"""``whydiff explain DATASET.parquet``: the table, going on, what it comes to in every form, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli.explain_set_table import EXPLAINED, SCHEMA
from app.cli.set_table import Kept
from explain.overall import run as explaining
from explain.survey.record import Passed, Reason
from models.change.render import render
from tests.explain.overall.overall_toys import WEIGHTS, bag, explained, row
from tests.explain.overall.overall_toys import rows as toys
from tests.models.classify.light_toys import write_bag

HOSTILE = "\x1b[2J\u202e"


def written(path: Path, table: list[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(table), path, row_group_size=7)
    return path


def cells() -> list[dict[str, object]]:
    """The forty changes of the toys, and two that cannot be read."""
    found = [
        {
            "id": one.id, "project": one.project, "language": one.language, "message": "Mind the change", "label": one.label,
            "split": "valid" if n % 4 else "train", "diff": render(one.diff),
        }
        for n, one in enumerate(toys())
        if one.diff is not None
    ]  # fmt: skip
    return [*found, {"id": "x", "diff": "no diff", "split": "valid"}, {"id": "y", "diff": None, "split": "valid"}]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return written(tmp_path / "data.parquet", cells())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_bag(tmp_path / "bag", WEIGHTS)


@pytest.fixture
def told(whydiff, model: Path) -> Callable[..., dict[str, object]]:
    def call(*arguments: object) -> dict[str, object]:
        result = whydiff("explain", *arguments, "--model", model, "--format", "json")
        assert (result.code, result.err) == (0, "")
        return json.loads(result.out)

    return call


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the rows that are explained or passed over."""
    seen: list[str] = []
    explain_one = explaining.explain_one

    def noting(row, *rest):
        seen.append(row.id)
        return explain_one(row, *rest)

    monkeypatch.setattr(explaining, "explain_one", noting)
    return seen


def test_json_is_the_contract(told, dataset: Path) -> None:
    data = told(dataset)
    assert set(data) == {
        "schema", "model", "method", "baseline", "passed", "without_number", "not_converged", "least", "changes", "projects",
        "outputs_change", "sum_of_sides", "sides", "tested", "items", "by", "slices", "caution",
    }  # fmt: skip
    assert (data["schema"], data["method"], data["baseline"]) == ("whydiff/explain-set/1", "exact", "empty change")
    assert (data["changes"], data["projects"], data["passed"], data["least"]) == (40, 8, {"unreadable": 2}, 10)
    assert data["outputs_change"] == data["sum_of_sides"] == sum(one["sum"] for one in data["sides"])
    assert (data["by"], data["slices"]) == (None, [])
    assert list(data["items"]) == [
        "added", "removed", "context", "message", "path", "ending", "metrics", "language", "component",
    ]  # fmt: skip
    top = data["items"]["added"][0]
    assert set(top) == {
        "text", "changes", "projects", "mean", "low", "high", "interval_over", "sum", "share", "adjusted_p", "examples",
    }  # fmt: skip
    assert (top["text"], top["changes"], top["projects"], top["interval_over"]) == ("danger", 20, 4, "changes")
    assert (top["mean"], top["low"], top["sum"]) == (pytest.approx(1.5), pytest.approx(1.5), pytest.approx(30.0))
    assert [set(one) for one in top["examples"]] == [{"id", "place", "value"}] * 3
    assert top["examples"][0]["place"].startswith("src/net/a.c:")
    assert data["items"]["removed"][0]["interval_over"] == "projects"


def test_the_sum_is_that_of_the_changes_one_by_one(whydiff, told, dataset: Path, model: Path, tmp_path: Path) -> None:
    """Counted again through the other door: ``whydiff explain PATCH`` for every change."""
    shift, by_kind = 0.0, dict.fromkeys(("added", "removed", "message", "path", "metrics"), 0.0)
    for one in cells()[:40]:
        patch = tmp_path / "one.diff"
        patch.write_text("From: a\nSubject: Mind the change\n\n" + str(one["diff"]))
        data = json.loads(whydiff("explain", patch, "--level", "token", "--model", model, "--format", "json").out)
        shift += data["trust"]["output"] - data["trust"]["baseline_output"]
        for unit in data["attribution"]["units"]:
            by_kind[unit["kind"]] += unit["value"]
    whole = told(dataset)
    assert whole["outputs_change"] == pytest.approx(shift, abs=1e-9)
    sides = {one["text"]: one["sum"] for one in whole["sides"]}
    assert {kind: sides[kind] for kind in by_kind} == pytest.approx(by_kind, abs=1e-9)


def test_slices(told, dataset: Path) -> None:
    data = told(dataset, "--by", "language")
    assert [(one["name"], one["changes"]) for one in data["slices"]] == [("C", 30), ("Python", 10)]
    assert sum(one["outputs_change"] for one in data["slices"]) == pytest.approx(data["outputs_change"])
    assert data["slices"][0]["outputs_change"] == data["slices"][0]["sum_of_sides"]
    assert len(told(dataset, "--by", "project")["slices"]) == 8
    assert {one["name"] for one in told(dataset, "--by", "component")["slices"]} >= {"q1: src", "q0: doc"}


def test_text(whydiff, dataset: Path, model: Path) -> None:
    out = whydiff("explain", dataset, "--model", model, "--by", "language").out
    assert out.startswith("What carries the model over 40 changes of 8 projects\n")
    assert "Why: exact against the baseline “empty change”. Values are logits" in out
    assert "Left out: 2 without a diff that can be read." in out
    assert "words of added lines" in out
    line = next(line for line in out.splitlines() if line.startswith("danger "))
    assert "20" in line
    assert "+1.500 to +1.500" in line
    assert "language C: 30 changes" in out
    assert "added: danger" in out
    assert "not what makes changes defective" in out


def test_markdown(whydiff, dataset: Path, model: Path) -> None:
    out = whydiff("explain", dataset, "--model", model, "--format", "markdown", "--by", "project").out
    assert out.startswith("# What carries the model over 40 changes of 8 projects\n")
    assert "\n## words of added lines\n" in out
    assert "\n| <code>danger</code> | 20 | +1.500 | +1.500 to +1.500 | changes |" in out
    rows = [line for line in out.splitlines() if line.startswith("|")]
    assert {line.count(" | ") for line in rows if "<code>" in line} == {8}


def test_the_table(whydiff, dataset: Path, model: Path, tmp_path: Path) -> None:
    table = tmp_path / "explained.parquet"
    first = whydiff("explain", dataset, "--model", model, "-o", table)
    assert first.code == 0
    stored = pq.read_table(table)
    assert stored.schema.equals(SCHEMA)
    for one in stored.to_pylist():
        sides = [part["value"] for part in one["parts"] if part["where"] == "side"]
        assert sum(sides) == one["output"] - one["baseline_output"]
    content = table.read_bytes()
    again = whydiff("explain", dataset, "--model", model, "-o", table)
    assert (again.code, again.out, table.read_bytes()) == (0, first.out, content)


def test_more_rows_go_on_where_fewer_ended(told, done: list[str], dataset: Path, tmp_path: Path) -> None:
    table = tmp_path / "explained.parquet"
    assert told(dataset, "-o", table, "--rows", 5)["changes"] == 5
    assert told(dataset, "-o", table, "--rows", 12)["changes"] == 12
    whole = told(dataset, "-o", table)
    assert sorted(done) == sorted(str(one["id"]) for one in cells())  # each once
    assert whole == told(dataset)
    assert told(dataset, "-o", table, "--by", "language")["slices"]  # asked of what is there


def test_a_stopped_run_goes_on(whydiff, told, done: list[str], dataset: Path, model: Path, monkeypatch) -> None:
    table = dataset.with_name("explained.parquet")
    explain_one = explaining.explain_one

    def stopping(row, *rest):
        if len(done) == 9:
            raise KeyboardInterrupt
        return explain_one(row, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(explaining, "explain_one", stopping)
        stopped = whydiff("explain", dataset, "--model", model, "-o", table)
    assert (stopped.code, stopped.out) == (130, "")
    assert f"explained changes are in {table}; the same command again goes on from there." in stopped.err
    whole = told(dataset, "-o", table)
    assert len(done) == 42
    assert whole == told(dataset)


def test_a_record_comes_back_from_the_table_as_it_was(tmp_path: Path) -> None:
    model = bag(tmp_path)
    records = [explained(row(n, "danger(x);", label=n % 2 or None), model) for n in range(3)]
    kept = Kept.open(EXPLAINED, tmp_path / "t.parquet", {"model": "m", "flags": {}, "rows": "r"})
    for one in records:
        kept.add(one)
    kept.pass_over(Passed("x", Reason.NO_NUMBER))
    kept.save()
    again = Kept.open(EXPLAINED, tmp_path / "t.parquet", kept.settings)
    assert (list(again.records()), again.seen, again.names()) == (records, 4, [one.id for one in records])


def test_rows_and_seed(told, dataset: Path) -> None:
    one, same = told(dataset, "--rows", 7), told(dataset, "--rows", 7, "--seed", 1)
    assert one == same != told(dataset, "--rows", 7, "--seed", 2)
    assert told(dataset, "--split", "train")["changes"] == 10


def test_another_method(whydiff, dataset: Path, planted) -> None:
    data = json.loads(whydiff("explain", dataset, "--format", "json", "--rows", 12).out)
    assert data["method"] == "occlusion"
    assert {one["text"] for one in data["items"]["added"]} == {"(as such)"}
    assert data["outputs_change"] == data["sum_of_sides"]


def test_hostile_text_is_spelled_out(whydiff, model: Path, tmp_path: Path) -> None:
    text = f"--- a/{HOSTILE}[red]x.c\n+++ b/{HOSTILE}[red]x.c\n@@ -0,0 +1 @@\n+danger(x);\n"
    rows = [{"id": f"{HOSTILE}<b>{n}", "project": HOSTILE, "language": HOSTILE, "diff": text} for n in range(12)]
    path = written(tmp_path / "h.parquet", rows)
    for form in ("text", "markdown", "json"):
        result = whydiff("explain", path, "--model", model, "--format", form, "--by", "language")
        assert result.code == 0
        assert not {"\x1b", "\u202e"} & set(result.out)
    assert "<b>" not in whydiff("explain", path, "--model", model, "--format", "markdown").out


def test_flags_that_do_not_fit(refused, planted, dataset: Path, two_files: Path, tmp_path: Path) -> None:
    assert "--format text, json or markdown" in refused("explain", dataset, "--format", "sarif")
    assert "leave --level out" in refused("explain", dataset, "--level", "token")
    assert "EXPLAINED.parquet" in refused("explain", dataset, "-o", tmp_path / "x.json")
    assert "leave --repo out" in refused("explain", dataset, "--repo", tmp_path)
    assert "name a new file" in refused("explain", dataset, "-o", dataset)
    assert "leave --rows out" in refused("explain", two_files, "--rows", 3)
    assert "leave --by out" in refused("explain", two_files, "--by", "language")
    assert "--by" in refused("explain", dataset, "--by", "weather")
    assert "Expected an attribution method" in refused("explain", dataset, "--method", "magic")
    assert "whose values are logits" in refused("explain", dataset, "--method", "attention-rollout")
    assert planted.asked == []


def test_what_there_is_nothing_to_say_of(refused, model: Path, tmp_path: Path) -> None:
    unread = written(tmp_path / "unread.parquet", cells()[40:])
    assert "holds a diff that can be read" in refused("explain", unread, "--model", model)
    assert "no column diff" in refused("explain", written(tmp_path / "x.parquet", [{"x": 1}]), "--model", model)


def test_tables_of_something_else_are_left_alone(whydiff, refused, dataset: Path, model: Path, tmp_path: Path) -> None:
    table = tmp_path / "explained.parquet"
    assert "is no table of this whydiff explain" in refused(
        "explain", dataset, "--model", model, "-o", written(tmp_path / "o.parquet", cells())
    )
    whydiff("explain", dataset, "--model", model, "-o", table)
    assert "made with --method exact;" in refused("explain", dataset, "--model", model, "-o", table, "--method", "occlusion")
    assert "made with --seed 1;" in refused("explain", dataset, "--model", model, "-o", table, "--seed", 2)
    changed = [one | {"message": "Another"} for one in cells()]
    written(dataset, changed)
    assert "is another change than it was before" in refused("explain", dataset, "--model", model, "-o", table)
