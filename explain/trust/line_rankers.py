"""Who ranks the lines of a change: attribution methods, counterfactuals, and the baselines that they have to beat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from explain.attribution.options import AttributionOptions
from explain.attribution.registry import MethodCard, chosen
from explain.attribution.run import answer
from explain.counterfactual.hints import first_order
from explain.counterfactual.operators import effect_of
from explain.counterfactual.search import search
from explain.counterfactual.types import SearchOptions, SearchResult
from explain.trust.lines import LineCase
from explain.trust.ngrams import NGrams
from models.change.types import Level, Unit
from models.classify.protocol import Classifier

COUNTERFACTUAL = "counterfactual"
SEARCH = SearchOptions(operators=("revert-line",), budget=100, answers=3, syntax="any", seconds=86_400.0)
"""A small budget, of questions and not of seconds, so that the same ranking comes out on any machine."""


class Ranker(Protocol):
    """Gives every line of a change a value; who reads begins with the largest."""

    @property
    def name(self) -> str:
        """What the ranker is called in the report."""
        ...

    def values(self, case: LineCase) -> Sequence[float]:
        """One value a line of ``case.lines``, in order."""
        ...


@dataclass(frozen=True, slots=True)
class ByAttribution:
    """The signed values of an attribution method: what pushes most towards "flagged" is read first.

    Of copies of a line the largest value counts. A line that the model did not read adds nothing to its output: 0.
    """

    card: MethodCard
    classifier: Classifier

    @property
    def name(self) -> str:
        """The method's name."""
        return self.card.name

    def values(self, case: LineCase) -> Sequence[float]:
        """In logits."""
        found = answer(self.card.run(case.diff, self.classifier, AttributionOptions()))
        return _largest(case, {one.unit: one.value for one in found.at(Level.LINE)})


@dataclass(frozen=True, slots=True)
class ByCounterfactual:
    """The lines whose taking back turns the verdict first, in the order of the answers; the others by first-order hints.

    Within an answer, too, hints decide. A change that is not flagged has no verdict to turn: hints alone rank it. Where the
    model gives no hints, lines of no answer are equal. At most ``SEARCH.budget`` questions, and two for the hints.
    """

    classifier: Classifier
    name: str = COUNTERFACTUAL

    def values(self, case: LineCase) -> Sequence[float]:
        """Places counted from the last, equal where nothing tells lines apart."""
        order = first_order(case.diff, self.classifier)
        units = [unit for line in case.lines for unit in line.units]
        hints = dict(zip(units, order(units) if order else [0.0] * len(units), strict=True))
        tiers: dict[Unit, int] = {}
        if self.classifier.predict([case.diff])[0].flagged:
            *_, result = search(case.diff, self.classifier, SEARCH, order=order)
            assert isinstance(result, SearchResult)
            for place, found in enumerate(result.counterfactuals):
                effect = effect_of(case.diff, found.edits)
                for unit in effect.lines if effect else ():
                    tiers.setdefault(unit, SEARCH.answers - place)
        keys = {unit: (tiers.get(unit, 0), hint) for unit, hint in hints.items()}
        places = {key: float(n) for n, key in enumerate(sorted(set(keys.values())))}
        return _largest(case, {unit: places[key] for unit, key in keys.items()})


@dataclass(frozen=True, slots=True)
class ByLot:
    """All lines equal, which is read in random order: its figures are the exact expectation."""

    name: str = "random"

    def values(self, case: LineCase) -> Sequence[float]:
        """Nothing but 0."""
        return [0.0] * len(case.lines)


@dataclass(frozen=True, slots=True)
class ByLength:
    """The longest line first, by its characters without blanks at the ends."""

    name: str = "longest line"

    def values(self, case: LineCase) -> Sequence[float]:
        """Characters."""
        return [float(len(line.text)) for line in case.lines]


@dataclass(frozen=True, slots=True)
class ByPlace:
    """In the order of the diff."""

    name: str = "order of the diff"

    def values(self, case: LineCase) -> Sequence[float]:
        """Places, counted downwards."""
        return [-float(n) for n in range(len(case.lines))]


@dataclass(frozen=True, slots=True)
class BySurprise:
    """The least natural line first, by bits a token under a model of other changes' lines (Ray et al. 2016)."""

    model: NGrams
    name: str = "n-gram surprise"

    def values(self, case: LineCase) -> Sequence[float]:
        """Bits a token."""
        return [self.model.surprise(line.text) for line in case.lines]


def named_rankers(names: Iterable[str], classifier: Classifier) -> tuple[Ranker, ...]:
    """The rankers called ``names``: attribution methods, "auto" for the best one, "counterfactual"; each once.

    Raises UsageError for a name that does not exist or a method that cannot explain ``classifier``.
    """
    found: dict[str, Ranker] = {}
    for name in names:
        if name == COUNTERFACTUAL:
            found[name] = ByCounterfactual(classifier)
        else:
            card = chosen(name, classifier).fitted(classifier)
            found[card.name] = ByAttribution(card, classifier)
    return tuple(found.values())


def baselines(ngrams: NGrams | None) -> tuple[Ranker, ...]:
    """What needs no model of changes; that of surprise where there are lines to learn from."""
    return (ByLot(), ByLength(), ByPlace(), *(() if ngrams is None else (BySurprise(ngrams),)))


def _largest(case: LineCase, values: Mapping[Unit, float]) -> list[float]:
    """Of the places of a line, the largest value; 0 where it has none."""
    return [max(values.get(unit, 0.0) for unit in line.units) for line in case.lines]
