"""What tokens spell, as numbers that compose: so that a name is one feature however the vocabulary cuts it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

_BLANK = "Ġ"
"""How the byte-level alphabet writes a blank."""
_WORD = re.compile(r"[A-Za-z0-9_]+")
_BASE = 1_000_003
_MODULUS = 1 << 64


@dataclass(frozen=True, slots=True)
class Spelling:
    """A table of the vocabulary; every field has shape (vocabulary,), one entry a token, a leading blank left out.

    ``word``: whether it is letters, digits and underscores only; ``joins``: such a token without a leading blank, which goes
    on with the word before it. ``exact`` and ``lower``: a hash of the characters, as they are and in lower case;
    ``power``: what the hash of characters before is multiplied by, so that hash(ab) = hash(a) * power(b) + hash(b).
    """

    word: NDArray[np.bool_]
    joins: NDArray[np.bool_]
    exact: NDArray[np.uint64]
    lower: NDArray[np.uint64]
    power: NDArray[np.uint64]


def spelling_of(tokenizer: Tokenizer, size: int) -> Spelling:
    """The table of a byte-level vocabulary for the ids below ``size``; ids that it lacks spell nothing."""
    tokens = [tokenizer.id_to_token(i) or "" for i in range(size)]
    bare = [token.removeprefix(_BLANK) for token in tokens]
    word = np.array([_WORD.fullmatch(text) is not None for text in bare], dtype=bool)
    return Spelling(
        word=word,
        joins=word & np.array([not token.startswith(_BLANK) for token in tokens], dtype=bool),
        exact=np.array([_hash(text) for text in bare], dtype=np.uint64),
        lower=np.array([_hash(text.lower()) for text in bare], dtype=np.uint64),
        power=np.array([pow(_BASE, len(text), _MODULUS) for text in bare], dtype=np.uint64),
    )


def _hash(text: str) -> int:
    value = 0
    for character in text:
        value = (value * _BASE + ord(character) + 1) % _MODULUS
    return value
