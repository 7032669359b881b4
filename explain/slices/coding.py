"""Columns of predictions as codes: each coder learns a column's values first, then takes batches of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from explain.slices.bins import names, spelled
from explain.slices.types import MISSING, MOST_VALUES, OTHER, Codes, Column, Floats, Labels

_UNKNOWN = -(2**31)


class Coder(Protocol):
    """Turns a column into codes, batch by batch."""

    def add(self, values: Any) -> None:
        """Take the next rows: an Arrow array."""

    def column(self) -> Column | Labels:
        """All that was taken."""


def codes_of(places: NDArray[Any], values: int) -> Codes:
    """``places`` in the smallest type that ``values`` of them fit in."""
    return places.astype(np.uint8 if values <= 2**8 else np.uint16 if values <= 2**16 else np.uint32)


def kept(texts: Sequence[str], most: int = MOST_VALUES) -> tuple[tuple[str, ...], bool]:
    """(the at most ``most`` values of a column out of its ``texts``, most frequent first; whether some became OTHER)."""
    plain = [one for one in texts if one != OTHER]
    if len(plain) == len(texts) <= most:
        return tuple(texts), False
    return (*plain[: most - 1], OTHER), len(plain) >= most


@dataclass(slots=True)
class TextCoder:
    """One text a row; ``values`` are those to be kept, what is none of them is the last of them."""

    name: str
    values: tuple[str, ...]
    _parts: list[Codes] = field(default_factory=list)

    def add(self, values: Any) -> None:
        """Take the next rows."""
        self._parts.append(places_of(values, self.values))

    def column(self) -> Column:
        """All that was taken."""
        return Column(self.name, self.values, _joined(self._parts))


@dataclass(slots=True)
class LabelsCoder:
    """Any number of texts a row, null and empty ones not heeded; a row without any has the one value MISSING."""

    name: str
    values: tuple[str, ...]
    _parts: list[Codes] = field(default_factory=list)
    _lengths: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, values: Any) -> None:
        """Take the next rows: an Arrow array of lists."""
        missing, texts = len(self.values), pc.list_flatten(values)
        rows = np.repeat(np.arange(len(values)), pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False))
        known = pc.fill_null(pc.not_equal(texts, MISSING), False).to_numpy(zero_copy_only=False)
        found = places_of(texts, self.values)[known] if self.values else np.zeros(0, np.uint8)
        rows = rows[known]
        alone = np.flatnonzero(np.bincount(rows, minlength=len(values)) == 0)
        pairs = np.concatenate([rows * (missing + 1) + found, alone * (missing + 1) + missing])
        pairs.sort(kind="stable")  # nearly sorted
        pairs = pairs[np.concatenate([np.ones(1, np.bool_), pairs[1:] != pairs[:-1]])] if len(pairs) else pairs
        self._parts.append(codes_of(pairs % (missing + 1), missing + 1))
        self._lengths.append(np.bincount(pairs // (missing + 1), minlength=len(values)).astype(np.int32))

    def column(self) -> Labels:
        """All that was taken; MISSING is the last value, if any row has it."""
        codes = _joined(self._parts)
        values = (*self.values, MISSING) if (codes == len(self.values)).any() or not self.values else self.values
        return Labels(
            self.name, values, np.cumsum(np.concatenate([np.zeros(1, np.int32), *self._lengths]), dtype=np.int64), codes
        )


@dataclass(slots=True)
class NumberCoder:
    """Numbers in groups parted at ``edges``, or each by itself if ``singles`` are given; NaN is MISSING."""

    name: str
    edges: tuple[float, ...]
    whole: bool
    singles: bool = False
    lowest: float = np.nan
    _parts: list[NDArray[np.int16]] = field(default_factory=list)

    def add(self, values: Any) -> None:
        """Take the next rows."""
        numbers: Floats = values.to_numpy(zero_copy_only=False).astype(np.float64)
        groups = np.searchsorted(self.edges, numbers, side="right").astype(np.int16)
        self._parts.append(np.where(np.isnan(numbers), np.int16(-1), groups))

    def column(self) -> Column:
        """All that was taken; groups without a row are left out."""
        said = (
            ("", *spelled(self.edges)) if self.singles else names(self.edges, self.whole, self.lowest)
        )  # nothing is below the lowest
        return _in_order(self.name, said, _joined(self._parts))


@dataclass(slots=True)
class MonthCoder:
    """Days since 1970 as months such as "2024-05", or as years where the months were too many; NaN is MISSING."""

    name: str
    _parts: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, values: Any) -> None:
        """Take the next rows."""
        self._parts.append(pc.fill_null(values, _UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int32))

    def column(self) -> Column:
        """All that was taken, in the order of time."""
        days = _joined(self._parts)
        missing = days == _UNKNOWN
        known = days[~missing]
        first = int(known.min()) if len(known) else 0
        met = np.flatnonzero(np.bincount(known - first)) + first
        unit = "M" if len(np.unique(_in_units(met, "M"))) < MOST_VALUES else "Y"
        times, places = np.unique(_in_units(met, unit), return_inverse=True)
        group_of = np.zeros(met[-1] - first + 1 if len(met) else 1, np.int16)
        group_of[met - first] = places
        groups = np.full(len(days), -1, np.int16)
        groups[~missing] = group_of[known - first]
        return _in_order(self.name, tuple(map(str, times)), groups)


def _in_units(days: NDArray[np.int64], unit: str) -> NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype(f"datetime64[{unit}]")


def places_of(values: Any, known: tuple[str, ...]) -> Codes:
    """The place of every text of an Arrow array in ``known``; the last place for what is not there."""
    found = pc.index_in(values, pa.array(known, values.type))
    return codes_of(pc.fill_null(found, len(known) - 1).to_numpy(zero_copy_only=False), len(known))


def _in_order(name: str, said: tuple[str, ...], groups: NDArray[np.int16]) -> Column:
    """Groups in their order, empty ones left out; -1 is MISSING, which is last."""
    there = np.bincount(groups + np.int16(1), minlength=len(said) + 1) > 0
    values = tuple(one for one, met in zip(said, there[1:], strict=True) if met)
    values += (MISSING,) if there[0] or not values else ()
    places = codes_of(np.concatenate([[len(values) - 1], np.cumsum(there[1:]) - 1]), len(values))
    return Column(name, values, places[groups + np.int16(1)])


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, np.uint8)
