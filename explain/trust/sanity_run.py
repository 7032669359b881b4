"""All sanity checks of one model, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from explain.attribution.options import AttributionOptions
from explain.attribution.registry import fitting
from explain.trust.sanity import Found, Planted, Relabelled, Sanity, Stage
from explain.trust.sanity_cascade import MOST_STAGES, Values, agreements, cascade, explained, levels
from explain.trust.sanity_options import SanityOptions
from explain.trust.sanity_planted import RULES, Example, Rule
from explain.trust.sanity_recall import by_chance, estimate, recall
from explain.trust.sanity_training import by_lot, fitted, frame_of, planted_model, relabelled
from models.change.types import Diff
from models.classify.checkpoint import BAG, DIFF_TRANSFORMER, SIZE, TRANSFORMER, read_kind
from models.classify.layered import Layered
from models.classify.protocol import Classifier
from models.errors import DataError

STEPS = AttributionOptions(max_steps=32, budget=200)
"""A model with random parameters makes a path of many steps, or many orders, no better, and dear."""
_PLANTED = AttributionOptions(budget=400)
"""Enough for all lines of a made-up change in four pairs of orders."""
_FEWEST_LINES, _MOST_READ = 8, 500
"""Changed lines and tokens (or words) of the changes on which rankings are compared."""
_BESIDES = 300
"""Changes that a relabelled copy learns besides those that are explained."""
_HELD_OUT = 200
_ON = "all weights of which went on learning for {:g} min, on labels drawn by lot"
_COPIED = {
    DIFF_TRANSFORMER: f"its linear part fitted anew and its network, {_ON}",
    TRANSFORMER: _ON,
    BAG: "fitted anew to labels drawn by lot",
    SIZE: "fitted anew to labels drawn by lot",
}
"""How each kind of model learns other labels."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A model, its folder, and the changes to explain with what they are."""

    classifier: Classifier
    folder: Path
    diffs: tuple[Diff, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Step:
    """What was done last, and the share of all that is done."""

    done: float
    what: str


def chosen(diffs: Iterable[Diff], classifier: Classifier, rows: int, seed: int) -> tuple[Diff, ...]:
    """``rows`` different ones of ``diffs`` by lot, of 8 changed lines or more of which the model reads at most 500 tokens.

    Raises DataError where fewer than two are so.
    """
    order = [diff for _, diff in sorted({diff.id: diff for diff in diffs}.items())]
    Random(seed).shuffle(order)
    found: list[Diff] = []
    for diff in order:
        if len(found) < rows and diff.added + diff.removed >= _FEWEST_LINES:
            read = classifier.predict([diff])[0]
            found += [diff] if read.tokens_read <= _MOST_READ else []
    if len(found) < 2:
        raise DataError(
            f"Expected two changes or more of {_FEWEST_LINES} changed lines and at most {_MOST_READ} tokens to compare rankings "
            f"on, but found {len(found)}; pass a dataset with smaller ones."
        )
    return tuple(found)


def sanity(subject: Subject, options: SanityOptions) -> Iterator[Step | Sanity]:
    """Yield a step after each part of the work, and at last the figures. The model itself is left as it is."""
    classifier, total = subject.classifier, 9.0 + len(RULES)
    first = explained(subject.diffs, classifier, STEPS)
    stages: list[Stage] = []
    if isinstance(classifier, Layered):
        for stage in cascade(subject.diffs, classifier, STEPS, options.seed, first):
            stages.append(stage)
            yield Step(6 * len(stages) / min(len(classifier.stages), MOST_STAGES) / total, f"random {stage.name}")
    copied = _copy(subject, first, options)
    yield Step(8 / total, "labels by lot")
    planted, learnt = [], []
    for number, rule in enumerate(RULES):
        model = _learnt(subject, rule, options)
        planted.append(_asked(rule, model, options))
        learnt += [_fresh(subject, rule, model, options)] if rule is RULES[0] else []
        yield Step((9 + number) / total, rule.name)
    yield Sanity(classifier.name, classifier.digest, options, subject.about, tuple(stages), (copied, *learnt), tuple(planted))


def _copy(subject: Subject, first: Values, options: SanityOptions) -> Relabelled:
    """The checkpoint beside a copy of it that learnt labels drawn by lot."""
    diffs = [*subject.diffs, *(one.diff for one in RULES[0].examples(_BESIDES, options.seed))]
    labels = by_lot(len(diffs), options.seed)
    copy = relabelled(subject.folder, frame_of(diffs, labels), options.minutes, options.seed)
    about = f"A copy of the checkpoint, {_COPIED[read_kind(subject.folder)].format(options.minutes)}: those of the "
    about += f"{len(subject.diffs)} explained changes and of {_BESIDES} made-up ones"
    then = explained(subject.diffs, copy, STEPS)
    return Relabelled(about, fitted(copy, diffs, labels), agreements(first, then, subject.classifier, options.seed))


def _learnt(subject: Subject, rule: Rule, options: SanityOptions, by_rule: bool = True) -> Classifier:
    """A small model of the subject's kind that learnt ``rule``, or labels drawn by lot for the same changes."""
    examples = rule.examples(options.learn, options.seed)
    labels = [one.label for one in examples] if by_rule else by_lot(len(examples), options.seed)
    frame = frame_of([one.diff for one in examples], labels)
    return planted_model(read_kind(subject.folder), frame, options.minutes, options.seed)


def _fresh(subject: Subject, rule: Rule, model: Classifier, options: SanityOptions) -> Relabelled:
    """A small model that learnt ``rule`` beside one that learnt the same changes with labels drawn by lot."""
    other = _learnt(subject, rule, options, by_rule=False)
    diffs = [one.diff for one in rule.questions(options.ask, options.seed)]
    examples = rule.examples(options.learn, options.seed)
    about = (
        f"A small model of the same kind that learnt one planted cause from {options.learn:,} made-up changes, beside one that "
        f"learnt the same changes with labels drawn by lot, from the same first weights, on {options.ask} others"
    )
    found = fitted(other, [one.diff for one in examples], by_lot(len(examples), options.seed))
    values = (explained(diffs, one, _PLANTED) for one in (model, other))
    return Relabelled(about, found, agreements(next(values), next(values), model, options.seed))


def _asked(rule: Rule, model: Classifier, options: SanityOptions) -> Planted:
    """What every method finds in the changes that ``model`` gets right together with their twins."""
    held_out = rule.examples(_HELD_OUT, options.seed + 1)
    answers = model.predict([one.diff for one in held_out])
    right = [float(answer.flagged == one.label) for answer, one in zip(answers, held_out, strict=True)]
    asked = rule.questions(options.ask, options.seed)
    known = [one for one in asked if _knows(model, one)]
    found = tuple(_found(known, model, options.seed)) if known else ()
    return Planted(rule.name, rule.about, estimate(right), len(held_out), len(asked), len(known), found)


def _knows(model: Classifier, example: Example) -> bool:
    answers = model.predict([example.diff, *(diff for diff, _ in example.twins)])
    labels = [example.label, *(label for _, label in example.twins)]
    return all(answer.flagged == label for answer, label in zip(answers, labels, strict=True))


def _found(known: Sequence[Example], model: Classifier, seed: int) -> Iterator[Found]:
    values = explained([one.diff for one in known], model, _PLANTED)
    for card in fitting(model):
        for level in levels(card):
            pairs = list(zip(values[card.name], (one.causes for one in known), strict=True))
            random = Random(seed)
            shares = [recall(attribution, causes, level) for attribution, causes in pairs]
            chance = [by_chance(attribution, causes, level, random) for attribution, causes in pairs]
            yield Found(card.name, level.value, estimate(shares), sum(chance) / len(chance))
