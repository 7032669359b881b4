"""The bag-of-words tier: logistic regression over which words stand where, and the size of the change."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from models.change.types import METRICS_FILE, Diff, Unit
from models.classify.additive import EMPTY, Contribution, Contributions
from models.classify.checkpoint import BAG, WEIGHTS, Settings, check_folder, digest_folder, read_json, read_settings, unfinished
from models.classify.layered import check_stages, copy_digest
from models.classify.protocol import Prediction
from models.classify.settled import Settled
from models.encode.types import Side
from models.encode.words import LINE, MARKS, SIZES, WORD, counts, reading, sizes, texts, words
from models.errors import ModelError

WORDS = "words.json"
_MOST_WORDS = 2_000_000
_MOST_BYTES = 16_000_000
_LARGEST = 1e6
"""Logits. No fitted weight comes near it; sums of larger ones would lose the small ones."""


class BagClassifier(Settled):
    """logit = bias + the weights of the words that occur + the weights of log(1 + lines added, removed, files).

    A word counts once on a side (added, removed, path, message), however often it stands there. A word that the
    vocabulary lacks weighs nothing. Sums are correctly rounded (``math.fsum``), so that no order matters.
    """

    def __init__(
        self, weights: Mapping[str, float], by_size: tuple[float, float, float], bias: float, settings: Settings, digest: str
    ) -> None:
        """``weights``: by feature of ``models.encode.words``, ``by_size``: those of ``sizes``; all in logits."""
        super().__init__(settings, digest)
        self._weights, self._by_size, self._bias = dict(weights), by_size, bias

    @property
    def stages(self) -> tuple[str, ...]:
        """One: the weights of words and sizes."""
        return ("weights",)

    def randomised(self, stages: int, seed: int) -> BagClassifier:
        """A copy whose words have each other's weights, and so its sizes, see ``Layered``."""
        check_stages(stages, 1)
        digest = copy_digest(self.digest, stages, seed)
        if not stages:
            return BagClassifier(self._weights, self._by_size, self._bias, self.settings, digest)
        random = np.random.default_rng(seed)
        weights = dict(zip(self._weights, random.permutation(list(self._weights.values())).tolist(), strict=True))
        added, removed, files = random.permutation(self._by_size).tolist()
        return BagClassifier(weights, (added, removed, files), self._bias, self.settings, digest)

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """One prediction a diff, in order; ``tokens_read`` counts words."""
        return tuple(map(self._predict, diffs))

    def _predict(self, diff: Diff) -> Prediction:
        known, found = self._weights, reading(diff)
        by_word = [known[one] for one in found.features if one in known]
        logit = math.fsum((self._bias, *by_word, *self._from_sizes(diff)))
        return self.verdict(logit, found.read, found.total, found.unread)

    def _from_sizes(self, diff: Diff) -> list[float]:
        return [weight * size for weight, size in zip(self._by_size, sizes(diff), strict=True)]

    def contributions(self, diff: Diff) -> Contributions:
        """The bias, the three sizes, and every word of the vocabulary, whose weight its occurrences share evenly."""
        found = [word for word in words(diff) if word.feature in self._weights]
        often = Counter(word.feature for word in found)
        by_size = enumerate(self._from_sizes(diff))
        parts = [Contribution(Unit(METRICS_FILE, -1, n), Side.METRICS, value) for n, value in by_size]
        parts += [Contribution(one.unit, one.side, self._weights[one.feature] / often[one.feature]) for one in found]
        return Contributions(EMPTY, self._bias, tuple(parts), _names(diff))

    def recounted(self, diff: Diff) -> Contributions:
        """The bias as the score of no change; each size as what the score of words alone lacks; words by line."""
        base = self.predict([Diff(())])[0].logit
        lines = [(unit, side, Counter(WORD.findall(text[:LINE]))) for unit, side, text in texts(diff)]
        totals: Counter[str] = Counter()
        for _, side, found in lines:
            for word, count in found.items():
                totals[_marked(side, word)] += count
        parts = []
        for unit, side, found in lines:
            shares = [self._weights.get(key := _marked(side, word), 0.0) * n / totals[key] for word, n in found.items()]
            known = any(_marked(side, word) in self._weights for word in found)
            parts += [Contribution(unit, side, sum(shares))] if known else []
        numbers = np.log(1.0 + np.array(counts(diff))) * np.array(self._by_size)
        by_size = [Contribution(Unit(METRICS_FILE, -1, n), Side.METRICS, float(one)) for n, one in enumerate(numbers)]
        return Contributions(EMPTY, base, (*by_size, *parts), _names(diff))


def _marked(side: Side, word: str) -> str:
    return f"{MARKS[side]}{(word.lower() if side == 'message' else word)[:60]}"


def _names(diff: Diff) -> tuple[str, ...]:
    return tuple(f"{name}: {count:,}" for name, count in zip(SIZES, counts(diff), strict=True))


def load_bag(folder: Path, settings: Settings | None = None) -> BagClassifier:
    """The bag of words in ``folder``; ``settings`` stand in for those of the folder.

    Raises ModelError for a folder that is unsafe or incomplete, a vocabulary that is none, weights that are not finite
    or not one a word.
    """
    check_folder(folder, BAG)
    vocabulary = _vocabulary(folder)
    weights, by_size, bias = _weights(folder, len(vocabulary))
    settings = settings or read_settings(folder)
    if settings is None:
        raise unfinished(folder)
    by_word = dict(zip(vocabulary, weights.tolist(), strict=True))
    added, removed, files = by_size.tolist()
    return BagClassifier(by_word, (added, removed, files), float(bias[0]), settings, digest_folder(folder))


def _vocabulary(folder: Path) -> list[str]:
    known = read_json(folder / WORDS).get("words")
    if not isinstance(known, list) or not all(isinstance(one, str) for one in known) or len(known) > _MOST_WORDS:
        raise ModelError(f"{WORDS} of {folder} holds no list of words under {'words'!r}; copy the checkpoint again.")
    if len(set(known)) < len(known):
        raise ModelError(f"{WORDS} of {folder} lists a word twice, so its weight is unclear; copy the checkpoint again.")
    return known


def _weights(folder: Path, words: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Weights of ``words`` words, of the three sizes, and the bias."""
    path = folder / WEIGHTS
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path} is larger than {_MOST_BYTES // 1_000_000} MB; it holds no bag of words.")
        stored = load_file(path)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path} could not be read as safetensors ({reason}); copy the checkpoint again.") from error
    shapes = {"words": (words,), "sizes": (3,), "bias": (1,)}
    for name, shape in shapes.items():
        found = stored.get(name)
        if found is None or found.shape != shape or found.dtype != np.float32:
            what = "nothing" if found is None else f"{found.dtype} of shape {found.shape}"
            raise ModelError(f"{path} holds {what} as {name}, expected float32 of shape {shape}; copy the checkpoint again.")
        if not bool((np.abs(found) <= _LARGEST).all()):
            raise ModelError(f"In {path} a weight of {name} is not finite or beyond {_LARGEST:.0e}; train the checkpoint again.")
    weights, by_size, bias = (stored[name].astype(np.float64) for name in shapes)
    return weights, by_size, bias
