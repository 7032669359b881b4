"""Fine-tuning of a diff transformer's network, alone or on top of a linear part that is given. Needs torch."""

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
from models.train.masking import masked
from models.train.segment_rows import Sampled, SegmentRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows with what is to be learnt of them.

    ``labels``: 0 or 1; ``weights``: mean 1; ``offsets``: what is added to the network's logit, 0 where it learns alone.
    """

    rows: SegmentRows
    labels: NDArray[np.int64]
    weights: Floats
    offsets: Floats


class Labels:
    """The task of fine-tuning: the label of a row, from the network's logit plus the row's offset.

    ``linear`` is the part whose logits the offsets are, which has seen none of the rows (one that had would leave the network
    nothing to learn), or None where the network learns alone.
    """

    name = "labels"

    def __init__(
        self, network: DiffNetwork, train: Labelled, tune: Labelled, linear: Linear | None, options: tuple[int, float, int]
    ) -> None:
        """``options``: tokens of a batch, share of masked rows, seed."""
        self.model: nn.Module = network
        self.network, self.train, self.tune, self.linear = network, train, tune, linear
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
        """Weighted binary cross-entropy."""
        samples = [self.train.rows.sample(int(row), random) for row in rows]
        offsets = self.train.offsets[rows].copy()
        for i, row in enumerate(rows):
            if random.random() < self._mask_share:
                samples[i], offsets[i] = self._masked(int(row), samples[i], random)
        outputs = self._outputs(samples)
        truth, weights, added = (
            torch.from_numpy(values).float().to(outputs.device)
            for values in (self.train.labels[rows], self.train.weights[rows], offsets)
        )
        loss = nn.functional.binary_cross_entropy_with_logits(outputs + added, truth, weights)
        return loss, sum(len(one.ids) for one in samples)

    def _masked(self, row: int, sample: Sampled, random: np.random.Generator) -> tuple[Sampled, float]:
        """``sample`` with a share of its tokens masked, and what the linear part says of the row with as large a share masked."""
        share, marks = random.random(), self.train.rows.marks

        cut = Sampled(masked(sample.ids, share, marks.mask, marks.structure, random), sample.layout)
        if self.linear is None:
            return cut, 0.0
        whole = self.train.rows.whole(row)
        ids = masked(whole.ids, share, marks.mask, marks.structure, random)
        return cut, self.linear.logit(self.linear.features(ids, whole.layout.sides, marks))

    def measure(self) -> float:
        """The AUC on the tune rows, read whole."""
        values = self.outputs(self.tune.rows) + self.tune.offsets
        return area(self.tune.labels, values)

    def outputs(self, rows: SegmentRows) -> Floats:
        """The network's logit for every row, read whole, shape (rows,)."""
        lengths = rows.rows.lengths()
        out = np.zeros(len(lengths))
        with torch.inference_mode():
            for batch in by_length(np.argsort(lengths, kind="stable"), lengths, self._batch_tokens):
                out[batch] = self._outputs([rows.whole(int(row)) for row in batch]).double().cpu().numpy()
        return out

    def _outputs(self, samples: Sequence[Sampled]) -> Tensor:
        ids = torch.from_numpy(np.concatenate([one.ids for one in samples])).to(self.network.embeddings.weight.device)
        outputs: Tensor = self.network(batch_of(self.network.embeddings(ids), [one.layout for one in samples]))
        return outputs.float()
