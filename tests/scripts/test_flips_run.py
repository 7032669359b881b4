"""The run from rows to tables: which diffs, what is kept in the file, and what the Markdown says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from explain.trial import flagged_rows
from models.change.render import render
from models.change.types import Diff
from models.classify.protocol import Prediction
from scripts.flips import __main__ as command
from scripts.flips.file import Verdicts, lined, read_lines, record_of, write
from scripts.flips.measure import OURS, Outcome, Record, Settings
from scripts.flips.peers import PEERS
from scripts.flips.rows import counted, frame_of
from scripts.flips.tables import report
from tests.explain.counterfactual.toys import Toy, linear, lines_of, predicted

SETTINGS = Settings("00", "line")


def an_outcome(size: int, queries: int = 10, one_minimal: bool = True, answer: int | None = None) -> Outcome:
    first, to_answer = queries - 1 if size else 0, queries if answer is None else answer
    return Outcome(size, tuple(range(size)), queries, 4, first, to_answer, one_minimal and size > 0, size > 0)


def a_record(row: str, best: int, queries: int = 10, exhausted: int = 2, **other: Outcome) -> Record:
    outcomes = {key: an_outcome(best, queries) for key in (*OURS, *PEERS)} | {
        key.replace("_", "-"): outcome for key, outcome in other.items()
    }
    return Record(row, "C", 9, exhausted, best if best <= exhausted else 0, outcomes)


def cells(text: str, head: str) -> dict[str, list[str]]:
    """The rows of the table whose second head is ``head``, by method."""
    lines = text.split("\n")
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| method | {head}"))
    rows = [line.strip("| ").split(" | ") for line in lines[start + 2 :]]
    return {row[0]: row[1:] for row in rows[: next(n for n, row in enumerate(rows) if len(row) == 1)]}


def test_a_record_survives_the_file_and_other_settings_are_not_mixed_in(tmp_path: Path) -> None:
    file = tmp_path / "flips.jsonl"
    record = a_record("repo@1", 2)
    mine = {key: one for key, one in record.outcomes.items() if key in OURS}
    theirs = {key: one for key, one in record.outcomes.items() if key in PEERS}
    about = {name: getattr(record, name) for name in ("language", "n", "exhausted", "optimum")}
    assert read_lines(file, SETTINGS, "own") == {}
    write(file, SETTINGS, "own", lined("repo@1", mine))
    write(file, SETTINGS.of_others(), "others", lined("repo@1", theirs) | about)
    write(file, SETTINGS, "seconds", {"row": "repo@1", "first": None, "whole": 0.5})
    with file.open("a") as out:
        out.write('{"kind": "own", "cut')
    found = read_lines(file, SETTINGS, "own"), read_lines(file, SETTINGS.of_others(), "others")
    assert record_of(*(known["repo@1"] for known in found)) == record
    assert read_lines(file, SETTINGS, "seconds")["repo@1"]["whole"] == 0.5
    for own in (
        Settings("01", "line"),
        Settings("00", "word"),
        Settings("00", "line", budget=9),
        Settings("00", "line", engine="1"),
    ):
        assert read_lines(file, own, "own") == {}
    for others in (Settings("01", "line"), Settings("00", "word"), Settings("00", "line", cap=9)):
        assert read_lines(file, others.of_others(), "others") == {}
    assert read_lines(file, Settings("00", "line", budget=9, engine="1").of_others(), "others").keys() == {"repo@1"}


def test_shares_are_of_what_anyone_found_and_costs_of_all() -> None:
    records = [
        a_record("a", 1, lit=an_outcome(0, 600), greedy=an_outcome(3, 5, one_minimal=False)),
        a_record("b", 2),
        a_record("c", 0),
        a_record("d", 0, lit=an_outcome(5, 100)),
    ]
    text = report("Title", records, [])
    found, cost = cells(text, "flips found"), cells(text, "queries, mean")
    assert text.startswith("### Title\n\n4 flagged diffs (C 4) of 9 to 9 units, 9.0 in the mean. Something turns 3 of them;")
    assert "the fewest edits known are 1 of 1, 1 of 2, 1 of 5; for 2 it is proven" in text
    assert found["LIT ablation flip"][0].startswith("2 of 3, 66.7%")
    assert found["whydiff"][:4] == ["2 of 3, 66.7% (21% to 94%)", "1.50", "0.00", "2 of 3, 66.7% (21% to 94%)"]
    assert found["TextAttack greedy"][1:3] == ["2.50", "1.00"]
    assert found["TextAttack greedy"][3].startswith("1 of 3")
    assert found["TextAttack greedy"][4].startswith("1 of 2")
    assert found["TextAttack greedy"][5].startswith("1 of 2, 50.0%")
    assert cost["LIT ablation flip"] == ["180.0", "55", "180.0", "54.0", "4.0"]
    assert cost["whydiff"] == ["10.0", "10", "10.0", "9.0", "4.0"]


def test_all_queries_and_those_to_the_answer_are_set_beside_all_of_another() -> None:
    records = [a_record("a", 1, whydiff=an_outcome(1, 40, answer=4), sedc=an_outcome(1, 20)) for _ in range(3)]
    (row,) = [line for line in report("Title", records, []).split("\n") if line.startswith("| SEDC, 30 expansions | 2.00")]
    assert row == "| SEDC, 30 expansions | 2.00 (2.00 to 2.00) | 0.20 (0.20 to 0.20) | 1.00 (1.00 to 1.00) |"


def test_it_is_said_where_whydiff_is_not_the_best() -> None:
    worse = a_record("repo@<b>", 2, whydiff=an_outcome(3), sedc=an_outcome(0))
    none = a_record("repo@2", 2, whydiff=an_outcome(0))
    text = report("Title", [worse, none, a_record("repo@3", 1)], [(0.25, 0.5), (None, 1.5), (0.75, 1.0)])
    assert "not the best on 2:" in text
    assert (
        "- repo&#64;&#60;b&#62; (9 units): 3 edits, known 2, by whydiff, no hints, LIT ablation flip, TextAttack greedy" in text
    )
    assert "- repo&#64;2 (9 units): no flip, known 2, by" in text
    assert "repo&#64;3" not in text
    assert "0.50 in the median of 2 diffs that it flips; until its search ends: 1.00 in the median of 3." in text
    assert "whydiff is the best on every one." in report("Title", [a_record("a", 1)], [])


def test_tables_of_nothing_say_so() -> None:
    assert report("Title", [], []) == "### Title\n\nNo flagged diff has so many units.\n"
    text = report("Title", [a_record("a", 0)], [(None, 1.0)])
    assert "Something turns 0 of them; the fewest edits known are none" in text
    assert "first flip, from a freshly loaded model: never" in text


def a_frame(*numbers: int, language: str = "C") -> pd.DataFrame:
    diffs = [render(lines_of(*(f"{language} {n} {k}" for k in range(n)))) for n in numbers]
    names = [f"{language}{n}" for n in numbers]
    return pd.DataFrame({"id": names, "diff": diffs, "message": "m", "language": language, "split": "valid"})


def test_edits_are_counted_and_rows_that_cannot_be_read_have_none() -> None:
    frame = a_frame(1, 4)
    frame.loc[2] = ["broken", "no diff", "m", "C", "valid"]
    assert counted(frame, "revert-line") == [1, 4, 0]
    assert counted(frame, "delete-word") == [3, 12, 0]


def test_languages_take_turns() -> None:
    frame = pd.concat([a_frame(1, 2, 3, 4, language="C"), a_frame(1, 2, language="Go")], ignore_index=True)
    rows = list(flagged_rows(frame, linear({}, 1.0), 5))
    assert [language for _, language, _ in rows] == ["C", "Go", "C", "Go", "C"]
    assert rows == list(flagged_rows(frame, linear({}, 1.0), 5))
    assert [row[1] for row in flagged_rows(frame, linear({}, 1.0), 9)] == ["C", "Go", "C", "Go", "C", "C"]
    assert list(flagged_rows(frame, linear({}, -1.0), 6)) == []


def test_without_a_dataset_the_sample_diffs_are_taken() -> None:
    frame = frame_of([])
    assert len(frame) == 28
    assert set(frame["language"]) == {"samples"}
    assert sum(count > 0 for count in counted(frame, "revert-line")) > 20


class Short(Toy):
    """Flags diffs of two changed lines and more."""

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        self.seen += [diff.id for diff in diffs]
        return tuple(predicted(sum(line.changed for _, line in diff.lines()) - 1.5) for diff in diffs)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Short:
    toy = Short(lambda _: 0.0)
    monkeypatch.setattr(command, "load", lambda _: toy)
    return toy


def test_a_run_prints_tables_and_a_second_one_measures_nothing(
    short: Short, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flips.jsonl"
    arguments = ["--rows", "2", "--units", "line", "--sizes", "2-6", "-o", str(file)]
    assert command.main(arguments) == 0
    first, asked = capsys.readouterr().out, len(short.seen)
    assert first.startswith("### Changed lines taken back, 2 to 6 units\n\n2 flagged diffs (samples 2)")
    kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
    assert kinds[kinds.index("own") :] == ["own", "others", "own", "others", "seconds", "seconds"]
    assert all(text not in file.read_text() for text in ("@@", "diff --git"))
    assert command.main(arguments) == 0
    assert capsys.readouterr().out == first
    assert len(short.seen) - asked == 1  # what is imported on first use


def test_of_another_engine_only_whydiff_is_measured_again(
    short: Short, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flips.jsonl"
    for name in ("one", "other"):
        monkeypatch.setattr(command, "engine", lambda name=name: name)
        assert command.main(["--rows", "2", "--units", "line", "--sizes", "2-6", "-o", str(file)]) == 0
    kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
    assert (kinds.count("own"), kinds.count("others"), kinds.count("seconds")) == (4, 2, 4)


def test_verdicts_are_kept(tmp_path: Path) -> None:
    toy, diffs = linear({"a": 1.0}, -0.5), [lines_of("a"), lines_of("b")]
    kept = [Verdicts(toy, tmp_path / "flips.jsonl", SETTINGS).predict(diffs) for _ in range(2)]
    assert kept[0] == kept[1] == linear({"a": 1.0}, -0.5).predict(diffs)
    assert toy.batches == [1, 1]


def test_no_minute_means_what_the_file_holds(short: Short, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--rows", "2", "--units", "line", "--sizes", "2-", "--minutes", "0", "-o", str(tmp_path / "flips.jsonl")]
    assert command.main(arguments) == 0
    assert capsys.readouterr().out == "### Changed lines taken back, 2 units and more\n\nNo flagged diff has so many units.\n\n"
    assert short.seen


@pytest.mark.parametrize("sizes", ["4", "0-3", "9-4", "a-b", "-4"])
def test_wrong_sizes_are_refused(sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main([f"--sizes={sizes}"])
    assert f"but got '{sizes}'" in capsys.readouterr().err


def test_a_dataset_that_is_none_ends_with_a_sentence(short: Short, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(tmp_path / "gone.parquet")]) == 2
    assert "gone.parquet" in capsys.readouterr().err
