"""Which words, paths and sorts of line a flip touches more often than lots would.

Were the words no matter, a flip that takes two of a change's forty added lines back might have taken any two of them: how
likely a word then is to be among them follows from counting (hypergeometric), for every change by itself. How many changes
it is among in all has a Poisson binomial law, from which the p-value is exact. Of many words some stand out by chance, so
p-values are adjusted for all that were tested (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from explain.counterfactual.effects import Effect
from explain.counterfactual.operators import OPERATORS
from explain.counterfactual.types import REWORDING, Edit
from explain.survey.feature import Feature, path_parts
from explain.survey.touched import names, said, silent_units
from models.change.types import MESSAGE_FILE, Diff, LineKind, Unit, clean

SILENT, CODE = "comment or blank", "code"
"""Sorts of line: with a comment or nothing alone, and all others."""
FINE = ("revert-line", *REWORDING)
"""Operators whose single edits are of one size, so that any of a change's edits could have been drawn as well."""
LEAST = 5
"""In fewer changes than this nothing is tested."""


@dataclass(frozen=True, slots=True)
class Lot:
    """``taken`` of ``total`` edits of one sort were made; ``holders`` counts by feature how many of the ``total`` hold it."""

    total: int
    taken: int
    holders: Mapping[Feature, int]

    def missed(self, feature: Feature) -> float:
        """How likely it is that ``taken`` edits drawn by lot all miss ``feature``."""
        return math.comb(self.total - self.holders.get(feature, 0), self.taken) / math.comb(self.total, self.taken)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The lots of one flip and the features that its edits hold."""

    lots: tuple[Lot, ...]
    hit: frozenset[Feature]

    def chances(self) -> Iterator[tuple[Feature, float]]:
        """For every feature of the lots, how likely edits drawn by lot are to hold it."""
        for feature in {one for lot in self.lots if lot.taken for one in lot.holders}:
            yield feature, 1.0 - math.prod(lot.missed(feature) for lot in self.lots)


def drawn(diff: Diff, edits: Sequence[Edit]) -> Drawn:
    """How the features of ``diff`` fared in a flip by ``edits``, which are of one operator of ``FINE``.

    Added and removed lines are lots of their own: that a model heeds one side more than the other says nothing of words.
    """
    operator = edits[0].operator
    totals: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    holders: dict[str, Counter[Feature]] = {}
    hit: set[Feature] = set()
    silent = silent_units(diff)
    for edit, effect in OPERATORS.get(operator).offers(diff).items():
        features = _features(diff, effect, silent)
        lot = diff.line(edit.unit).kind.value if operator == "revert-line" else operator
        totals[lot] += 1
        holders.setdefault(lot, Counter()).update(features)
        if edit in edits:
            taken[lot] += 1
            hit |= features
    return Drawn(tuple(Lot(totals[lot], taken[lot], holders[lot]) for lot in totals), frozenset(hit))


def held(diff: Diff) -> frozenset[Feature]:
    """Every feature of the changed lines, the message and the paths of ``diff``."""
    found = {Feature("message", name.lower()) for name in names(diff.message)}
    silent = silent_units(diff)
    for unit, line in diff.lines():
        if line.changed:
            found |= _of_line(line.kind, line.text) | {_sort(unit, silent)}
    for file in diff.files:
        found |= path_parts(clean(file.path))
    return frozenset(found)


def _features(diff: Diff, effect: Effect, silent: Collection[Unit]) -> set[Feature]:
    found = {_sort(unit, silent) for unit in effect.reverted}
    for unit, text in [*((one, "") for one in effect.reverted), *((one, said(diff, one)) for one, _ in effect.words)]:
        if unit.file == MESSAGE_FILE:
            found |= {Feature("message", name.lower()) for name in names(text)}
            continue
        line = diff.line(unit)
        found |= _of_line(line.kind, text or line.text)
        found |= path_parts(clean(diff.files[unit.file].path))
    return found


def _sort(unit: Unit, silent: Collection[Unit]) -> Feature:
    return Feature("line", SILENT if unit in silent else CODE)


def _of_line(kind: LineKind, text: str) -> set[Feature]:
    return {Feature(kind.value, name) for name in names(text)}


def at_least(count: int, chances: Sequence[float]) -> float:
    """How likely ``count`` or more of independent events of these ``chances`` are (Poisson binomial, exact)."""
    if not count:
        return 1.0
    exactly = [1.0] + [0.0] * (count - 1)
    reached = 0.0
    for chance in chances:
        reached += exactly[-1] * chance
        for n in range(count - 1, 0, -1):
            exactly[n] += (exactly[n - 1] - exactly[n]) * chance
        exactly[0] *= 1.0 - chance
    return min(1.0, reached)


@dataclass(frozen=True, slots=True)
class Lift:
    """How often a feature is among what flips touch, ``flips``, against ``expected`` by lot.

    ``flagged``: flagged changes that have it, flipped or not. ``p`` is adjusted; None where nothing was tested, because
    fewer than ``LEAST`` flips could have touched it.
    """

    feature: Feature
    flips: int
    flagged: int
    expected: float
    p: float | None

    @property
    def lift(self) -> float:
        """Observed divided by expected."""
        return self.flips / self.expected


def tested(chances: Mapping[Feature, Sequence[float]]) -> list[Feature]:
    """The features that enough flips could have touched; whether they did has no say in it."""
    return [feature for feature, some in chances.items() if len(some) >= LEAST]


def lifts(hits: Counter[Feature], flagged: Counter[Feature], chances: Mapping[Feature, Sequence[float]]) -> tuple[Lift, ...]:
    """Every feature that a flip touches, the surest first; ``chances`` has those of every flip that could have touched it."""
    from scipy.stats import false_discovery_control

    features = tested(chances)
    raw = [at_least(hits[feature], chances[feature]) for feature in features]
    adjusted = dict(zip(features, map(float, false_discovery_control(raw)), strict=True)) if features else {}
    found = [
        Lift(feature, count, flagged[feature], math.fsum(chances[feature]), adjusted.get(feature))
        for feature, count in hits.items()
    ]
    return tuple(sorted(found, key=_surest_first))


def _surest_first(one: Lift) -> tuple[float, float, int, Feature]:
    return 2.0 if one.p is None else one.p, -one.lift, -one.flips, one.feature
