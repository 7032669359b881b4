"""Planted rules: changes written down as rows of words, and classifiers that read a rule out of them.

A ``Plan`` says what a change holds without a diff: what is left of it under edits, what it reads as, what git makes of the
files. Its answers share nothing with the engine but the words; so the smallest flips of a rule are known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby

from explain.counterfactual.types import Edit
from models.change.keywords import KEYWORDS
from models.change.parse import parse
from models.change.types import MESSAGE_FILE, Diff, LineKind
from models.classify.protocol import Prediction
from tests.explain.counterfactual.toys import predicted

Facts = frozenset[str]
"""What a rule reads: "+word" and "-word" of changed lines, "@path" of files, "#word" of the message."""
Mark = tuple[str | int, ...]
"""A thing that edits do: ("row", f, h, n), ("file", f) taken back; ("word", f, h, n, i), ("said", n, i), ("name", text) gone;
("put", f, h, n, i, word) another word in the place of one."""
Key = tuple[int, ...]
"""An edit of one operator: the address of its file, hunk, row or word (of a word of the message: its line and number); where
several words may be put in one place, with the number of the word."""
LIKELY = ("safe", "pool")
"""What the masked language model of these tests finds likely everywhere."""
_REMARK = "\\ No newline at end of file\n"
_SIDES = {"drop-added": "+", "keep-removed": "-", "drop-hunk": "+-"}


@dataclass(frozen=True)
class Row:
    """A line: "+", "-" or " ", its words, and whether it is the last of its side and has no line feed."""

    mark: str
    words: tuple[str, ...]
    bare: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def without(self, gone: Iterable[int]) -> str:
        """The text less some words, each with the blank before it."""
        return "".join((" " if n else "") + word for n, word in enumerate(self.words) if n not in set(gone))


@dataclass(frozen=True)
class File:
    """A file of a change; ``kind`` is modified, renamed, added, deleted or mode (its lines and its mode change)."""

    path: str
    hunks: tuple[tuple[Row, ...], ...]
    kind: str = "modified"

    @property
    def old_path(self) -> str:
        return f"old {self.path}" if self.kind == "renamed" else self.path

    @property
    def outlives(self) -> bool:
        """Whether it is a change also without lines."""
        return self.kind in {"renamed", "mode"}

    @property
    def gap(self) -> tuple[str, ...]:
        """The lines before every hunk, unless all of the file is new or goes."""
        return () if self.kind in {"added", "deleted"} else ("far\n", "near\n")

    def header(self) -> str:
        old, new = f"a/{self.old_path}", f"b/{self.path}"
        said = {
            "renamed": f"similarity index 90%\nrename from {self.old_path}\nrename to {self.path}\n",
            "added": "new file mode 100644\n",
            "deleted": "deleted file mode 100644\n",
            "mode": "old mode 100644\nnew mode 100755\n",
        }.get(self.kind, "index 1111111..2222222 100644\n")
        if not self.hunks:
            return f"diff --git {old} {new}\n{said}"
        sides = ("/dev/null" if self.kind == "added" else old), ("/dev/null" if self.kind == "deleted" else new)
        ends = ["\t" if " " in side else "" for side in sides]
        return f"diff --git {old} {new}\n{said}--- {sides[0]}{ends[0]}\n+++ {sides[1]}{ends[1]}\n"

    def render(self) -> str:
        """The file's part of the patch."""
        parts = [self.header()]
        old = new = 1
        for rows in self.hunks:
            olds, news = (sum(row.mark != other for row in rows) for other in "+-")
            old, new = old + len(self.gap), new + len(self.gap)
            parts.append(f"@@ -{_span(old, olds)} +{_span(new, news)} @@\n")
            parts += [f"{row.mark}{row.text}\n{_REMARK * row.bare}" for row in rows]
            old, new = old + olds, new + news
        return "".join(parts)


