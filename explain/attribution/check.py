"""A second opinion on an attribution: recomputes what can be recomputed.

Shares no code with the methods but what the question itself is made of: the types, and ``revert`` and ``changed_units``,
which say what taking a line back means.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from explain.attribution.background import AgainstBackground
from explain.attribution.types import Attribution, UnitValue
from models.change.edit import changed_units, revert
from models.change.types import Diff, Level, Unit
from models.classify.additive import Additive
from models.classify.attentive import Attentive
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier
from models.encode.types import EncodedDiff, Side

ROUNDING = 1e-3
"""How far two scorings of one input may differ, as a share of its logit (at least of 1 logit)."""


_LEFT_OUT = {"occlusion": Level.LINE, "leave-one-out": Level.TOKEN}
"""Methods whose values are measured by leaving out one unit of this level."""
_UNDIVIDED = (Level.LINE, Level.HUNK, Level.FILE)
"""Where those below stop when no gradient shares out what they measured."""
_WHOLE = ("shapley", "owen", "erasure")
"""Methods whose values sum to the output's change by their construction."""


def check(
    attribution: Attribution,
    classifier: Classifier,
    diff: Diff,
    tolerance: float = 0.02,
    background: AgainstBackground | None = None,
) -> tuple[str, ...]:
    """Reasons why ``attribution`` is not a right answer for ``diff`` and ``classifier``; empty when it is.

    Scores input and baseline anew, and for occlusion and leave one out the unit of the largest value (two or three
    queries), adds the values up in exact rational arithmetic at every level, and compares the units with what the classifier
    reads. An exact
    attribution is compared with what the classifier counts by its second way, which shares no code with the first.
    ``tolerance``: the gap that "converged" claims, as a share. ``background``: the options, where they had one; its rows are
    drawn again, and the verdicts on its changes asked for again. An attribution that says that it did not converge is
    no reason by itself.
    """
    if not all(map(math.isfinite, _numbers(attribution))):
        return ("a value, an output or the gap is not a finite number",)
    if attribution.method == "exact":
        recomputed = tuple(_recounted(attribution, classifier, diff))
    elif isinstance(classifier, Differentiable) and attribution.baseline != "reverted":
        encoded = classifier.encode(diff)
        outputs = _outputs_of_ids(attribution, classifier, encoded, background)
        recomputed = (*outputs, *_places_of_ids(attribution, encoded), *_looked_at(attribution, classifier, encoded))
    else:
        recomputed = (*_outputs_of_diff(attribution, classifier, diff), *_places_of_diff(attribution, diff))
    return (*_sums(attribution), *recomputed, *_convergence(attribution, tolerance))


def _numbers(attribution: Attribution) -> Iterator[float]:
    yield from (attribution.output, attribution.baseline_output, attribution.special, attribution.completeness_gap)
    yield from (one.value for one in attribution.tokens)


def _exact(values: Iterable[UnitValue]) -> Fraction:
    return sum((Fraction(one.value) for one in values), Fraction(0))


def _sums(attribution: Attribution) -> Iterator[str]:
    explained = _exact(attribution.tokens) + Fraction(attribution.special)
    claimed = explained + Fraction(attribution.completeness_gap)
    change = Fraction(attribution.output) - Fraction(attribution.baseline_output)
    if claimed != change:
        yield f"values and gap sum to {float(claimed)!r}, but the output changes by {float(change)!r}"
    if Fraction(attribution.total) != explained:
        yield f"the total is given as {attribution.total!r}, but the values sum to {float(explained)!r}"
    for level in Level:
        units = attribution.at(level)
        if _exact(units) + Fraction(attribution.special) != explained:
            yield f"the values at level {level.value} sum to something else than those of the tokens"
        if sum((one.value for one in reversed(units)), attribution.special) != attribution.total:
            yield f"the sum at level {level.value} depends on the order of summation"
        if max(Counter(one.unit for one in units).values(), default=1) > 1:
            yield f"a unit occurs twice at level {level.value}"


def _outputs_of_ids(
    attribution: Attribution, classifier: Differentiable, encoded: EncodedDiff, background: AgainstBackground | None
) -> Iterator[str]:
    if background is None:
        token = classifier.mask_id if attribution.baseline == "mask" else classifier.pad_id
        rows = [] if attribution.baseline not in {"mask", "pad"} or token is None else [[token] * len(encoded.ids)]
    else:
        rows = list(_drawn_again(classifier, encoded, background))
        yield from _flagged(attribution, classifier, background)
    if not rows:
        yield f"the baseline {attribution.baseline!r} is none that this classifier has"
        return
    line, level = _strongest(attribution), _LEFT_OUT.get(attribution.method, Level.LINE)
    text = [_has_text(unit, side) for unit, side in zip(encoded.units, encoded.sides, strict=True)]
    left = [there and unit is not None and unit.at(level) == line for unit, there in zip(encoded.units, text, strict=True)]
    score = _logit_of_padded if attribution.baseline == "pad" else _logit_of_masked
    # One row a call: a batch must not change an answer.
    output = classifier.logits_of_ids([encoded.ids])[0]
    found = [[score(classifier, _put(encoded, row, where)) for row in rows] for where in (text, left)]
    yield from _outputs(attribution, output, *(sum(one) / len(one) for one in found))


