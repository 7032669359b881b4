"""Whether values hang on what a model has learnt: their ranking beside that in a model with random parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explain.attribution.options import AttributionOptions
from explain.attribution.registry import MethodCard, fitting
from explain.attribution.run import answer
from explain.attribution.types import Attribution
from explain.ranks import spearman
from explain.trust.sanity import Agreement, Stage
from models.change.types import Diff, Level, Unit
from models.classify.layered import Layered
from models.classify.protocol import Classifier
from models.evaluate.bootstrap import Estimate, estimate, resamples

LEVELS = (Level.LINE, Level.TOKEN)
MOST_STAGES = 8
"""Of a deeper model so many stages are tried, evenly, the first and the last among them."""
_FEWEST = 3
_REPLICATES = 1000
_SHUFFLES = 20

Floats = NDArray[np.float64]
Values = Mapping[str, Sequence[Attribution]]
"""The answers of every method, by its name, for a sequence of diffs."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The rank correlations of one change: of signed values, of these shuffled, of sizes."""

    rho: float
    chance: float
    size: float


def explained(diffs: Sequence[Diff], classifier: Classifier, options: AttributionOptions) -> dict[str, list[Attribution]]:
    """The answer of every method that fits ``classifier``, for every one of ``diffs``."""
    return {card.name: [answer(card.run(diff, classifier, options)) for diff in diffs] for card in fitting(classifier)}


def levels(card: MethodCard) -> tuple[Level, ...]:
    """The levels, of lines and tokens, that a method has values for."""
    return LEVELS if card.finest is Level.TOKEN else LEVELS[:1]


def cascade(
    diffs: Sequence[Diff], classifier: Layered, options: AttributionOptions, seed: int, first: Values | None = None
) -> Iterator[Stage]:
    """Yield what is left of every method's ranking after each stage, cumulatively from the output down.

    ``first``: the values of the classifier itself, where they are known.
    """
    original = explained(diffs, classifier, options) if first is None else first
    count = len(classifier.stages)
    tried = np.unique(np.linspace(1, count, min(count, MOST_STAGES)).round().astype(int)).tolist()
    for stages in tried:
        copy = classifier.randomised(stages, seed)
        yield Stage(classifier.stages[stages - 1], agreements(original, explained(diffs, copy, options), classifier, seed))


def agreements(first: Values, second: Values, classifier: Classifier, seed: int) -> tuple[Agreement, ...]:
    """How far the rankings of ``second`` agree with those of ``first``, for every method and level."""
    return tuple(
        agreement(card.name, level, first[card.name], second[card.name], seed)
        for card in fitting(classifier)
        for level in levels(card)
    )


def agreement(method: str, level: Level, first: Sequence[Attribution], second: Sequence[Attribution], seed: int) -> Agreement:
    """The mean agreement over changes; those with fewer than three values, or only equal ones, are left out."""
    random = np.random.default_rng(seed)
    pairs = [pair(a, b, level, random) for a, b in zip(first, second, strict=True)]
    known = [one for one in pairs if one is not None]
    if not known:
        return Agreement(method, level.value, Estimate(None), None, None, 0)
    rho = np.array([one.rho for one in known])
    drawn = np.concatenate(
        [counts @ rho / len(rho) for counts in resamples(np.zeros(len(rho), dtype=np.int64), _REPLICATES, seed)]
    )
    chance, size = (float(np.mean([getattr(one, name) for one in known])) for name in ("chance", "size"))
    return Agreement(method, level.value, estimate(float(rho.mean()), drawn), chance, size, len(known))


def pair(first: Attribution, second: Attribution, level: Level, random: np.random.Generator) -> Pair | None:
    """The correlations of one change over the units that have a value in either; None where there is no ranking."""
    a, b = aligned(first, second, level)
    if len(a) < _FEWEST or len(np.unique(a)) < 2 or len(np.unique(b)) < 2:
        return None
    chance = [abs(spearman(a, random.permutation(b))) for _ in range(_SHUFFLES)]
    return Pair(abs(spearman(a, b)), float(np.mean(chance)), spearman(np.abs(a), np.abs(b)))


def aligned(first: Attribution, second: Attribution, level: Level) -> tuple[Floats, Floats]:
    """The values of both by unit; one that only one of them has is 0 in the other, and units with 0 in both are left out."""
    mine, other = ({one.unit: one.value for one in each.at(level)} for each in (first, second))
    units: list[Unit] = list(dict.fromkeys([*mine, *other]))
    a, b = (np.array([values.get(unit, 0.0) for unit in units], dtype=np.float64) for values in (mine, other))
    told = (a != 0) | (b != 0)
    return a[told], b[told]
