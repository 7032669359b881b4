"""Work over the changes of a dataset that the pages share: in the background, found again by all that it depends on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.cli.set_flags import SEED
from app.cli.set_rows import Rows
from app.jobs import Job, Jobs, Step
from explain.precedent.lookup import Bounds, look_up
from explain.precedent.nearest import Precedents, embedding
from explain.precedent.wording import nothing
from models.change.types import Diff
from models.classify.protocol import Classifier
from models.data.parquet import files_of
from models.errors import DataError


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
    most = min(asked.bounds.rows, len(rows.ids))
    answered = False
    for one in look_up(rows.after(0), asked.change, model, asked.bounds, cancelled):
        answered = not isinstance(one, int)
        yield Step(one, most, f"{one:,} of at most {most:,} known changes read") if isinstance(one, int) else one
    if not answered and not cancelled():
        raise DataError(nothing(str(asked.path), asked.bounds.before))


@st.cache_resource(show_spinner=False)
def _lookups() -> Jobs[Step | Precedents]:
    return Jobs(at_once=1)
