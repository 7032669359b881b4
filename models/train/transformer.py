"""Training of our transformer: a ModernBERT-shaped encoder over the marked tokens of a diff, from scratch."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import ModernBertConfig, ModernBertForSequenceClassification

from models.encode.vocabulary import CLS, HUNK, MARKERS, MASK, PAD, SEP, UNK, token_id
from models.files import write_whole
from models.train.options import TrainOptions
from models.train.prepare import Prepared, prepare, tokenizer_for
from models.train.resume import WORK, State, claim, restore, save, weights


@dataclass(frozen=True, slots=True)
class Report:
    """One line of progress: share done in [0, 1], the mean loss since the last line, tokens a second, AUC if measured."""

    done: float
    step: int
    loss: float
    tokens_per_second: float
    seconds_left: float
    auc: float | None = None


def build(tokenizer: Tokenizer, options: TrainOptions) -> ModernBertForSequenceClassification:
    """A fresh model of the options' shape, without dropout (mean pooling, two labels: 1 is "flagged")."""
    torch.manual_seed(options.seed)
    config = ModernBertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=options.width,
        intermediate_size=options.inner,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        max_position_embeddings=options.max_length,
        pad_token_id=tokenizer.token_to_id(PAD),
        cls_token_id=tokenizer.token_to_id(CLS),
        bos_token_id=tokenizer.token_to_id(CLS),
        sep_token_id=tokenizer.token_to_id(SEP),
        eos_token_id=tokenizer.token_to_id(SEP),
        classifier_pooling="mean",
        id2label={0: "not flagged", 1: "flagged"},
        label2id={"not flagged": 0, "flagged": 1},
    )
    model = ModernBertForSequenceClassification(config)
    nn.init.zeros_(model.classifier.weight)
    return model


def train(frame: pd.DataFrame, options: TrainOptions, folder: Path) -> Iterator[Report]:
    """Train on the rows with split "train" of ``frame``, yielding progress; goes on with what ``folder`` holds.

    Leaves ``model.safetensors``, ``config.json``, ``tokenizer.json``, ``train.json`` and ``state.json`` in ``folder``
    at the end, and in its folder ``work`` what only going on needs. Rows, order and masks are a function of the seed
    and the step alone, so that a run that was cut off gives the weights of a whole one. (On a machine where sums
    depend on the number of threads, to rounding.) Raises UsageError for a folder that holds another run.
    """
    claim(folder, options)
    rows = frame[frame["split"] == "train"].reset_index(drop=True)
    valid = (
        frame[frame["split"] == "valid"].sample(frac=1, random_state=options.seed).head(options.valid_rows).reset_index(drop=True)
    )
    tokenizer = _tokenizer(rows, options, folder)
    data = prepare(rows, tokenizer, options, folder / WORK)
    held_out = prepare(valid, tokenizer, options, folder / WORK / "valid")
    yield from _Run(build(tokenizer, options), tokenizer, data, held_out, options, folder).go()


