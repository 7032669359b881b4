"""A change edited by hand: what the steps do, how versions hang together, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from explain.counterfactual.draft import MOST_VERSIONS, Draft
from explain.counterfactual.draft_compare import MESSAGE_PATH, compare, touches
from explain.counterfactual.draft_json import SCHEMA, payload, read
from explain.counterfactual.steps import narrowed
from explain.counterfactual.types import Edit, SearchOptions
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, Unit
from models.errors import UsageError
from tests.explain.counterfactual.toys import PLAIN, diff_of, linear, predicted, result_of

TWO = diff_of({"a.c": [["+one = pop(x)", "-two", "+three"]], "b.c": [["+four"]]})
ONE_LINE, REMOVED, THREE, FOUR = Unit(0, 0, 1), Unit(0, 0, 2), Unit(0, 0, 3), Unit(1, 0, 1)
MOVED = parse(
    "diff --git a/o b/n\nsimilarity index 90%\nrename from o\nrename to n\n--- a/o\n+++ b/n\n@@ -1 +1,2 @@\n x\n+y\n"
    "--- a/z\n+++ b/z\n@@ -1 +1,2 @@\n x\n+y\n",
    "",
)


def test_a_step_leaves_the_original_and_says_what_it_did() -> None:
    draft = Draft.of(TWO).take_back(ONE_LINE).take_back(REMOVED).take_back(Unit(1))
    assert [version.step for version in draft.versions] == [
        "the original",
        "took back the added line 2 of a.c",
        "took back the removed line 2 of a.c",
        "took back b.c",
    ]
    assert [line.text for _, line in draft.current.diff.lines() if line.changed] == ["three"]
    assert [file.path for file in draft.current.diff.files] == ["a.c"]
    assert draft.original == TWO


def test_hunks_and_files_are_taken_back_whole() -> None:
    draft = Draft.of(TWO).take_back(Unit(0, 0))
    assert [file.path for file in draft.current.diff.files] == ["b.c"]
    assert all(draft.has_back(unit) for unit in (ONE_LINE, REMOVED, THREE, Unit(0, 0), Unit(0)))
    assert not draft.has_back(Unit(1))
    again = draft.restore(REMOVED)
    assert [line.text for _, line in again.current.diff.lines() if line.changed] == ["two", "four"]


def test_a_rename_is_taken_back_with_its_file_and_comes_back_with_a_line() -> None:
    line = Draft.of(MOVED).take_back(Unit(0, 0, 1))
    assert [file.path for file in line.current.diff.files] == ["n", "z"]
    assert not line.has_back(Unit(0))
    whole = line.take_back(Unit(0))
    assert [file.path for file in whole.current.diff.files] == ["z"]
    assert whole.restore(Unit(0, 0, 1)).current.diff == MOVED
    assert compare(whole, 0, whole.at).units == (Unit(0), Unit(0, 0, 1))
    assert touches(compare(whole, 0, whole.at)) == (1, 1)


@pytest.mark.parametrize(
    ("unit", "text", "line", "step"),
    [
        (Unit(0, 0, 1, 6, 9), "get", "one = get(x)", 'replaced "pop" by "get" in the added line 2 of a.c'),
        (Unit(0, 0, 1, 0, 6), "", "pop(x)", 'deleted "one = " from the added line 2 of a.c'),
        (ONE_LINE, "one = get(x)", "one = get(x)", 'replaced "pop" by "get" in the added line 2 of a.c'),
        (ONE_LINE, "one = pop(x) + 1", "one = pop(x) + 1", 'replaced ")" by ") + 1" in the added line 2 of a.c'),
        (ONE_LINE, "", "", 'deleted "one = pop(x)" from the added line 2 of a.c'),
    ],
)
def test_words_are_replaced(unit: Unit, text: str, line: str, step: str) -> None:
    draft = Draft.of(TWO).replace(unit, text)
    assert draft.current.diff.line(ONE_LINE).text == line
    assert draft.current.step == step


def test_words_in_one_line_add_up_and_the_later_one_wins_where_they_overlap() -> None:
    draft = Draft.of(TWO).replace(Unit(0, 0, 1, 0, 3), "a").replace(Unit(0, 0, 1, 6, 9), "get")
    assert draft.current.diff.line(ONE_LINE).text == "a = get(x)"
    assert draft.replace(Unit(0, 0, 1, 4, 9), "~").current.diff.line(ONE_LINE).text == "a ~(x)"
    back = draft.replace(Unit(0, 0, 1, 0, 3), "one")
    assert (back.current.step, back.current.diff.line(ONE_LINE).text) == (
        "restored words of the added line 2 of a.c",
        "one = get(x)",
    )
    assert draft.replace(ONE_LINE, "one = pop(x)").current.diff == TWO
    assert draft.take_back(ONE_LINE).replace(Unit(0, 0, 1, 0, 3), "b").current.diff.line(ONE_LINE).text == "b = pop(x)"


def test_the_message_is_reworded_and_restored() -> None:
    draft = Draft.of(TWO).replace(Unit(-1, -1, 0, 2, 9), "line")
    assert draft.current.diff.message == "a line"
    assert draft.current.step == 'replaced "message" by "line" in line 1 of the message'
    assert draft.restore(Unit(-1, -1, 0)).current.diff == TWO
    (file,) = compare(draft, 0, 1).diff.files
    assert (file.path, [line.marker + line.text for line in file.hunks[0].lines]) == (MESSAGE_PATH, ["-a message", "+a line"])


def test_lines_of_the_message_are_compared_by_their_place() -> None:
    """Deleting the first word of all leaves a blank line that goes; equal lines elsewhere are not taken for each other."""
    diff = replace(TWO, message="same\n\nwhy\nsame")
    draft = Draft.of(diff).replace(Unit(-1, -1, 0, 0, 4), "")
    assert draft.current.diff.message == "why\nsame"
    (file,) = compare(draft, 0, 1).diff.files
    assert [line.marker + line.text for line in file.hunks[0].lines] == ["-same", "-", " why", " same"]
    gone = draft.replace(Unit(-1, -1, 2, 0, 3), "").replace(Unit(-1, -1, 3, 0, 4), " ")
    (file,) = compare(gone, 0, gone.at).diff.files
    assert [line.marker + line.text for line in file.hunks[0].lines] == ["-same", "-", "-why", "-same"]


@pytest.mark.parametrize(
    ("before", "after", "span", "put"),
    [
        ("a b c", "a x c", (2, 3), "x"),
        ("a b c", "a b b c", (3, 4), " b "),
        ("a", "b a", (0, 1), "b a"),
        ("a", "a b", (0, 1), "a b"),
        ("aa", "aa", (1, 2), ""),
        ("ab cd", "ab", (2, 5), ""),
    ],
)
def test_only_the_words_that_differ_are_replaced(before: str, after: str, span: tuple[int, int], put: str) -> None:
    unit, text = narrowed(Unit(0, 0, 0), before, after)
    assert before[: unit.start] + text + before[unit.end :] == after
    if before != after:
        assert ((unit.start, unit.end), text) == (span, put)


def test_history_is_a_tree() -> None:
    draft = Draft.of(TWO).take_back(ONE_LINE).take_back(FOUR).undo()
    branch = draft.take_back(THREE)
    assert [version.parent for version in branch.versions] == [None, 0, 1, 1]
    assert branch.at == 3
    assert branch.go(2).current.diff == draft.redo().current.diff
    assert branch.take_back(THREE) is branch
    with pytest.raises(UsageError, match="there is none"):
        branch.redo()
    with pytest.raises(UsageError, match="this is the original"):
        branch.go(0).undo()


def test_a_draft_starts_from_what_a_search_found() -> None:
    toy = linear({"three": 2.0, "four": -0.5}, -1.0)
    (found, *_) = result_of(TWO, toy, SearchOptions(operators=PLAIN)).counterfactuals
    draft = Draft.of(TWO).take_back(FOUR).start_from(found.edits)
    assert draft.current.diff == found.diff
    assert draft.current.parent == 0
    assert draft.current.step == "started from: take back the added line 3 of a.c (three)"
    with pytest.raises(UsageError, match="offers for this diff"):
        draft.start_from([Edit("revert-line", Unit(0, 0, 0))])


def test_versions_are_pinned_and_scored() -> None:
    draft = Draft.of(TWO).take_back(FOUR).pin(1, " best ").scored(1, predicted(-0.25))
    assert (draft.versions[1].name, draft.versions[1].prediction) == ("best", predicted(-0.25))
    assert draft.pin(1, "best").pin(1, "").versions[1].name == ""
    for number, name, why in (
        (0, "best", "another one"),
        (0, "a\nb", "one line"),
        (0, "x" * 61, "got 61"),
        (7, "x", "from 0 to 1"),
    ):
        with pytest.raises(UsageError, match=why):
            draft.pin(number, name)


REFUSED: list[tuple[Callable[[Draft], Draft], str]] = [
    (lambda draft: draft.take_back(Unit(0, 0, 0)), "context"),
    (lambda draft: draft.take_back(Unit(2)), "line, hunk or file of the change"),
    (lambda draft: draft.take_back(Unit(0, 9)), "line, hunk or file of the change"),
    (lambda draft: draft.take_back(Unit(0, 0, 99)), "line, hunk or file of the change"),
    (lambda draft: draft.take_back(Unit(-1, -1, 0)), "line, hunk or file of the change"),
    (lambda draft: draft.take_back(Unit(0, 0, 1, 0, 2)), "line, hunk or file of the change"),
    (lambda draft: draft.take_back(Unit(0)).take_back(Unit(1)), "takes all back"),
    (lambda draft: draft.replace(REMOVED, "x"), "added line or of the message"),
    (lambda draft: draft.replace(Unit(0, 0, 0), "x"), "added line or of the message"),
    (lambda draft: draft.replace(Unit(0), "x"), "added line or of the message"),
    (lambda draft: draft.replace(Unit(0, 0, 1, 5, 99), "x"), "12 characters"),
    (lambda draft: draft.replace(Unit(0, 0, 1, 5, 5), "x"), "12 characters"),
    (lambda draft: draft.replace(ONE_LINE, "a\nb"), "one line"),
    (lambda draft: draft.replace(ONE_LINE, "\udc80"), "valid Unicode"),
    (lambda draft: draft.go(1), "from 0 to 0"),
    (lambda draft: draft.go(-1), "from 0 to 0"),
]


@pytest.mark.parametrize(("step", "why"), REFUSED, ids=[f"{n} {why}" for n, (_, why) in enumerate(REFUSED)])
def test_what_cannot_be_done_is_refused_in_one_sentence(step: Callable[[Draft], Draft], why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        step(Draft.of(TWO))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_an_empty_line_has_no_words() -> None:
    with pytest.raises(UsageError, match="empty"):
        Draft.of(diff_of({"a.c": [["+", "+x"]]})).replace(Unit(0, 0, 1), "y")


def test_versions_are_bounded() -> None:
    full = Draft((Draft.of(TWO).versions[0],) * MOST_VERSIONS)
    with pytest.raises(UsageError, match="start a new draft"):
        full.take_back(FOUR)


def example() -> Draft:
    """Two branches, one of them pinned, all but one scored."""
    draft = Draft.of(TWO).take_back(Unit(0)).go(0).replace(Unit(0, 0, 1, 6, 9), "get").take_back(FOUR).pin(2, "best")
    return draft.scored(0, predicted(0.5)).scored(2, predicted(-0.5)).undo()


def test_the_json_says_all_of_a_draft() -> None:
    draft = example()
    data = payload(draft, {"name": "toy"})
    assert (data["schema"], data["diff_id"], data["current"], data["model"]) == (SCHEMA, TWO.id, 2, {"name": "toy"})
    first, dropped, named, last = data["versions"]
    assert (first["parent"], first["steps"], first["flagged"], first["margin"]) == (None, [], True, 0.5)
    assert first["patch"] == render(TWO)
    assert {step["do"] for step in dropped["steps"]} == {"take back"}
    assert (dropped["score"], dropped["flagged"]) == (None, None)
    assert (named["name"], named["flagged"], named["parent"]) == ("best", False, 0)
    assert named["steps"] == [
        {
            "do": "replace",
            "unit": {"file": 0, "hunk": 0, "line": 1, "start": 6, "end": 9},
            "where": "the added line 2 of a.c",
            "before": "pop",
            "after": "get",
        }
    ]
    assert [step["do"] for step in last["steps"]] == ["take back", "replace"]
    assert last["message"] is None


def test_bytes_that_are_not_utf8_stay_what_they_are() -> None:
    diff = parse("--- a/f\n+++ b/f\n@@ -1 +1,3 @@\n x\n+\udcff\n+y\n", "")
    draft = Draft.of(diff).take_back(Unit(0, 0, 2))
    text = json.dumps(payload(draft, {})).encode("utf-8").decode("utf-8")
    assert "\\ud" not in text
    assert read(text, diff).versions[1].diff == draft.versions[1].diff


def _without(data: dict[str, Any], **changed: Any) -> str:
    return json.dumps({**data, **changed})


def _row(data: dict[str, Any], **changed: Any) -> str:
    return json.dumps({**data, "versions": [*data["versions"][:2], {**data["versions"][2], **changed}]})


BROKEN: list[tuple[Callable[[dict[str, Any]], str], str]] = [
    (lambda data: "{", "JSON of a draft"),
    (lambda data: "[" * 100_000, "JSON of a draft"),
    (lambda data: "[]", SCHEMA),
    (lambda data: _without(data, schema="whydiff/flip/1"), "whydiff/flip/1"),
    (lambda data: _without(data, diff_id="0"), "open that change first"),
    (lambda data: _without(data, versions=None), "versions with steps"),
    (lambda data: _without(data, versions=[{}]), "versions with steps"),
    (lambda data: _without(data, versions=data["versions"][1:]), "whose first version is the original"),
    (lambda data: _without(data, current=9), "from 0 to 3"),
    (lambda data: _without(data, current=float("inf")), "versions with steps"),
    (lambda data: _row(data, parent=2), "from 0 to 1"),
    (lambda data: _row(data, name=["x"]), "versions with steps"),
    (lambda data: _row(data, steps=[{"do": "drop", "unit": {"file": 0}}]), "'drop'"),
    (lambda data: _row(data, steps=[{"do": "take back", "unit": {"file": 7}}]), "line, hunk or file"),
    (lambda data: _row(data, steps=[{"do": "take back", "unit": {"file": 0, "x": 1}}]), "versions with steps"),
    (
        lambda data: _row(data, steps=[{"do": "replace", "unit": {"file": 0, "hunk": 0, "line": 1}, "after": [1]}]),
        "versions with steps",
    ),
]


@pytest.mark.parametrize(("broken", "why"), BROKEN, ids=[f"{n} {why}" for n, (_, why) in enumerate(BROKEN)])
def test_a_file_that_is_no_draft_of_this_change_is_refused(broken: Callable[[dict[str, Any]], str], why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        read(broken(payload(example(), {})), TWO)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 300


def test_a_score_is_not_taken_from_a_file() -> None:
    assert all(version.prediction is None for version in read(json.dumps(payload(example(), {})), TWO).versions)


def test_a_comparison_shows_only_what_differs() -> None:
    lines = [f"+line {n}" for n in range(30)]
    diff = replace(diff_of({"a.c": [lines]}), message="")
    draft = Draft.of(diff).take_back(Unit(0, 0, 1)).go(0).take_back(Unit(0, 0, 30)).replace(Unit(0, 0, 15, 0, 4), "row")
    found = compare(draft, 1, 3)
    assert found.units == (Unit(0, 0, 1), Unit(0, 0, 15), Unit(0, 0, 30))
    (file,) = found.diff.files
    assert [(hunk.old_start, hunk.new_start) for hunk in file.hunks] == [(1, 1), (12, 13), (27, 28)]
    assert _changed(found.diff) == ["+line 0", "-line 14", "+row 14", "-line 29"]
    assert touches(found) == (3, 0)


def _changed(diff: Diff) -> list[str]:
    return [line.marker + line.text for _, line in diff.lines() if line.changed]
