"""The search for weak slices in the background, found again by all that it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.dataset_work import hashed, stamp
from app.jobs import Job, Jobs, Step, stepwise
from app.slice_work import Chosen
from explain.slices.content import ids_of, read_content, with_content
from explain.slices.discover import discover
from explain.slices.load import Wanted, load, to_search
from explain.slices.search import DiscoverOptions
from explain.slices.types import Discovery


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
    if asked.words is not None:
        dataset, ids, content = asked.words, ids_of(source, asked.model, where), None
        for item in stepwise(lambda tick: read_content(dataset, ids, tick), "reading the changes", cancelled):
            if isinstance(item, Step):
                yield item
            else:
                content = item
        if content is None:
            return
        table, note = with_content(table, ids, content)
    for found in stepwise(lambda tick: discover(table, halves, asked.options, tick), "searching", cancelled):
        yield found if isinstance(found, Step) else Caught(found, note)


@st.cache_resource(show_spinner=False)
def _hunts() -> Jobs[Step | Caught]:
    return Jobs(kept=16, at_once=1)
