"""Attention rollout: where a transformer looks, from its last layer down to the tokens. It explains nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from explain.attribution.baseline import started
from explain.attribution.game import Masking, ends
from explain.attribution.grid import balanced
from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution
from models.change.types import Diff, Level
from models.classify.attentive import Attention, Attentive

NAME = "attention-rollout"


def rollout(diff: Diff, classifier: Attentive, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield one attribution: the share of every token in what the head reads, see ``shares``.

    Values are not negative and sum to 1 with those of special tokens. They are no logits and have nothing to do with the
    output: the completeness gap is the rest that the sums leave, and says nothing. Queries: those of the two ends, which
    are shown, and one for the attention.
    """
    encoded = classifier.encode(diff)
    game = Masking(classifier, encoded, options, Level.TOKEN)
    start = started(NAME, game.baseline, ends(game), game.unread)
    values = shares(classifier.attention(encoded.ids)).tolist()
    yield replace(balanced(start, list(zip(encoded.units, encoded.sides, values, strict=True)), 1), converged=True)


def shares(attention: Attention) -> NDArray[np.float64]:
    """Shape (length,): what of every token arrives where the head reads (Abnar and Zuidema 2020).

    Heads are averaged, half of every place is its own by the residual connection, and layers are multiplied.
    """
    layers = attention.weights.astype(np.float64).mean(axis=1)
    arrived = np.eye(layers.shape[-1])
    for layer in layers:
        arrived = (arrived + layer @ arrived) / 2
    found: NDArray[np.float64] = attention.read.astype(np.float64) @ arrived
    return found
