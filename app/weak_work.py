"""The search for weak slices in the background, found again by all that it depends on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import streamlit as st

from app.dataset_work import hashed, stamp
from app.jobs import Job, Jobs, Step
from app.slice_work import Chosen
from explain.slices.content import ids_of, read_content, with_content
from explain.slices.discover import discover
from explain.slices.load import Wanted, load, to_search
from explain.slices.search import DiscoverOptions
from explain.slices.types import Discovery

T = TypeVar("T")
_PATIENCE = 0.2


@dataclass(frozen=True, slots=True)
class Hunt:
    """Weak slices of the ``chosen`` rows of a ``model``, over all attributes that say something of a change.

    ``words``: the dataset that was scored, to search among words and folders of its changes too, or None.
    """

    chosen: Chosen
    model: str
    options: DiscoverOptions
    words: Path | None = None

    @property
    def key(self) -> str:
        """All that the answer depends on."""
        return hashed("weak", self.chosen.key, self.model, self.options, self.words and stamp(self.words))


@dataclass(frozen=True, slots=True)
class Caught:
    """What a search found; ``note``: what has to be told of the words, or ""."""

    found: Discovery
    note: str = ""


class _StopError(Exception):
    """The search was asked to end."""


def find_hunt(asked: Hunt) -> Job[Step | Caught] | None:
    """The search, running or done, if it was started."""
    return _hunts().get(asked.key)


def start_hunt(asked: Hunt) -> Job[Step | Caught]:
    """Start the search in the background, or join the one that runs."""

    def work(cancelled: Callable[[], bool]) -> Iterator[Step | Caught]:
        return hunted(asked, cancelled)

    return _hunts().start(asked.key, work)


def hunted(asked: Hunt, cancelled: Callable[[], bool]) -> Iterator[Step | Caught]:
    """Yield how far it is, at last the weak slices; no more when it is ``cancelled``. Raises UsageError, DataError."""
    yield Step(0, 100, "reading the predictions")
    source = asked.chosen.source
    where = source.expression(asked.chosen.where)
    loaded = load(source, asked.model, Wanted(to_search(source), where, asked.chosen.cluster, halves=True))
    table, halves, note = loaded.table, loaded.halves, ""
    assert halves is not None
    try:
        if asked.words is not None:
            dataset, ids = asked.words, ids_of(source, asked.model, where)
            content = yield from _told(lambda tick: read_content(dataset, ids, tick), "reading the changes", cancelled)
            table, note = with_content(table, ids, content)
        found = yield from _told(lambda tick: discover(table, halves, asked.options, tick), "searching", cancelled)
    except _StopError:
        return
    yield Caught(found, note)


def _told(run: Callable[[Callable[[float], None]], T], doing: str, cancelled: Callable[[], bool]) -> Generator[Step, None, T]:
    """Yield how far ``run`` is, and return what it comes to. It tells so from a thread of its own. Raises _StopError."""
    steps: SimpleQueue[Step] = SimpleQueue()

    def tick(done: float) -> None:
        if cancelled():
            raise _StopError
        steps.put(Step(round(100 * done), 100, f"{doing}, {100 * done:.0f} % done"))

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, tick)
        while not running.done():
            try:
                yield steps.get(timeout=_PATIENCE)
            except Empty:
                continue
        return running.result()


@st.cache_resource(show_spinner=False)
def _hunts() -> Jobs[Step | Caught]:
    return Jobs(kept=16, at_once=1)
