"""``whydiff models list|show|add|validate|retire``: the registry of checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import plain, say, show, working
from app.cli.options import TextOrJson
from app.cli.output import check_output, dumps, emit
from app.hidden import visible
from models.errors import UsageError

if TYPE_CHECKING:
    from models.registry.entry import Entry
    from models.registry.resolve import Found


@dataclass(frozen=True, slots=True)
class How:
    """Flags of models list and show."""

    format: Annotated[TextOrJson, typer.Option(help="For people or for programs.")] = TextOrJson.TEXT
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None


@dataclass(frozen=True, slots=True)
class Which:
    """Which model."""

    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A folder, else a registered name or the beginning of a hash.", show_default=False),
    ]


@dataclass(frozen=True, slots=True)
class Added:
    """Which checkpoint, and what is told of it."""

    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The checkpoint's folder.", show_default=False)]
    name: Annotated[str, typer.Option(help="The model's name; by default the checkpoint's own.", metavar="NAME")] = ""
    parent: Annotated[str, typer.Option(help="The model that it was trained from: name, folder or hash.", metavar="MODEL")] = ""
    data: Annotated[str, typer.Option(help="The hash of the dataset that it was trained on.", metavar="HASH")] = ""
    expires: Annotated[str, typer.Option(help="Its last day, or the days until then.", metavar="DATE|DAYS")] = ""


@dataclass(frozen=True, slots=True)
class Retiring:
    """Flags of models retire."""

    reason: Annotated[str, typer.Option(help="Why; users of the model are told.", metavar="TEXT")] = ""
    now: Annotated[bool, typer.Option("--now", help="Delete the model, which must be retired already.")] = False


def list_models(how: How) -> None:
    """The registered models and the shipped one, which is called default."""
    from app.cli.models_table import list_payload, table
    from models.registry.folder import Registry
    from models.registry.listing import listed

    check_output(how.output)
    registry, today = Registry(), date.today()
    entries = listed(registry)
    for sentence in registry.broken():
        say(f"Left out: {sentence}")
    if how.format is TextOrJson.JSON:
        emit(dumps(list_payload(entries, today)), how.output)
    elif how.output is not None:
        emit(plain(table(entries, today)), how.output)
    else:
        show(table(entries, today))


def show_model(which: Which, how: How) -> None:
    """What is known of a model, and its card."""
    from app.cli.models_table import facts, show_payload
    from models.registry.listing import card, described
    from models.registry.resolve import find

    check_output(how.output)
    found, today = find(which.model), date.today()
    entry = described(found)
    if how.format is TextOrJson.JSON:
        emit(dumps(show_payload(entry, found.folder, card(found.folder), today)), how.output)
    elif how.output is not None:
        emit(plain(*facts(entry, found.folder, card(found.folder), today)), how.output)
    else:
        show(*facts(entry, found.folder, card(found.folder), today))


def add(what: Added) -> None:
    """Validate a checkpoint and copy it into the registry; prints its name."""
    from models.registry.entry import expiry, is_digest
    from models.registry.folder import AddOptions, Registry
    from models.registry.resolve import digest_of

    today = date.today()
    if what.data and not is_digest(what.data):
        raise UsageError(f"Expected 8 to 64 hexadecimal digits for --data, but got {what.data[:80]!r}.")
    options = AddOptions(
        name=what.name,
        parent=digest_of(what.parent) if what.parent else "",
        data=what.data,
        expires=expiry(what.expires, today) if what.expires else None,
    )
    with working("Validating the model"):
        entry, new = Registry().add(what.folder, options, today)
    if not new:
        say(f"This model is registered already, as {entry.name}, so nothing was copied.")
    print(visible(entry.name))


def validate(which: Which) -> None:
    """Try a checkpoint on made-up changes and refuse what is unsafe or broken; a registered one is recorded as validated."""
    from models.registry.examine import examine
    from models.registry.folder import Registry
    from models.registry.resolve import find

    found = find(which.model)
    with working("Validating the model"):
        done = Registry().validate(found.entry, date.today()) if found.entry else examine(found.folder)
    print(visible(f"{which.model}: valid, {done.kind} {done.digest}, answers {done.examples} made-up changes as it must"))


def retire(which: Which, how: Retiring) -> None:
    """Warn whoever uses a model from now on; with --now, delete one that was retired before."""
    from models.registry.folder import Registry
    from models.registry.resolve import find

    entry = _registered(which.model, find(which.model))
    marked = Registry().retire(entry, how.reason, date.today(), how.now)
    if how.now:
        say(f"The model {marked.name} ({marked.digest}) is deleted.")
    else:
        say(f"The model {marked.name} is retired since {marked.retired}; it works on, with a warning, until it is retired --now.")
    print(visible(marked.name))


def _registered(text: str, found: Found) -> Entry:
    if found.entry is None:
        raise UsageError(
            f"Expected a registered model, but {text[:200]} is a folder or the shipped model; whydiff models list names them."
        )
    return found.entry
