"""``whydiff evaluate --lines`` on made-up changes whose lines at fault are known, and the card that it is stored in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.classify.checkpoint import digest_folder
from models.evaluate.card import card_text
from tests.app.pages.carded import write_carded
from tests.models.classify.light_toys import write_bag

Write = Callable[..., Path]


def patch(n: int) -> str:
    """Ten added lines, of which one holds "danger" in two of three changes."""
    lines = [f"call_{m}({n}, {'x' * m});" for m in range(9)]
    lines.insert(n % 10, "danger();" if n % 3 else "quiet();")
    body = "".join(f"+{line}\n" for line in lines)
    return f"--- a/src/a.c\n+++ b/src/a.c\n@@ -1 +1,11 @@\n top\n{body}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a dataset of 18 bad and 6 other changes; keywords replace columns, None drops one."""

    def call(name: str = "lines", **columns: Any) -> Path:
        named = [[{"path": "src/a.c", "change": "added", "text": "danger();" if n % 3 else "quiet();"}] for n in range(18)]
        table: dict[str, Any] = {
            "id": [f"p@{n}" for n in range(24)],
            "project": ["a" if n % 2 else "b" for n in range(24)],
            "diff": [patch(n) for n in range(24)],
            "label": [1] * 18 + [0] * 6,
            "defective_lines": named + [[]] * 6,
        } | columns
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({key: value for key, value in table.items() if value is not None}), path)
        return path

    return call


def report(whydiff: Any, *arguments: object) -> dict[str, Any]:
    result = whydiff("evaluate", "--lines", *arguments, "--format", "json", "--replicates", 100)
    assert (result.code, result.err) == (0, "")
    data: dict[str, Any] = json.loads(result.out)
    return data


def test_json_holds_every_ranker_on_all_and_on_flagged_changes(whydiff, planted, write: Write) -> None:
    data = report(whydiff, write())
    assert data["schema"] == "whydiff/lines/1"
    assert data["model"]["id"] == planted.digest
    assert data["changes"] == {
        "bad": 18, "unreadable": 0, "measured": 18, "flagged": 12, "cut": 0, "lines": 180, "faulty": 18,
        "no_code": 0, "faulty_no_code": 0, "named": 18, "missing_of_cut": 0, "missing_of_whole": 0, "unranked": 0,
    }  # fmt: skip
    whole, flagged, *_ = data["groups"]
    assert (whole["changes"], flagged["changes"]) == (18, 12)
    names = ["occlusion", "counterfactual", "random", "longest line", "order of the diff", "n-gram surprise"]
    assert [one["name"] for one in whole["rankers"]] == names
    figures = {one["name"]: one["figures"] for one in flagged["rankers"]}
    for name in ("occlusion", "counterfactual"):
        assert figures[name]["recall_at_20_effort"]["mean"]["value"] == 1
        assert figures[name]["false_alarms"]["mean"]["value"] == 0
    assert figures["random"]["recall_at_20_effort"]["mean"]["value"] == pytest.approx(0.2)
    beside = {(one["a"], one["b"]): one["figures"] for one in flagged["differences"]}
    assert beside["occlusion", "random"]["recall_at_20_effort"]["verdict"] == "better"


def test_fewer_rows_and_other_methods(whydiff, planted, write: Write) -> None:
    data = report(whydiff, write(), "--rows", 5, "--methods", "occlusion")
    assert data["changes"]["bad"] == 5
    assert [one["name"] for one in data["groups"][0]["rankers"]][0:2] == ["occlusion", "random"]
    assert data == report(whydiff, write(), "--rows", 5, "--methods", "occlusion")


def test_rows_that_cannot_be_read_and_lines_that_are_not_found_are_counted(whydiff, planted, write: Write) -> None:
    gone = [{"path": "src/a.c", "change": "added", "text": "gone();"}]
    named = [[{"path": "src/a.c", "change": "added", "text": "quiet();"}]] + [gone] * 23
    cut = [False, True, *[False] * 22]
    data = report(
        whydiff, write(diff=[patch(0), patch(1), *["no"] * 16, *map(patch, range(6))], defective_lines=named, diff_truncated=cut)
    )
    counts = data["changes"]
    assert (counts["bad"], counts["unreadable"], counts["measured"]) == (18, 16, 1)
    assert (counts["named"], counts["missing_of_cut"], counts["missing_of_whole"]) == (2, 1, 0)


def test_the_ngram_baseline_learns_from_other_changes_or_is_left_out(whydiff, planted, write: Write) -> None:
    only_bad = write("bad", label=[1] * 24)
    result = whydiff("evaluate", "--lines", only_bad, "--replicates", 100)
    assert result.code == 0
    assert "there is no n-gram baseline; --background names others" in result.err
    assert "n-gram" not in result.out
    same = whydiff("evaluate", "--lines", only_bad, "--background", write("same", label=None), "--replicates", 100)
    assert "there is no n-gram baseline" in same.err
    others = write("other", id=[f"q@{n}" for n in range(24)], label=None, defective_lines=None)
    data = report(whydiff, only_bad, "--background", others)
    assert data["groups"][0]["rankers"][-1]["name"] == "n-gram surprise"


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_forms_for_people(whydiff, planted, write: Write, tmp_path: Path, form: str) -> None:
    arguments = ("evaluate", "--lines", write(), "--format", form, "--replicates", 100)
    result = whydiff(*arguments)
    assert (result.code, result.err) == (0, "")
    for part in (
        "Lines at fault",
        "all bad changes",
        "flagged ones, code first",
        "beside the baselines",
        "Recall@20%Effort",
        "IFA",
    ):
        assert part in result.out
    assert whydiff(*arguments, "-o", tmp_path / "out").out == ""
    assert (tmp_path / "out").read_text() == result.out