@dataclass(frozen=True)
class Plan:
    """A change: files, and the message as lines of words."""

    files: tuple[File, ...]
    message: tuple[tuple[str, ...], ...] = ()
    inside: bool = False
    """Whether the message stands in the patch, as git show writes it."""

    def diff(self) -> Diff:
        said = [" ".join(words) for words in self.message]
        text = "".join(file.render() for file in self.files)
        if self.inside and said:
            return parse("commit " + "a" * 40 + "\n\n" + "".join(f"    {line}\n" for line in said) + "\n" + text)
        return parse(text, "\n".join(said))

    def rows(self, marks: str = "+-") -> Iterator[tuple[Key, Row]]:
        """The changed rows in order, with their addresses."""
        for f, file in enumerate(self.files):
            for h, rows in enumerate(file.hunks):
                yield from (((f, h, n), row) for n, row in enumerate(rows) if row.mark in marks)

    def offers(self, operator: str) -> dict[Key, frozenset[Mark]]:
        """Every edit of the operator, and what it does."""
        if operator == "revert-line":
            return {key: frozenset({("row", *key)}) for key, _ in self.rows()}
        if operator == "revert-run":
            return {run[0]: frozenset(("row", *key) for key in run) for run in self._runs() if len(run) > 1}
        if operator in _SIDES:
            return dict(self._hunks(_SIDES[operator]))
        if operator == "drop-file":
            return {(f,): self.whole(f) for f in range(len(self.files))}
        if operator == "delete-word":
            words = ((*key, i) for key, row in self.rows("+") for i in range(len(row.words)))
            return {key: frozenset({("word", *key)}) for key in words}
        if operator == "cut-message":
            return {(n, i): frozenset({("said", n, i)}) for n, words in enumerate(self.message) for i in range(len(words))}
        if operator in {"swap-name", "replace-word"}:
            others = self._neighbours if operator == "swap-name" else lambda _: LIKELY
            puts = ((key, n, word) for key in self._code("+") for n, word in enumerate(others(key)))
            return {(*key, n): frozenset({("put", *key, word)}) for key, n, word in puts}
        return {key: frozenset({("name", name)}) for name, key in self._names().items()}

    def _code(self, marks: str) -> dict[Key, str]:
        """The names of more than one character that are no keywords, with their addresses, in order."""
        rows = (
            ((f, h, n), row)
            for f, file in enumerate(self.files)
            for h, rows in enumerate(file.hunks)
            for n, row in enumerate(rows)
        )
        words = (((*key, i), word) for key, row in rows if row.mark in marks for i, word in enumerate(row.words))
        return {key: word for key, word in words if len(word) > 1 and not word[0].isdecimal() and word.lower() not in KEYWORDS}

    def _neighbours(self, key: Key) -> list[str]:
        """The nearest other names before and after."""
        names = self._code("+- ")
        others = [(at, word) for at, word in names.items() if word != names[key]]
        before, after = [word for at, word in others if at < key], [word for at, word in others if at > key]
        return list(dict.fromkeys([*before[-1:], *after[:1]]))

    def whole(self, f: int) -> frozenset[Mark]:
        """Everything of one file."""
        return frozenset({("file", f), *(("row", *key) for key, _ in self.rows() if key[0] == f)})

    def _runs(self) -> Iterator[list[Key]]:
        ranked = enumerate(key for key, _ in self.rows())
        for _, run in groupby(ranked, key=lambda one: (one[1][:2], one[1][2] - one[0])):
            yield [key for _, key in run]

    def _hunks(self, side: str) -> Iterator[tuple[Key, frozenset[Mark]]]:
        for hunk in dict.fromkeys(key[:2] for key, _ in self.rows()):
            here = [(key, row.mark) for key, row in self.rows() if key[:2] == hunk]
            mine = frozenset(("row", *key) for key, mark in here if mark in side)
            if mine and (side == "+-" or len(mine) < len(here)):
                yield hunk, mine

    def _names(self) -> dict[str, Key]:
        """Names of three characters or more that only added rows have, and where each stands first."""
        other = {word for _, row in self.rows(" -") for word in row.words}
        found: dict[str, Key] = {}
        for key, row in self.rows("+"):
            for i, word in enumerate(row.words):
                if len(word) > 2 and not word[0].isdecimal() and word not in other:
                    found.setdefault(word, (*key, i))
        return found

    def left(self, gone: Iterable[Mark]) -> Facts | None:
        """What can be read of the change without ``gone``; None where no change is left, or two words are put in one place."""
        taken = frozenset(gone)
        if contradict(taken):
            return None
        facts: set[str] = set()
        for f, file in enumerate(self.files):
            if ("file", f) in taken:
                continue
            rows = [(mark, words) for h in range(len(file.hunks)) for mark, words in self._kept(f, h, taken)]
            if rows or file.outlives or not file.hunks:
                facts |= {f"@{file.path}", *(mark + word for mark, words in rows for word in words)}
        if not any(fact[0] == "@" for fact in facts):
            return None
        said = ((n, i, word) for n, words in enumerate(self.message) for i, word in enumerate(words))
        return frozenset(facts | {f"#{word}" for n, i, word in said if ("said", n, i) not in taken})

    def _kept(self, f: int, h: int, taken: frozenset[Mark]) -> Iterator[tuple[str, list[str]]]:
        """The changed rows of a hunk that stay, with their words."""
        rows = self.files[f].hunks[h]
        stays = [row.mark != " " and ("row", f, h, n) not in taken for n, row in enumerate(rows)]
        for n, row in enumerate(rows):
            lost = {i for i in range(len(row.words)) if ("word", f, h, n, i) in taken or ("name", row.words[i]) in taken}
            put = {mark[4]: str(mark[5]) for mark in taken if mark[:4] == ("put", f, h, n)}
            words = [put.get(i, word) for i, word in enumerate(row.words) if row.mark != "+" or i not in lost]
            if stays[n]:
                yield row.mark, words
            elif row.mark == "-" and self._goes_on(rows, stays, n):
                yield from (("-", words), ("+", words))

    @staticmethod
    def _goes_on(rows: Sequence[Row], stays: Sequence[bool], n: int) -> bool:
        """Whether row ``n``, kept, has no line feed though the file goes on after it: then it is replaced by itself with one."""
        return rows[n].bare and any(stay and row.mark == "+" for row, stay in zip(rows[n + 1 :], stays[n + 1 :], strict=True))

    def before(self) -> dict[str, bytes]:
        """The files that the change applies to."""
        found = {}
        for file in self.files:
            olds = [[row for row in rows if row.mark != "+"] for rows in file.hunks]
            lines = [line for rows in olds for line in (*file.gap, *(row.text + ("" if row.bare else "\n") for row in rows))]
            if file.kind != "added":
                found[file.old_path] = "".join(lines or ["same\n"]).encode()
        return found

    def after(self, gone: frozenset[Mark], renamed: Mapping[str, str]) -> dict[str, bytes]:
        """The files after the change without ``gone``, where ``renamed`` names stand in place of others."""
        found = {}
        for f, file in enumerate(self.files):
            if ("file", f) in gone:
                found |= {path: data for path, data in self.before().items() if path == file.old_path}
                continue
            lines: list[str] = []
            for h in range(len(file.hunks)):
                lines += [*file.gap, *self._written(f, h, gone, renamed)]
            if lines or file.kind not in {"added", "deleted"}:
                found[file.path] = "".join(lines or ["same\n"]).encode()
        return found

    def _written(self, f: int, h: int, gone: frozenset[Mark], renamed: Mapping[str, str]) -> Iterator[str]:
        """The lines of a hunk in the new file."""
        rows = self.files[f].hunks[h]
        lines: list[tuple[str, bool]] = []
        for n, row in enumerate(rows):
            back = ("row", f, h, n) in gone
            if row.mark == "+" and not back:
                lost = {i for i in range(len(row.words)) if ("word", f, h, n, i) in gone}
                words = tuple(renamed.get(word, word) for word in row.words)
                lines.append((Row("+", words).without(lost), row.bare))
            elif row.mark == " " or (row.mark == "-" and back):
                lines.append((row.text, row.bare))
        for n, (text, bare) in enumerate(lines, 1):  # what has no line feed gets one where the file goes on after it
            yield text if bare and n == len(lines) else text + "\n"


