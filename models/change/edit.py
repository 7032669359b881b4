"""Taking changes back: a ``Diff`` without some of its lines, hunks or files is again a ``Diff`` that git applies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from models.change.paths import paths_and_status, strip_level
from models.change.scan import ATTACHED, HUNK, is_surplus
from models.change.types import Diff, FileDiff, FileStatus, Hunk, Level, Line, LineKind, Unit

_STALE = ("index ", "similarity index ", "dissimilarity index ")
_BESIDES_LINES = ("rename to ", "rename new ", "copy to ", "new mode ")


@dataclass(slots=True)
class _Chosen:
    """What is to be reverted: whole files, and line indexes by file and hunk."""

    files: set[int] = field(default_factory=set)
    lines: dict[int, dict[int, set[int]]] = field(default_factory=dict)


def changed_units(diff: Diff, level: Level) -> tuple[Unit, ...]:
    """Every unit of ``level`` (line, hunk or file) that holds a change, in the order of the text.

    Every file of a diff is a change, also one without lines (a rename, a mode, a binary file).
    """
    if level is Level.TOKEN:
        raise ValueError("changed_units knows lines, hunks and files; got the level token, which needs an encoder.")
    if level is Level.FILE:
        return tuple(Unit(f) for f in range(len(diff.files)))
    lines = (unit.at(level) for unit, line in diff.lines() if line.changed)
    return tuple(dict.fromkeys(lines))


def says_more_than_lines(file: FileDiff) -> bool:
    """Whether the header renames, copies or changes the mode: then ``file`` outlives its lines in ``revert``."""
    return any(line.startswith(_BESIDES_LINES) for line in file.header.split("\n"))


def revert(diff: Diff, units: Iterable[Unit]) -> Diff:
    """``diff`` with the changes at ``units`` (lines, hunks, files, mixed) taken back; ``diff`` itself is left as it is.

    A reverted added line goes, a reverted removed line becomes context, context lines among ``units`` are ignored and
    a token counts as its line. Hunks without a changed line go, and so do files of which nothing is left; a rename,
    copy or mode change (``says_more_than_lines``) stays until its file unit is reverted. What is not touched keeps its
    text byte for byte.

    Where a reverted last line without line feed is followed by kept added lines, it stays a removal and is added
    again with a line feed, because the file then goes on after it.

    Guarantee: the result applies to the same files as ``diff`` does, and ``parse(render(result), result.message)``
    equals it (unless no file is left). Units outside the diff raise IndexError; those of the message are ignored.
    """
    chosen = _choose(diff, units)
    if not chosen.files and not chosen.lines:
        return diff
    files: list[FileDiff] = []
    preamble, stray, loose = diff.preamble, "", False
    for f, file in enumerate(diff.files):
        # The mail or commit header before a file that goes speaks for the files after it too.
        stray += file.lead
        edited = None if f in chosen.files else _revert_lines(file, chosen.lines.get(f, {}))
        if edited is None:
            loose = True
            continue
        if files:
            edited = _led(edited, parted(files[-1], edited, stray) if loose else stray)
        else:
            preamble, edited = preamble + stray, _led(edited, "")
        files.append(edited)
        stray, loose = "", edited.hunks is not file.hunks
    if not files:
        return replace(diff, files=(), preamble="", epilogue="", final_newline=True)
    stray += diff.epilogue
    epilogue = _detached(stray) if loose else stray
    return replace(diff, files=_named(files), preamble=preamble, epilogue=epilogue, final_newline=True)


def parted(before: FileDiff, file: FileDiff, stray: str) -> str:
    """What leads ``file``, now that it follows ``before``: names right after a header without hunks would be that one's."""
    lead = _detached(stray)
    return lead or ("\n" if not before.hunks and file.header.startswith(ATTACHED) else "")


def _detached(stray: str) -> str:
    """``stray`` text without first lines that would now be read as the end of the file before it (only rubbish has some)."""
    while stray.startswith(ATTACHED) or is_surplus(stray.partition("\n")[0]):
        stray = stray.partition("\n")[2]
    return stray


def _named(files: Sequence[FileDiff]) -> tuple[FileDiff, ...]:
    """``files`` under the names that their headers give together: how much is stripped depends on all of them."""
    strip = strip_level([file.header for file in files])
    named: list[FileDiff] = []
    for file in files:
        old_path, path, status = paths_and_status(file.header, strip)
        same = (old_path, path, status) == (file.old_path, file.path, file.status)
        named.append(file if same else replace(file, old_path=old_path, path=path, status=status))
    return tuple(named)


def _led(file: FileDiff, lead: str) -> FileDiff:
    return file if file.lead == lead else replace(file, lead=lead)


