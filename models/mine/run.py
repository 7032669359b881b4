"""``whydiff mine``: from clones to one labelled dataset."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from models.errors import DataError, UsageError
from models.mine.clone import Clone, look
from models.mine.dataset import write
from models.mine.options import MineOptions
from models.mine.project import Derived, Progress, Report, mine_project
from models.mine.store import ProjectStore, opened

_TICK = 0.2


@dataclass(frozen=True, slots=True)
class _Task:
    clone: Clone
    store: ProjectStore
    options: MineOptions
    jobs: int


def mine(repos: Sequence[Path], names: Sequence[str], output: Path, options: MineOptions) -> Iterator[Progress | Report]:
    """Mine the clones ``repos`` into the dataset ``output``, yielding progress, and one report a project at the end.

    ``names`` are the projects of ``repos``, or empty: then the clones tell. What ``output`` holds of other projects stays.
    Nothing is fetched and the clones are not written to. The clones are read in parallel; a run that was stopped goes on
    where it was, and one over a grown history reads what is new. Raises WhydiffError for what the user can mend.
    """
    clones = _clones(repos, names)
    with opened(output, options) as store:
        jobs = options.jobs or os.cpu_count() or 1
        at_once = min(jobs, len(clones))
        tasks = [_Task(clone, store.project(clone.project), options, max(1, jobs // at_once)) for clone in clones]
        found: dict[str, Derived] = {}
        for item in _each(tasks, at_once):
            if isinstance(item, Progress):
                yield item
            else:
                found[item.report.project] = item
        ordered = {clone.project: found[clone.project] for clone in clones}
        write(output, store, options, ordered)
        yield from (one.report for one in ordered.values())


def _clones(repos: Sequence[Path], names: Sequence[str]) -> list[Clone]:
    if names and len(names) != len(repos):
        raise UsageError(f"Expected one --project for each of the {len(repos)} repositories, but got {len(names)}.")
    clones = [look(path, name) for path, name in zip(repos, names or [""] * len(repos), strict=True)]
    by_name: dict[str, Clone] = {}
    for clone in clones:
        other = by_name.setdefault(clone.project, clone)
        if other is not clone:
            raise UsageError(
                f"{other.path} and {clone.path} are both called {clone.project}; name them with --project, one for each."
            )
    return clones


def _each(tasks: Sequence[_Task], at_once: int) -> Iterator[Progress | Derived]:
    if at_once > 1:
        yield from _in_processes(tasks, at_once)
        return
    for task in tasks:
        yield from mine_project(task.clone, task.store, task.options, task.jobs)


def _in_processes(tasks: Sequence[_Task], at_once: int) -> Iterator[Progress | Derived]:
    """The tasks in processes of their own; when one fails or the caller stops, the others end at their next step."""
    context = multiprocessing.get_context("spawn")
    channel, stop = context.Queue(), context.Event()
    with ProcessPoolExecutor(at_once, context, _begin, (channel, stop)) as pool:
        try:
            left = [pool.submit(_work, task) for task in tasks]
            while left:
                yield from _told(channel)
                for one in [one for one in left if one.done()]:
                    left.remove(one)
                    yield _result(one)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _told(channel: Any) -> Iterator[Progress]:
    try:
        while True:
            yield channel.get(timeout=_TICK)
    except Empty:
        return


def _result(one: Future[Derived]) -> Derived:
    try:
        return one.result()
    except BrokenProcessPool as error:
        raise DataError(
            "A process that read a repository was ended from outside (is memory short?); run the same again, it goes on."
        ) from error


_channel: Any = None
_stop: Any = None


def _begin(channel: Any, stop: Any) -> None:
    global _channel, _stop
    _channel, _stop = channel, stop
    channel.cancel_join_thread()  # progress that nobody takes must not keep a process from ending
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and stops everyone


def _work(task: _Task) -> Derived:
    for item in mine_project(task.clone, task.store, task.options, task.jobs):
        if isinstance(item, Derived):
            return item
        if _stop.is_set():
            break
        _channel.put(item)
    raise DataError("Mining was stopped; run the same again, it goes on.")
