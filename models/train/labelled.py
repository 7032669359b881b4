"""Fine-tuning of a diff transformer: what the linear part gets wrong, and the labels by themselves. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.classify.linear import Linear
from models.classify.network import DiffNetwork, batch_of
from models.encode.segments import Ints
from models.train.batches import by_length, even_batches
from models.train.evaluate import area
from models.train.segment_rows import Sampled, SegmentRows

Floats = NDArray[np.float64]
_ALONE = 0.5
"""The weight of the loss of the encoder alone, beside that of encoder and linear part together."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows with what is to be learnt of them.

    ``labels``: 0 or 1; ``weights``: mean 1; ``linear``: which of the linear parts, fitted without the row, speaks for it;
    ``offsets``: what that one says, in logits.
    """

    rows: SegmentRows
    labels: NDArray[np.int64]
    weights: Floats
    linear: NDArray[np.int64]
    offsets: Floats


class Labels:
    """The task of fine-tuning. The network's first output is added to the linear part's logit, its second stands alone.

    The linear part that a row meets was fitted without it (stacked generalisation, Wolpert 1992): one that had seen the
    row would leave the network nothing to learn. The second output keeps the encoder learning what the first need not know.
    """

    name = "labels"

    def __init__(
        self, network: DiffNetwork, train: Labelled, tune: Labelled, linears: Sequence[Linear], options: tuple[int, float, int]
    ) -> None:
        """``options``: tokens of a batch, share of masked rows, seed."""
        self.model: nn.Module = network
        self.network, self.train, self.tune, self.linears = network, train, tune, linears
        self._batch_tokens, self._mask_share, self._seed = options
        self.tokens_in_epoch = float(train.rows.lengths().sum())

    def batches(self, epoch: int) -> Sequence[Ints]:
        """Batches of rows of about one length and of even shares of labels, in random order."""
        random = np.random.default_rng((self._seed, epoch))
        lengths = self.train.rows.lengths()
        order = random.permutation(len(lengths))
        found = even_batches(order, lengths, self.train.labels, partial(by_length, budget=self._batch_tokens))
        return [found[i] for i in random.permutation(len(found))]

    def loss(self, rows: Ints, random: np.random.Generator) -> tuple[Tensor, int]:
        """Weighted binary cross-entropy of both outputs."""
        samples = [self.train.rows.sample(int(row), random) for row in rows]
        offsets = self.train.offsets[rows].copy()
        for i, row in enumerate(rows):
            if random.random() < self._mask_share:
                samples[i], offsets[i] = self._masked(int(row), samples[i], random)
        outputs = self._outputs(samples)
        truth, weights, linear = (
            torch.from_numpy(values).float().to(outputs.device)
            for values in (self.train.labels[rows], self.train.weights[rows], offsets)
        )
        together = outputs[:, 0] + linear
        entropy = nn.functional.binary_cross_entropy_with_logits
        loss = entropy(together, truth, weights) + _ALONE * entropy(outputs[:, 1], truth, weights)
        return loss, sum(len(one.ids) for one in samples)

    def _masked(self, row: int, sample: Sampled, random: np.random.Generator) -> tuple[Sampled, float]:
        """``sample`` with a share of its tokens masked, and what the linear part says of the row with as large a share masked."""
        share, marks = random.random(), self.train.rows.marks
        whole = self.train.rows.whole(row)
        masked = [
            np.where((random.random(len(ids)) < share) & ~np.isin(ids, marks.structure), marks.mask, ids)
            for ids in (sample.ids, whole.ids)
        ]
        linear = self.linears[self.train.linear[row]]
        found = linear.features(masked[1], whole.layout.sides, marks)
        return Sampled(masked[0], sample.layout), linear.logit(found)

    def measure(self) -> float:
        """The AUC on the tune rows, read whole, of network and linear part together."""
        values = self.outputs(self.tune.rows)[:, 0] + self.tune.offsets
        return area(self.tune.labels, values)

    def outputs(self, rows: SegmentRows) -> Floats:
        """Both outputs for every row, read whole, shape (rows, 2)."""
        lengths = rows.rows.lengths()
        out = np.zeros((len(lengths), 2))
        with torch.inference_mode():
            for batch in by_length(np.argsort(lengths, kind="stable"), lengths, self._batch_tokens):
                out[batch] = self._outputs([rows.whole(int(row)) for row in batch]).double().cpu().numpy()
        return out

    def _outputs(self, samples: Sequence[Sampled]) -> Tensor:
        ids = torch.from_numpy(np.concatenate([one.ids for one in samples])).to(self.network.embeddings.weight.device)
        outputs: Tensor = self.network(batch_of(self.network.embeddings(ids), [one.layout for one in samples]))
        return outputs.float()
