"""What a model reads of a diff, and where each piece of it came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.change.types import Unit


class Side(StrEnum):
    """Which part of the change a token belongs to."""

    ADDED = "added"
    REMOVED = "removed"
    CONTEXT = "context"
    MESSAGE = "message"
    PATH = "path"
    METRICS = "metrics"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class EncodedDiff:
    """Token ids of one diff, at most the model's length.

    ``units[i]`` is the place of token i: a token unit with its character span; the marker of a line, hunk or file has
    the unit of that line, hunk or file; ``Unit(METRICS_FILE)`` is the size of the change; None is a special
    token such as [CLS]. ``sides[i]`` is its side. ``unread`` lists the line units no token of which is in ``ids`` or
    that were cut inside; ``total`` counts the tokens that the whole diff would have taken.
    """

    ids: tuple[int, ...]
    units: tuple[Unit | None, ...]
    sides: tuple[Side, ...]
    unread: tuple[Unit, ...]
    total: int
