"""What the logit loses when one part is taken away: a line (occlusion) or a token (leave one out)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from explain.attribution.baseline import started
from explain.attribution.game import chunks, ends, game_of
from explain.attribution.grid import Part, balanced
from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution
from models.change.types import Diff, Level
from models.classify.protocol import Classifier

NAME, TOKENS = "occlusion", "leave-one-out"


def occlusion(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield an attribution after every batch of scored lines; the last one, which is converged, is the answer.

    The value of a line is f(x) - f(x without it) (leave one out; Zeiler and Fergus 2014): exact for that one
    question, not additive. Two redundant lines both get 0, two that only work together both get all; the completeness
    gap says how much. Values exist from the line level upwards.
    A ``Differentiable`` classifier keeps the length and sees filler in place of the line's content, where message lines,
    paths, hunk sections and the size count as lines; any other, or with the baseline "reverted", gets the diff with the
    changed line reverted (a file without lines: with the file), and unchanged lines have no value.
    Costs at most 2 + n queries for n such lines.
    """
    return _one_by_one(NAME, Level.LINE, diff, classifier, options)


def leave_one_out(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    """As ``occlusion``, for every token by itself: at most 2 + n queries for n tokens. Lines where lines are reverted."""
    return _one_by_one(TOKENS, Level.TOKEN, diff, classifier, options)


def _one_by_one(
    name: str, level: Level, diff: Diff, classifier: Classifier, options: AttributionOptions
) -> Iterator[Attribution]:
    game = game_of(diff, classifier, options, level)
    output, baseline_output = ends(game)
    start = started(name, game.baseline, (output, baseline_output), game.unread)
    parts: list[Part] = []
    for chunk in chunks(range(len(game.units)), options.batch):
        scores = game.logits([(part,) for part in chunk])
        parts += [(game.units[i], game.sides[i], output - score) for i, score in zip(chunk, scores, strict=True)]
        yield replace(balanced(start, parts, len(parts)), converged=len(parts) == len(game.units))
    if not game.units:
        yield replace(balanced(start, parts, 0), converged=True)
