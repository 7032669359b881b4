"""The edits that a diff offers, counted out anew: what the verifier goes by. Shares no code with the operators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from models.change.edit import revert
from models.change.keywords import KEYWORDS
from models.change.rewrite import rewrite
from models.change.types import MESSAGE_FILE, Diff, FileStatus, LineKind, Unit
from models.classify.load import masked_model

MOST_NAMES, LIKELY = 120, 2
"""Names of a change for which others are looked for, and how many likely ones."""
Key = tuple[Unit, str | None]
"""An edit of one operator: its unit, and what is put in place."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one edit does: units that are taken back, and text in place of words."""

    back: frozenset[Unit] = frozenset()
    words: Mapping[Unit, str] = field(default_factory=dict)


def offered(diff: Diff, operator: str) -> dict[Key, Change]:
    """Every edit of ``operator`` that ``diff`` offers; empty for an operator that is not known."""
    count = _COUNTS.get(operator)
    found = {} if count is None else count(diff)
    return {key: Change(along(diff, change.back), change.words) for key, change in found.items()}


def along(diff: Diff, back: frozenset[Unit]) -> frozenset[Unit]:
    """``back``, and the files that cannot be made when those files stay whose places they take."""
    gone, made = set(back), (FileStatus.ADDED, FileStatus.RENAMED, FileStatus.COPIED)
    places = {file.path: g for g, file in enumerate(diff.files) if file.status in made}
    knots = [(f, places[file.old_path]) for f, file in enumerate(diff.files) if file.old_path in places]
    for _ in knots:
        for f, g in knots:
            deleted, renamed = (diff.files[f].status is one for one in (FileStatus.DELETED, FileStatus.RENAMED))
            stays = Unit(f) in gone or (deleted and any(unit.file == f for unit in gone))
            if f != g and (deleted or renamed) and stays:
                gone.add(Unit(g))
    return frozenset(gone)


def contradictory(changes: Iterable[Change]) -> bool:
    """Whether two of ``changes`` put different text in one place, so that together they are no edit."""
    said: dict[Unit, str] = {}
    return any(said.setdefault(unit, text) != text for change in changes for unit, text in change.words.items())


def touches(change: Change, protected: frozenset[Unit]) -> bool:
    """Whether ``change`` does anything to lines or files that are ``protected``."""
    for unit in (*change.back, *change.words):
        for kept in protected:
            if unit.file == kept.file and unit.hunk in {-1, kept.hunk} and unit.line in {-1, kept.line}:
                return True
    return False


def applied(diff: Diff, changes: Iterable[Change]) -> Diff:
    """``diff`` with all of ``changes``; words of lines that are taken back do not matter."""
    some = list(changes)
    back = {unit for change in some for unit in change.back}
    words = {
        unit: text
        for change in some
        for unit, text in change.words.items()
        if not {Unit(unit.file, unit.hunk, unit.line), Unit(unit.file, unit.hunk), Unit(unit.file)} & back
    }
    return revert(rewrite(diff, words), back)


def _changed(diff: Diff) -> Iterator[tuple[Unit, LineKind]]:
    for f, file in enumerate(diff.files):
        for h, hunk in enumerate(file.hunks):
            for n, line in enumerate(hunk.lines):
                if line.kind in {LineKind.ADDED, LineKind.REMOVED}:
                    yield Unit(f, h, n), line.kind


def _lines(diff: Diff) -> dict[Key, Change]:
    return {(unit, None): Change(frozenset({unit})) for unit, _ in _changed(diff)}


def _runs(diff: Diff) -> dict[Key, Change]:
    found: dict[Key, Change] = {}
    run: list[Unit] = []
    for unit in [*(unit for unit, _ in _changed(diff)), Unit(-9)]:
        if run and unit != Unit(run[-1].file, run[-1].hunk, run[-1].line + 1):
            if len(run) >= 2:
                found[run[0], None] = Change(frozenset(run))
            run = []
        run.append(unit)
    return found


def _hunks(diff: Diff) -> dict[Key, Change]:
    return {(Unit(unit.file, unit.hunk), None): Change(frozenset({Unit(unit.file, unit.hunk)})) for unit, _ in _changed(diff)}


def _sides(kind: LineKind) -> Callable[[Diff], dict[Key, Change]]:
    def count(diff: Diff) -> dict[Key, Change]:
        sides: dict[Unit, dict[LineKind, set[Unit]]] = {}
        for unit, side in _changed(diff):
            sides.setdefault(Unit(unit.file, unit.hunk), {}).setdefault(side, set()).add(unit)
        return {(hunk, None): Change(frozenset(both[kind])) for hunk, both in sides.items() if len(both) == 2}

    return count


def _files(diff: Diff) -> dict[Key, Change]:
    return {(Unit(f), None): Change(frozenset({Unit(f)})) for f in range(len(diff.files))}


def _words(diff: Diff) -> dict[Key, Change]:
    return _deleted(_added(diff), _code_words)


