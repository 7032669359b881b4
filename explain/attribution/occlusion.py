"""What the logit loses when one line is taken away: by masking it, or by reverting it where a model takes whole diffs only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from explain.attribution.baseline import content, filler, replaced, started
from explain.attribution.grid import Part, balanced
from explain.attribution.options import PAD, REVERTED, AttributionOptions
from explain.attribution.types import Attribution
from models.change.edit import changed_units, revert
from models.change.types import Diff, Level, Unit
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier
from models.encode.types import EncodedDiff, Side

NAME = "occlusion"


def occlusion(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield an attribution after every batch of scored lines; the last one, which is converged, is the answer.

    The value of a line is f(x) - f(x without it) (leave one out; Zeiler and Fergus 2014): exact for that one
    question, not additive. Two redundant lines both get 0, two that only work together both get all; the completeness
    gap says how much. Values exist from the line level upwards.
    A ``Differentiable`` classifier keeps the length and sees filler in place of the line's content, where message lines,
    paths, hunk sections and the size count as lines; any other gets the diff with the changed line reverted (a file
    without lines: with the file), and unchanged lines have no value. Costs at most 2 + n queries for n such lines.
    """
    if isinstance(classifier, Differentiable):
        return _masking(diff, classifier, options)
    return _reverting(diff, classifier, options)


def _masking(diff: Diff, classifier: Differentiable, options: AttributionOptions) -> Iterator[Attribution]:
    encoded = classifier.encode(diff)
    name, token = filler(classifier, options)
    everything = content(encoded)
    output, baseline_output = _outputs(classifier, [encoded.ids, replaced(encoded, everything, token)], name)
    start = started(NAME, name, (output, baseline_output), encoded.unread)
    places = _places(encoded, everything)
    parts: list[Part] = []
    for chunk in _chunks(list(places), options.batch):
        rows = [replaced(encoded, _only(places[unit], len(encoded.ids)), token) for unit in chunk]
        parts += _losses(chunk, [encoded.sides[places[unit][0]] for unit in chunk], output, _outputs(classifier, rows, name))
        yield replace(balanced(start, parts, len(parts)), converged=len(parts) == len(places))
    if not places:
        yield replace(balanced(start, parts, 0), converged=True)


def _outputs(classifier: Differentiable, rows: Sequence[tuple[int, ...]], baseline: str) -> list[float]:
    """The logits of ``rows``: ids of one diff, of one length, with the baseline's token in some places.

    Padding is handed over as embeddings, as the gradient methods do it: among ids, a model may take it for no token at
    all (RoBERTa then counts the positions of what follows from one less) and would answer for another structure.
    """
    if baseline != PAD:
        return classifier.logits_of_ids(list(rows))
    from explain.attribution.path import logits_by_embeddings

    return logits_by_embeddings(classifier, rows)


def _places(encoded: EncodedDiff, where: tuple[bool, ...]) -> dict[Unit, list[int]]:
    """The positions of the content of every line unit, in reading order."""
    places: dict[Unit, list[int]] = {}
    for i, (unit, there) in enumerate(zip(encoded.units, where, strict=True)):
        if there and unit is not None:
            places.setdefault(unit.at(Level.LINE), []).append(i)
    return places


def _only(positions: Sequence[int], length: int) -> tuple[bool, ...]:
    wanted = set(positions)
    return tuple(i in wanted for i in range(length))


def _reverting(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    units = _revertible(diff)
    whole, bare = classifier.predict([diff, revert(diff, units)])
    start = started(NAME, REVERTED, (whole.logit, bare.logit), whole.unread)
    parts: list[Part] = []
    for chunk in _chunks(units, options.batch):
        scores = [one.logit for one in classifier.predict([revert(diff, [unit]) for unit in chunk])]
        parts += _losses(chunk, [_side(diff, unit) for unit in chunk], whole.logit, scores)
        yield replace(balanced(start, parts, len(parts)), converged=len(parts) == len(units))
    if not units:
        yield replace(balanced(start, parts, 0), converged=True)


def _revertible(diff: Diff) -> tuple[Unit, ...]:
    """Every changed line, and every file without one (a rename, a mode, a binary file), in reading order."""
    lines = changed_units(diff, Level.LINE)
    with_lines = {unit.file for unit in lines}
    return tuple(sorted((*lines, *(unit for unit in changed_units(diff, Level.FILE) if unit.file not in with_lines))))


def _side(diff: Diff, unit: Unit) -> Side:
    return Side(diff.line(unit).kind.value) if unit.line >= 0 else Side.PATH


def _losses(units: Sequence[Unit], sides: Sequence[Side], whole: float, without: Sequence[float]) -> list[Part]:
    return [(unit, side, whole - score) for unit, side, score in zip(units, sides, without, strict=True)]


def _chunks(units: Sequence[Unit], size: int) -> Iterator[Sequence[Unit]]:
    for i in range(0, len(units), size):
        yield units[i : i + size]
