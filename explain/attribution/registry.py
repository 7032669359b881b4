"""The attribution methods there are, each with a card. Importing this loads no torch; running a gradient method does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from explain.attribution.occlusion import occlusion
from explain.attribution.options import AttributionOptions
from explain.attribution.schedule import doublings
from explain.attribution.types import Attribution
from models.change.types import Diff, Level
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier
from models.errors import UsageError

Runner = Callable[[Diff, Classifier, AttributionOptions], Iterator[Attribution]]


@dataclass(frozen=True, slots=True)
class MethodCard:
    """What is to be known about a method before it is run.

    ``additive``: whether its values sum to f(x) - f(baseline), up to the tolerance, for every model.
    ``finest``: the most detailed level it has values for. ``needs_gradients``: whether it needs a ``Differentiable``
    classifier. ``run`` raises UsageError at once, not at the first result, when it gets another.
    """

    name: str
    summary: str
    paper: str
    guarantee: str
    additive: bool
    needs_gradients: bool
    finest: Level
    run: Runner
    queries: Callable[[int, AttributionOptions], int]

    def max_queries(self, n: int, options: AttributionOptions | None = None) -> int:
        """The most scorings for a diff of ``n`` lines (message lines, paths, hunk sections and the size count as lines).

        One with a backward pass counts once and costs about three.
        """
        return self.queries(n, options or AttributionOptions())


def indexed(cards: Iterable[MethodCard]) -> Mapping[str, MethodCard]:
    """``cards`` by name, read-only. Raises ValueError when two share a name."""
    index: dict[str, MethodCard] = {}
    for card in cards:
        if card.name in index:
            raise ValueError(f"Expected one attribution method of a name, but {card.name!r} is registered twice.")
        index[card.name] = card
    return MappingProxyType(index)


def method(name: str) -> MethodCard:
    """The card of the method ``name``. Raises UsageError with the names there are."""
    if name not in METHODS:
        raise UsageError(f"Expected an attribution method ({', '.join(METHODS)}), but got {name!r}.")
    return METHODS[name]


def _integrated(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    model = _differentiable(classifier, "integrated-gradients")
    from explain.attribution.integrated import integrated_gradients

    return integrated_gradients(diff, model, options)


def _gradient(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    model = _differentiable(classifier, "gradient")
    from explain.attribution.gradient import gradient

    return gradient(diff, model, options)


def _differentiable(classifier: Classifier, name: str) -> Differentiable:
    if not isinstance(classifier, Differentiable):
        raise UsageError(f"Expected a model with gradients for {name}, but {classifier.name} has none; use occlusion.")
    return classifier


METHODS: Mapping[str, MethodCard] = indexed(
    (
        MethodCard(
            name="integrated-gradients",
            summary="The gradient, averaged on the way from a masked change to this one, times what changed on that way.",
            paper="Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks",
            guarantee="Values sum to f(x) - f(baseline) within the tolerance, or the answer says that it did not converge.",
            additive=True,
            needs_gradients=True,
            finest=Level.TOKEN,
            run=_integrated,
            queries=lambda _, options: 2 + sum(doublings(options.max_steps)),
        ),
        MethodCard(
            name="occlusion",
            summary="What the logit loses when one line is masked, or reverted for a model that has no mask.",
            paper="Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks",
            guarantee="Each value is a measured difference of two outputs. Redundant lines all get 0; values do not add up.",
            additive=False,
            needs_gradients=False,
            finest=Level.LINE,
            run=occlusion,
            queries=lambda n, _: 2 + n,
        ),
        MethodCard(
            name="gradient",
            summary="A first guess from one backward pass: the slope at this change times the way from the masked one.",
            paper="Shrikumar, Greenside, Shcherbina and Kundaje 2016, Not Just a Black Box",
            guarantee="Exact where the model is linear; elsewhere the completeness gap is unbounded, and shown.",
            additive=False,
            needs_gradients=True,
            finest=Level.TOKEN,
            run=_gradient,
            queries=lambda _, __: 3,
        ),
    )
)
"""Every method by name, the recommended one first."""
