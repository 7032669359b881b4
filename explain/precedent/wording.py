"""What precedents come to, in the words of every output."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from explain.precedent.nearest import Precedents
from explain.survey.wording import said

CAUTION = "Labels are as they are known today. Precedents are a hint; how far they tell is measured in docs/benchmarks.md."


def sentences(found: Precedents) -> Iterator[str]:
    """What became of the nearest, beside all, and which were looked through."""
    yield (
        f"Precedents: of the {len(found.nearest):,} known changes that the network reads most alike {said(found.among_them)} "
        f"have label 1; of all {found.among_all.rows:,} that it read, {said(found.among_all)}."
    )
    if found.before is None:
        yield "The date of the change is not known, so that later changes may be among them."
    else:
        yield f"All are older than the change, {day(found.before)}."
    yield CAUTION


def nothing(name: str, before: datetime | None) -> str:
    """Why there are no precedents in the dataset ``name``."""
    older = f" older than the change, {day(before)}" if before else ""
    return f"No labelled row of {name:.200} is{older or ' another change'}; pass another dataset."


def day(date: datetime) -> str:
    """A date without its time."""
    return date.strftime("%Y-%m-%d")
