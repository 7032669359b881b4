"""Splits of a dataset: by time within each project, or by whole projects. What goes in decides alone, never the rows' order."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from models.data.options import SplitOptions
from models.errors import UsageError

SPLITS = TRAIN, VALID, TEST = "train", "valid", "test"
YOUNG = "young"
"""Part of no split: too young for the lack of a fix to count (see ``models.mine.labels``)."""
UNDATED = "undated"
"""Part of no split: a row without a date has no place in time, and may be newer than what is measured on."""

_NAMED = 12

DEFAULT = SplitOptions()


def by_rank(total: int, options: SplitOptions = DEFAULT) -> list[str]:
    """The splits of ``total`` rows in the order of time: the oldest ceil(train * total) rows are "train", and so on."""
    train, valid = options.shares
    first, second = math.ceil(train * total), math.ceil((train + valid) * total)
    return [TRAIN] * first + [VALID] * (second - first) + [TEST] * (total - second)


def by_time(
    projects: Sequence[str], dates: Sequence[float | None], keys: Sequence[str], options: SplitOptions = DEFAULT
) -> list[str]:
    """The split of every row by its rank in time within its project.

    ``dates`` are seconds (any epoch); None and NaN are "undated" and count in no share. Rows of one date are told apart by
    ``keys`` (their ids), so the rows' order does not matter. No train row of a project is newer than one of its valid
    rows, and no valid row newer than one of its test rows; they may be of one date.
    """
    dated: dict[str, list[tuple[float, str, int]]] = {}
    splits = [UNDATED] * len(projects)
    for index, (project, date, key) in enumerate(zip(projects, dates, keys, strict=True)):
        if date is not None and not math.isnan(date):
            dated.setdefault(project, []).append((date, key, index))
    for rows in dated.values():
        for (_, _, index), split in zip(sorted(rows), by_rank(len(rows), options), strict=True):
            splits[index] = split
    return splits


def by_project(projects: Iterable[str], options: SplitOptions = DEFAULT) -> dict[str, str]:
    """The split of every project, all of its rows together.

    A hash of the seed and the name decides, so that a project stays where it is when others come or go; the shares hold on
    average over many projects. ``held_out`` projects are "test", and then the others are "train" and "valid" only, in the
    ratio of their shares. Raises UsageError for a held out name that is no project.
    """
    names = sorted(set(projects))
    unknown = [name for name in options.held_out if name not in names]
    if unknown:
        known = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
        raise UsageError(f"Expected projects of the dataset for --held-out, but got {unknown[0]}; it has {known}.")
    return {name: TEST if name in options.held_out else _drawn(name, options) for name in names}


def _drawn(name: str, options: SplitOptions) -> str:
    train, valid = options.shares
    if options.held_out:
        train, valid = (train / (train + valid), valid / (train + valid)) if train + valid else (Fraction(1), Fraction(0))
    digest = hashlib.sha256(f"{options.seed}\0{name}".encode("utf-8", "surrogatepass")).digest()
    at = Fraction(int.from_bytes(digest[:8]), 2**64)
    return TRAIN if at < train else VALID if at < train + valid else TEST