def test_wrong_inputs(refused, planted, write: Write, tmp_path: Path) -> None:
    good = write()
    assert "no column defective_lines" in refused("evaluate", "--lines", write("bare", defective_lines=None))
    assert "holds no bad change" in refused("evaluate", "--lines", write("fine", label=[0] * 24))
    assert "none has a line known to be at fault" in refused(
        "evaluate", "--lines", write("mute", defective_lines=[[good_line()]] * 24)
    )
    assert "18 cannot be read" in refused("evaluate", "--lines", write("torn", diff=["no"] * 18 + [patch(0)] * 6))
    assert "could not be read as Parquet" in refused("evaluate", "--lines", tmp_path / "gone.parquet")
    assert "could not be read as Parquet" in refused("evaluate", "--lines", good, "--background", tmp_path / "gone.parquet")
    assert "Expected an attribution method" in refused("evaluate", "--lines", good, "--methods", "nonsense")
    assert "planted is none; use occlusion" in refused("evaluate", "--lines", good, "--methods", "gradient")
    assert "--rows" in refused("evaluate", "--lines", good, "--rows", 0)
    assert "is a folder" in refused("evaluate", "--lines", good, "-o", tmp_path)
    assert "Expected no predictions with --lines" in refused("evaluate", good, "--lines", good)
    assert "Expected no predictions with --lines" in refused("evaluate", "--lines", good, "--against", good)


def good_line() -> dict[str, str]:
    return {"path": "src/a.c", "change": "added", "text": "not there"}


@pytest.mark.parametrize("flag", [("--methods", "auto"), ("--rows", 3), ("--background", "x.parquet"), ("--model", "bag")])
def test_flags_of_lines_need_lines(refused, flag: tuple[str, object], tmp_path: Path) -> None:
    assert f"Expected --lines DATASET.parquet with {flag[0]}" in refused("evaluate", tmp_path / "x.parquet", *flag)


def test_a_model_of_the_environment_is_no_flag(refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WHYDIFF_MODEL", "bag")
    assert "could not be read as Parquet" in refused("evaluate", tmp_path / "gone.parquet")


def test_the_card_keeps_the_lines_while_the_model_is_the_same(whydiff, refused, write: Write, tmp_path: Path) -> None:
    folder = write_carded(tmp_path / "model")
    before = json.loads((folder / "card.json").read_text())
    arguments = ("evaluate", "--lines", write(), "--model", folder, "--replicates", 100)
    assert whydiff(*arguments, "--card", folder).code == 0
    data = json.loads((folder / "card.json").read_text())
    assert {name: data[name] for name in before} == before
    assert data["lines"]["schema"] == "whydiff/lines/1"
    assert str(tmp_path) not in json.dumps(data["lines"])
    text = (folder / "CARD.md").read_text()
    assert text == card_text(data)
    assert "## Lines at fault\n" in text
    own = write_predictions(tmp_path, digest_folder(folder))
    assert whydiff("evaluate", own, "--card", folder, "--replicates", 100).code == 0
    assert json.loads((folder / "card.json").read_text())["lines"] == data["lines"]
    other = write_bag(tmp_path / "other", {"+danger": 1.0})
    assert "name the folder of that model" in refused(*arguments, "--card", other)
    assert "has no card of this checkpoint yet" in refused("evaluate", "--lines", write(), "--model", other, "--card", other)
    (other / "card.json").write_text(json.dumps(data))
    assert "has no card of this checkpoint yet" in refused("evaluate", "--lines", write(), "--model", other, "--card", other)
    stale = write_predictions(tmp_path, digest_folder(other))
    assert whydiff("evaluate", stale, "--card", other, "--replicates", 100).code == 0
    assert "lines" not in json.loads((other / "card.json").read_text())


def write_predictions(tmp_path: Path, digest: str) -> Path:
    """Predictions of the checkpoint with this digest."""
    path = tmp_path / f"{digest}.parquet"
    rows: dict[str, Any] = {
        "id": [f"p@{n}" for n in range(200)],
        "project": ["a"] * 200,
        "label": [int(n % 4 == 0) for n in range(200)],
        "score": [((n * 37) % 100 + 30 * (n % 4 == 0)) / 131 for n in range(200)],
        "threshold": [0.4] * 200,
        "model": ["small bag"] * 200,
        "model_kind": ["bag"] * 200,
        "model_digest": [digest] * 200,
    }
    pq.write_table(pa.table(rows), path)
    return path
