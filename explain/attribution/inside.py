"""From the values of lines to the values of their tokens: what was measured stays, gradients share it out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from explain.attribution.game import Game, Masking
from explain.attribution.grid import Part
from explain.attribution.options import AttributionOptions
from models.change.types import Diff
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier


def sharer(
    diff: Diff, classifier: Classifier, game: Game, options: AttributionOptions
) -> Callable[[Sequence[float]], list[Part]]:
    """A function from one value a part of ``game`` to one value a token, where the game masks tokens.

    Tokens get their first-order mask values, shifted so that each part keeps its value; the shift is the same for all tokens of
    a part. Where the game reverts lines, or the gradient is no number, the parts keep their values undivided. One query with a
    backward pass, none where every part is one token.
    """
    if isinstance(game, Masking) and isinstance(classifier, Differentiable):
        slopes = _slopes(diff, classifier, game, options)
        if slopes is not None:
            return lambda values: _shared(game, values, slopes)
    return lambda values: list(zip(game.units, game.sides, values, strict=True))


def _shared(game: Masking, values: Sequence[float], slopes: Sequence[float]) -> list[Part]:
    encoded, shares = game.encoded, [0.0] * len(slopes)
    for positions, value in zip(game.places, values, strict=True):
        shift = (value - sum(slopes[i] for i in positions)) / len(positions)
        for i in positions:
            shares[i] = slopes[i] + shift
    return list(zip(encoded.units, encoded.sides, shares, strict=True))


def _slopes(diff: Diff, classifier: Differentiable, game: Masking, options: AttributionOptions) -> list[float] | None:
    """The first-order values by position; zeros where nothing is to be shared out, None where one is not finite."""
    if all(len(positions) == 1 for positions in game.places):
        return [0.0] * len(game.encoded.ids)
    from explain.attribution.gradient import slopes

    found = [value for _, _, value in slopes(diff, classifier, options)]
    return found if all(map(math.isfinite, found)) else None
