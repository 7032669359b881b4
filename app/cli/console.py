"""The two streams: data on standard output, talk and progress on standard error."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO, TextIOBase
from typing import BinaryIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from app.cli.visible import sentence
from models.errors import UsageError

_WIDTH = 120
_CLOSED = "Standard output is closed; leave it open, or name a file with -o."


class ClosedOutput(TextIOBase):
    """Stands in for a standard output that was closed before the program began: UsageError at the first thing written."""

    @property
    def buffer(self) -> BinaryIO:
        """Takes no bytes either."""
        raise UsageError(_CLOSED)

    def write(self, _text: str) -> int:
        """Takes nothing."""
        raise UsageError(_CLOSED)


def say(message: str) -> None:
    """One sentence to standard error, with hostile characters spelled out."""
    if sys.stderr is None:
        return
    try:
        print(sentence(message), file=sys.stderr, flush=True)
    except OSError:
        return  # nobody listens; the exit code still tells


def plain(*parts: RenderableType) -> str:
    """``parts`` as text without colours, for files."""
    return _rendered(parts, terminal=False)


def show(*parts: RenderableType) -> None:
    """``parts`` to standard output, coloured if it is a terminal."""
    sys.stdout.write(_rendered(parts, terminal=sys.stdout.isatty()))


def _rendered(parts: tuple[RenderableType, ...], terminal: bool) -> str:
    buffer = StringIO()
    width = max(40, shutil.get_terminal_size().columns) if terminal else _WIDTH
    console = Console(
        file=buffer,
        width=width,
        force_terminal=terminal,
        no_color=None if terminal else True,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part, soft_wrap=not hasattr(part, "columns"))
    return buffer.getvalue()


def _watched() -> bool:
    """Whether somebody looks at standard error while the program runs."""
    return sys.stderr is not None and sys.stderr.isatty()


def _errors() -> Console:
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner while something of unknown length runs; nothing unless standard error is a terminal."""
    if not _watched():
        yield
        return
    with _errors().status(what):
        yield


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on standard error that goes when it is done; nothing unless standard error is a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_errors(), transient=True, disable=not _watched()) as bar:
        yield bar