def _tokenizer(rows: pd.DataFrame, options: TrainOptions, folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    if path.exists():
        return Tokenizer.from_file(str(path))
    tokenizer = tokenizer_for(rows, options)
    write_whole(path, lambda place: tokenizer.save(str(place)))
    return tokenizer


class _Run:
    """The loop and what it carries from step to step."""

    def __init__(
        self,
        model: ModernBertForSequenceClassification,
        tokenizer: Tokenizer,
        data: Prepared,
        held_out: Prepared,
        options: TrainOptions,
        folder: Path,
    ) -> None:
        self.model, self.data, self.held_out, self.options, self.folder = model, data, held_out, options, folder
        self.mask, self.pad = token_id(tokenizer, MASK), token_id(tokenizer, PAD)
        self.structure = [token_id(tokenizer, token) for token in (PAD, CLS, SEP, MASK, UNK, HUNK, *MARKERS.values())]
        decay = [p for p in model.parameters() if p.ndim > 1]
        rest = [p for p in model.parameters() if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": options.weight_decay}, {"params": rest, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=options.learning_rate, betas=(0.9, 0.98))
        share = options.long_share
        mean = (1 - share) * data.short.lengths().mean() + share * data.long.lengths().mean()
        self.state = restore(folder, model, self.optimizer) or State()
        self.state.tokens_in_epoch = float(mean * len(data.short))

    def go(self) -> Iterator[Report]:
        started, saved = time.monotonic() - self.state.seconds, time.monotonic()
        losses: list[float] = []
        shown = self.state.tokens, time.monotonic()
        for batch in self._batches():
            self.state.seconds = time.monotonic() - started
            done = self._done()
            if done >= 1:
                break
            losses.append(self._step(*batch, rate=self._rate(done)))
            if self.state.step % 20 == 0:
                now = time.monotonic()
                speed = (self.state.tokens - shown[0]) / (now - shown[1])
                left = self.state.seconds / max(done, 1e-6) * (1 - done)
                yield Report(done, self.state.step, float(np.mean(losses)), speed, left)
                losses, shown = [], (self.state.tokens, now)
            if time.monotonic() - saved > self.options.checkpoint_minutes * 60:
                save(self.folder, self.model, self.optimizer, self.state)
                yield Report(done, self.state.step, math.nan, math.nan, math.nan, self._auc())
                saved = time.monotonic()
        save(self.folder, self.model, self.optimizer, self.state)
        self._export()
        yield Report(1.0, self.state.step, math.nan, math.nan, 0.0, self._auc())

    def _done(self) -> float:
        """The share of the run that is over: by tokens, or by the clock once it is clearly ahead of them.

        A run that is not short of time must not depend on the clock, or the same seed gives other weights.
        """
        by_tokens = self.state.tokens / (self.options.epochs * self.state.tokens_in_epoch)
        by_clock = self.state.seconds / (self.options.minutes * 60)
        return float(by_clock if by_clock > by_tokens + 0.01 else by_tokens)

    def _rate(self, done: float) -> float:
        warm = min(1.0, done / self.options.warmup) if self.options.warmup else 1.0
        return self.options.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Batches of about ``batch_tokens`` tokens of similar length; the first ``state.step`` of them are passed over."""
        epoch, step = 0, 0
        while True:
            random = np.random.default_rng((self.options.seed, epoch))
            order = random.permutation(len(self.data.short))
            is_long = random.random(len(order)) < self.options.long_share
            lengths = np.where(is_long, self.data.long.lengths(), self.data.short.lengths())
            for chunk in np.array_split(order, max(1, len(order) // 2048)):
                batches = _by_length(_stratified(chunk, lengths, self.data.labels), lengths, self.options.batch_tokens)
                for pick in random.permutation(len(batches)):
                    step += 1
                    if step > self.state.step:
                        yield self._tensors(batches[pick], is_long, np.random.default_rng((self.options.seed, epoch, step)))
            epoch += 1

    def _tensors(
        self, rows: NDArray[np.int64], is_long: NDArray[np.bool_], random: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        ids = [(self.data.long if is_long[i] else self.data.short).row(int(i)).astype(np.int64) for i in rows]
        share = np.where(random.random(len(rows)) < self.options.mask_share, random.random(len(rows)), 0.0)
        for row, masked in zip(ids, share, strict=True):
            if masked:
                row[(random.random(len(row)) < masked) & ~np.isin(row, self.structure)] = self.mask
        padded, attention = pad(ids, self.pad)
        return padded, attention, torch.from_numpy(self.data.labels[rows])

    def _step(self, ids: Tensor, attention: Tensor, labels: Tensor, rate: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bfloat16):
            logits = self.model(input_ids=ids, attention_mask=attention).logits
        loss = nn.functional.cross_entropy(logits.float(), labels)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.state.step += 1
        self.state.tokens += int(attention.sum())
        return float(loss.detach())

    def _auc(self) -> float:
        ids = self.held_out.long
        return float(roc_auc_score(self.held_out.labels, logits(self.model, [ids.row(i) for i in range(len(ids))], self.pad)))

    def _export(self) -> None:
        """Write what the checkpoint is made of; the weights last, because a folder without them is not loaded."""
        state = json.dumps(asdict(self.state)) + "\n"
        write_whole(self.folder / "state.json", lambda path: path.write_text(state, encoding="utf-8"))
        config = self.model.config.to_json_string()
        write_whole(self.folder / "config.json", lambda path: path.write_text(config, encoding="utf-8"))
        tensors = weights(self.model)
        write_whole(self.folder / "model.safetensors", lambda path: save_file(tensors, path, metadata={"format": "pt"}))


def _stratified(chunk: NDArray[np.int64], lengths: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows ordered by their rank of length within their class, so that batches are even in length and in label.

    Plain sorting gives batches of short, mostly harmless changes and of long, mostly risky ones: the loss then
    drives the bias up and down instead of teaching anything.
    """
    rank = np.zeros(len(chunk))
    for label in np.unique(labels[chunk]):
        mine = np.flatnonzero(labels[chunk] == label)
        by_length = mine[np.argsort(lengths[chunk[mine]], kind="stable")]
        rank[by_length] = (np.arange(len(mine)) + 0.5) / len(mine)
    return chunk[np.argsort(rank, kind="stable")]


def _by_length(order: NDArray[np.int64], lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    """Cut ``order`` into runs whose padded size, longest row times rows, is at most ``budget``."""
    batches, start, longest = [], 0, 0
    for end, row in enumerate(order):
        longest = max(longest, int(lengths[row]))
        if end > start and longest * (end + 1 - start) > budget:
            batches.append(order[start:end])
            start, longest = end, int(lengths[row])
    return [*batches, order[start:]]


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
    lengths = np.array([len(row) for row in rows])
    out = np.zeros(len(rows))
    with torch.inference_mode():
        for batch in _by_length(np.argsort(lengths, kind="stable"), lengths, budget):
            ids, attention = pad([rows[i] for i in batch], fill)
            values = model(input_ids=ids, attention_mask=attention).logits
            out[batch] = (values[:, 1] - values[:, 0]).double().numpy()
    return out
