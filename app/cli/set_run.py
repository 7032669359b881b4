"""A run over the rows of a dataset: it can be stopped at any time, and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from app.cli.console import progress, say
from app.cli.options import Source
from app.cli.output import check_output
from app.cli.set_flags import SEED, SetFlags
from app.cli.set_rows import Rows
from app.cli.set_table import Form, Found, Kept, Record, Settings
from explain.survey.record import Passed, Row
from models.change.types import Diff
from models.classify.protocol import Classifier
from models.errors import DataError, ModelError, UsageError

_SAVED_EVERY = 10.0
"""Seconds of work that a killed run may lose."""


Record_contra = TypeVar("Record_contra", bound=Found, contravariant=True)
Work = Callable[[Iterable[Row]], Iterator[tuple[Row, Record | Passed]]]
"""What is done with each row."""


class Counting(Protocol[Record_contra]):
    """Adds up what is found."""

    def pass_over(self, one: Passed, /) -> None:
        """Count a row without a record."""
        ...

    def add(self, one: Record_contra, diff: Diff, /) -> None:
        """Count a record; ``diff`` is what it is about."""
        ...


@dataclass(frozen=True, slots=True)
class Job(Generic[Record]):
    """What is to be done: ``rows`` in their order until ``wanted`` records, which are kept in ``output``, if in any file."""

    form: Form[Record]
    rows: Rows
    settings: Settings
    output: Path | None
    wanted: int | None


def opened(source: Source, output: Path | None, flags: SetFlags) -> Rows:
    """The rows that were asked for; raises UsageError for flags that do not fit a dataset."""
    if source.repo != Path():
        raise UsageError("Expected a revision with --repo, but got a dataset; leave --repo out.")
    check_output(output)
    rows = Rows.open(Path(source.input), flags.split, SEED if flags.seed is None else flags.seed)
    if output is not None and rows.has(output):
        raise UsageError(f"Expected another file than the dataset {output} for -o; name a new file.")
    return rows


def settings_of(classifier: Classifier, rows: Rows, flags: dict[str, Any]) -> Settings:
    """The settings of a run; ``flags`` are those besides split and seed."""
    return {"model": classifier.digest, "flags": {"split": rows.dataset.split, "seed": rows.seed} | flags, "rows": rows.digest}


def tell_unnumbered(names: Sequence[str]) -> None:
    """Say which rows are left out because the model gives them no number."""
    if names:
        say(f"The model gives no number for {len(names):,} rows, left out: {', '.join(names[:10])}.")


def no_answers(name: str, unnumbered: int) -> DataError | ModelError:
    """Why there is no answer for any row of the dataset ``name``."""
    if unnumbered:
        return ModelError(f"The model gives no number for any row of {name:.200}; pass a model that whydiff validates.")
    return DataError(f"No row of {name:.200} holds a diff that can be read; pass a dataset of changes.")


def run(job: Job[Record], work: Work[Record], tally: Counting[Record]) -> None:
    """Do what is left to do; all that was done, earlier runs included, goes into ``tally``."""
    kept = Kept.open(job.form, job.output, job.settings)
    _retell(kept, job.rows, tally)
    with _keeping(kept):
        _go_on(kept, job, work, tally)


def _retell(kept: Kept[Record], rows: Rows, tally: Counting[Record]) -> None:
    """Count what an earlier run found; its diffs are read again, and nothing is scored."""
    for passed in kept.passed():
        tally.pass_over(passed)
    for one, row in zip(kept.records(), rows.named(set(kept.names())), strict=True):
        if row.diff is None or (row.id, row.diff.id) != (one.id, one.diff_id):
            raise DataError(f"The row {row.id:.200} is another change than it was before; name another file for -o.")
        tally.add(one, row.diff)


def _go_on(kept: Kept[Record], job: Job[Record], work: Work[Record], tally: Counting[Record]) -> None:
    wanted = job.wanted
    if wanted is not None and kept.count >= wanted:
        return
    saved = monotonic()
    with progress() as bar:
        task = bar.add_task(job.form.verb, total=wanted or len(job.rows.ids), completed=kept.count if wanted else kept.seen)
        for row, one in work(job.rows.after(kept.seen)):
            if isinstance(one, Passed):
                kept.pass_over(one)
                tally.pass_over(one)
            elif row.diff is not None:
                kept.add(one)
                tally.add(one, row.diff)
            done = kept.count if wanted else kept.seen
            bar.update(task, completed=done, description=f"{kept.seen:,} read, {kept.count:,} {job.form.sort}")
            if wanted is not None and kept.count >= wanted:
                return
            if monotonic() - saved > _SAVED_EVERY:
                kept.save()
                saved = monotonic()


@contextmanager
def _keeping(kept: Kept[Record]) -> Iterator[None]:
    """Whatever ends the work, what is done is saved, and how to go on is told."""
    try:
        yield
    except BaseException:
        kept.save()
        if not kept.seen:
            raise
        if kept.path is not None:
            changes = f"1 {kept.form.sort} change is" if kept.count == 1 else f"{kept.count:,} {kept.form.sort} changes are"
            say(f"Stopped early: {changes} in {kept.path}; the same command again goes on from there.")
        else:
            say(f"Stopped early, and nothing was kept; with -o {kept.form.name} a run can be stopped and gone on with.")
        raise
    kept.save()
