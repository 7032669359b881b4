"""The search for weak slices in the background, found again by all that it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import streamlit as st

from app.dataset_work import hashed
from app.jobs import Job, Jobs, Step
from app.slice_work import Chosen
from explain.slices.discover import discover
from explain.slices.load import Loaded, Wanted, load, to_search
from explain.slices.search import DiscoverOptions
from explain.slices.types import Discovery

_PATIENCE = 0.2


@dataclass(frozen=True, slots=True)
class Hunt:
    """Weak slices of the ``chosen`` rows of a ``model``, over all attributes that say something of a change."""

    chosen: Chosen
    model: str
    options: DiscoverOptions

    @property
    def key(self) -> str:
        """All that the answer depends on."""
        return hashed("weak", self.chosen.key, self.model, self.options)


class _StopError(Exception):
    """The search was asked to end."""


def find_hunt(asked: Hunt) -> Job[Step | Discovery] | None:
    """The search, running or done, if it was started."""
    return _hunts().get(asked.key)


def start_hunt(asked: Hunt) -> Job[Step | Discovery]:
    """Start the search in the background, or join the one that runs."""

    def work(cancelled: Callable[[], bool]) -> Iterator[Step | Discovery]:
        return hunted(asked, cancelled)

    return _hunts().start(asked.key, work)


def hunted(asked: Hunt, cancelled: Callable[[], bool]) -> Iterator[Step | Discovery]:
    """Yield how far it is, at last the weak slices. Raises UsageError, DataError."""
    yield Step(0, 100, "reading the predictions")
    source = asked.chosen.source
    where = source.expression(asked.chosen.where)
    found = load(source, asked.model, Wanted(to_search(source), where, asked.chosen.cluster, halves=True))
    yield from _searched(found, asked.options, cancelled)


def _searched(found: Loaded, options: DiscoverOptions, cancelled: Callable[[], bool]) -> Iterator[Step | Discovery]:
    """The search tells how far it is from a thread of its own, so that each such word can be passed on."""
    steps: SimpleQueue[Step] = SimpleQueue()
    assert found.halves is not None

    def tick(done: float) -> None:
        if cancelled():
            raise _StopError
        steps.put(Step(round(100 * done), 100, f"searching, {100 * done:.0f} % done"))

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(discover, found.table, found.halves, options, tick)
        while not running.done():
            try:
                yield steps.get(timeout=_PATIENCE)
            except Empty:
                continue
        try:
            yield running.result()
        except _StopError:
            return


@st.cache_resource(show_spinner=False)
def _hunts() -> Jobs[Step | Discovery]:
    return Jobs(kept=16, at_once=1)
