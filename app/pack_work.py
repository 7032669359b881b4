"""Meeting packs made in the background, found again by all that they depend on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import streamlit as st

from app.dataset_work import hashed
from app.export.asked import Asked, again
from app.export.gather import gathered
from app.export.pack_html import pack_html
from app.export.pack_markdown import pack_markdown
from app.jobs import Job, Jobs, Step, stepwise

NOTES = "notes.txt"
"""The file that the command reads the notes from."""


@dataclass(frozen=True, slots=True)
class Order:
    """A pack of what is ``asked``, of predictions that ``stamp`` tells from others."""

    asked: Asked
    stamp: tuple[tuple[str, int, int], ...]

    @property
    def key(self) -> str:
        """All that the pack depends on."""
        return hashed("pack", self.asked, self.stamp)


@dataclass(frozen=True, slots=True)
class File:
    """One form of a pack: its ``content``, and the ``command`` that writes the same bytes."""

    name: str
    title: str
    kind: str
    content: bytes
    command: str

    @property
    def sha256(self) -> str:
        """The hash of the content, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack in all its forms."""

    files: tuple[File, ...]


def find_pack(order: Order) -> Job[Step | Pack] | None:
    """The pack, in the making or made, if it was asked for."""
    return _packs().get(order.key)


def start_pack(order: Order) -> Job[Step | Pack]:
    """Make the pack in the background, or join the one that is being made."""

    def work(cancelled: Callable[[], bool]) -> Iterator[Step | Pack]:
        yield Step(0, 100, "reading the predictions")
        yield from stepwise(lambda tick: made(order.asked, tick), "measuring", cancelled)

    return _packs().start(order.key, work)


def made(asked: Asked, tick: Callable[[float], None] = lambda done: None) -> Pack:
    """The pack as ``whydiff report`` writes it, byte for byte. Raises the errors of what it measures, UsageError if too large."""
    notes = NOTES if asked.remarks else ""
    html, markdown = again(asked, notes, output="pack.html"), again(asked, notes, "markdown", "pack.md")
    data = gathered(replace(asked, command=html), tick)
    forms = (
        ("pack.html", "HTML", "text/html", pack_html(data), html),
        ("pack.md", "Markdown", "text/markdown", pack_markdown({**data, "command": markdown}), markdown),
    )
    return Pack(
        tuple(
            File(name, title, kind, text.encode("utf-8", "backslashreplace"), command)
            for name, title, kind, text, command in forms
        )
    )


@st.cache_resource(show_spinner=False)
def _packs() -> Jobs[Step | Pack]:
    return Jobs(kept=4, at_once=1)
