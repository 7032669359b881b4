"""What a change has that is counted over a set of changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Feature:
    """A word, a part of a path, a sort of line or the like; ``where`` says which: added, removed, message, path, line…"""

    where: str
    text: str


def path_parts(path: str) -> frozenset[Feature]:
    """The folders of a path, its file name and how that ends: "src/", "net/", "tcp.c", "*.c"."""
    *folders, name = path.split("/")
    last = ending(name)
    parts = (*(folder + "/" for folder in folders if folder), name, *([last] if last else []))
    return frozenset(Feature("path", part) for part in parts)


def ending(name: str) -> str:
    """How a file name ends, as "*.c"; "" where it has no ending."""
    stem, dot, last = name.rpartition(".")
    return f"*.{last}" if stem and dot else ""
