"""The entrance: everything that is to be known of how far one explanation may be believed, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from explain.attribution.background import draws_of, without
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import MethodCard, method
from explain.attribution.run import answer
from explain.attribution.sampling import OWEN, SHAPLEY
from explain.attribution.types import Attribution
from explain.trust.agreement import beside, others, variants
from explain.trust.ceiling import extremes
from explain.trust.faithfulness import faithfulness
from explain.trust.removal import Curve, Stopped, curves
from explain.trust.types import NO_RECORD, Record, Trust, Unread
from models.change.types import Diff, Level, Unit
from models.classify.protocol import Classifier, Prediction

Step = tuple[str, Callable[[Trust], Trust]]
Extreme = dict[tuple[Unit, ...], list[list[int]]]
Run = Callable[[], Attribution]


def trust(
    diff: Diff,
    classifier: Classifier,
    attribution: Attribution,
    options: AttributionOptions | None = None,
    record: Record = NO_RECORD,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Trust]:
    """Yield what is known after every step; the last one, which is complete, is the answer, unless ``cancelled`` ended it.

    ``attribution`` is an explanation of ``diff`` and ``classifier`` made with ``options``. ``record``: what is known of
    its method and this checkpoint. Costs, beside two other explanations and up to three of the same method, 100 to 220 queries
    for each of two ways of removal, and those of ``extremes``.
    Raises what the methods raise.
    """
    chosen = options or AttributionOptions()
    found = Trust(
        method=attribution.method,
        relative_gap=attribution.relative_gap,
        converged=attribution.converged,
        unread=unread(diff, classifier.predict([diff])[0]),
        largest_error=max((error for _, error in attribution.standard_errors), default=None),
        record=record,
    )
    steps = list(_steps(diff, classifier, attribution, chosen, cancelled))
    for done, (doing, step) in enumerate(steps):
        yield replace(found, done=done, steps=len(steps), doing=doing)
        try:
            found = step(found)
        except Stopped:
            return
    yield replace(found, done=len(steps), steps=len(steps))


def unread(diff: Diff, prediction: Prediction) -> Unread:
    """What the model did not see of ``diff``; a line that was cut inside counts as not read."""
    missed = {unit.at(Level.LINE) for unit in prediction.unread if unit.file >= 0 and unit.line >= 0}
    return Unread(
        tokens=prediction.tokens_total - prediction.tokens_read,
        of_tokens=prediction.tokens_total,
        lines=sum(diff.line(unit).changed for unit in missed),
        of_lines=diff.added + diff.removed,
        units=prediction.unread,
    )


def _steps(
    diff: Diff, classifier: Classifier, attribution: Attribution, options: AttributionOptions, cancelled: Callable[[], bool]
) -> Iterator[Step]:
    def explained(card: MethodCard, diff: Diff, options: AttributionOptions) -> Attribution:
        return answer(_until(cancelled, card.run(diff, classifier, options)))

    card = method(attribution.method)
    extreme: Extreme = {}
    for curve in curves(diff, classifier, options, cancelled):
        yield (
            f"taking parts away ({curve.removal})",
            partial(_judged, curve, attribution, classifier, options.order_seed, extreme),
        )
    for other in others(attribution, classifier):
        run = partial(explained, other, diff, _allowed(options, other))
        yield f"asking {other.name}", partial(_agreeing, other.name, attribution, run)
    if card.name in {SHAPLEY, OWEN} or draws_of(options) > 1:
        run = partial(explained, card, diff, replace(options, order_seed=options.order_seed ^ 1))
        yield "trying another seed", partial(_stable, "another seed", attribution, run, None)
    for what, variant, moved in variants(diff):
        run = partial(explained, card, variant, options)
        yield f"trying a harmless variant ({what})", partial(_stable, what, attribution, run, moved)


def _until(cancelled: Callable[[], bool], results: Iterator[Attribution]) -> Iterator[Attribution]:
    for one in results:
        yield one
        if cancelled():
            raise Stopped


def _allowed(options: AttributionOptions, card: MethodCard) -> AttributionOptions:
    """``options`` with a baseline that the method can do."""
    wrong = card.baselines and options.baseline not in card.baselines
    if wrong or not card.baselines:
        options = without(options)
    return replace(options, baseline=card.baselines[0]) if wrong else options


def _judged(curve: Curve, attribution: Attribution, classifier: Classifier, seed: int, extreme: Extreme, found: Trust) -> Trust:
    # Searched once: parts masked and parts deleted are the same parts.
    if curve.game.units not in extreme:
        extreme[curve.game.units] = extremes(curve, classifier)
    one = faithfulness(curve, attribution, extreme[curve.game.units], seed)
    return replace(found, faithfulness=(*found.faithfulness, one), queries=found.queries + curve.queries)


def _agreeing(name: str, attribution: Attribution, run: Run, found: Trust) -> Trust:
    return replace(found, agreement=(*found.agreement, beside(name, attribution, run())))


def _stable(what: str, attribution: Attribution, run: Run, moved: Mapping[int, int] | None, found: Trust) -> Trust:
    return replace(found, stability=(*found.stability, beside(what, attribution, run(), moved)))
