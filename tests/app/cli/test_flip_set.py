"""``whydiff flip DATASET.parquet``: the table, going on, the aggregates, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli import set_rows
from app.cli.flip_set_table import FLIPS, SCHEMA
from app.cli.set_table import Kept
from explain.counterfactual.types import SearchOptions
from explain.survey import run as surveying
from explain.survey.record import Passed, Reason
from explain.survey.run import examine
from tests.explain.survey.survey_toys import Planted as Toy
from tests.explain.survey.survey_toys import plain, row, surveyed

HEAD = "--- a/src/a{0}.py\n+++ b/src/a{0}.py\n@@ -1 +1,4 @@\n top\n+left({0})\n"
CODE = HEAD + "+danger(zone)\n+right({0})\n"
COMMENT = HEAD + "+# danger\n+right({0})\n"
CALM = HEAD + "+safe()\n+right({0})\n"


def rows() -> list[dict[str, object]]:
    """Ten flagged changes (four by a comment alone), six that are not, two that cannot be read."""
    texts = [CODE] * 6 + [COMMENT] * 4 + [CALM] * 6 + ["no diff", None]
    return [
        {
            "id": f"p@{n:02}", "project": "p", "language": "Python", "message": "say it", "label": n % 2,
            "split": "valid" if n % 9 else "train", "diff": None if text is None else text.format(n),
        }
        for n, text in enumerate(texts)
    ]  # fmt: skip


def written(path: Path, table: list[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(table), path, row_group_size=5)
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return written(tmp_path / "data.parquet", rows())


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the rows that are searched, or scored and passed over."""
    seen: list[str] = []
    examine = surveying.examine

    def noting(row, *rest):
        seen.append(row.id)
        return examine(row, *rest)

    monkeypatch.setattr(surveying, "examine", noting)
    return seen


def told(whydiff, *arguments: object) -> dict[str, object]:
    result = whydiff("flip", *arguments, "--format", "json")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def test_json_is_the_contract(whydiff, planted, dataset: Path) -> None:
    data = told(whydiff, dataset)
    assert set(data) == {
        "schema", "model", "masked_model", "flagged", "passed", "without_number", "flips", "unverified", "stopped", "sizes",
        "operators", "touch_only", "robustness", "distance", "fine_flips", "tested", "lifts", "shortcuts", "caution",
    }  # fmt: skip
    assert (data["schema"], data["model"]["id"], data["masked_model"]) == ("whydiff/flip-set/1", "feedbeef", None)
    assert (data["flagged"], data["passed"]) == (10, {"not_flagged": 6, "unreadable": 2})
    assert (data["flips"]["count"], data["flips"]["of"], data["flips"]["share"]) == (10, 10, 1.0)
    assert set(data["flips"]) == {"count", "of", "share", "low", "high"}
    comment = data["robustness"][0]
    assert (comment["edit"], comment["count"], comment["of"], comment["have"], comment["not_settled"]) == (
        "one comment or blank line", 4, 10, 4, 0,
    )  # fmt: skip
    assert data["sizes"] == [{"edits": 1, "flips": 10}]
    assert data["distance"]["language"][0] == {
        "name": "Python", "count": 10, "of": 10, "share": 1.0, "low": data["flips"]["low"], "high": 1.0,
        "edits": [1, 1, 1], "lines": [1, 1, 1],
    }  # fmt: skip
    top = data["lifts"][0]
    assert (top["where"], top["word"], top["flips"], top["flagged"]) == ("added", "danger", 10, 10)
    assert top["expected"] == pytest.approx(10 / 3)
    assert top["adjusted_p"] < 0.05
    assert any("danger (3.0 times)" in one for one in data["shortcuts"])


