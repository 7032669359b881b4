"""Work over the changes of a dataset that the pages share: in the background, found again by all that it depends on."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.cli.explain_set_table import EXPLAINED
from app.cli.set_flags import SEED
from app.cli.set_rows import Rows
from app.cli.set_table import Kept
from app.jobs import Job, Jobs, Step
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import MethodCard
from explain.overall.portrait import Portrait, Sitting, portray
from explain.precedent.lookup import Bounds, look_up
from explain.precedent.nearest import Precedents, embedding
from explain.precedent.wording import nothing
from models.change.types import Diff
from models.classify.protocol import Classifier
from models.data.parquet import files_of, opened
from models.errors import DataError


class Pace:
    """How far work is that began when this was made, and how long it will take at the pace so far."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def step(self, done: int, most: int, what: str) -> Step:
        """``done`` of ``most`` at most, in words with what was done with them."""
        left = (most - done) * (time.monotonic() - self._began) / max(done, 1)
        lasting = f"{left / 60:.0f} min" if left >= 90 else f"{max(1.0, left):.0f} s"
        return Step(done, most, f"{done:,} of at most {most:,} {what}" + (f", about {lasting} left" if 0 < done < most else ""))


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which precedents are looked for: of ``change``, as ``model`` reads it, among the known changes at ``path``."""

    change: Diff
    model: Classifier
    path: Path
    bounds: Bounds

    @property
    def key(self) -> str:
        """All that the answer depends on."""
        return hashed("lookup", self.change.id, self.model.digest, stamp(self.path), self.bounds)


def dataset_at(text: str) -> Path:
    """The dataset that ``text`` names on the server's disk: a Parquet file, or a folder of such files; ``~`` is the home.

    Raises DataError for what is neither, so that no pipe and no device is ever opened.
    """
    path = Path(os.path.expanduser(text.strip()))
    try:
        regular = bool(files := files_of([path])) and all(one.is_file() for one in files)
    except (OSError, ValueError) as error:
        raise DataError(f"{text:.200} is no name of a file; pass a dataset or a folder of them.") from error
    if not regular:
        raise DataError(f"There is no dataset {text:.200} on the server's disk; pass a .parquet file or a folder of them.")
    return path


def stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a file of the dataset at ``path`` does."""
    stats = [(str(file.resolve()), file.stat()) for file in files_of([path])]
    return tuple((name, one.st_size, one.st_mtime_ns) for name, one in stats)


