"""What is sent to the diff view is the diff: every character, every value, in its place."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.components.colours import CLASSES
from app.components.heat import heat_of
from app.components.marks import marks_of
from app.components.payload import SHOWN_CHARACTERS, Strip, View, payload
from explain.attribution.types import Attribution, UnitValue
from models.change.parse import parse
from models.change.types import METRICS_FILE, Diff, Level, Unit
from models.encode.types import Side


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def one_line(text: str) -> Diff:
    return parse(f"--- a/f.py\n+++ b/f.py\n@@ -1 +1,2 @@ def f():\n x = 1\n+{text}\n", "say so")


def values(*pairs: tuple[Unit, float]) -> Attribution:
    tokens = tuple(UnitValue(unit, value, Side.ADDED) for unit, value in pairs)
    return Attribution(method="occlusion", baseline="mask", output=1.0, baseline_output=0.0, tokens=tokens)


@given(st.text(st.characters(exclude_characters="\n\r", exclude_categories=("Cs",)), max_size=60), st.data())
def test_segments_cover_the_text_and_hold_the_values(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)) | {0, len(text)})
    spans = [(a, b, float(n + 1)) for n, (a, b) in enumerate(pairwise(cuts)) if b > a]
    attribution = values(*((Unit(0, 0, 1, a, b), value) for a, b, value in spans))
    part = payload(View(one_line(text), heat_of(attribution, Level.TOKEN)))["files"][0]
    assert part["texts"][2] == text
    flat: list[Any] = part["segments"][2]
    lengths, kinds, painted = flat[0::3], flat[1::3], flat[2::3]
    assert sum(lengths) == (utf16(text) if flat else 0)
    assert all(0 <= kind < len(CLASSES) for kind in kinds)
    expected = [value for a, b, value in spans for _ in range(utf16(text[a:b]))]
    assert [value for length, value in zip(lengths, painted, strict=True) for _ in range(length)] == expected


def test_coarser_levels_are_painted_where_they_belong() -> None:
    attribution = values((Unit(0, 0, 1, 0, 1), 1.0), (Unit(0, -1, -1, 0, 4), -0.5), (Unit(METRICS_FILE), 0.25))
    diff = one_line("yes")
    line = payload(View(diff, heat_of(attribution, Level.LINE)))
    assert line["files"][0]["values"] == [None, None, 1.0]
    assert line["files"][0]["value"] == -0.5
    hunk = payload(View(diff, heat_of(attribution, Level.HUNK)))
    assert hunk["files"][0]["values"] == [1.0, None, None]
    assert hunk["files"][0]["bars"] == [1.0, 1.0, 1.0]
    whole = payload(View(diff, heat_of(attribution, Level.FILE)))
    assert (whole["files"][0]["value"], whole["metrics"]["value"], whole["scale"]) == (0.5, 0.25, 0.5)


def test_the_size_of_the_change_does_not_bleach_the_tokens() -> None:
    size, token = Unit(METRICS_FILE), Unit(0, 0, 0, 0, 3)
    assert heat_of(values((size, -2.0), (token, 0.25)), Level.TOKEN).scale == 0.25
    assert heat_of(values((size, -2.0), (token, 0.25)), Level.LINE).bar_scale == 0.25
    assert heat_of(values((size, -2.0)), Level.TOKEN).scale == 2.0


def test_what_was_never_read_is_marked() -> None:
    part = payload(View(one_line("😀 done"), unread=(Unit(0, 0, 0), Unit(0, 0, 1, 2, 6))))["files"][0]
    assert part["unread"] == [-1, 0, 3]


def test_only_marked_hunks_are_sent_of_a_counterfactual() -> None:
    diff = parse("".join(f"--- a/{n}\n+++ b/{n}\n@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-c\n+d\n" for n in "xy"), "")
    sent = payload(View(diff, marks=marks_of([Unit(1, 1, 0)]), only_marked=True))["files"]
    assert [file["path"] for file in sent] == ["y"]
    assert (sent[0]["texts"], sent[0]["marks"]) == (["", "c", "d"], [1])
    whole = payload(View(diff, marks=marks_of([Unit(0)]), only_marked=True))["files"]
    assert (whole[0]["dropped"], whole[0]["marks"]) == (True, [1, 2, 4, 5])


def test_of_a_long_hunk_only_what_is_near_a_mark_is_sent_with_the_right_numbers() -> None:
    lines = "".join(f"-o{n}\n+n{n}\n c{n}\n" for n in range(20))
    diff = parse(f"--- a/x\n+++ b/x\n@@ -10,40 +30,40 @@ head\n{lines}", "")
    (part,) = payload(View(diff, marks=marks_of([Unit(0, 0, 1), Unit(0, 0, 30), Unit(0, 0, 33)]), only_marked=True))["files"]
    assert part["texts"][:7] == ["head", "o0", "n0", "c0", "o1", "n1", "c1"]
    second = part["texts"].index("", 1)
    assert part["hunks"] == [(10, 30, "@@ -10,40 +30,40 @@"), (10 + 2 * 25 // 3 + 1, 30 + 2 * 25 // 3, "…")]
    assert part["texts"][second + 1 : second + 7] == ["n8", "c8", "o9", "n9", "c9", "o10"]
    assert [part["texts"][n] for n in part["marks"]] == ["n0", "o10", "o11"]
    assert part["texts"][-1] == "c12"
    (late,) = payload(View(diff, marks=marks_of([Unit(0, 0, 30)]), only_marked=True))["files"]
    assert (late["texts"][0], late["hunks"][0][2]) == ("head", "…")
    all_of_it = payload(View(diff, marks=marks_of([Unit(0, 0)]), only_marked=True))["files"][0]
    assert len(all_of_it["texts"]) == 61


def test_a_huge_line_is_cut_and_says_so() -> None:
    part = payload(View(one_line("a" * 5000)))["files"][0]
    assert part["texts"][2] == "a" * SHOWN_CHARACTERS + f" … {5000 - SHOWN_CHARACTERS} more characters"


def test_the_version_changes_with_the_content_alone() -> None:
    first, again, other = (payload(View(one_line(text)))["version"] for text in ("a", "a", "b"))
    assert first == again != other


def test_lines_keep_their_colours_through_odd_line_ends() -> None:
    diff = parse('--- a/f.py\n+++ b/f.py\n@@ -1,2 +1,2 @@\n x = "a"\r\n-y = 1\n+def f(): pass  # \ufeff\n', "")
    part = payload(View(diff))["files"][0]
    kinds = [{CLASSES[kind] for kind in row[1::3]} for row in part["segments"]]
    assert "string" in kinds[1]
    assert "number" in kinds[2]
    assert {"keyword", "name", "comment"} <= kinds[3]


def test_words_that_are_replaced_begin_and_end_where_segments_do() -> None:
    diff = one_line("🙂 take(lock)")
    words = ((Unit(0, 0, 1, 2, 6), "get"), (Unit(0, 0, 1, 7, 11), ""), (Unit(-1, -1, 0, 0, 3), ""))
    data = payload(View(diff, marks=marks_of([], words), only_marked=True))
    part = data["files"][0]
    assert part["words"] == [(2, [(3, 7, "get"), (8, 12, "")])]
    lengths = part["segments"][2][0::3]
    borders = {sum(lengths[:n]) for n in range(len(lengths) + 1)}
    assert {3, 7, 8, 12} <= borders
    assert data["message"]["words"] == [(0, [(0, 3, "")])]
    assert part["marks"] == []
    assert payload(View(diff, marks=marks_of([Unit(0, 0, 1)]), only_marked=True))["message"] is None


STRIP = Strip(0.6, 0.4, 0.5, False, "words", "", True, False, 1)


def test_an_editor_is_told_what_can_be_reworded() -> None:
    lines = ("+one", "+", "+\r", "+two\r", "+a\rb", "+\udcff", "+" + "x" * (SHOWN_CHARACTERS + 1), "-old", " same")
    diff = parse("--- a/f\n+++ b/f\n@@ -1,2 +1,8 @@\n" + "".join(line + "\n" for line in lines), "said\n\nmore")
    shown = payload(View(diff, strip=STRIP))
    assert shown["files"][0]["rewordable"] == [1, 4]
    assert shown["message"]["rewordable"] == [0, 2]
    assert shown["strip"]["words"] == "words"
    only_shown = payload(View(diff))
    assert (only_shown["files"][0]["rewordable"], only_shown["strip"]) == ([], None)


def test_an_editor_is_told_which_files_are_taken_back_whole() -> None:
    moved = "diff --git a/o b/n\nsimilarity index 90%\nrename from o\nrename to n\n--- a/o\n+++ b/n\n@@ -1 +1,2 @@\n x\n+y\n"
    diff = parse(moved + "--- a/z\n+++ b/z\n@@ -1 +1,2 @@\n x\n+y\n", "")
    lines = [Unit(0, 0, 1), Unit(1, 0, 1)]
    assert [file["back"] for file in payload(View(diff, marks=marks_of(lines), strip=STRIP))["files"]] == [False, True]
    assert [file["back"] for file in payload(View(diff, marks=marks_of([*lines, Unit(0)]), strip=STRIP))["files"]] == [True, True]
    assert [file["back"] for file in payload(View(diff, strip=STRIP))["files"]] == [False, False]


def test_an_editor_hears_of_every_step() -> None:
    versions = {payload(View(one_line("a"), strip=replace(STRIP, turn=turn)))["version"] for turn in (1, 2, 3)}
    assert len(versions) == 3