def test_text(whydiff, planted, dataset: Path) -> None:
    out = whydiff("flip", dataset).out
    assert out.startswith("Flips found for 10 of 10 (100.0 % [72.2, 100.0]) of the flagged changes\n")
    assert "18 rows read: 10 flagged, 6 not flagged, 2 without a diff that can be read" in out
    assert "- 4 of 10 (40.0 % [16.8, 68.7]) of the flagged changes would not be flagged without one comment or blank line" in out
    assert "10 flagged changes are few" in out
    assert "not proof" in out


def test_the_table(whydiff, planted, dataset: Path, tmp_path: Path) -> None:
    flips = tmp_path / "flips.parquet"
    assert whydiff("flip", dataset, "-o", flips).code == 0
    table = pq.read_table(flips)
    assert table.schema.equals(SCHEMA)
    found = {row["id"]: row for row in table.to_pylist()}
    assert sorted(found) == [f"p@{n:02}" for n in range(10)]
    one, comment = found["p@01"], found["p@07"]
    assert json.loads(one["edits"]) == [{"unit": [0, 0, 2, -1, -1], "replacement": None}]
    assert (one["operator"], one["edit_count"], one["lines"], one["words"]) == ("revert-line", 1, 1, ["danger", "zone"])
    assert (one["found"], one["verified"], one["only_comments"], comment["only_comments"]) == (True, True, False, True)
    assert (one["label"], one["split"], one["components"]) == (1, "valid", ["src"])
    assert one["score"] > one["threshold"] > one["score_after"]
    assert {answer["question"] for answer in one["answers"] if answer["flips"]} == set()
    assert "right" not in json.dumps(table.to_pylist())  # no other text of the diff


def test_the_same_command_again_only_prints(whydiff, planted, searched, dataset: Path, tmp_path: Path) -> None:
    flips = tmp_path / "flips.parquet"
    first = whydiff("flip", dataset, "-o", flips)
    content, asked, seen = flips.read_bytes(), len(planted.asked), len(searched)
    again = whydiff("flip", dataset, "-o", flips)
    assert (again.code, again.out) == (0, first.out)
    assert (flips.read_bytes(), len(planted.asked), len(searched)) == (content, asked, seen)


