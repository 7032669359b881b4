"""What ``whydiff models list`` and ``show`` print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from app.cli.visible import shown
from models.change.types import clean
from models.registry.entry import Entry, State, as_json

LIST_SCHEMA, SHOW_SCHEMA = "whydiff/models-list/1", "whydiff/models-show/1"
_SHORT = 8
_COLUMNS = ("name", "hash", "kind", "added", "last used", "expires", "state")
_FACTS = {
    "hash": "digest", "kind": "kind", "added": "added", "last used": "last_used", "expires": "expires",
    "validated on": "validated_on", "trained from": "parent", "data": "data", "tokenizer": "tokenizer",
    "retired on": "retired", "reason": "reason",
}  # fmt: skip


def list_payload(entries: Sequence[Entry], today: date) -> dict[str, Any]:
    """The JSON of models list."""
    return {"schema": LIST_SCHEMA, "models": [_record(one, today) for one in entries]}


def show_payload(entry: Entry, folder: Path, card: str, today: date) -> dict[str, Any]:
    """The JSON of models show."""
    return {"schema": SHOW_SCHEMA, **_record(entry, today), "path": clean(str(folder.absolute())), "card": clean(card)}


def _record(entry: Entry, today: date) -> dict[str, Any]:
    """Facts that are not known are null."""
    known = {name: clean(value) if value else None for name, value in as_json(entry).items()}
    return known | {"state": str(entry.state(today))}


def table(entries: Sequence[Entry], today: date) -> Table:
    """A row a model."""
    result = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        result.add_column(name, overflow="fold", no_wrap=name != "name")
    for one in entries:
        state = one.state(today)
        dates = [Text("-" if day is None else str(day)) for day in (one.added, one.last_used, one.expires)]
        known = [shown(one.name), shown(one.digest[:_SHORT]), shown(one.kind)]
        result.add_row(*known, *dates, Text(str(state), "" if state is State.OK else "bold"))
    return result


def facts(entry: Entry, folder: Path, card: str, today: date) -> Iterator[Text]:
    """A line a fact, and the card line by line."""
    yield Text.assemble(shown(entry.name, "bold"), "  ", str(entry.state(today)))
    yield Text.assemble("path: ", shown(str(folder.absolute())))
    for title, field in _FACTS.items():
        value = as_json(entry)[field]
        if value:
            yield Text.assemble(f"{title}: ", shown(value, most=1000))
    if card.strip():
        yield Text()
        yield from (shown(line) for line in card.split("\n"))
