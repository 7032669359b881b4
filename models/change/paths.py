"""The names and the status of a file, from its header lines, by git's order of precedence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.change.types import FileStatus

_ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, '"': 34, "\\": 92}
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)


def unquote(name: str) -> str:
    """A path as git quotes it in C style ("t\\303\\251st") to text; an unquoted one is returned as it is."""
    if len(name) < 2 or not (name.startswith('"') and name.endswith('"')):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")

    def one(match: re.Match[bytes]) -> bytes:
        code = match[1].decode("latin-1")
        return bytes([int(code, 8) if code.isdigit() else _ESCAPES.get(code, ord(code))])

    return _ESCAPE.sub(one, raw).decode("utf-8", "surrogateescape")


def paths_and_status(header: Sequence[str], has_hunks: bool) -> tuple[str, str, FileStatus]:
    """(old path, path, status) of a file's header lines."""
    said = _extended(header)
    old, new = _names(header, said)
    if "new file mode" in said or old == "/dev/null":
        return new, new, FileStatus.ADDED
    if "deleted file mode" in said or new == "/dev/null":
        return old, old, FileStatus.DELETED
    if "rename to" in said:
        return old, new, FileStatus.RENAMED
    return old, new, FileStatus.COPIED if "copy to" in said else FileStatus.MODIFIED


def _extended(header: Sequence[str]) -> dict[str, str]:
    keys = ("new file mode", "deleted file mode", "rename from", "rename to", "copy from", "copy to")
    return {key: line[len(key) + 1 :].rstrip("\r") for line in header for key in keys if line.startswith(key + " ")}


def _names(header: Sequence[str], said: dict[str, str]) -> tuple[str, str]:
    for kind in ("rename", "copy"):
        if f"{kind} from" in said and f"{kind} to" in said:
            return unquote(said[f"{kind} from"]), unquote(said[f"{kind} to"])
    sides = [line for line in header if line.startswith(("--- ", "+++ "))]
    if len(sides) == 2:
        old, new = _side(sides[0]), _side(sides[1])
        if old != "/dev/null" and new == "/dev/null":
            new = "/dev/null"
        return old, new
    return _halves(header[0].removeprefix("diff --git ").rstrip("\r"))


def _side(line: str) -> str:
    name = line[4:].rstrip("\r").split("\t")[0]
    return _strip(unquote(name))


def _strip(name: str) -> str:
    return name if name == "/dev/null" else re.sub(r"^[abciow]/", "", name)


def _halves(names: str) -> tuple[str, str]:
    if names.startswith('"') or names.endswith('"'):
        parts = re.findall(r'"(?:[^"\\]|\\.)*"|\S+', names)
        return _strip(unquote(parts[0])), _strip(unquote(parts[-1]))
    middle = len(names) // 2
    return _strip(names[:middle]), _strip(names[middle + 1 :])
