"""The linear part of a diff transformer: a weight for every n-gram of ids."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.encode.ngrams import Ngrams, ngrams, present
from models.encode.segments import Ints, Marks
from models.encode.spelling import Spelling


@dataclass(frozen=True, slots=True)
class Linear:
    """logit = bias + the sum of the weights of the distinct features that occur.

    ``weights``: shape (features,), float32, in logits, as numbered by ``ngrams`` for a vocabulary that spells ``spelling`` and
    2 ** ``bits`` buckets a kind.
    """

    weights: NDArray[np.float32]
    bias: float
    spelling: Spelling
    bits: int

    def features(self, ids: Ints, sides: Ints, marks: Marks) -> Ngrams:
        """The features of a row of ids with the sides of its layout."""
        return ngrams(ids, sides, marks, self.spelling, self.bits)

    def logit(self, row: Ngrams) -> float:
        """The logit of a row."""
        return float(self.weights[present(row)].sum(dtype=np.float64)) + self.bias

    def permuted(self, seed: int) -> Linear:
        """The same with its weights in other places."""
        return replace(self, weights=np.random.default_rng(seed).permutation(self.weights))