def _looked_at(attribution: Attribution, classifier: Differentiable, encoded: EncodedDiff) -> Iterator[str]:
    """Shares of attention once more, from the head down: a row times one layer after the other, no product of layers."""
    if attribution.method != "attention-rollout":
        return
    if not isinstance(classifier, Attentive):
        yield f"{classifier.name} does not give its attention"
        return
    found = classifier.attention(encoded.ids)
    row = found.read
    for layer in found.weights[::-1]:
        row = row / 2 + (row @ layer.mean(axis=0)) / 2
    shares: defaultdict[Unit | None, float] = defaultdict(float)
    for unit, share in zip(encoded.units, row.tolist(), strict=True):
        shares[unit] += share
    for unit, value in ((None, attribution.special), *((one.unit, one.value) for one in attribution.at(Level.TOKEN))):
        if not abs(value - shares[unit]) <= ROUNDING:
            yield f"the share of {unit or 'special tokens'} is given as {value!r}, but counted another way it is {shares[unit]!r}"


def _put(encoded: EncodedDiff, row: Sequence[int], where: Sequence[bool]) -> list[int]:
    return [row[i] if there else encoded.ids[i] for i, there in enumerate(where)]


def _flagged(attribution: Attribution, classifier: Classifier, background: AgainstBackground) -> Iterator[str]:
    count = sum(classifier.predict([change])[0].flagged for change in background.changes)
    if count:
        yield f"the model flags {count} of the changes of the background"
    if attribution.baseline.split()[:3] != ["background", "of", f"{len(background.changes):,}"]:
        yield f"the baseline {attribution.baseline!r} is not a background of {len(background.changes):,} changes"


def _drawn_again(classifier: Differentiable, encoded: EncodedDiff, background: AgainstBackground) -> Iterator[list[int]]:
    """The rows of a background: the n-th text of a side is the n-th text of that side of the changes in their order."""
    told = [_told(classifier.encode(change)) for change in background.changes]
    text = [_has_text(unit, side) for unit, side in zip(encoded.units, encoded.sides, strict=True)]
    for draw in range(background.draws):
        order = random.Random(f"{background.order_seed} {draw}").sample(range(len(told)), len(told))
        row = list(encoded.ids)
        for side in set(encoded.sides):
            places = [i for i, its in enumerate(encoded.sides) if its == side and text[i]]
            own = [one for n in order for its, one in told[n] if its == side]
            own = own or [one for n in order for its, one in sorted(told[n], key=_by_side) if its != "metrics"]
            for n, place in enumerate(places):
                row[place] = own[n % len(own)]
        yield row


def _told(encoded: EncodedDiff) -> list[tuple[Side, int]]:
    rows = zip(encoded.ids, encoded.units, encoded.sides, strict=True)
    return [(side, one) for one, unit, side in rows if _has_text(unit, side)]


def _by_side(one: tuple[Side, int]) -> int:
    """Added, removed, context, message and path, as a background takes from all of them."""
    return ("added", "removed", "context", "message", "path", "metrics").index(one[0])


def _logit_of_masked(classifier: Differentiable, row: list[int]) -> float:
    return classifier.logits_of_ids([tuple(row)])[0]


def _logit_of_padded(classifier: Differentiable, row: list[int]) -> float:
    """Padding among ids may shift the positions of what follows; as an embedding it stands where the content stood."""
    # A copy, because what was embedded in inference mode cannot be scored outside of it.
    (logit,) = classifier.logit_of_embeddings(classifier.embed(tuple(row)).clone(), tuple(row)).tolist()
    return float(logit)


def _has_text(unit: Unit | None, side: Side) -> bool:
    if unit is None or side == "special":
        return False
    return unit == Unit(-2) or (unit.start >= 0 and unit.start != unit.end)


def _outputs_of_diff(attribution: Attribution, classifier: Classifier, diff: Diff) -> Iterator[str]:
    if attribution.baseline != "reverted":
        yield f"the baseline {attribution.baseline!r} needs a classifier that knows tokens"
        return
    line = _strongest(attribution)
    without_lines = [Unit(f) for f, file in enumerate(diff.files) if not file.added + file.removed]
    bare = revert(diff, [*changed_units(diff, Level.LINE), *without_lines])
    variants = (diff, bare, diff if line is None else revert(diff, [line]))
    output, baseline_output, without = (classifier.predict([variant])[0].logit for variant in variants)
    yield from _outputs(attribution, output, baseline_output, without)


