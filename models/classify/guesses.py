"""What a masked language model says of the words of a change: which others are likely there, and how likely its own are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from models.change.types import Diff, Unit

MASKED_VARIABLE = "WHYDIFF_MASKED_MODEL"
"""The environment variable that names the folder of the masked language model to use instead of the shipped one."""
NAME = re.compile(r"[^\W\d]\w+")
"""What may be proposed: a name of two characters or more."""


class MaskedModel(Protocol):
    """A model that guesses hidden tokens of diffs."""

    @property
    def digest(self) -> str:
        """A hexadecimal digest of all that the answers depend on."""
        ...

    def fill(self, diff: Diff, words: Sequence[Unit], most: int) -> tuple[tuple[str, ...], ...]:
        """For each of ``words`` (token units) up to ``most`` other names that may stand there, the likeliest first.

        A word is hidden as a whole behind one mask; what is proposed is one token of the vocabulary that is a name. Empty
        for a word that the model does not read.
        """
        ...

    def likelihood(self, diff: Diff, lines: Sequence[Unit]) -> float | None:
        """Mean log-probability (natural, at most 0) of the tokens of ``lines`` (line units), or None where none is read.

        A pseudo-log-likelihood (Salazar et al., "Masked Language Model Scoring", 2020), with every few tokens hidden at
        once instead of one.
        """
        ...
