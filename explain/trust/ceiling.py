"""How much any order of taking parts away can win or lose: what an explanation's faithfulness is measured against."""

from __future__ import annotations

import math
from collections.abc import Sequence

from explain.attribution.game import Masking
from explain.trust.removal import Curve
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier

STAGES = (0.01, 0.05, 0.1, 0.2, 0.35, 0.5)
"""Shares of the parts after which slopes are taken anew."""
_GREEDY = 40
"""Parts up to which every part is tried at every step."""


def extremes(curve: Curve, classifier: Classifier) -> list[list[int]]:
    """Orders that a search finds to lose the most and the least (Zhou and Shah 2022), of which none is proved to be extreme.

    Where slopes are known, parts go in stages by their first-order value in what is left of the change; else greedily by scores,
    up to 40 parts, or by what each loses alone. The least: the same, with the other sign. Costs 12 queries with a backward pass,
    n * n queries for up to 40 parts, or n.
    """
    game = curve.game
    if isinstance(game, Masking) and isinstance(classifier, Differentiable):
        found = [_by_slopes(curve, game, classifier, direction) for direction in (1, -1)]
        if all(found):
            return found
    if len(game.units) <= _GREEDY:
        return [_greedy(curve, direction) for direction in (1, -1)]
    alone = curve.logits([(part,) for part in range(len(game.units))])
    order = sorted(range(len(alone)), key=alone.__getitem__)
    return [order, order[::-1]]


def _by_slopes(curve: Curve, game: Masking, classifier: Differentiable, direction: int) -> list[int]:
    """[] where a slope is not finite."""
    n, order = len(game.units), list[int]()
    blank = Masking.row(game, range(n))
    for count in sorted(set(curve.counted(STAGES))):
        curve.go_on()
        values = _slopes(game, classifier, order, blank)
        curve.queries += 1
        if not all(map(math.isfinite, values)):
            return []
        left = sorted(set(range(n)) - set(order), key=lambda part: -direction * curve.sign * values[part])
        order += left[: count - len(order)]
    return order + sorted(set(range(n)) - set(order))


def _slopes(game: Masking, classifier: Differentiable, removed: Sequence[int], blank: tuple[int, ...]) -> list[float]:
    from explain.attribution.gradient import slopes_between

    by_position = slopes_between(Masking.row(game, removed), blank, classifier)
    return [sum(by_position[i] for i in positions) for positions in game.places]


def _greedy(curve: Curve, direction: int) -> list[int]:
    left, order = list(range(len(curve.game.units))), list[int]()
    while left:
        scores = curve.logits([(*order, part) for part in left])
        part = min(zip(left, scores, strict=True), key=lambda one: direction * one[1])[0]
        order.append(part)
        left.remove(part)
    return order