def _strongest(attribution: Attribution) -> Unit | None:
    """The unit whose value was measured by leaving it out and is the largest."""
    if attribution.method not in _LEFT_OUT or not attribution.tokens:
        return None
    return max(attribution.tokens, key=lambda one: abs(one.value)).unit


def _outputs(attribution: Attribution, output: float, baseline_output: float, without: float) -> Iterator[str]:
    claims = [("input", attribution.output, output), ("baseline", attribution.baseline_output, baseline_output)]
    line = _strongest(attribution)
    if line is not None:
        value = next(one.value for one in attribution.tokens if one.unit == line)
        claims.append((f"input without {line}", attribution.output - value, without))
    for name, claimed, found in claims:
        # Written so that NaN is a reason, not a pass.
        if not abs(claimed - found) <= ROUNDING * max(1.0, abs(found)):
            yield f"the output at the {name} is given as {claimed!r}, but the classifier answers {found!r}"


def _recounted(attribution: Attribution, classifier: Classifier, diff: Diff) -> Iterator[str]:
    if not isinstance(classifier, Additive):
        yield f"{classifier.name} does not take its logit apart"
        return
    found = classifier.recounted(diff)
    if attribution.baseline != found.baseline:
        yield f"the baseline {attribution.baseline!r} is none that this classifier has"
    prediction = classifier.predict([diff])[0]
    yield from _outputs(attribution, prediction.logit, found.base, math.nan)
    sums: defaultdict[Unit, float] = defaultdict(float)
    for part in found.parts:
        sums[part.unit.at(Level.LINE)] += part.value
    given = {one.unit: one.value for one in attribution.at(Level.LINE)}
    yield from _compared(set(given), set(sums), True)
    for unit in sorted(set(given) & set(sums)):
        if not abs(given[unit] - sums[unit]) <= ROUNDING * max(1.0, abs(sums[unit])):
            yield f"the value of {unit} is given as {given[unit]!r}, but counted another way it is {sums[unit]!r}"
    if not abs(attribution.completeness_gap) <= ROUNDING * max(1.0, abs(prediction.logit)):
        yield f"claimed to be exact with a gap of {attribution.completeness_gap!r}"
    if attribution.unread != prediction.unread:
        yield f"{len(attribution.unread)} units are given as unread, but the classifier left out {len(prediction.unread)}"


def _places_of_ids(attribution: Attribution, encoded: EncodedDiff) -> Iterator[str]:
    pairs = list(zip(encoded.units, encoded.sides, strict=True))
    expected = {unit for unit, _ in pairs if unit is not None}
    level = _LEFT_OUT.get(attribution.method)
    if level is not None:
        expected = {unit.at(level) for unit, side in pairs if unit is not None and _has_text(unit, side)}
    given = {one.unit for one in attribution.tokens}
    text = [unit for unit, side in pairs if unit is not None and _has_text(unit, side)]
    if attribution.method in _WHOLE and given in [{unit.at(level) for unit in text} for level in _UNDIVIDED if text]:
        expected = given
    yield from _compared(given, expected, attribution.converged)
    if attribution.unread != encoded.unread:
        yield f"{len(attribution.unread)} units are given as unread, but the classifier left out {len(encoded.unread)}"


def _places_of_diff(attribution: Attribution, diff: Diff) -> Iterator[str]:
    lines = set(changed_units(diff, Level.LINE))
    expected = lines | {Unit(f) for f in range(len(diff.files)) if all(line.file != f for line in lines)}
    yield from _compared({one.unit for one in attribution.tokens}, expected, attribution.converged)


def _compared(given: set[Unit], expected: set[Unit], finished: bool) -> Iterator[str]:
    if given - expected:
        yield f"{len(given - expected)} units have a value but should have none, first {min(given - expected)}"
    if finished and expected - given:
        yield f"{len(expected - given)} units should have a value but have none, first {min(expected - given)}"


def _convergence(attribution: Attribution, tolerance: float) -> Iterator[str]:
    if not attribution.converged:
        return
    if attribution.method in _WHOLE and not abs(attribution.completeness_gap) <= ROUNDING * max(1.0, abs(attribution.output)):
        yield f"the values of {attribution.method} sum by construction, but leave a gap of {attribution.completeness_gap!r}"
    if attribution.method != "integrated-gradients":
        return
    change = abs(attribution.output - attribution.baseline_output)
    if abs(attribution.completeness_gap) > tolerance * max(change, 0.05):
        yield f"claimed to have converged with a gap of {attribution.completeness_gap!r} for a change of {change!r}"
