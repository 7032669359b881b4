"""Round trips and the algebra of edits, on generated diffs."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from models.change.edit import changed_units, revert
from models.change.parse import parse
from models.change.render import render
from models.change.rewrite import rewritable, rewrite
from models.change.source import read_bytes
from models.change.types import Diff, Level, Unit
from models.errors import InputError

TEXT = st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)), max_size=6)
PART = st.text("abc é", min_size=1, max_size=4).filter(lambda part: part.strip() == part)
NAME = st.lists(PART, min_size=1, max_size=3).map("/".join)
MOVES = {
    "rename": "rename from {0}\nrename to {0}2\n",
    "rename old": "rename old {0}\nrename new {0}2\n",
    "copy": "new file mode 100644\ncopy from {0}\ncopy to {0}2\n",
}
SPEED = settings(max_examples=150, deadline=None, database=None)


@st.composite
def hunks(draw: st.DrawFn, start: int, shift: int) -> tuple[str, int, int]:
    """(text, old line after it, shift of the new side after it)."""
    marks = draw(st.lists(st.sampled_from(" +-"), min_size=1, max_size=6).filter(lambda marks: set(marks) != {" "}))
    old, new = sum(mark != "+" for mark in marks), sum(mark != "-" for mark in marks)
    first, second = start - (old == 0), start + shift - (new == 0)
    section = draw(st.sampled_from(["", " f()", " @@ x"]))
    body = "".join(f"{mark}{draw(TEXT)}\n" for mark in marks)
    return f"@@ -{first},{old} +{second},{new} @@{section}\n{body}", start + old, shift + new - old


@st.composite
def files(draw: st.DrawFn) -> str:
    name = draw(NAME)
    head = f"diff --git a/{name} b/{name}\n"
    kind = draw(st.sampled_from(["modified", "mode", "mode and lines", "rename", "rename old", "copy", "binary", "plain"]))
    if kind == "binary":
        return head + f"index 1..2\nBinary files a/{name} and b/{name} differ\n"
    if kind in MOVES:
        head = f"diff --git a/{name} b/{name}2\nsimilarity index 90%\n" + MOVES[kind].format(name)
    if kind.startswith("mode "):
        head += "old mode 100644\nnew mode 100755\n"
    if kind == "mode":
        return head + "old mode 100644\nnew mode 100755\n"
    text = ("" if kind == "plain" else head) + f"--- a/{name}\t\n+++ b/{name}{'2' if kind in MOVES else ''}\t\n"
    at, shift = 1, 0
    for _ in range(draw(st.integers(1, 3))):
        body, at, shift = draw(hunks(at + draw(st.integers(1, 9)), shift))
        text += body
    return text


@st.composite
def patches(draw: st.DrawFn) -> str:
    lead = draw(st.sampled_from(["", "commit " + "a" * 40 + "\n\n    Why\n\n", "note\n"]))
    between = draw(st.sampled_from(["", "\n", "commit " + "b" * 40 + "\n\n    More\n\n"]))
    return lead + between.join(draw(st.lists(files(), min_size=1, max_size=4))) + draw(st.sampled_from(["", "-- \n2.4\n"]))


@st.composite
def choices(draw: st.DrawFn) -> tuple[Diff, list[Unit]]:
    diff = parse(draw(patches()))
    units = [unit for level in (Level.LINE, Level.HUNK, Level.FILE) for unit in changed_units(diff, level)]
    lines = [unit for unit, _ in diff.lines()]
    return diff, draw(st.lists(st.sampled_from(units + lines), max_size=8))


@SPEED
@given(patches())
def test_parse_and_render_are_inverse(text: str) -> None:
    assert render(parse(text)) == text
    assert parse(render(parse(text))) == parse(text)


@SPEED
@given(choices())
def test_an_edited_diff_reads_back_as_itself(choice: tuple[Diff, list[Unit]]) -> None:
    diff, units = choice
    before = render(diff)
    edited = revert(diff, units)
    assert render(diff) == before
    assert not edited.files or parse(render(edited)) == edited
    assert edited.message == diff.message


@SPEED
@given(choices(), st.randoms(use_true_random=False))
def test_the_order_of_units_does_not_matter(choice: tuple[Diff, list[Unit]], shuffle: random.Random) -> None:
    diff, units = choice
    shuffled = [*units, *units]
    shuffle.shuffle(shuffled)
    assert revert(diff, shuffled) == revert(diff, units)


@SPEED
@given(choices())
def test_a_revert_takes_exactly_the_changed_lines_of_its_units(choice: tuple[Diff, list[Unit]]) -> None:
    diff, units = choice
    covered = {u for u, line in diff.lines() if line.changed and {u, u.at(Level.HUNK), u.at(Level.FILE)} & set(units)}
    edited = revert(diff, units)
    assert edited.added + edited.removed == diff.added + diff.removed - len(covered)


@SPEED
@given(patches())
def test_reverting_all_files_leaves_nothing_and_all_lines_only_what_is_no_line(text: str) -> None:
    diff = parse(text)
    assert revert(diff, changed_units(diff, Level.FILE)).files == ()
    rest = revert(diff, changed_units(diff, Level.LINE))
    assert rest.added == rest.removed == 0
    assert not [file for file in rest.files if file.hunks]


@SPEED
@given(choices())
def test_reverting_files_one_by_one_is_reverting_them_at_once(choice: tuple[Diff, list[Unit]]) -> None:
    # The last file first, so that the addresses of the others still hold.
    diff, units = choice
    stepwise = diff
    whole = {unit for unit in units if unit.level is Level.FILE}
    for unit in sorted(whole, reverse=True):
        stepwise = revert(stepwise, [unit])
    assert stepwise == revert(diff, whole)


@settings(max_examples=400, deadline=None, database=None)
@given(patches(), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6), st.floats(0, 1))
def test_damaged_text_is_read_or_refused_never_anything_else(text: str, damage: list[tuple[float, int]], cut: float) -> None:
    data = bytearray(text.encode())
    for place, byte in damage:
        data[int(place * (len(data) - 1))] = byte
    damaged = bytes(data[: int(cut * len(data)) + 1])
    try:
        diff = read_bytes(damaged)
    except InputError:
        return
    if not diff.notes:
        assert render(diff).encode("utf-8", "surrogateescape") == damaged


@st.composite
def rewritings(draw: st.DrawFn) -> tuple[Diff, dict[Unit, str]]:
    """A diff with other text for some words of its added lines and its message."""
    diff = parse(draw(patches()))
    tokens = [unit for unit, text in rewritable(diff) for unit in words(unit, text)]
    chosen = draw(st.lists(st.sampled_from(tokens), unique=True, max_size=6)) if tokens else []
    return diff, {unit: draw(TEXT) for unit in chosen}


def words(line: Unit, text: str) -> Iterator[Unit]:
    """The line in pieces of two characters."""
    for start in range(0, len(text), 2):
        yield Unit(line.file, line.hunk, line.line, start, min(start + 2, len(text)))


@SPEED
@given(rewritings())
def test_a_rewritten_diff_reads_back_as_itself_and_differs_where_it_was_asked_to(choice: tuple[Diff, dict[Unit, str]]) -> None:
    diff, replacements = choice
    edited = rewrite(diff, replacements)
    assert parse(render(edited), edited.message) == edited
    touched = {unit.at(Level.LINE) for unit in replacements}
    for (unit, one), (_, other) in zip(diff.lines(), edited.lines(), strict=True):
        assert one == other or (unit in touched and one.kind == other.kind)
    assert [file.path for file in edited.files] == [file.path for file in diff.files]


@SPEED
@given(rewritings(), st.randoms(use_true_random=False))
def test_rewriting_has_no_order_and_is_undone_by_putting_the_words_back(
    choice: tuple[Diff, dict[Unit, str]], shuffle: random.Random
) -> None:
    diff, replacements = choice
    texts = dict(rewritable(diff))
    pairs = list(replacements.items())
    shuffle.shuffle(pairs)
    edited = rewrite(diff, dict(pairs))
    assert edited == rewrite(diff, replacements)
    stepwise = diff
    for unit, text in sorted(replacements.items(), reverse=True):  # from the end of a line, so that addresses still hold
        stepwise = rewrite(stepwise, {unit: text})
    assert stepwise == edited
    lines = {unit.at(Level.LINE) for unit in replacements}
    whole = {Unit(u.file, u.hunk, u.line, 0, len(text)): texts[u] for u, text in rewritable(edited) if u in lines and text}
    back = dict(rewritable(rewrite(edited, whole)))
    assert all(back[unit] == texts[unit] for unit in (key.at(Level.LINE) for key in whole))


@SPEED
@given(rewritings(), st.data())
def test_what_is_reverted_need_not_be_rewritten(choice: tuple[Diff, dict[Unit, str]], data: st.DataObject) -> None:
    diff, replacements = choice
    lines = [unit for unit in replacements if unit.file >= 0]
    gone = data.draw(st.lists(st.sampled_from(lines), unique=True)) if lines else []
    spared = {line.at(Level.LINE) for line in gone}
    rest = {unit: text for unit, text in replacements.items() if unit.at(Level.LINE) not in spared}
    one, other = revert(rewrite(diff, replacements), gone), revert(rewrite(diff, rest), gone)
    assert [file.hunks for file in one.files] == [file.hunks for file in other.files]
