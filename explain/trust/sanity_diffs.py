"""Made-up diffs of several languages with random names, in which every word and every count is under control."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from models.change.parse import parse
from models.change.types import Diff

_SYLLABLES = [a + b for a in "bdfklmnprt" for b in "aio"]
"""Few enough that a small vocabulary can hold every name of two of them."""


@dataclass(frozen=True, slots=True)
class Language:
    """The ending of its files, and statements over three names."""

    ending: str
    statements: tuple[str, ...]


LANGUAGES = (
    Language("py", ("{0} = {1}({2})", "if {0}.{1}({2}):", "return {0}({1}, {2})", "self.{0} = {1}[{2}]")),
    Language("js", ("const {0} = {1}({2});", "if ({0} === {1}) {2}();", "return {0}.{1}({2});", "{0}.{1} = await {2}();")),
    Language("go", ("{0} := {1}({2})", "if {0} != {1} {{ {2}() }}", "defer {0}.{1}({2})", "{0}[{1}] = {2}")),
    Language("java", ("var {0} = {1}.{2}();", "if ({0} > {1}) return {2};", "this.{0} = new {1}({2});", "{0}.{1}({2});")),
    Language("rs", ("let {0} = {1}.{2}();", "if {0} < {1} {{ return {2}; }}", "{0}::{1}(&{2})?;", "self.{0}.{1}({2});")),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line: "+", "-" or " ", the number of its statement, and its three names."""

    mark: str
    statement: int
    names: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A change before it is written: one file of a language, its hunks of rows, and a message."""

    language: Language
    path: str
    message: str
    hunks: tuple[tuple[Row, ...], ...]

    def added(self) -> list[tuple[int, int]]:
        """(hunk, row) of every added line, in order."""
        return [(h, r) for h, rows in enumerate(self.hunks) for r, row in enumerate(rows) if row.mark == "+"]

    def put(self, place: tuple[int, int], slot: int, name: str) -> Sketch:
        """The same with ``name`` as the name number ``slot`` of the row at ``place``."""
        h, r = place
        names = list(self.hunks[h][r].names)
        names[slot] = name
        row = replace(self.hunks[h][r], names=(names[0], names[1], names[2]))
        return replace(
            self, hunks=tuple((*rows[:r], row, *rows[r + 1 :]) if n == h else rows for n, rows in enumerate(self.hunks))
        )

    def only(self, added: int) -> Sketch:
        """The same with only the first ``added`` of its added lines."""
        kept = set(self.added()[:added])
        hunks = (
            tuple(row for r, row in enumerate(rows) if row.mark != "+" or (h, r) in kept) for h, rows in enumerate(self.hunks)
        )
        return replace(self, hunks=tuple(hunks))

    def diff(self) -> Diff:
        """The change, read from its text."""
        text = f"diff --git a/{self.path} b/{self.path}\n--- a/{self.path}\n+++ b/{self.path}\n"
        old = new = 10
        for rows in self.hunks:
            counts = [sum(row.mark in (side, " ") for row in rows) for side in "-+"]
            text += f"@@ -{old},{counts[0]} +{new},{counts[1]} @@\n"
            text += "".join(f"{row.mark}    {self.language.statements[row.statement].format(*row.names)}\n" for row in rows)
            old, new = old + counts[0] + 20, new + counts[1] + 20
        return parse(text, self.message)


def name(random: Random) -> str:
    """A name of two syllables."""
    return "".join(random.choices(_SYLLABLES, k=2))


def sketch(random: Random, added: int | None = None) -> Sketch:
    """A change of two hunks, each with an added, a removed and an unchanged line at least, in random order.

    ``added``: how many lines it adds; by default 3 to 6.
    """
    language = random.choice(LANGUAGES)
    hunks = 2
    counts = _parted(random, random.randint(3, 6) if added is None else added, hunks)
    rows = []
    for count in counts:
        marks = ["+"] * count + ["-"] * random.randint(1, 2) + [" "] * random.randint(1, 2)
        random.shuffle(marks)
        rows.append(tuple(Row(mark, random.randrange(4), (name(random), name(random), name(random))) for mark in marks))
    path = f"{name(random)}/{name(random)}.{language.ending}"
    return Sketch(language, path, f"{name(random).capitalize()} {name(random)}", tuple(rows))


def _parted(random: Random, total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` numbers of at least 1 where it suffices."""
    counts = [0] * parts
    for n in range(total):
        counts[n if n < parts else random.randrange(parts)] += 1
    return counts
