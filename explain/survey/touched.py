"""What an edit touches: lines, words and paths, and whether it is comment, message, test or documentation alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from explain.counterfactual.effects import Effect
from explain.survey.record import Touched
from models.change.types import MESSAGE_FILE, Diff, Hunk, Level, LineKind, Unit, clean
from models.mine.code import is_docs, is_test, silent_lines

MOST_WORDS = 200
"""Different words of one counterfactual that are kept."""
_NAME = re.compile(r"[^\W\d]\w+")
_LONGEST = 60
"""Characters of a word that are kept: what is longer is data, not a name."""


def touched(diff: Diff, effect: Effect) -> Touched:
    """What ``effect`` comes to in ``diff``."""
    lines, characters = effect.size(diff)
    files = sorted({unit.file for unit in effect.lines if unit.file >= 0})
    paths = [clean(diff.files[f].path) for f in files]
    in_files = not any(unit.file == MESSAGE_FILE for unit in effect.lines)
    return Touched(
        lines=lines,
        characters=characters,
        words=tuple(dict.fromkeys(_words(diff, effect)))[:MOST_WORDS],
        paths=tuple(paths),
        comments=bool(effect.lines) and effect.lines <= silent_units(diff),
        message=not files,
        tests=in_files and all(map(is_test, paths)),
        docs=in_files and all(map(is_docs, paths)),
    )


def _words(diff: Diff, effect: Effect) -> Iterator[str]:
    for unit, _ in sorted(effect.words):
        yield said(diff, unit).strip()[:_LONGEST]
    for unit in sorted(effect.reverted):
        if unit.level is Level.LINE:
            yield from names(diff.line(unit).text)


def said(diff: Diff, unit: Unit) -> str:
    """The text at a token or line unit of a changed line or of the message."""
    whole = diff.message.split("\n")[unit.line] if unit.file == MESSAGE_FILE else diff.line(unit).text
    return clean(whole)[unit.start : unit.end] if unit.level is Level.TOKEN else clean(whole)


def names(text: str) -> Iterator[str]:
    """The names in ``text``, of two characters and more, in order."""
    return (name[:_LONGEST] for name in _NAME.findall(clean(text)))


def silent_units(diff: Diff) -> frozenset[Unit]:
    """The changed lines that are blank or hold a comment alone."""
    return frozenset(
        Unit(f, h, n)
        for f, file in enumerate(diff.files)
        for h, hunk in enumerate(file.hunks)
        for path, kind in ((file.path, LineKind.ADDED), (file.old_path or file.path, LineKind.REMOVED))
        for n in _silent(path, hunk, kind)
    )


def _silent(path: str, hunk: Hunk, kind: LineKind) -> Sequence[int]:
    """Indexes of the silent lines of ``kind`` in ``hunk``, read together with the context around them."""
    side = [n for n, line in enumerate(hunk.lines) if line.kind in {kind, LineKind.CONTEXT}]
    if all(hunk.lines[n].kind is not kind for n in side):
        return ()
    silent = silent_lines(path, [clean(hunk.lines[n].text) for n in side])
    return [n for at, n in enumerate(side) if at in silent and hunk.lines[n].kind is kind]