def _choose(diff: Diff, units: Iterable[Unit]) -> _Chosen:
    chosen = _Chosen()
    for unit in units:
        if unit.file < 0:
            continue
        file = diff.files[unit.file]
        if unit.hunk < 0:
            chosen.files.add(unit.file)
            continue
        lines = file.hunks[unit.hunk].lines
        wanted = range(len(lines)) if unit.line < 0 else (unit.line,)
        changed = {n for n in wanted if lines[n].changed}
        if changed:
            chosen.lines.setdefault(unit.file, {}).setdefault(unit.hunk, set()).update(changed)
    return chosen


def _revert_lines(file: FileDiff, chosen: dict[int, set[int]]) -> FileDiff | None:
    if not chosen:
        return file
    hunks: list[Hunk] = []
    shift = 0
    for h, hunk in enumerate(file.hunks):
        lines = _reverted(hunk.lines, chosen[h]) if h in chosen else hunk.lines
        edited = _placed(hunk, lines, shift) if shift or h in chosen else hunk
        shift += (edited.added - edited.removed) - (hunk.added - hunk.removed)
        if h not in chosen or any(line.changed for line in lines):
            hunks.append(edited)
    return with_hunks(file, tuple(hunks))


def _reverted(lines: Sequence[Line], chosen: set[int]) -> tuple[Line, ...]:
    kept: list[Line] = []
    for n, line in enumerate(lines):
        if n not in chosen:
            kept.append(line)
        elif line.kind is LineKind.REMOVED:
            kept.append(replace(line, kind=LineKind.CONTEXT, marker=" "))
    return _settled(kept) if any(line.changed for line in kept) else tuple(kept)


def _settled(lines: Sequence[Line]) -> tuple[Line, ...]:
    """``lines`` whose remarks on a missing line feed stand on the new side only where the new file ends."""
    last = max((n for n, line in enumerate(lines) if line.kind is not LineKind.REMOVED), default=-1)
    settled: list[Line] = []
    for n, line in enumerate(lines):
        if not line.no_newline or line.kind is LineKind.REMOVED or n == last:
            settled.append(line)
            continue
        if line.kind is LineKind.CONTEXT:
            settled.append(Line(LineKind.REMOVED, line.text, "-", line.no_newline))
        settled.append(Line(LineKind.ADDED, line.text, "+"))
    return tuple(settled)


def _placed(hunk: Hunk, lines: tuple[Line, ...], shift: int) -> Hunk:
    """``hunk`` holding ``lines``, its new side moved by ``shift`` lines, with a header that says so."""
    match = HUNK.match(hunk.header)
    assert match
    old = sum(line.kind is not LineKind.ADDED for line in lines)
    new = sum(line.kind is not LineKind.REMOVED for line in lines)
    # A side without lines is numbered by the line before it, so the place moves by one when it gains or loses its lines.
    before = hunk.new_start + (hunk.added + _context(hunk) == 0)
    start = max(before + shift - (new == 0), 0)
    header = f"@@ -{_span(hunk.old_start, old)} +{_span(start, new)} @@{match[5]}"
    return Hunk(header, hunk.old_start, start, hunk.section, lines)


def _context(hunk: Hunk) -> int:
    return len(hunk.lines) - hunk.added - hunk.removed


def _span(start: int, count: int) -> str:
    return str(start) if count == 1 else f"{start},{count}"


def with_hunks(file: FileDiff, hunks: tuple[Hunk, ...]) -> FileDiff | None:
    """``file`` with other ``hunks``: None where nothing is left of it; header lines that no longer hold go."""
    if not any(hunk.added or hunk.removed for hunk in hunks):
        if not says_more_than_lines(file):
            return None
        hunks = ()
    dropped = _STALE if hunks else (*_STALE, "--- ", "+++ ")
    header = [line for line in file.header.split("\n")[:-1] if not line.startswith(dropped)]
    if file.status is FileStatus.DELETED and any(hunk.added + _context(hunk) for hunk in hunks):
        header = _undeleted(header)
    return replace(file, header="".join(line + "\n" for line in header), hunks=hunks)


def _undeleted(header: Sequence[str]) -> list[str]:
    """The header lines of a deletion, of which lines are kept, as those of a modification."""
    lines: list[str] = []
    source = ""
    for line in header:
        if line.startswith("--- "):
            source = line
        if line.startswith("+++ "):
            lines.append(_counterpart(source))
        elif not line.startswith("deleted file mode "):
            lines.append(line)
    return lines


def _counterpart(source: str) -> str:
    """The "+++" line that goes with a "---" line: the same name under the other prefix, without a date."""
    name, tab, _ = source.removeprefix("--- ").rstrip("\r").partition("\t")
    for prefix, other in (("a/", "b/"), ('"a/', '"b/')):
        if name.startswith(prefix):
            name = other + name.removeprefix(prefix)
            break
    # git ends a name that has a blank with a tab; a reader would else take the blank for the start of a date.
    return f"+++ {name}{tab if ' ' in name else ''}" + ("\r" if source.endswith("\r") else "")
