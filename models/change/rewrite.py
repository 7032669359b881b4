"""Other words in place: a ``Diff`` whose added lines or message say something else is again a ``Diff`` that git applies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby, pairwise

from models.change.edit import parted, with_hunks
from models.change.message import message as commit_message
from models.change.types import MESSAGE_FILE, Diff, FileDiff, Hunk, Level, LineKind, Unit

_COMMIT = "commit " + "0" * 40 + "\n\n"
"""What a message stands under in the text of a patch, as ``git show`` writes it; a commit of this name there is not."""


def rewritable(diff: Diff) -> Iterator[tuple[Unit, str]]:
    """Every line whose words may be others, with its text: those of the message, then added lines, in reading order.

    What a change removes, and the context, stand in the file it applies to: there nothing can be put in place. Lines that
    are not valid Unicode are left out, because their characters are not the bytes' own.
    """
    for n, text in enumerate(diff.message.split("\n") if diff.message else ()):
        if _valid(text):
            yield Unit(MESSAGE_FILE, -1, n), text
    for unit, line in diff.lines():
        if line.kind is LineKind.ADDED and _valid(line.text):
            yield unit, line.text


def rewrite(diff: Diff, replacements: Mapping[Unit, str]) -> Diff:
    """``diff`` with other text at token units (``replacements``: unit to text) of ``rewritable`` lines.

    The order of the replacements makes no difference; what is not touched keeps its text byte for byte. A message loses blanks
    around it. Where it was read from the text around the patch, that text becomes the header of a commit without a name,
    so that whoever reads the patch reads the new message.

    Guarantee: the result applies to the same files as ``diff`` does, and ``parse(render(result), result.message)`` equals
    it; so does ``parse(render(result))`` where ``parse(render(diff))`` equals ``diff``. Raises ValueError for a unit that is
    no token of a rewritable line, for units that overlap, and for text with a line feed.
    """
    lines = dict(rewritable(diff))
    edited: dict[Unit, str] = {}
    for line, group in groupby(sorted(replacements), key=lambda unit: unit.at(Level.LINE)):
        units = list(group)
        _check(lines.get(line), units, replacements)
        edited[line] = spliced(lines[line], {unit: replacements[unit] for unit in units})
    files = tuple(_with_lines(file, f, edited) for f, file in enumerate(diff.files))
    result = replace(diff, files=files)
    message = {unit.line: text for unit, text in edited.items() if unit.file == MESSAGE_FILE}
    return _with_message(result, message) if message else result


def _with_message(diff: Diff, edited: Mapping[int, str]) -> Diff:
    lines = [edited.get(n, text) for n, text in enumerate(diff.message.split("\n"))]
    message = "\n".join(lines).strip()
    if not diff.message or commit_message(_around(diff)) != diff.message:
        return replace(diff, message=message)
    preamble = _COMMIT + "".join(f"    {line}\n" for line in message.split("\n")) + "\n" if message else ""
    before = (None, *diff.files)
    files = tuple(
        replace(file, lead=parted(one, file, "") if one else "") if file.lead else file
        for one, file in zip(before, diff.files, strict=False)
    )
    said = replace(diff, preamble=preamble, files=files, message=message)
    return said if commit_message(_around(said)) == message else replace(diff, message=message)


def _around(diff: Diff) -> list[str]:
    """The lines that belong to no file."""
    texts = [diff.preamble, *(file.lead for file in diff.files), diff.epilogue]
    return [line for text in texts for line in text.split("\n")[:-1]]


def _valid(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _check(text: str | None, units: list[Unit], replacements: Mapping[Unit, str]) -> None:
    for unit in units:
        if text is None or unit.level is not Level.TOKEN or not unit.start < unit.end <= len(text):
            raise ValueError(f"Expected tokens of added lines or of the message, but got {unit}; take units of this diff.")
        if "\n" in replacements[unit]:
            raise ValueError(f"Expected text without a line feed at {unit}, but got {replacements[unit]!r}.")
    for one, other in pairwise(units):
        if one.end > other.start:
            raise ValueError(f"{one} and {other} overlap; replace one of them.")


def spliced(text: str, replacements: Mapping[Unit, str]) -> str:
    """``text``, one line, with other text at token units of it that do not overlap."""
    for unit in sorted(replacements, reverse=True):
        text = text[: unit.start] + replacements[unit] + text[unit.end :]
    return text


def _with_lines(file: FileDiff, number: int, edited: Mapping[Unit, str]) -> FileDiff:
    mine = {(unit.hunk, unit.line): text for unit, text in edited.items() if unit.file == number}
    if not mine:
        return file
    hunks = tuple(_with_texts(hunk, {n: text for (at, n), text in mine.items() if at == h}) for h, hunk in enumerate(file.hunks))
    made = with_hunks(file, hunks)
    assert made is not None  # added lines are still there
    return made


def _with_texts(hunk: Hunk, texts: Mapping[int, str]) -> Hunk:
    if not texts:
        return hunk
    return replace(hunk, lines=tuple(replace(line, text=texts.get(n, line.text)) for n, line in enumerate(hunk.lines)))