def hashed(*parts: object) -> str:
    """A key of ``parts``, which their ``repr`` tells apart."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def change_of(path: Path, name: str) -> Diff:
    """The change called ``name`` of the dataset at ``path``. Raises DataError where there is none, or it cannot be read."""
    return _change_of(stamp(path), name, path)


def find_lookup(asked: Lookup) -> Job[Step | Precedents] | None:
    """The lookup, running or done, if it was started."""
    return _lookups().get(asked.key)


def start_lookup(asked: Lookup) -> Job[Step | Precedents]:
    """Start the lookup in the background, or join the one that runs."""

    def work(cancelled: Callable[[], bool]) -> Iterator[Step | Precedents]:
        return looked_up(asked, cancelled)

    return _lookups().start(asked.key, work)


def looked_up(asked: Lookup, cancelled: Callable[[], bool]) -> Iterator[Step | Precedents]:
    """Yield how far it is, at last the precedents. Raises UsageError for a model without a network, DataError for none."""
    model = embedding(asked.model)
    yield Step(0, 1, "opening the dataset")
    rows = Rows.known(asked.path, SEED)
    most, pace = min(asked.bounds.rows, len(rows.ids)), Pace()
    answered = False
    for one in look_up(rows.after(0), asked.change, model, asked.bounds, cancelled):
        answered = not isinstance(one, int)
        yield pace.step(one, most, "known changes read") if isinstance(one, int) else one
    if not answered and not cancelled():
        raise DataError(nothing(str(asked.path), asked.bounds.before))


@dataclass(frozen=True, slots=True)
class Sought:
    """What is to be explained: at most ``most`` changes of the dataset at ``path``, of the ``split`` where one is named."""

    path: Path
    split: str
    most: int
    model: Classifier
    card: MethodCard
    options: AttributionOptions

    @property
    def key(self) -> str:
        """All that the answer depends on."""
        method = self.card.name, self.options
        return hashed("overall", self.model.digest, stamp(self.path), self.split, self.most, method)


@dataclass(frozen=True, slots=True)
class Table:
    """The table at ``path`` that ``whydiff explain DATASET -o`` wrote: nothing of it needs to be explained again."""

    path: Path

    @property
    def key(self) -> str:
        """All that the answer depends on."""
        return hashed("table", stamp(self.path))


@dataclass(frozen=True, slots=True)
class Overview:
    """What carries the model with the content hash ``digest`` over the changes that were explained."""

    portrait: Portrait
    digest: str


def is_table(path: Path) -> bool:
    """Whether ``path`` is a table of explanations, and not a dataset. Raises DataError for what is no Parquet file."""
    return path.is_file() and EXPLAINED.key in (opened(path).schema_arrow.metadata or {})


def find_overview(asked: Sought | Table) -> Job[Step | Overview] | None:
    """The overview, in work or done, if it was started."""
    return _overviews().get(asked.key)


def start_overview(asked: Sought | Table) -> Job[Step | Overview]:
    """Start the overview in the background, or join the one that runs."""

    def work(cancelled: Callable[[], bool]) -> Iterator[Step | Overview]:
        return _told(asked, cancelled) if isinstance(asked, Table) else _explained(asked, cancelled)

    return _overviews().start(asked.key, work)


def _explained(asked: Sought, cancelled: Callable[[], bool]) -> Iterator[Step | Overview]:
    yield Step(0, 1, "opening the dataset")
    rows = Rows.open(asked.path, asked.split or None, SEED)
    most, pace = min(asked.most, len(rows.ids)), Pace()
    answered = False
    for one in portray(rows.after(0), asked.model, asked.card, asked.options, asked.most, cancelled):
        answered = isinstance(one, Portrait)
        yield (Overview(one, asked.model.digest) if isinstance(one, Portrait) else pace.step(one, most, "changes explained"))
    if not answered and not cancelled():
        raise DataError(f"No row of {asked.path!s:.200} could be explained; pass a dataset of changes that the model can read.")


def _told(asked: Table, cancelled: Callable[[], bool]) -> Iterator[Step | Overview]:
    yield Step(0, 1, "opening the table")
    kept = Kept.read(EXPLAINED, asked.path)
    sitting = Sitting()
    for passed in kept.passed():
        sitting.take(passed)
    for one in kept.records():
        if cancelled():
            break
        sitting.take(one)
        yield Step(sitting.explained, kept.count, f"{sitting.explained:,} of {kept.count:,} rows read")
    found = sitting.portrait()
    if found is not None:
        yield Overview(found, str(kept.settings.get("model", "")))
    elif not cancelled():
        raise DataError(f"The table {asked.path!s:.200} holds no explanation; make it of a dataset of changes.")


@st.cache_resource(max_entries=64, show_spinner="Looking the change up…")
def _change_of(stamps: tuple[tuple[str, int, int], ...], name: str, _path: Path) -> Diff:
    found = next(Rows.open(_path, None, SEED).named({name}), None)
    if found is None:
        raise DataError(f"There is no change {name:.200} in {_path}; name one by its id.")
    if found.diff is None:
        raise DataError(f"The diff of {name:.200} in {_path} cannot be read; choose another change.")
    return found.diff


@st.cache_resource(show_spinner=False)
def _overviews() -> Jobs[Step | Overview]:
    return Jobs(kept=8, at_once=1)


@st.cache_resource(show_spinner=False)
def _lookups() -> Jobs[Step | Precedents]:
    return Jobs(at_once=1)
