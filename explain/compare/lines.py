"""Why one model and why another: two attributions of the same change, unit by unit.

Two models' logits have scales of their own: what adds 2 to one may be all that it has to say, and a tenth of what the
other says. Units are therefore ranked by the shift of their *share*: a unit's value by the sum of the absolute values of all
units of that model. Shares have no unit, keep their sign, and their absolute values sum to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from explain.attribution.types import Attribution, UnitValue
from explain.ranks import spearman
from models.change.types import METRICS_FILE, Level, Unit

TOP = 10
LEAST = 3
"""Units that a rank correlation needs to say anything."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One unit under both models; ``first`` and ``second`` are logits, None where a model gives it no value.

    ``name`` says what a number taken of the change as a whole is ("lines added: 12"), and is empty for all else.
    ``unit`` is the first model's address where it has one.
    """

    unit: Unit
    name: str
    first: float | None
    second: float | None
    first_share: float
    second_share: float

    @property
    def difference(self) -> float:
        """Second minus first, in logits; what a model gives no value adds nothing to its output."""
        return (self.second or 0.0) - (self.first or 0.0)

    @property
    def shift(self) -> float:
        """Second share minus first share, from -2 to 2; positive where the second model is pushed more towards flagged."""
        return self.second_share - self.first_share


@dataclass(frozen=True, slots=True)
class Comparison:
    """All units that either model has, in reading order.

    ``rank_correlation`` is Spearman's, of the values of the ``common`` units that both have; None where there are fewer than
    ``LEAST`` (of two it is always 1 or -1), or one model gives all of them the same. ``shared`` counts the units that are
    among the ``top`` strongest of both.
    """

    level: Level
    pairs: tuple[Pair, ...]
    rank_correlation: float | None
    common: int
    shared: int
    top: int

    def strongest(self, most: int = TOP) -> tuple[Pair, ...]:
        """The units whose share shifts the most, either way."""
        shifted = sorted((pair for pair in self.pairs if abs(pair.shift) > 1e-12), key=lambda pair: -abs(pair.shift))
        return tuple(shifted[:most])


_Key = tuple[Unit, str]
"""What is the same for both models: a unit; of a number of the change as a whole its name, as models number them differently."""


def compare(first: Attribution, second: Attribution, level: Level, top: int = TOP) -> Comparison:
    """The two attributions, which must be of the same change, at ``level``.

    At the level of tokens little can be compared: each model has tokens of its own.
    """
    one, two = _by_key(first, level), _by_key(second, level)
    whole = _absolute(one), _absolute(two)
    pairs = tuple(_pair(key, one.get(key), two.get(key), whole) for key in sorted({*one, *two}))
    both = [(pair.first, pair.second) for pair in pairs if pair.first is not None and pair.second is not None]
    size = min(top, *(sum(found.value != 0.0 for found in values.values()) for values in (one, two)))
    shared = len(_top(one, size) & _top(two, size))
    return Comparison(level, pairs, _correlation([a for a, _ in both], [b for _, b in both]), len(both), shared, size)


def _by_key(attribution: Attribution, level: Level) -> dict[_Key, UnitValue]:
    return {_key(one.unit, attribution.names): one for one in attribution.at(level)}


def _key(unit: Unit, names: Sequence[str]) -> _Key:
    if unit.file == METRICS_FILE and 0 <= unit.line < len(names):
        return Unit(METRICS_FILE), names[unit.line]
    return unit, ""


def _absolute(values: Mapping[_Key, UnitValue]) -> float:
    """The sum of the absolute values; 1 where all are 0, so that shares are 0 too."""
    return fsum(abs(one.value) for one in values.values()) or 1.0


def _pair(key: _Key, one: UnitValue | None, two: UnitValue | None, whole: tuple[float, float]) -> Pair:
    found = one or two
    assert found is not None
    first, second = (None if side is None else side.value for side in (one, two))
    return Pair(found.unit, key[1], first, second, (first or 0.0) / whole[0], (second or 0.0) / whole[1])


def _top(values: Mapping[_Key, UnitValue], size: int) -> set[_Key]:
    return set(sorted(values, key=lambda key: (-abs(values[key].value), key))[:size])


def _correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    told = len(first) >= LEAST and len(set(first)) > 1 and len(set(second)) > 1
    return spearman(first, second) if told else None
