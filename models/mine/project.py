"""One project: read its new commits, trace its new fixes, and derive labels and metrics from all that is known of it."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from models.errors import DataError
from models.mine.blobs import Blobs, LineCounts
from models.mine.clone import Clone, View
from models.mine.declared import blamed
from models.mine.facts import MOST_BYTES, fact
from models.mine.history import Commit, History, read_history
from models.mine.labels import Evidence, Label, counted, labelled
from models.mine.log import AT_ONCE, Entry, read_log
from models.mine.metrics import Change, File, Past
from models.mine.options import Labels, MineOptions
from models.mine.store import ProjectStore
from models.mine.szz import Outcome, Trace, Tracer

_FIXES_AT_ONCE = 16
_WORTH_AN_INDEX = 30
_IGNORE_FILE = ".git-blame-ignore-revs"
_FULL_HASH = re.compile(r"^[ \t]*([0-9a-f]{40}(?:[0-9a-f]{24})?)\b", re.MULTILINE)
_LIGHT = ("commit", "is_row", "is_fix", "is_performance", "is_revert", "is_formatting", "names", "touched")
_MOST_LINES = 200

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one phase of one project is, in commits or fixes."""

    project: str
    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one project. ``fixes`` are those that labels were sought from; ``left_out`` says what counted not."""

    project: str
    commits: int
    rows: int
    fixes: int
    positive: int
    undecided: int
    horizon_days: float
    new_commits: int
    seconds: float
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class Derived:
    """By commit the columns of a dataset that depend on other commits: label, metrics, and blamed lines (path, text)."""

    labels: dict[str, Label]
    metrics: dict[str, dict[str, float]]
    lines: dict[str, list[tuple[str, str]]]
    report: Report


@dataclass(slots=True)
class _Known:
    """What is known of a project so far: facts by commit, traces by fix."""

    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)

    def where(self, flag: str) -> list[str]:
        return [commit for commit, one in self.facts.items() if one[flag]]

    def naming(self, labels: Labels) -> list[str]:
        """The commits whose declarations count."""
        if labels is Labels.SZZ:
            return []
        return [one for one in self.where("names") if labels is Labels.DECLARED or self.facts[one]["is_performance"]]

    def to_trace(self, labels: Labels) -> list[str]:
        """The fixes whose deleted lines are traced back; a revert is none: what it deletes may have been sound."""
        if labels is Labels.DECLARED:
            return []
        fixes = self.where("is_fix" if labels is Labels.SZZ else "is_performance")
        return [one for one in fixes if not self.facts[one]["is_revert"]]


def mine_project(clone: Clone, store: ProjectStore, options: MineOptions, jobs: int) -> Iterator[Progress | Derived]:
    """Bring ``store`` up to date with ``clone``, yielding progress; the last item is what follows from all of it.

    Reading again what is known costs nothing but git's list of the history, and gives the same as reading all at once.
    Raises DataError when no commit can be labelled positive.
    """
    start = time.monotonic()
    view = View.of(clone, store.view)
    history = read_history(view)
    known = _known(clone, history, store)
    new = [commit for commit in history.changes if commit.id not in known.facts]
    for done in _read(view, store, new, clone.project, jobs):
        yield Progress(clone.project, "reading", done, len(new))
    known = _known(clone, history, store)
    fixes = known.to_trace(options.labels)
    if fixes:
        ignored = _ignored(view, history)
        known.traces = store.traces(hashlib.sha256(" ".join(ignored).encode()).hexdigest())
        never = {*ignored, *known.where("is_formatting")}
        untraced = [one for one in fixes if one not in known.traces]
        done = 0
        for found in _trace(_tracer(view, history, store, never, options), untraced, jobs):
            store.add_traces(found)
            known.traces |= {one.fix: one for one in found}
            done += len(found)
            yield Progress(clone.project, "tracing fixes", done, len(untraced))
    yield _derived(clone.project, history, known, options, (len(new), time.monotonic() - start))


def ahead(pool: ThreadPoolExecutor, function: Callable[[Item], Made], items: Iterable[Item], jobs: int) -> Iterator[Made]:
    """``function`` of every item, in order, at most ``jobs`` + 1 of them begun before they are taken."""
    left = iter(items)
    waiting = [pool.submit(function, item) for item in islice(left, jobs + 1)]
    while waiting:
        yield waiting.pop(0).result()
        waiting += [pool.submit(function, item) for item in islice(left, 1)]


def _known(clone: Clone, history: History, store: ProjectStore) -> _Known:
    """The facts of the commits that the history (still) holds."""
    rows = chain.from_iterable(table.to_pylist() for table in store.facts(_LIGHT))
    read = {row["commit"]: row for row in rows}
    facts = {commit.id: read[commit.id] for commit in history.changes if commit.id in read}
    if read and not facts:
        raise DataError(
            f"The dataset holds a project {clone.project} with another history than {clone.path}; name this one with --project."
        )
    return _Known(facts)


def _read(view: View, store: ProjectStore, new: Sequence[Commit], project: str, jobs: int) -> Iterator[int]:
    """Read the commits ``new`` and keep their facts; yields how many are done."""
    if not new:
        return
    chunks = [new[n : n + AT_ONCE] for n in range(0, len(new), AT_ONCE)]
    done = 0
    with ThreadPoolExecutor(jobs) as pool, Blobs.of(view) as blobs:
        counts = LineCounts(blobs)
        for chunk, entries in zip(chunks, ahead(pool, partial(_entries, view), chunks, jobs), strict=True):
            store.add_facts([fact(project, *one, counts.before(one[1].files)) for one in zip(chunk, entries, strict=True)])
            done += len(chunk)
            yield done


def _entries(view: View, chunk: Sequence[Commit]) -> list[Entry]:
    return list(read_log(view, [commit.id for commit in chunk], MOST_BYTES))


def _ignored(view: View, history: History) -> list[str]:
    """The commits that the project itself lists as not worth blaming."""
    found = view.output("ls-tree", "-z", view.clone.head, "--", _IGNORE_FILE).split(b"\0")[0].split()
    if len(found) < 3 or found[1] != b"blob":
        return []
    with Blobs.of(view) as blobs:
        text = blobs.read(found[2].decode("ascii")).decode("utf-8", "replace")
    return sorted({one for one in _FULL_HASH.findall(text) if one in history.position})


def _tracer(view: View, history: History, store: ProjectStore, never: set[str], options: MineOptions) -> Tracer:
    if never:
        store.passed_over.write_text("".join(f"{one}\n" for one in sorted(never)), "ascii")
    return Tracer(view, history, never, store.passed_over.absolute() if never else None, options.max_deleted)


def _trace(tracer: Tracer, fixes: Sequence[str], jobs: int) -> Iterator[list[Trace]]:
    if len(fixes) >= _WORTH_AN_INDEX:
        tracer.view.index_paths()
    chunks = [fixes[n : n + _FIXES_AT_ONCE] for n in range(0, len(fixes), _FIXES_AT_ONCE)]
    with ThreadPoolExecutor(jobs) as pool:
        yield from ahead(pool, lambda chunk: list(tracer.trace(chunk)), chunks, jobs)


def _derived(project: str, history: History, known: _Known, options: MineOptions, cost: tuple[int, float]) -> Derived:
    left_out: Counter[str] = Counter()
    fixes = {*known.naming(options.labels), *known.to_trace(options.labels)}
    evidence = _evidence(history, known, options, left_out)
    rows = [history.commits[history.position[commit]] for commit in known.where("is_row")]
    nobody = {Labels.PERFORMANCE: "declared+szz"}.get(options.labels, str(options.labels))
    labels, days = labelled(history, rows, evidence, nobody)
    counts = counted(labels.values())
    if not counts["positive"]:
        raise DataError(
            f"No commit of {project} can be labelled: none of its {len(fixes):,} fixes leads to an earlier change "
            f"(--labels {options.labels}); try other --labels, or a longer history."
        )
    left_out["culprits that change no code"] = sum(commit not in labels for commit in evidence)
    missing = {reason: count for reason, count in left_out.items() if count}
    report = Report(
        project, len(history.changes), len(rows), len(fixes), counts["positive"], counts["undecided"], days, *cost, missing
    )
    metrics = _metrics(history, known.facts)
    return Derived(labels, {one: metrics[one] for one in labels}, _lines(known, options), report)


def _evidence(history: History, known: _Known, options: MineOptions, left_out: Counter[str]) -> dict[str, list[Evidence]]:
    """By culprit who blames it: what was declared first, then what was traced, each from the oldest fix on."""
    found: dict[str, list[Evidence]] = {}
    reverts = set(known.where("is_revert"))
    for fix in known.naming(options.labels):
        commit = history.commits[history.position[fix]]
        for culprit in blamed(history, commit, known.facts[fix]["names"], reverts, left_out):
            found.setdefault(culprit, []).append(Evidence("declared", fix))
    for fix in known.to_trace(options.labels):
        trace, main = known.traces[fix], known.traces[fix].main(options.min_share)
        if trace.outcome is not Outcome.TRACED or not main:
            left_out[trace.outcome if trace.outcome is not Outcome.TRACED else Outcome.NOBODY] += 1
        left_out.update(trace.passed)
        left_out["commits with too small a share of a fix"] += len(trace.culprits) - len(main)
        for culprit in main:
            found.setdefault(culprit, []).append(Evidence("szz", fix))
    return found


def _lines(known: _Known, options: MineOptions) -> dict[str, list[tuple[str, str]]]:
    """By culprit the lines that fixes delete, each once."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for fix in known.to_trace(options.labels):
        for culprit, lines in known.traces[fix].main(options.min_share).items():
            found.setdefault(culprit, {}).update(dict.fromkeys(lines))
    return {culprit: list(lines)[:_MOST_LINES] for culprit, lines in found.items()}


def _metrics(history: History, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The metrics of every change, in one pass from the oldest to the newest."""
    past, found = Past(), {}
    for commit in history.changes:
        one = facts[commit.id]
        files = [
            File(file["path"], file["old_path"], file["added"], file["deleted"], file["lines_before"]) for file in one["touched"]
        ]
        change = Change(commit.author, commit.written, one["is_fix"], files)
        if one["is_row"]:
            found[commit.id] = past.measure(change)
        past.add(change)
    return found
