"""The attribution methods there are, each with a card. Importing this loads no torch; running a gradient method does.

A method says which classifiers it fits; ``default_method`` picks the best one for a classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from explain.attribution.background import draws_of
from explain.attribution.erasure import erasure
from explain.attribution.exact import exact
from explain.attribution.occlusion import leave_one_out, occlusion
from explain.attribution.options import BACKGROUND, BASELINES, MASK, PAD, AttributionOptions
from explain.attribution.sampling import owen, shapley
from explain.attribution.schedule import doublings
from explain.attribution.types import Attribution
from models.change.types import Diff, Level
from models.classify.additive import Additive
from models.classify.attentive import Attentive
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier
from models.errors import UsageError

Runner = Callable[[Diff, Classifier, AttributionOptions], Iterator[Attribution]]
AUTO = "auto"
"""In place of a method's name: the best one for the classifier."""


@dataclass(frozen=True, slots=True)
class MethodCard:
    """What is to be known about a method before it is run.

    ``additive``: whether its values sum to f(x) - f(baseline), up to the tolerance, for every model.
    ``measured``: whether every value is a difference of two scores. ``finest``: the most detailed level it has values for.
    ``baselines``: those of the options that it can do; () where it does not ask.
    ``signed``: whether values are logits with a sign. Others are shares of something else and say nothing of for and against.
    ``fits`` says whether the method can explain a classifier and ``needs``, in words, what it needs. ``run`` raises
    UsageError at once, not at the first result, when it gets another.
    """

    name: str
    summary: str
    paper: str
    guarantee: str
    additive: bool
    measured: bool
    needs: str
    fits: Callable[[Classifier], bool]
    finest: Level
    baselines: tuple[str, ...]
    runner: Runner
    queries: Callable[[int, AttributionOptions], int]
    signed: bool = True

    def fitted(self, classifier: Classifier) -> MethodCard:
        """This card. Raises UsageError, naming the methods that fit, where the method cannot explain ``classifier``."""
        if not self.fits(classifier):
            others = ", ".join(card.name for card in fitting(classifier))
            raise UsageError(f"Expected {self.needs} for {self.name}, but {classifier.name} is none; use {others}.")
        return self

    def run(self, diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
        """Partial results, the last being the answer.

        Raises UsageError, naming what fits, for a wrong classifier or a baseline that the method cannot do.
        """
        if self.baselines and options.baseline not in self.baselines:
            known = " or ".join(one for one in self.baselines if one != BACKGROUND)
            raise UsageError(f"Expected the baseline {known} for {self.name}, but got {options.baseline}; use shapley for that.")
        self.fitted(classifier)
        if options.baseline == BACKGROUND and not (self.baselines and isinstance(classifier, Differentiable)):
            raise UsageError(
                f"Expected a model that reads tokens for a background, but {self.name} explains {classifier.name} otherwise; "
                "leave the background out."
            )
        return self.runner(diff, classifier, options)

    def max_queries(self, n: int, options: AttributionOptions | None = None) -> int:
        """The most scorings for a diff of ``n`` lines (message lines, paths, hunk sections and the size count as lines).

        For leave one out ``n`` counts tokens.
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


def fitting(classifier: Classifier) -> tuple[MethodCard, ...]:
    """The methods that can explain ``classifier``, the recommended one first; never none."""
    return tuple(card for card in METHODS.values() if card.fits(classifier))


def default_method(classifier: Classifier) -> MethodCard:
    """Exact where the classifier takes its logit apart itself, integrated gradients where it has any, else occlusion."""
    return fitting(classifier)[0]


def chosen(name: str, classifier: Classifier) -> MethodCard:
    """The card of the method ``name``, which may be "auto". Raises UsageError with the names there are."""
    return default_method(classifier) if name == AUTO else method(name)


def _is_additive(classifier: Classifier) -> bool:
    return isinstance(classifier, Additive)


def _is_differentiable(classifier: Classifier) -> bool:
    return isinstance(classifier, Differentiable)


def _exact(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    assert isinstance(classifier, Additive)
    return exact(diff, classifier, options)


def _integrated(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    assert isinstance(classifier, Differentiable)
    from explain.attribution.integrated import integrated_gradients

    return integrated_gradients(diff, classifier, options)


def _gradient(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    assert isinstance(classifier, Differentiable)
    from explain.attribution.gradient import gradient

    return gradient(diff, classifier, options)


def _attends(classifier: Classifier) -> bool:
    return isinstance(classifier, Attentive) and classifier.attends


def _rollout(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    assert isinstance(classifier, Attentive)
    from explain.attribution.rollout import rollout

    return rollout(diff, classifier, options)


def _sampled(n: int, options: AttributionOptions) -> int:
    return max(options.budget, 2 * n * draws_of(options)) + 2 + draws_of(options)


_IN_PLACE = (MASK, PAD, BACKGROUND)
_ANY = (*BASELINES, BACKGROUND)
_GRADIENTS, _TOKENS = "a model with gradients", "a model that reads tokens"

METHODS: Mapping[str, MethodCard] = indexed(
    (
        MethodCard(
            name="exact",
            summary="What each word, or each number taken of the change, adds to the logit, as the model itself adds it up.",
            paper="Lundberg et al. 2020, From local explanations to global understanding with explainable AI for trees",
            guarantee="Words: their weights, shared evenly by the places of a word. Trees: Shapley values. No rest but rounding.",
            additive=True,
            measured=False,
            needs="an additive model (a bag of words, or trees over sizes)",
            fits=_is_additive,
            finest=Level.TOKEN,
            baselines=(),
            runner=_exact,
            queries=lambda _, __: 1,
        ),
        MethodCard(
            name="integrated-gradients",
            summary="The gradient, averaged on the way from a masked change to this one, times what changed on that way.",
            paper="Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks",
            guarantee="Values sum to f(x) - f(baseline) within the tolerance, or the answer says that it did not converge.",
            additive=True,
            measured=False,
            needs=_GRADIENTS,
            fits=_is_differentiable,
            finest=Level.TOKEN,
            baselines=_IN_PLACE,
            runner=_integrated,
            queries=lambda _, options: draws_of(options) * (2 + sum(doublings(options.max_steps))),
        ),
        MethodCard(
            name="occlusion",
            summary="What the logit loses when one line is masked, or reverted for a model that has no mask.",
            paper="Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks",
            guarantee="Each value is a measured difference of two outputs. Redundant lines all get 0; values do not add up.",
            additive=False,
            measured=True,
            needs="a model",
            fits=lambda _: True,
            finest=Level.LINE,
            baselines=_ANY,
            runner=occlusion,
            queries=lambda n, options: draws_of(options) * (2 + n),
        ),
        MethodCard(
            name="shapley",
            summary="What a line adds, averaged over random orders of taking lines away; its tokens share it by their slopes.",
            paper="Castro, Gomez and Tejada 2009, Polynomial calculation of the Shapley value based on sampling",
            guarantee="Values sum to f(x) - f(baseline); how far each may be off is shown. Redundant lines share their cause.",
            additive=True,
            measured=True,
            needs="a model",
            fits=lambda _: True,
            finest=Level.TOKEN,
            baselines=_ANY,
            runner=shapley,
            queries=_sampled,
        ),
        MethodCard(
            name="owen",
            summary="As shapley, over tokens, in orders that finish one line, hunk and file before the next.",
            paper="Owen 1977, Values of games with a priori unions",
            guarantee="Values sum to f(x) - f(baseline), and those of hunks and files are fair among hunks and files.",
            additive=True,
            measured=True,
            needs="a model",
            fits=lambda _: True,
            finest=Level.TOKEN,
            baselines=_ANY,
            runner=owen,
            queries=_sampled,
        ),
        MethodCard(
            name="leave-one-out",
            summary="What the logit loses when one token is masked.",
            paper="Li, Monroe and Jurafsky 2016, Understanding Neural Networks through Representation Erasure",
            guarantee="Each value is a measured difference of two outputs. Redundant tokens all get 0; values do not add up.",
            additive=False,
            measured=True,
            needs=_TOKENS,
            fits=_is_differentiable,
            finest=Level.TOKEN,
            baselines=_IN_PLACE,
            runner=leave_one_out,
            queries=lambda n, options: draws_of(options) * (2 + n),
        ),
        MethodCard(
            name="erasure",
            summary="Parts taken away one after the other, always the one without which the logit falls most: a ceiling.",
            paper="Zhou and Shah 2022, The Solvability of Interpretability Evaluation Metrics",
            guarantee="Values sum to f(x) - f(baseline). Of two redundant parts the first gets nothing, the second all.",
            additive=True,
            measured=True,
            needs="a model",
            fits=lambda _: True,
            finest=Level.TOKEN,
            baselines=_ANY,
            runner=erasure,
            queries=lambda n, options: max(options.budget, draws_of(options) * n * (n - 1) // 2) + 2 + draws_of(options),
        ),
        MethodCard(
            name="gradient",
            summary="A first guess from one backward pass: the slope at this change times the way from the masked one.",
            paper="Shrikumar, Greenside, Shcherbina and Kundaje 2016, Not Just a Black Box",
            guarantee="Exact where the model is linear; elsewhere the completeness gap is unbounded, and shown.",
            additive=False,
            measured=False,
            needs=_GRADIENTS,
            fits=_is_differentiable,
            finest=Level.TOKEN,
            baselines=_IN_PLACE,
            runner=_gradient,
            queries=lambda _, options: 2 + draws_of(options),
        ),
        MethodCard(
            name="attention-rollout",
            summary="Where the model looks: its attention, multiplied from layer to layer. Not why it flags or does not.",
            paper="Abnar and Zuidema 2020, Quantifying Attention Flow in Transformers",
            guarantee="None about the output: shares of attention without a sign, which sum to 1 and not to the output's change.",
            additive=False,
            measured=False,
            needs="a transformer that reads a change as one row, by attention alone",
            fits=_attends,
            finest=Level.TOKEN,
            baselines=(MASK, PAD),
            runner=_rollout,
            queries=lambda _, __: 3,
            signed=False,
        ),
    )
)
"""Every method by name, the recommended one first."""
