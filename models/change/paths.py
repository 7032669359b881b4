"""The names and the status of a file, from its header lines, read as ``git apply`` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from models.change.types import FileStatus

UNNAMED = "unnamed"
"""The path of hunks that came without a file header."""

NULL = "/dev/null"
_ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, '"': 34, "\\": 92}
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_DATE = re.compile(r"(?P<date>(?:\d\d)?\d\d-\d\d-\d\d)(?P<time> \d\d:\d\d:\d\d(?:\.\d+)?)?(?P<zone> [+-]\d\d:?\d\d)?\Z", re.ASCII)
_EXTENDED = ("new file mode", "deleted file mode", "rename from", "rename to", "copy from", "copy to", "rename old", "rename new")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class _Side:
    """A "---" or "+++" line: its name, still with prefix, and whether it says that the file is not there."""

    name: str
    absent: bool


def unquote(name: str) -> str:
    """A path as git quotes it in C style ("t\\303\\251st") to text; an unquoted one is returned as it is."""
    match = _QUOTED.match(name)
    if not match:
        return name
    raw = match[0][1:-1].encode("utf-8", "surrogateescape")

    def one(escape: re.Match[bytes]) -> bytes:
        code = escape[1]
        return bytes([int(code, 8) if code.isdigit() and len(code) == 3 else _ESCAPES.get(code.decode("latin-1"), code[0])])

    return _ESCAPE.sub(one, raw).decode("utf-8", "surrogateescape")


def strip_level(headers: Sequence[str]) -> int:
    """How many leading folders the names of files without a "diff --git" line lose: 1 if all have one, else 0."""
    return int(all(_strippable(header) for header in headers))


def paths_and_status(header: str, strip: int = 1) -> tuple[str, str, FileStatus]:
    """(old path, path, status) of a file's header text.

    A name loses its prefix ("a/", "b/" or whatever git was told to write); one under "diff --git" whose both halves
    are equal has none. Names without "diff --git" lose ``strip`` folders, see ``strip_level``.
    """
    return _git(header) if _git_line(header) is not None else _traditional(header, strip)


@lru_cache(maxsize=8192)
def _strippable(header: str) -> bool:
    if _git_line(header) is not None:
        return True
    return all("/" in side.name for side in _sides(header) if side.name != NULL)


def _git_line(header: str) -> str | None:
    for line in header.split("\n"):
        if line.startswith("diff --git "):
            return line.removeprefix("diff --git ").removesuffix("\r")
    return None


@lru_cache(maxsize=8192)
def _git(header: str) -> tuple[str, str, FileStatus]:
    said = _said(header)
    halves = _git_line(header) or ""
    sides = [side.name for side in _sides(header)]
    bare = _equal_halves(halves)
    prefixed = bare is None or any(name not in (bare, NULL) for name in sides)
    default = _default_name(halves) if bare is None else _stripped(bare, prefixed)
    # git falls back to the first line where a "---" or "+++" name has no prefix to lose.
    named = [_stripped(name, prefixed) if "/" in name or not prefixed else default for name in sides] or [default, default]
    old = _first(said, "rename from", "copy from", "rename old") or named[0]
    new = _first(said, "rename to", "copy to", "rename new") or named[-1]
    if "new file mode" in said or old == NULL:
        new = default if new == NULL else new
        return new, new, FileStatus.ADDED
    if "deleted file mode" in said or new == NULL:
        return old, old, FileStatus.DELETED
    if "rename to" in said or "rename new" in said:
        return old, new, FileStatus.RENAMED
    return old, new, FileStatus.COPIED if "copy to" in said else FileStatus.MODIFIED


def _first(said: dict[str, str], *keys: str) -> str:
    return next((unquote(said[key]) for key in keys if key in said), "")


def _said(header: str) -> dict[str, str]:
    lines = [line.removesuffix("\r") for line in header.split("\n")]
    return {key: line[len(key) + 1 :] for line in lines for key in _EXTENDED if line.startswith(key + " ")}


def _traditional(header: str, strip: int) -> tuple[str, str, FileStatus]:
    sides = _sides(header)
    if len(sides) != 2:
        return UNNAMED, UNNAMED, FileStatus.MODIFIED
    first, second = (_stripped(side.name, strip > 0) for side in sides)
    if first == NULL:
        return second, second, FileStatus.ADDED
    if second == NULL:
        return first, first, FileStatus.DELETED
    # Beside "x", "x.orig" is the same file's older or newer version: the shorter name is meant.
    name = first if len(first) < len(second) and second.startswith(first) else second
    if sides[0].absent:
        return name, name, FileStatus.ADDED
    return name, name, FileStatus.DELETED if sides[1].absent else FileStatus.MODIFIED


def _sides(header: str) -> list[_Side]:
    lines = header.split("\n")
    for n in range(len(lines) - 1):
        if lines[n].startswith("--- ") and lines[n + 1].startswith("+++ "):
            return [_side(lines[n][4:]), _side(lines[n + 1][4:])]
    return []


def _side(text: str) -> _Side:
    text = text.removesuffix("\r")
    if text.startswith('"') and _QUOTED.match(text):
        return _Side(unquote(text), False)
    tail = text[-64:]
    date = _DATE.search(tail)
    if date and date.start() and tail[date.start() - 1] in " \t":
        name = text[: len(text) - len(tail) + date.start()]
        name = name[:-1] if name.endswith("\t") else name.rstrip(" ")
        return _Side(name, _epoch(date))
    return _Side(re.split(r"[\t\r\f\v]", text, maxsplit=1)[0], False)


def _epoch(date: re.Match[str]) -> bool:
    """Whether the time is the start of 1970, which diff writes for a file that is not there."""
    if not date["time"] or not date["zone"] or date["time"][7:].strip("0.:") != "":
        return False
    minutes = int(date["time"][1:3]) * 60 + int(date["time"][4:6])
    zone = date["zone"].strip().replace(":", "")
    offset = (int(zone[1:3]) * 60 + int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
    day = {"1969-12-31": _DAY, "1970-01-01": 0}.get(date["date"])
    return day is not None and minutes - offset == day


def _stripped(name: str, strip: bool) -> str:
    if name == NULL:
        return name
    _, slash, rest = name.partition("/")
    return re.sub("/{2,}", "/", rest if strip and slash and rest else name)


def _equal_halves(names: str) -> str | None:
    middle = len(names) // 2
    left, right = names[:middle], names[middle + 1 :]
    return unquote(left) if left == right and names[middle : middle + 1] == " " else None


def _default_name(names: str) -> str:
    """The one name that both halves of a "diff --git" line give, or the second half's best guess."""
    for left, right in _splits(names):
        name = _stripped(left, True)
        if name == _stripped(right, True):
            return name
    return _stripped(names.rpartition(" ")[2], True)


def _splits(names: str) -> Iterator[tuple[str, str]]:
    """The ways to part ``names`` in two that can give one name: what follows their first slashes is equally long."""
    quoted = _QUOTED.match(names)
    if quoted:
        yield unquote(quoted[0]), unquote(names[quoted.end() :].lstrip())
    elif names.endswith('"') and (start := names.find(' "')) >= 0:
        yield names[:start], unquote(names[start + 1 :])
    else:
        first = names.find("/")
        for blank in re.finditer("[ \t]", names):
            n = blank.start()
            second = names.find("/", n)
            if n - first == len(names) - second:
                yield names[:n], names[n + 1 :]
