"""Pre-training: guess the masked tokens of diffs (Devlin et al. 2019). Needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.classify.network import DiffNetwork, Guesser, batch_of
from models.encode.segments import Ints, Marks, first_content_id
from models.train.batches import by_length
from models.train.segment_rows import Sampled, SegmentRows

_KEPT, _RANDOM = 0.1, 0.1
"""Of the places to guess, these shares keep their token or get another one, so that unmasked tokens stay worth reading."""
_HELD_OUT = 7


class MaskedTokens:
    """The task of pre-training: of ``share`` of the content tokens of every segment, say which they are.

    ``rows`` are learnt from, ``held_out`` measured on: the share of masked tokens guessed right.
    """

    name = "pretrain"

    def __init__(
        self,
        modules: tuple[DiffNetwork, Guesser],
        rows: SegmentRows,
        held_out: SegmentRows,
        batch_tokens: int,
        share: float,
        seed: int,
    ) -> None:
        self.network, self.guesser = modules
        self.model: nn.Module = nn.ModuleDict({"network": self.network, "guesser": self.guesser})
        self.rows, self.held_out = rows, held_out
        self._batch_tokens, self._share, self._seed = batch_tokens, share, seed
        self.tokens_in_epoch = float(rows.lengths().sum())

    def batches(self, epoch: int) -> Sequence[Ints]:
        """Rows in random order, cut into batches."""
        random = np.random.default_rng((self._seed, epoch))
        return by_length(random.permutation(len(self.rows.rows)), self.rows.lengths(), self._batch_tokens)

    def loss(self, rows: Ints, random: np.random.Generator) -> tuple[Tensor, int]:
        """Mean cross-entropy over the masked places."""
        samples = [self.rows.sample(int(row), random) for row in rows]
        logits, truth = self._guesses(samples, random)
        return nn.functional.cross_entropy(logits.float(), truth), sum(len(one.ids) for one in samples)

    def measure(self) -> float:
        """The share of masked tokens of the held-out rows whose likeliest guess is right; the same masks every time."""
        random = np.random.default_rng((self._seed, _HELD_OUT))
        right = total = 0
        with torch.inference_mode():
            for rows in by_length(np.arange(len(self.held_out.rows)), self.held_out.lengths(), self._batch_tokens):
                logits, truth = self._guesses([self.held_out.sample(int(row), random) for row in rows], random)
                right += int((logits.argmax(-1) == truth).sum())
                total += len(truth)
        return right / max(1, total)

    def _guesses(self, samples: Sequence[Sampled], random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """(logits (places, vocabulary), true ids (places,)) at the masked places."""
        shape = self.network.shape
        true = [one.ids for one in samples]
        hidden = [hide(ids, self.rows.marks, self._share, shape.vocabulary, random) for ids in true]
        ids, places = np.concatenate([ids for ids, _ in hidden]), np.concatenate([at for _, at in hidden])
        device = self.network.embeddings.weight.device
        batch = batch_of(self.network.embeddings(torch.from_numpy(ids).to(device)), [one.layout for one in samples])
        asked = torch.from_numpy(places).to(device)
        states, truths = [], []
        flat = torch.from_numpy(np.concatenate(true)).to(device)
        for group, state in zip(batch.groups, self.network.hidden(batch), strict=True):
            wanted = (group >= 0) & asked[group.clamp(min=0)]
            states.append(state[wanted])
            truths.append(flat[group[wanted]])
        return self.guesser(torch.cat(states), self.network.embeddings.weight), torch.cat(truths)


def hide(ids: Ints, marks: Marks, share: float, vocabulary: int, random: np.random.Generator) -> tuple[Ints, NDArray[np.bool_]]:
    """(``ids`` with ``share`` of the content hidden, which places those are); structure is never hidden."""
    drawn = random.random(len(ids))
    places = (drawn < share) & ~np.isin(ids, marks.structure)
    shown = ids.copy()
    shown[places & (drawn < share * (1 - _KEPT))] = marks.mask
    other = places & (drawn < share * _RANDOM)
    shown[other] = random.integers(first_content_id(), vocabulary, int(other.sum()))
    return shown, places