def contradict(marks: Iterable[Mark]) -> bool:
    """Whether two different words are put in one place."""
    puts = [mark[:-1] for mark in set(marks) if mark[0] == "put"]
    return len(set(puts)) < len(puts)


def _span(start: int, count: int) -> str:
    """A side of a hunk as git writes it."""
    return str(start) if count == 1 else f"{start - (count == 0)},{count}"


def key_of(plan: Plan, edit: Edit) -> Key:
    """The address of an edit of the engine, in the plan's terms."""
    unit = edit.unit
    if unit.file == MESSAGE_FILE:
        said = " ".join(plan.message[unit.line])
        return unit.line, len(said[: unit.end].split()) - 1
    address = tuple(part for part in (unit.file, unit.hunk, unit.line) if part >= 0)
    if unit.start < 0:
        return address
    word = (*address, len(plan.files[unit.file].hunks[unit.hunk][unit.line].text[: unit.end].split()) - 1)
    if edit.operator not in {"swap-name", "replace-word"}:
        return word
    put = frozenset({("put", *word, str(edit.replacement))})
    return next(key for key, marks in plan.offers(edit.operator).items() if marks == put)


def read(diff: Diff) -> Facts:
    """What a rule reads of a diff."""
    signs = {LineKind.ADDED: "+", LineKind.REMOVED: "-"}
    lines = {signs[line.kind] + word for _, line in diff.lines() if line.changed for word in line.text.split()}
    return frozenset(lines | {f"@{file.path}" for file in diff.files} | {f"#{word}" for word in diff.message.split()})


