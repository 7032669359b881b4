"""Training of our transformer: a ModernBERT-shaped encoder over the marked tokens of a diff, from scratch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from models.data.weights import training_weights
from models.files import write_whole
from models.train.batches import by_padded_length, even_batches
from models.train.evaluate import area
from models.train.loop import WORK, Loop, State, best_device
from models.train.masking import masked
from models.train.options import TransformerOptions
from models.train.prepare import Prepared, newest, prepare
from models.train.report import Report
from models.train.start import Start, begun, fresh

Ints = NDArray[np.int64]


def train(frame: pd.DataFrame, options: TransformerOptions, folder: Path, init: Path | None = None) -> Iterator[Report]:
    """Train on the rows with split "train" of ``frame``, yielding progress; goes on with what ``folder`` holds.

    ``init``: a checkpoint of any architecture whose weights and vocabulary the run starts from. Leaves
    ``model.safetensors``, ``config.json``, ``tokenizer.json`` and ``state.json`` in ``folder`` at the end, and in its folder
    ``work`` what only going on needs.
    """
    rows = frame[frame["split"] == "train"].reset_index(drop=True)
    start = begun(init, options, folder) if init else fresh(rows, options, folder)
    most = start.reading.options.max_length
    prepared = prepare(rows, start.reading, (min(options.train_length, most), most), folder / WORK / "encoded.npz")
    nn.Module.to(start.model, best_device())
    task = Classification(start, prepared, rows.iloc[prepared.kept].reset_index(drop=True), options)
    loop = Loop(task, options.pace(), folder)
    yield from loop.go()
    _export(start.model, loop.state, task.tokens_in_epoch, folder)


class Classification:
    """The task: cross-entropy over two labels. Rows are read short, and ``long_share`` of them at the model's full length."""

    name = "labels"

    def __init__(self, start: Start, prepared: Prepared, frame: pd.DataFrame, options: TransformerOptions) -> None:
        self.model: nn.Module = start.model
        self._start = start
        self._short, self._long = prepared.encoded
        self._options, self._labels = options, frame["label"].to_numpy(dtype=np.int64)
        self._weights = training_weights(frame)
        tuned = newest(frame, options.tune_share)
        self._train, self._tune = np.flatnonzero(~tuned), np.flatnonzero(tuned)
        share = options.long_share
        mean = (1 - share) * self._short.lengths().mean() + share * self._long.lengths().mean()
        self.tokens_in_epoch = float(mean * len(self._train))

    def batches(self, epoch: int) -> Sequence[Ints]:
        """Batches of rows of similar length; a row that is read long is numbered from the number of rows on."""
        random = np.random.default_rng((self._options.seed, epoch))
        order = random.permutation(self._train)
        is_long = random.random(len(self._labels)) < self._options.long_share
        lengths = np.where(is_long, self._long.lengths(), self._short.lengths())
        found = even_batches(order, lengths, self._labels, partial(by_padded_length, budget=self._options.batch_tokens))
        return [found[i] + len(self._labels) * is_long[found[i]] for i in random.permutation(len(found))]

    def loss(self, rows: Ints, random: np.random.Generator) -> tuple[Tensor, int]:
        """Weighted cross-entropy; a share of the rows have a drawn share of their tokens masked."""
        ids = [
            (self._long if row >= len(self._labels) else self._short).row(int(row % len(self._labels))).astype(np.int64)
            for row in rows
        ]
        ids = [self._masked(row, random) for row in ids]
        padded, attention = pad(ids, self._start.pad)
        device = next(self.model.parameters()).device
        logits = self.model(input_ids=padded.to(device), attention_mask=attention.to(device)).logits.float()
        at = rows % len(self._labels)
        each = nn.functional.cross_entropy(logits, torch.from_numpy(self._labels[at]).to(device), reduction="none")
        return (each * torch.from_numpy(self._weights[at]).float().to(device)).mean(), int(attention.sum())

    def _masked(self, row: Ints, random: np.random.Generator) -> Ints:
        """``row``, at times with a share of its content masked; never where the vocabulary has no mask."""
        if self._start.mask is None or random.random() >= self._options.mask_share:
            return row
        return masked(row, random.random(), self._start.mask, self._start.structure, random)

    def measure(self) -> float:
        """The AUC on the rows that are not learnt from, read at full length."""
        rows = [self._long.row(int(i)) for i in self._tune]
        return area(self._labels[self._tune], logits(self.model, rows, self._start.pad))


def _export(model: PreTrainedModel, state: State, tokens_in_epoch: float, folder: Path) -> None:
    """Write what the checkpoint is made of; the weights last, because a folder without them is not loaded.

    Weights are stored as float16, half the size, and read back as float32: what is measured is what was stored.
    """
    counters = json.dumps(asdict(state) | {"tokens_in_epoch": tokens_in_epoch}) + "\n"
    write_whole(folder / "state.json", lambda path: path.write_text(counters, encoding="utf-8"))
    config = model.config.to_json_string()
    write_whole(folder / "config.json", lambda path: path.write_text(config, encoding="utf-8"))
    halves = {name: value.detach().cpu().half().contiguous() for name, value in model.state_dict().items()}
    write_whole(folder / "model.safetensors", lambda path: save_file(halves, path, metadata={"format": "pt"}))


def pad(rows: list[NDArray[Any]], fill: int) -> tuple[Tensor, Tensor]:
    """(ids, attention mask) of shape (rows, longest row), int64."""
    ids = np.full((len(rows), max(map(len, rows))), fill, dtype=np.int64)
    attention = np.zeros(ids.shape, dtype=np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        attention[i, : len(row)] = 1
    return torch.from_numpy(ids), torch.from_numpy(attention)


def logits(model: nn.Module, rows: list[NDArray[Any]], fill: int, budget: int = 8192) -> NDArray[np.float64]:
    """The logit difference, flagged against not, of every row, in batches of similar length."""
    model.eval()
    device = next(model.parameters()).device
    lengths = np.array([len(row) for row in rows])
    out = np.zeros(len(rows))
    with torch.inference_mode():
        for batch in by_padded_length(np.argsort(lengths, kind="stable"), lengths, budget):
            ids, attention = pad([rows[i] for i in batch], fill)
            values = model(input_ids=ids.to(device), attention_mask=attention.to(device)).logits
            out[batch] = (values[:, 1] - values[:, 0]).double().cpu().numpy()
    return out
