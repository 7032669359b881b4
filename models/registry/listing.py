"""The models that there are, the shipped one among them, and the cards that lie beside them."""

from __future__ import annotations

from pathlib import Path

from models.classify.checkpoint import read_kind
from models.classify.load import shipped
from models.errors import ModelError
from models.registry.entry import DEFAULT, Entry
from models.registry.examine import content_hash, tokenizer_hash
from models.registry.folder import Registry, lineage
from models.registry.resolve import Found

_CARDS = ("CARD.md", "README.md")
_MOST_CARD = 200_000


def listed(registry: Registry) -> tuple[Entry, ...]:
    """The shipped model as "default", where the installation has it, and the registered ones by name."""
    try:
        return (described(Found(shipped())), *registry.entries())
    except ModelError:
        return registry.entries()


def described(found: Found) -> Entry:
    """The entry of a model; of a folder that is not registered, what its files tell.

    The shipped model counts as validated: its tests did that. Raises ModelError for a folder that is no checkpoint.
    """
    if found.entry is not None:
        return found.entry
    folder = found.folder
    if not folder.is_dir():
        raise ModelError(f"The model folder {str(folder)[:200]} does not exist; pass a folder or the name of a registered model.")
    digest, told = content_hash(folder), lineage(folder)
    ours = folder == shipped()
    return Entry(
        name=DEFAULT if ours else folder.resolve().name,
        digest=digest,
        kind=read_kind(folder),
        tokenizer=tokenizer_hash(folder),
        validated=digest if ours else "",
        parent=told["parent"],
        data=told["data"],
    )


def card(folder: Path) -> str:
    """The text of the card beside a checkpoint, cut at 200,000 bytes; "" without one. It is as hostile as any text."""
    for name in _CARDS:
        path = folder / name
        try:
            if path.is_file():
                with path.open("rb") as file:
                    return file.read(_MOST_CARD).decode("utf-8", "replace")
        except OSError:
            continue
    return ""