@dataclass(frozen=True)
class Rule:
    """Flagged where all of some term hold, or, ``inverted``, where not; "!fact" holds where the fact is not there.

    Flat, a margin is 1 or -1 whatever is near; graded, it tells how many terms hold, or how little the nearest one lacks.
    """

    terms: tuple[tuple[str, ...], ...]
    graded: bool = False
    inverted: bool = False

    def margin(self, facts: Facts) -> float:
        """Never 0."""
        return -self._height(facts) if self.inverted else self._height(facts)

    def _height(self, facts: Facts) -> float:
        lacking = [sum((atom.lstrip("!") in facts) == atom.startswith("!") for atom in term) for term in self.terms]
        held = lacking.count(0)
        if not self.graded:
            return 1.0 if held else -1.0
        return float(held) if held else -float(min(lacking))


@dataclass
class Planted:
    """A rule as a classifier; remembers what it was asked."""

    rule: Rule
    seen: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    name: str = "planted"
    digest: str = "00"
    threshold: float = 0.5

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        self.seen += [diff.id for diff in diffs]
        self.batches.append(len(diffs))
        return tuple(predicted(self.rule.margin(read(diff))) for diff in diffs)


def smallest_flips(plan: Plan, operator: str, rule: Rule, most: int) -> tuple[int, set[frozenset[Key]]]:
    """The least number of the operator's edits, up to ``most``, that turn the rule, and every such set (0: none)."""
    edits = plan.offers(operator)
    flagged = _verdict(plan, rule, ())
    for size in range(1, most + 1):
        verdicts = {keys: _verdict(plan, rule, _all(edits[key] for key in keys)) for keys in combinations(edits, size)}
        flips = {frozenset(keys) for keys, verdict in verdicts.items() if verdict is (not flagged)}
        if flips:
            return size, flips
    return 0, set()


def _all(effects: Iterable[frozenset[Mark]]) -> frozenset[Mark]:
    return frozenset().union(*effects)


def _verdict(plan: Plan, rule: Rule, gone: Iterable[Mark]) -> bool | None:
    facts = plan.left(gone)
    return None if facts is None else rule.margin(facts) >= 0


def parts_of(plan: Plan) -> dict[Key, Mark]:
    """The parts of a change that may stay or go: its changed rows, and files that are more than those."""
    rows: dict[Key, Mark] = {key: ("row", *key) for key, _ in plan.rows()}
    return rows | {(f,): ("file", f) for f, file in enumerate(plan.files) if file.outlives or not file.hunks}


def smallest_cores(plan: Plan, rule: Rule) -> tuple[int, set[frozenset[Key]]]:
    """The least number of parts that alone keep the verdict, and every such set."""
    parts = parts_of(plan)
    flagged = _verdict(plan, rule, ())
    for size in range(1, len(parts) + 1):
        cores = set()
        for kept in combinations(parts, size):
            gone = [mark for key, mark in parts.items() if key not in kept]
            if _verdict(plan, rule, gone) == flagged:
                cores.add(frozenset(kept))
        if cores:
            return size, cores
    return 0, set()
