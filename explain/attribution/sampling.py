"""Shapley values and Owen values, sampled: what a part adds, averaged over orders in which parts are taken away."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from explain.attribution.background import draws_of
from explain.attribution.baseline import started
from explain.attribution.game import COARSER, Game, chunks, ends
from explain.attribution.game import affordable as finest_affordable
from explain.attribution.grid import balanced
from explain.attribution.inside import sharer
from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution
from models.change.types import Diff, Level, Unit
from models.classify.protocol import Classifier

SHAPLEY, OWEN = "shapley", "owen"
Order = Callable[[Sequence[Unit], random.Random], list[int]]


def shapley(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield an attribution after every pair of orders; the last one, which is converged, is the answer.

    The value of a line is what the logit loses when it is taken away, averaged over random orders of taking all lines away
    (Castro, Gomez and Tejada 2009), each with its reverse (antithetic; Mitchell et al. 2022). Values sum to
    f(x) - f(baseline) in every order, so that the gap is rounding. ``standard_errors`` says how far each line's mean may be
    off; with one pair there is none. Tokens share their line's value as ``sharer`` says.
    Costs at most ``options.budget`` + 3 queries: fewer orders, and hunks or files for lines, where a change is too large for
    more; a single pair of orders over files is asked whatever it costs.
    """
    return _sampled(SHAPLEY, Level.LINE, _shuffled, diff, classifier, options)


def owen(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    """As ``shapley``, over tokens, in orders that finish one line, one hunk and one file before they begin another.

    The Owen value of the diff's own tree (Owen 1977): what stands together is taken together, so that a hunk's value is the
    Shapley value among hunks of its file, and a file's among files. Where the budget does not allow tokens, lines are
    the leaves, then hunks, then files.
    """
    return _sampled(OWEN, Level.TOKEN, _by_tree, diff, classifier, options)


def _sampled(
    name: str, finest: Level, order: Order, diff: Diff, classifier: Classifier, options: AttributionOptions
) -> Iterator[Attribution]:
    game, pairs = affordable(diff, classifier, options, finest)
    known = ends(game)
    start = started(name, game.baseline, known, game.unread)
    if not game.units:
        yield replace(balanced(start, [], 0), converged=True)
        return
    shared, chance = sharer(diff, classifier, game, options), random.Random(options.order_seed)
    means: list[list[float]] = []
    for pair in range(1, pairs + 1):
        forth = order(game.units, chance)
        both = [walked(game, one, known, options.batch) for one in (forth, forth[::-1])]
        means.append([(a + b) / 2 for a, b in zip(*both, strict=True)])
        values = [sum(one) / pair for one in zip(*means, strict=True)]
        result = balanced(start, shared(values), pair * max(1, 2 * len(game.units) - 2))
        yield replace(result, standard_errors=_errors(game.units, means), converged=pair == pairs)


def affordable(diff: Diff, classifier: Classifier, options: AttributionOptions, finest: Level) -> tuple[Game, int]:
    """The game over the finest parts of which a pair of orders keeps the budget, and how many pairs keep it, at most all."""
    game = finest_affordable(diff, classifier, options, finest, lambda n: 2 * n)
    return game, max(1, min(options.orders, options.budget // max(1, 2 * len(game.units) * draws_of(options))))


def walked(game: Game, order: Sequence[int], known: tuple[float, float], batch: int) -> list[float]:
    """What the logit loses at every part, in the order of the game's parts, when they are taken away in ``order``.

    ``known``: the logits of the whole change and of the baseline, which are not asked again: len(order) - 1 queries.
    """
    steps = [order[:taken] for taken in range(1, len(order))]
    between = [score for chunk in chunks(steps, batch) for score in game.logits(chunk)]
    scores = [known[0], *between, known[1]]
    losses = [0.0] * len(order)
    for place, part in enumerate(order):
        losses[part] = scores[place] - scores[place + 1]
    return losses


def _errors(units: Sequence[Unit], means: Sequence[Sequence[float]]) -> tuple[tuple[Unit, float], ...]:
    """The standard error of each part's mean over pairs of orders; () for one pair, from which none is known."""
    if len(means) < 2:
        return ()
    return tuple(
        (unit, statistics.stdev(one) / math.sqrt(len(means))) for unit, one in zip(units, zip(*means, strict=True), strict=True)
    )


def _shuffled(units: Sequence[Unit], chance: random.Random) -> list[int]:
    order = list(range(len(units)))
    chance.shuffle(order)
    return order


def _by_tree(units: Sequence[Unit], chance: random.Random) -> list[int]:
    """A random order that keeps files, hunks and lines together."""
    keys: list[dict[Unit, float]] = [{} for _ in COARSER]
    for unit in units:
        for known, level in zip(keys, COARSER, strict=True):
            known.setdefault(unit.at(level), chance.random())
    place = [
        tuple(known[unit.at(level)] for known, level in zip(reversed(keys), reversed(COARSER), strict=True)) for unit in units
    ]
    return sorted(range(len(units)), key=place.__getitem__)
