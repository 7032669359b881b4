"""Taking the parts of a change away in the order that an explanation gives them: the perturbation curve."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Sequence

from explain.attribution.background import without
from explain.attribution.game import Game, Masking, Reverting, chunks
from explain.attribution.options import REVERTED, AttributionOptions
from explain.attribution.registry import method
from explain.attribution.types import Attribution
from explain.trust.types import FRACTIONS
from models.change.types import Diff, Level, Unit
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier, Prediction

MASK, DELETE, REVERT = "mask", "delete", "revert"


class Deleting(Masking):
    """Parts lose their place as well: the tokens are no longer in the row that the model reads."""

    def logits(self, removed: Sequence[Collection[int]]) -> list[float]:
        """As of ``Game``."""
        return self._classifier.logits_of_ids([self.row(parts) for parts in removed])

    def row(self, removed: Collection[int]) -> tuple[int, ...]:
        """The ids without the tokens of ``removed``."""
        gone = self.positions(removed)
        return tuple(one for i, one in enumerate(self.encoded.ids) if i not in gone)


class Stopped(Exception):
    """The measuring was called off."""


class Curve:
    """What the logit towards the verdict loses under orders of taking the parts of a game away; counts its queries.

    ``sign`` is 1 where the output speaks for the verdict and -1 where it speaks against it.
    Raises Stopped before a batch of queries once ``cancelled`` says so.
    """

    def __init__(self, removal: str, game: Game, whole: Prediction, batch: int, cancelled: Callable[[], bool]) -> None:
        self.removal, self.game, self.sign = removal, game, 1 if whole.flagged else -1
        self.queries = 0
        self._whole, self._batch, self._cancelled = whole.logit, batch, cancelled
        self.counts = self.counted(FRACTIONS)

    def counted(self, shares: Sequence[float]) -> tuple[int, ...]:
        """How many parts these shares of all are, at least one each."""
        return tuple(max(1, math.ceil(share * len(self.game.units) - 1e-9)) for share in shares)

    def comprehensiveness(self, order: Sequence[int]) -> float:
        """The mean loss when the first parts of ``order`` go, over ``FRACTIONS``; 5 queries."""
        return self._area([order[:count] for count in self.counts])

    def sufficiency(self, order: Sequence[int]) -> float:
        """The mean loss when the first parts of ``order`` alone stay; 5 queries."""
        return self._area([order[count:] for count in self.counts])

    def logits(self, removed: Sequence[Collection[int]]) -> list[float]:
        """The logits towards the verdict without some parts."""
        self.queries += len(removed)
        return [self.sign * score for chunk in chunks(removed, self._batch) for score in self._asked(chunk)]

    def go_on(self) -> None:
        """Raise Stopped if the measuring was called off."""
        if self._cancelled():
            raise Stopped

    def _asked(self, removed: Sequence[Collection[int]]) -> list[float]:
        self.go_on()
        return self.game.logits(removed)

    def _area(self, removed: Sequence[Collection[int]]) -> float:
        return self.sign * self._whole - sum(self.logits(removed)) / len(removed)

    def order(self, attribution: Attribution) -> list[int]:
        """The parts by what they add to the verdict, the strongest first; equal ones in reading order.

        A part that has no value of its own gets its line's, shared evenly. Values without a sign speak for any verdict.
        """
        values, sign = worth(attribution, self.game.units), self.sign if method(attribution.method).signed else 1
        return sorted(range(len(values)), key=lambda part: -sign * values[part])

    def shuffled(self, orders: int, seed: int) -> list[list[int]]:
        """So many random orders."""
        chance, parts = random.Random(seed), range(len(self.game.units))
        return [chance.sample(parts, len(parts)) for _ in range(orders)]


def worth(attribution: Attribution, units: Sequence[Unit]) -> list[float]:
    """The value of each of ``units``: its own, or an even share of the value of the line, hunk or file it belongs to."""
    known: dict[Unit, float] = {}
    for one in attribution.tokens:
        known[one.unit] = known.get(one.unit, 0.0) + one.value
    lines = {one.unit: one.value for one in attribution.at(Level.LINE)}
    sharing: dict[Unit, int] = {}
    for unit in units:
        sharing[unit.at(Level.LINE)] = sharing.get(unit.at(Level.LINE), 0) + 1
    return [
        known[unit] if unit in known else lines.get(unit.at(Level.LINE), 0.0) / sharing[unit.at(Level.LINE)] for unit in units
    ]


def curves(
    diff: Diff, classifier: Classifier, options: AttributionOptions, cancelled: Callable[[], bool] = lambda: False
) -> list[Curve]:
    """Two ways of removal where ``classifier`` knows tokens (masked and deleted), or else one (lines taken back).

    Where lines taken back are the baseline of the options, they are the first way, and masked tokens the second. A background
    is no way of removal: parts are masked, and deleted, without an advantage for a method that knows it.
    """
    options = without(options)
    whole = classifier.predict([diff])[0]
    games: list[tuple[str, Game]] = []
    if options.baseline == REVERTED or not isinstance(classifier, Differentiable):
        games.append((REVERT, Reverting(diff, classifier, Level.LINE)))
    if isinstance(classifier, Differentiable):
        encoded = classifier.encode(diff)
        games.append((MASK, Masking(classifier, encoded, options, Level.TOKEN)))
        if options.baseline != REVERTED:
            games.append((DELETE, Deleting(classifier, encoded, options, Level.TOKEN)))
    return [Curve(name, game, whole, options.batch, cancelled) for name, game in games if game.units]
