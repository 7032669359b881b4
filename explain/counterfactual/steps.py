"""Steps by hand: what a set of edits becomes when a unit is taken back, stands as it was, or says something else.

Steps take the original diff and an ``Effect`` on it, and give another ``Effect``; what cannot be done raises UsageError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from explain.counterfactual.effects import Effect, changed_lines, together, whole_file
from models.change.rewrite import rewritable
from models.change.types import MESSAGE_FILE, Diff, Level, Unit, clean
from models.errors import UsageError

_PARTS = re.compile(r"\w+|\s+|.", re.DOTALL)


def taken_back(diff: Diff, effect: Effect, unit: Unit) -> Effect:
    """``effect`` with the changed line, hunk or file at ``unit`` taken back too; words put into its lines are forgotten."""
    made = together((effect, Effect(_touched(diff, unit))))
    assert made is not None  # taking back contradicts nothing
    return made


def restored(diff: Diff, effect: Effect, unit: Unit) -> Effect:
    """``effect`` without what it does at ``unit`` (also a line of the message): its lines are as in the original.

    A file whose header was taken back has it again, because its lines cannot stand without it.
    """
    units = frozenset({unit}) if unit in _message_lines(diff) else _touched(diff, unit)
    words = frozenset((at, text) for at, text in effect.words if at.at(Level.LINE) not in units)
    return Effect(effect.reverted - units - {unit.at(Level.FILE)}, words)


def replaced(diff: Diff, effect: Effect, unit: Unit, text: str) -> Effect:
    """``effect`` with ``text`` at ``unit``: a token, or a whole line, of which the words that differ are replaced.

    ``unit`` is in an added line or in the message. What was put into the same place before is forgotten, and a line that
    was taken back stands again.
    """
    line = unit.at(Level.LINE)
    before = dict(rewritable(diff)).get(line)
    _check_words(unit, before, text)
    assert before is not None
    whole = unit.level is Level.LINE
    at, put = narrowed(line, before, text) if whole else (unit, text)
    kept = {one for one in effect.words if one[0].at(Level.LINE) != line or (not whole and not _overlap(one[0], at))}
    new = {(at, put)} if put != before[at.start : at.end] else set()
    return Effect(effect.reverted - {line, line.at(Level.FILE)}, frozenset(kept | new))


def narrowed(line: Unit, before: str, after: str) -> tuple[Unit, str]:
    """Where the text ``before`` of ``line``, not empty, differs from ``after``: a run of words, and what is put there."""
    old, new = _PARTS.findall(before), _PARTS.findall(after)
    first = _same(old, new)
    last = _same(old[first:][::-1], new[first:][::-1])
    first -= first > 0 and first + last == len(old)  # a place has at least one character: the word before what is put in
    last -= first + last == len(old)
    start = sum(map(len, old[:first]))
    end = len(before) - sum(map(len, old[len(old) - last :]))
    return Unit(line.file, line.hunk, line.line, start, end), "".join(new[first : len(new) - last])


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many leading parts are the same."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _overlap(one: Unit, other: Unit) -> bool:
    return one.start < other.end and other.start < one.end


def _check_words(unit: Unit, before: str | None, text: str) -> None:
    if before is None or unit.level not in {Level.LINE, Level.TOKEN}:
        raise UsageError(f"Expected words of an added line or of the message, but got {unit}; only those can be replaced.")
    if unit.level is Level.LINE and not before:
        raise UsageError(f"Expected a line with words, but the one at {unit} is empty; take it back, or edit another line.")
    if unit.level is Level.TOKEN and not unit.start < unit.end <= len(before):
        raise UsageError(f"Expected words within a line of {len(before)} characters, but got {unit}; choose words of the line.")
    if "\n" in text:
        raise UsageError("Expected text for one line, but got several lines; edit one line at a time.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(f"Expected text that is valid Unicode, but got {text!a}; leave the half characters out.")


def _message_lines(diff: Diff) -> frozenset[Unit]:
    return frozenset(Unit(MESSAGE_FILE, -1, n) for n in range(diff.message.count("\n") + 1))


def _touched(diff: Diff, unit: Unit) -> frozenset[Unit]:
    """What taking ``unit`` back touches."""
    _check_inside(diff, unit)
    if unit.level is Level.FILE:
        return whole_file(diff, unit.file)
    units = frozenset(changed_lines(diff, unit)) if unit.level is Level.HUNK else frozenset({unit.at(Level.LINE)})
    if unit.level is Level.LINE and not diff.line(unit).changed:
        raise UsageError(f"Expected an added or removed line, but the one at {unit} is context; choose a changed line.")
    return units


def _check_inside(diff: Diff, unit: Unit) -> None:
    inside = 0 <= unit.file < len(diff.files) and unit.level is not Level.TOKEN
    if inside and unit.level is not Level.FILE:
        hunks = diff.files[unit.file].hunks
        inside = 0 <= unit.hunk < len(hunks) and unit.line < len(hunks[unit.hunk].lines)
    if not inside:
        raise UsageError(f"Expected a line, hunk or file of the change, but got {unit}; choose one that the change has.")


def place(diff: Diff, unit: Unit) -> str:
    """``unit`` in words: "the added line 12 of a.c", "hunk 2 of a.c", "line 1 of the message"; not yet safe to show."""
    if unit.file == MESSAGE_FILE:
        return f"line {unit.line + 1} of the message"
    file = diff.files[unit.file]
    path = clean(file.path)
    if unit.level is Level.FILE:
        return path
    hunk = file.hunks[unit.hunk]
    if unit.level is Level.HUNK:
        return f"hunk {unit.hunk + 1} of {path}"
    old, new, line = list(hunk.numbered())[unit.line]
    return f"the {line.kind} line {old if new is None else new} of {path}"