def _message(diff: Diff) -> dict[Key, Change]:
    lines = diff.message.split("\n") if diff.message else []
    texts = [(Unit(MESSAGE_FILE, -1, n), text) for n, text in enumerate(lines) if _is_text(text)]
    return _deleted(texts, _plain_words)


def _deleted(texts: Iterable[tuple[Unit, str]], split: Callable[[str], Iterator[tuple[int, int]]]) -> dict[Key, Change]:
    found: dict[Key, Change] = {}
    for line, text in texts:
        for start, end in split(text):
            first = start - 1 if text[:start].endswith(" ") and (end == len(text) or text[end] == " ") else start
            unit = Unit(line.file, line.hunk, line.line, first, end)
            found[unit, ""] = Change(words={unit: ""})
    return found


def _names(diff: Diff) -> dict[Key, Change]:
    elsewhere: set[str] = set()
    for _, other in diff.lines():
        if other.kind is not LineKind.ADDED:
            text = other.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            elsewhere.update(text[a:b] for a, b in _code_words(text) if not text[a].isdecimal())
    places: dict[str, list[Unit]] = {}
    for line, text in _added(diff):
        for a, b in _code_words(text):
            if b - a > 2 and not text[a].isdecimal() and text[a:b] not in elsewhere:
                places.setdefault(text[a:b], []).append(Unit(line.file, line.hunk, line.line, a, b))
    texts = (line.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for _, line in diff.lines())
    words = {text[a:b] for text in texts for a, b in _code_words(text)}
    found: dict[Key, Change] = {}
    number = 0
    for name, units in places.items():
        stem = _stem(name)
        number += 1
        while stem + str(number) in words:
            number += 1
        found[units[0], stem + str(number)] = Change(words=dict.fromkeys(units, stem + str(number)))
    return found


def _stem(name: str) -> str:
    """A word without meaning that begins and shouts as ``name`` does."""
    if name.isupper():
        return "NAME"
    return "Name" if name[0].isupper() else "name"


def _added(diff: Diff) -> Iterator[tuple[Unit, str]]:
    for unit, line in diff.lines():
        if line.kind is LineKind.ADDED and _is_text(line.text):
            yield unit, line.text


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _code_words(text: str) -> Iterator[tuple[int, int]]:
    """Names, and numbers with the dots that belong to them, read character by character."""
    at = 0
    while at < len(text):
        end = at + 1
        if _in_word(text[at]):
            number = text[at].isdecimal()
            while end < len(text) and (_in_word(text[end]) or (number and text[end] == ".")):
                end += 1
            yield at, end
        at = end


def _in_word(character: str) -> bool:
    return character == "_" or character.isalnum()


def _plain_words(text: str) -> Iterator[tuple[int, int]]:
    """Runs of characters that are no blanks."""
    start = None
    for at, character in enumerate(text + " "):
        if character.isspace():
            if start is not None:
                yield start, at
            start = None
        elif start is None:
            start = at


def _others(diff: Diff) -> Iterator[tuple[Unit, str]]:
    """The first names of the added lines that are no keywords, with what they are."""
    names = (
        (Unit(line.file, line.hunk, line.line, a, b), text[a:b])
        for line, text in _added(diff)
        for a, b in _code_words(text)
        if _is_name(text[a:b])
    )
    return islice(names, MOST_NAMES)


def _is_name(word: str) -> bool:
    return len(word) > 1 and not word[0].isdecimal() and word.lower() not in KEYWORDS


def _swaps(diff: Diff) -> dict[Key, Change]:
    found: dict[Key, Change] = {}
    places: list[tuple[Unit, str, bool]] = []
    for unit, line in diff.lines():
        text = line.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for a, b in _code_words(text):
            if _is_name(text[a:b]):
                places.append((Unit(unit.file, unit.hunk, unit.line, a, b), text[a:b], text[b : b + 1] == "("))
    mine = dict(_others(diff))
    for unit, word, called in places:
        if unit in mine:
            same = [(at, other) for at, other, sort in places if sort is called and other != word]
            left, right = [other for at, other in same if at < unit], [other for at, other in same if at > unit]
            for other in (*left[-1:], *right[:1]):
                found[unit, other] = Change(words={unit: other})
    return found


def _likely(diff: Diff) -> dict[Key, Change]:
    mine = list(_others(diff))
    guessed = masked_model().fill(diff, [unit for unit, _ in mine], LIKELY + 1) if mine else ()
    found: dict[Key, Change] = {}
    for (unit, word), others in zip(mine, guessed, strict=True):
        for other in [other for other in others if other != word][:LIKELY]:
            found[unit, other] = Change(words={unit: other})
    return found


_COUNTS: Mapping[str, Callable[[Diff], dict[Key, Change]]] = {
    "revert-line": _lines,
    "revert-run": _runs,
    "drop-added": _sides(LineKind.ADDED),
    "keep-removed": _sides(LineKind.REMOVED),
    "drop-hunk": _hunks,
    "drop-file": _files,
    "delete-word": _words,
    "rename": _names,
    "swap-name": _swaps,
    "replace-word": _likely,
    "cut-message": _message,
}
