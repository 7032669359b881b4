"""Whether an edit breaks the syntax of the code that a change leaves behind.

A hunk is a fragment of a file, and real files parse with errors to begin with (C with its preprocessor does), so the
question is not "are there errors" but "are there more than before": the new side of every hunk that an edit touches is
parsed by tree-sitter, beside the hunk's own old and new side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from explain.counterfactual.types import Syntax
from models.change.grammar import count_errors
from models.change.language import language
from models.change.types import Diff, Level, LineKind, Unit, clean


class SyntaxJudge:
    """Judges edits of one diff; what it found of a hunk it keeps."""

    def __init__(self, diff: Diff) -> None:
        self._diff = diff
        self._hunks: dict[Unit, _Sides] = {}

    def after(self, reverted: Collection[Unit], words: Mapping[Unit, str]) -> Syntax:
        """Whether the diff has no more syntax errors once ``reverted`` is taken back and ``words`` say something else.

        * invalid: on the new side of some hunk stand more ERROR and MISSING nodes than on its worse side before. Both
          sides are code that people wrote: what they count is owed to the fragment.
        * unknown: not invalid, but the language of a touched file has no grammar, or a hunk is too long to be parsed.
        * valid: otherwise. The old code itself, where a hunk or a file goes as a whole, and the message are valid.

        ``reverted`` holds lines, hunks and files; ``words`` maps token units to the text in their place.
        """
        edits: dict[Unit, tuple[set[int], dict[Unit, str]]] = {}
        for unit in reverted:
            if unit.level is Level.LINE:
                edits.setdefault(unit.at(Level.HUNK), (set(), {}))[0].add(unit.line)
        for unit, text in words.items():
            if unit.file >= 0:
                edits.setdefault(unit.at(Level.HUNK), (set(), {}))[1][unit] = text
        gone = {unit for unit in reverted if unit.level in {Level.HUNK, Level.FILE}}
        touched = (one for one in edits.items() if not gone or not {one[0], one[0].at(Level.FILE)} & gone)
        verdicts = {self._hunk(hunk).after(frozenset(lines), frozenset(said.items())) for hunk, (lines, said) in touched}
        return next((one for one in (Syntax.INVALID, Syntax.UNKNOWN) if one in verdicts), Syntax.VALID)

    def _hunk(self, unit: Unit) -> _Sides:
        if unit not in self._hunks:
            self._hunks[unit] = _Sides(self._diff, unit)
        return self._hunks[unit]


class _Sides:
    """The lines of a hunk, and the errors on either side."""

    def __init__(self, diff: Diff, unit: Unit) -> None:
        file = diff.files[unit.file]
        self._language = language(file.path)
        self._lines = [(line.kind, clean(line.text) + "\n") for line in file.hunks[unit.hunk].lines]
        sides = ["".join(text for kind, text in self._lines if kind is not other) for other in (LineKind.ADDED, LineKind.REMOVED)]
        self._own = set(sides)
        errors = [count_errors(self._language, side) for side in sides]
        self._allowed = None if None in errors else max(one for one in errors if one is not None)
        self._known: dict[tuple[frozenset[int], frozenset[tuple[Unit, str]]], Syntax] = {}

    def after(self, reverted: frozenset[int], words: frozenset[tuple[Unit, str]]) -> Syntax:
        """What becomes of the hunk's syntax."""
        if (reverted, words) not in self._known:
            self._known[reverted, words] = self._judge("".join(self._edited(reverted, words)))
        return self._known[reverted, words]

    def _judge(self, text: str) -> Syntax:
        if text in self._own:
            return Syntax.VALID
        made = None if self._allowed is None else count_errors(self._language, text)
        if made is None or self._allowed is None:
            return Syntax.UNKNOWN
        return Syntax.INVALID if made > self._allowed else Syntax.VALID

    def _edited(self, reverted: frozenset[int], words: frozenset[tuple[Unit, str]]) -> Iterable[str]:
        """The lines of the new side after the edits."""
        said = {unit.line for unit, _ in words}
        for n, (kind, text) in enumerate(self._lines):
            if kind is (LineKind.ADDED if n in reverted else LineKind.REMOVED):
                continue
            yield _spliced(text, [one for one in words if one[0].line == n]) if n in said else text


def _spliced(text: str, words: Iterable[tuple[Unit, str]]) -> str:
    for unit, other in sorted(words, reverse=True):
        text = text[: unit.start] + other + text[unit.end :]
    return text
