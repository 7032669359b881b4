"""Greedy erasure: parts are taken away one after the other, always the one without which the logit falls most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from explain.attribution.baseline import started
from explain.attribution.game import Game, affordable, chunks, ends
from explain.attribution.grid import balanced
from explain.attribution.inside import sharer
from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution
from models.change.types import Diff, Level
from models.classify.protocol import Classifier

NAME = "erasure"


def erasure(diff: Diff, classifier: Classifier, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield an attribution after every part that was taken away; the last one, which is converged, is the answer.

    The value of a part is what the logit lost when its turn came, so that values sum to f(x) - f(baseline) and the gap is
    rounding. Parts are tokens, or lines, hunks or files where tokens are too many for the budget; tokens of a line then share
    its value as ``sharer`` says. No order of taking parts away was found to drop the logit faster on its own measure (Zhou
    and Shah 2022, The Solvability of Interpretability Evaluation Metrics): a ceiling to measure others by, not a fair
    share. Of two redundant parts the first gets nothing and the second all.
    Costs 2 + n (n - 1) / 2 queries and one with a backward pass, for n parts: at most ``options.budget`` + 3, but for a change
    of too many files.
    """
    game = affordable(diff, classifier, options, Level.TOKEN, lambda n: n * (n - 1) // 2)
    known = ends(game)
    start = started(NAME, game.baseline, known, game.unread)
    if not game.units:
        yield replace(balanced(start, [], 0), converged=True)
        return
    shared = sharer(diff, classifier, game, options)
    n = len(game.units)
    values, removed, before, queries = [0.0] * n, list[int](), known[0], 0
    while len(removed) < n:
        left = [part for part in range(n) if part not in set(removed)]
        scores = _scores(game, removed, left, options.batch) if len(left) > 1 else [known[1]]
        part, score = min(zip(left, scores, strict=True), key=lambda one: one[1])
        values[part], before = before - score, score
        removed.append(part)
        queries += len(left)
        yield replace(balanced(start, shared(values), queries), converged=len(removed) == n)


def _scores(game: Game, removed: list[int], left: list[int], batch: int) -> list[float]:
    return [score for chunk in chunks(left, batch) for score in game.logits([(*removed, part) for part in chunk])]
