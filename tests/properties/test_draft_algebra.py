"""What holds for every change edited by hand, on generated diffs: the algebra of steps, valid patches, JSON there and back."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain.counterfactual.draft import Draft
from explain.counterfactual.draft_compare import compare
from explain.counterfactual.draft_json import payload, read
from explain.counterfactual.effects import realise
from explain.counterfactual.steps import taken_back
from models.change.edit import changed_units
from models.change.parse import parse
from models.change.render import render
from models.change.rewrite import rewritable
from models.change.types import Diff, Level, Unit
from models.errors import UsageError
from tests.properties.test_change_git_apply import EDITS, LINES, applied, compared, edited, joined
from tests.properties.test_counterfactual_operators import SPEED, changes

Step = tuple[str, Unit, str]
WORDS = st.text("abAB_19. =(é\r²\u2028😀+-", max_size=8)


def backs(diff: Diff) -> list[Unit]:
    """All that can be taken back."""
    return [unit for level in (Level.LINE, Level.HUNK, Level.FILE) for unit in changed_units(diff, level)]


@st.composite
def steps(draw: st.DrawFn, diff: Diff) -> Step:
    """A step that ``diff`` offers."""
    lines = [(unit, text) for unit, text in rewritable(diff) if text]
    kind = draw(st.sampled_from(["take_back", "restore", "replace", "rewrite"]))
    if kind in {"take_back", "restore"} or not lines:
        return kind if kind == "restore" else "take_back", draw(st.sampled_from(backs(diff))), ""
    unit, text = draw(st.sampled_from(lines))
    if kind == "replace":
        start = draw(st.integers(0, len(text) - 1))
        unit = Unit(unit.file, unit.hunk, unit.line, start, draw(st.integers(start + 1, len(text))))
    return "replace", unit, draw(WORDS)


def done(draft: Draft, step: Step) -> Draft:
    """``draft`` after ``step``; one that would leave nothing is not taken."""
    kind, unit, text = step
    if kind == "replace":
        return draft.replace(unit, text)
    if kind == "restore":
        return draft.restore(unit)
    if not realise(draft.original, taken_back(draft.original, draft.current.effect, unit)).files:
        with pytest.raises(UsageError, match="takes all back"):
            draft.take_back(unit)
        return draft
    return draft.take_back(unit)


@st.composite
def walks(draw: st.DrawFn) -> Draft:
    """A draft of a generated diff after some steps, with branches."""
    diff = draw(changes())
    draft = Draft.of(diff)
    for _ in range(draw(st.integers(1, 6))):
        draft = done(draft, draw(steps(diff)))
        if draw(st.booleans()):
            draft = draft.go(draw(st.integers(0, len(draft.versions) - 1)))
    return draft


@SPEED
@given(walks())
def test_every_version_is_a_patch_that_reads_back(draft: Draft) -> None:
    for number, version in enumerate(draft.versions):
        assert version.diff == realise(draft.original, version.effect)
        assert parse(render(version.diff), version.diff.message) == version.diff
        assert version.parent is None if number == 0 else version.parent is not None and version.parent < number
    assert draft.versions[0].diff is draft.original


@SPEED
@given(walks())
def test_undo_then_redo_is_identity(draft: Draft) -> None:
    walked = draft
    back = 0
    while walked.current.parent is not None:
        walked, back = walked.undo(), back + 1
    assert walked.current.diff == draft.original
    for _ in range(back):
        walked = walked.redo()
    assert walked == draft


@SPEED
@given(walks(), st.data())
def test_take_back_then_restore_gives_the_original(draft: Draft, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(backs(draft.original)))
    taken = done(draft.go(0), ("take_back", unit, ""))
    assert taken.restore(unit).current.diff == draft.original
    assert not (taken.at and not taken.has_back(unit))
    # Restoring all that a walk touched leads back to the original too, wherever it led.
    for n in range(draft.original.message.count("\n") + 1):
        draft = draft.restore(Unit(-1, -1, n))
    for unit in changed_units(draft.original, Level.FILE):
        draft = draft.restore(unit)
    assert draft.current.diff == draft.original


@SPEED
@given(changes(), st.data(), st.randoms(use_true_random=False))
def test_the_order_of_steps_in_different_places_makes_no_difference(
    diff: Diff, data: st.DataObject, shuffle: random.Random
) -> None:
    lines = st.sampled_from(changed_units(diff, Level.LINE) or (Unit(0),))
    taken = data.draw(st.lists(lines, unique=True, max_size=4))
    texts = [unit for unit, text in rewritable(diff) if text and unit not in taken and unit.at(Level.FILE) not in taken]
    said = data.draw(st.lists(st.sampled_from(texts), unique=True, max_size=3)) if texts else []
    todo: list[Step] = [("take_back", unit, "") for unit in taken] + [("replace", unit, data.draw(WORDS)) for unit in said]
    one = other = Draft.of(diff)
    for step in todo:
        one = done(one, step)
    assume(len(one.versions) == len(todo) + 1)
    shuffle.shuffle(todo)
    for step in todo:
        other = done(other, step)
    assert other.current.effect == one.current.effect
    assert other.current.diff == one.current.diff


@SPEED
@given(changes(), st.data())
def test_a_line_says_what_was_put_there(diff: Diff, data: st.DataObject) -> None:
    lines = [(unit, text) for unit, text in rewritable(diff) if text and unit.file >= 0]
    assume(lines)
    unit, _ = data.draw(st.sampled_from(lines))
    first, second = data.draw(WORDS), data.draw(WORDS)
    draft = Draft.of(diff).replace(unit, first).replace(unit, second)
    assert draft.current.diff.line(unit).text == second
    assert len(draft.current.effect.words) <= 1


@SPEED
@given(walks())
def test_json_leads_back_to_the_same_patches(draft: Draft) -> None:
    text = json.dumps(payload(draft, {"name": "toy"}), allow_nan=False)
    again = read(text, draft.original)
    assert [version.diff for version in again.versions] == [version.diff for version in draft.versions]
    assert [version.parent for version in again.versions] == [version.parent for version in draft.versions]
    assert again.at == draft.at
    assert payload(again, {"name": "toy"}) == json.loads(text)


@SPEED
@given(walks(), st.data())
def test_a_comparison_leads_from_the_one_version_to_the_other(draft: Draft, data: st.DataObject) -> None:
    numbers = st.integers(0, len(draft.versions) - 1)
    first, second = data.draw(numbers), data.draw(numbers)
    found = compare(draft, first, second)
    turned = compare(draft, second, first)
    assert found.units == turned.units
    for one, other in ((found, turned), (turned, found)):
        removed = [line.text for _, line in one.diff.lines() if line.kind == "removed"]
        assert removed == [line.text for _, line in other.diff.lines() if line.kind == "added"]
    if found.diff.files:
        assert parse(render(found.diff), "").files == found.diff.files
    if first == second:
        assert (found.units, found.diff.files) == ((), ())


@settings(max_examples=60, deadline=None, database=None)
@given(LINES, EDITS, st.data())
def test_git_applies_a_comparison_to_what_the_first_version_leaves(
    lines: list[str], edits: list[str], data: st.DataObject
) -> None:
    old = joined(lines, True)
    with tempfile.TemporaryDirectory() as name:
        text = compared(Path(name), old, joined(edited(lines, edits), True), 1)
        assume("@@" in text)
        draft = Draft.of(parse(text))
        for _ in range(data.draw(st.integers(1, 4))):
            draft = done(draft, data.draw(steps(draft.original)))
        found = compare(draft, 0, draft.at)
        assume(found.diff.files)
        left = [_applied(Path(name) / str(n), old, version.diff) for n, version in enumerate((found.first, found.second))]
        assert _applied(Path(name) / "2", left[0], found.diff) == left[1]


def _applied(folder: Path, old: bytes, diff: Diff) -> bytes:
    folder.mkdir()
    return applied(folder, old, render(diff), 1) or b""