def test_more_rows_go_on_where_fewer_ended(whydiff, planted, searched, dataset: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(set_rows, "_AT_ONCE", 4)
    flips = tmp_path / "flips.parquet"
    assert told(whydiff, dataset, "-o", flips, "--rows", 3)["flagged"] == 3
    assert told(whydiff, dataset, "-o", flips, "--rows", 7)["flagged"] == 7
    whole = told(whydiff, dataset, "-o", flips)
    assert sorted(searched) == sorted(str(row["id"]) for row in rows())  # each once
    assert whole == told(whydiff, dataset)
    assert told(whydiff, dataset, "-o", flips, "--rows", 2)["flagged"] == 10  # all that the table has


def test_the_seed_draws_the_order(whydiff, planted, searched, dataset: Path) -> None:
    whydiff("flip", dataset)
    whydiff("flip", dataset, "--seed", 1)
    whydiff("flip", dataset, "--seed", 2)
    one, same, other = searched[:18], searched[18:36], searched[36:]
    assert one == same != other
    assert sorted(one) == sorted(other) != one


def test_a_stopped_run_goes_on(whydiff, planted, searched, dataset: Path, tmp_path: Path, monkeypatch) -> None:
    flips = tmp_path / "flips.parquet"
    examine = surveying.examine

    def stopping(row, *rest):
        if len(searched) == 9:
            raise KeyboardInterrupt
        return examine(row, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(surveying, "examine", stopping)
        stopped = whydiff("flip", dataset, "-o", flips)
    assert (stopped.code, stopped.out) == (130, "")
    assert f"in {flips}; the same command again goes on from there." in stopped.err
    assert 0 < pq.read_metadata(flips).num_rows < 10
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["data.parquet", "flips.parquet"]
    whole = told(whydiff, dataset, "-o", flips)
    assert len(searched) == 18
    assert whole == told(whydiff, dataset)


def test_a_run_stopped_without_a_table_says_so(whydiff, planted, searched, dataset: Path, monkeypatch) -> None:
    examine = surveying.examine

    def stopping(row, *rest):
        if searched:
            raise KeyboardInterrupt
        return examine(row, *rest)

    monkeypatch.setattr(surveying, "examine", stopping)
    stopped = whydiff("flip", dataset)
    assert stopped.code == 130
    assert "nothing was kept; with -o" in stopped.err


def test_a_model_that_fails_at_once_leaves_nothing(whydiff, planted, dataset: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(type(planted), "predict", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    result = whydiff("flip", dataset, "-o", tmp_path / "flips.parquet")
    assert result.code == 2
    assert "disk full" in result.err
    assert "Stopped early" not in result.err  # before anything was done
    assert not (tmp_path / "flips.parquet").exists()


def test_a_record_comes_back_from_the_table_as_it_was(tmp_path: Path) -> None:
    renamed = row("renamed", plain(1, "danger();", "danger();"), project="p", label=1)
    records = [
        surveyed(row("line", plain(0, "danger();"))),
        surveyed(row("message", plain(0), "mind the danger")),
        examine(renamed, Toy(), SearchOptions(operators=("rename",))),
        examine(renamed, Toy(), SearchOptions(operators=("drop-file",))),
    ]
    assert [one.flip and one.flip.operator for one in records] == ["revert-line", "cut-message", "rename", None]
    kept = Kept.open(FLIPS, tmp_path / "t.parquet", {"model": "m", "flags": {}, "rows": "r"})
    for one in records:
        kept.add(one)
    passed = [Passed("", Reason.NOT_FLAGGED, 0.25), Passed("x", Reason.NO_NUMBER)]
    for one in passed:
        kept.pass_over(one)
    kept.save()
    again = Kept.open(FLIPS, tmp_path / "t.parquet", kept.settings)
    assert (list(again.records()), list(again.passed()), again.seen) == (records, passed, 6)


def test_splits(whydiff, refused, planted, dataset: Path) -> None:
    assert told(whydiff, dataset, "--split", "train")["flagged"] == 2
    assert "expected one of train, valid" in refused("flip", dataset, "--split", "test")


def test_a_folder_is_a_dataset(whydiff, planted, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    some = rows()
    written(folder / "a.parquet", some[::2])
    written(folder / "b.parquet", some[1::2])
    assert told(whydiff, folder) == told(whydiff, written(tmp_path / "all.parquet", some))


def test_a_dataset_of_diffs_alone(whydiff, planted, tmp_path: Path) -> None:
    data = told(whydiff, written(tmp_path / "bare.parquet", [{"diff": CODE.format(n)} for n in range(3)]))
    assert data["flagged"] == 3
    assert {name: [one["name"] for one in groups] for name, groups in data["distance"].items()} == {
        "language": ["Python"], "project": ["(none)"], "component": ["src"], "label": ["(none)"],
    }  # fmt: skip


def test_rows_without_a_number_are_named(whydiff, refused, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "set_judge.py").write_text(
        "def judge(changes):\n"
        "    return [float('nan') if 'safe' in patch else 0.9 if 'danger' in patch else 0.1 for patch, _ in changes]\n"
    )
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "data.parquet", rows()[5:12])
    result = whydiff("flip", path, "--model", "python:set_judge:judge", "--format", "json")
    assert result.code == 0
    assert "no number for 2 rows, left out: p@1" in result.err
    assert sorted(json.loads(result.out)["without_number"]) == ["p@10", "p@11"]
    calm = written(tmp_path / "calm.parquet", rows()[10:13])
    assert "no number for any row" in whydiff("flip", calm, "--model", "python:set_judge:judge").err


def test_hostile_text_is_spelled_out(whydiff, planted, tmp_path: Path) -> None:
    hostile = "\x1b[2J\u202e"
    row = {"id": "r" + hostile, "project": hostile, "language": "[red]C", "diff": CODE.format(1), "message": hostile}
    path = written(tmp_path / "h.parquet", [row | {"id": f"{hostile}{n}"} for n in range(6)])
    out = whydiff("flip", path, "-o", tmp_path / "flips.parquet").out
    assert "[red]C" in out
    assert not {"\x1b", "\u202e"} & set(out)
    again = whydiff("flip", path, "-o", tmp_path / "flips.parquet")
    assert (again.code, again.out) == (0, out)


def test_bad_datasets(refused, planted, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    assert "could not be read as Parquet" in refused("flip", tmp_path / "missing.parquet")
    assert "could not be read as Parquet" in refused("flip", tmp_path / "broken.parquet")
    assert "no column diff, only x" in refused("flip", written(tmp_path / "x.parquet", [{"x": 1}]))
    empty = pa.table({"diff": pa.array([], pa.string())})
    pq.write_table(empty, tmp_path / "empty.parquet")
    assert "holds no rows" in refused("flip", tmp_path / "empty.parquet")
    twice = written(tmp_path / "twice.parquet", [{"id": "a", "diff": CODE.format(n)} for n in range(2)])
    assert "The id a stands twice" in refused("flip", twice)
    calm = written(tmp_path / "calm.parquet", rows()[10:14])
    assert "is flagged: the highest score is 0.2689, the threshold 0.5000" in refused("flip", calm)
    unread = written(tmp_path / "unread.parquet", rows()[16:])
    assert "holds a diff that can be read" in refused("flip", unread)


def test_flags_that_do_not_fit(refused, planted, dataset: Path, two_files: Path, tmp_path: Path) -> None:
    assert "leave --format patch out" in refused("flip", dataset, "--format", "patch")
    assert "leave --ask sufficient out" in refused("flip", dataset, "--ask", "sufficient")
    assert "leave --repo out" in refused("flip", dataset, "--repo", tmp_path)
    assert "leave --rows out" in refused("flip", two_files, "--rows", 3)
    assert "leave --split out" in refused("flip", two_files, "--split", "valid")
    assert "leave --seed out" in refused("flip", two_files, "--seed", 1)
    assert "leave --output out" in refused("flip", two_files, "-o", tmp_path / "x.parquet")
    assert "--rows" in refused("flip", dataset, "--rows", 0)
    assert "name a new file" in refused("flip", dataset, "-o", dataset)
    assert "does not exist" in refused("flip", dataset, "-o", tmp_path / "no" / "x.parquet")
    assert planted.asked == []


def test_tables_of_something_else_are_left_alone(whydiff, refused, planted, dataset: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.parquet", rows())
    assert "is no table of this whydiff flip" in refused("flip", dataset, "-o", other)
    flips = tmp_path / "flips.parquet"
    whydiff("flip", dataset, "-o", flips)
    content = flips.read_bytes()
    assert "was made with --seed 1;" in refused("flip", dataset, "-o", flips, "--seed", 2)
    assert "made with no --split;" in refused("flip", dataset, "-o", flips, "--split", "valid")
    assert "made with --max-edits 32, --budget 400;" in refused("flip", dataset, "-o", flips, "--budget", 7, "--max-edits", 2)
    planted.digest = "beefbeef"
    assert "another model" in refused("flip", dataset, "-o", flips)
    planted.digest = "feedbeef"
    changed = [row | {"diff": COMMENT.format(99)} if row["diff"] == CODE.format(1) else row for row in rows()]
    written(dataset, changed)
    written(tmp_path / "fewer.parquet", rows()[1:])
    assert "a dataset of other rows" in refused("flip", tmp_path / "fewer.parquet", "-o", flips)
    assert "is another change than it was before" in refused("flip", dataset, "-o", flips)
    assert flips.read_bytes() == content
