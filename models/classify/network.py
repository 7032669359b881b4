"""The network of the diff transformer: an encoder of segments that knows sides, files and hunks, and pools them. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from transformers import ModernBertConfig, ModernBertModel

from models.classify.randomised import Stage, transformer_stages
from models.encode.segments import ORDINALS, SIDES, Ints, Layout

_BIN = 16
"""Segments whose lengths fall into one bin of so many tokens are padded together."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network is built from:

    Tokens of the vocabulary, widths, layers, heads, the most tokens of a segment, and ``reach``, the most segments beside
    the message that it reads of a change.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    inner: int
    segment: int
    reach: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as the network reads them; integers are int64.

    ``words``: word embeddings of all tokens of all rows, one after the other, shape (tokens, width).
    ``sides``, ``files``, ``hunks``: shape (tokens,). ``groups``: segments of about one length, each group the index of a
    token for every place, shape (segments, longest), padded by -1. ``members``: the segments of each row, its message
    first, numbered in the order of the groups, shape (rows, most), padded by -1. ``metrics``: the size tokens of each row,
    shape (rows, 3), padded by -1.
    """

    words: Tensor
    sides: Tensor
    files: Tensor
    hunks: Tensor
    groups: tuple[Tensor, ...]
    members: Tensor
    metrics: Tensor


def batch_of(words: Tensor, layouts: Sequence[Layout]) -> Batch:
    """A batch of rows with ``layouts`` whose word embeddings, one row after the other, are ``words`` (tokens, width).

    All of it is on the device of ``words``.
    """
    starts = np.cumsum([0, *(len(one.sides) for one in layouts)])
    segments = [start + segment for start, one in zip(starts, layouts, strict=False) for segment in one.segments]
    bins = np.array([-(-len(segment) // _BIN) for segment in segments])
    order = np.argsort(bins, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    counts = np.cumsum([0, *(len(one.segments) for one in layouts)])
    sides, files, hunks = (
        torch.from_numpy(np.concatenate([getattr(one, name) for one in layouts])).to(words.device)
        for name in ("sides", "files", "hunks")
    )
    groups = tuple(padded([segments[i] for i in order[bins[order] == size]]).to(words.device) for size in np.unique(bins))
    members = padded([place[a:b] for a, b in pairwise(counts)])
    metrics = padded([start + one.metrics for start, one in zip(starts, layouts, strict=False)], 3)
    return Batch(words, sides, files, hunks, groups, members.to(words.device), metrics.to(words.device))


def padded(rows: Sequence[Ints], least: int = 1) -> Tensor:
    """``rows`` as one table, shape (rows, longest or ``least``), int64, padded by -1."""
    table = np.full((len(rows), max(least, *map(len, rows))), -1, dtype=np.int64)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return torch.from_numpy(table)


class DiffNetwork(nn.Module):
    """Segments to vectors to one logit.

    Every token is its word's embedding plus those of its side, its file's and its hunk's ordinal. ``encoder`` (ModernBERT,
    Warner et al. 2024, attention over the whole segment) reads each segment by itself; a segment is the mean of its tokens.
    Rows attend over their segments with a query made of their message's segment (hierarchical attention, Yang et al. 2016);
    the head reads message, attended segments and the size tokens' embeddings, which no segment holds: without them, or with
    them masked, the network still answers.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = ModernBertModel(_config(shape))
        self.sides = nn.Embedding(len(SIDES), shape.width)
        self.files = nn.Embedding(ORDINALS, shape.width)
        self.hunks = nn.Embedding(ORDINALS, shape.width)
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.inner = nn.Linear(3 * shape.width, shape.width)
        self.outer = nn.Linear(shape.width, 1)
        self.norm = nn.LayerNorm(3 * shape.width)
        for table in (self.sides, self.files, self.hunks):
            nn.init.normal_(table.weight, std=0.02)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    @property
    def embeddings(self) -> nn.Embedding:
        """The table of word embeddings."""
        table: nn.Embedding = self.encoder.embeddings.tok_embeddings
        return table

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Its parameters from the logit down: head, pooling (with the encoder's last norm), layers, embeddings."""
        own = [name for name, _ in self.named_parameters() if not name.startswith("encoder.")]
        stacked = transformer_stages(self.encoder)
        inside = [tuple(f"encoder.{name}" for name in names) for _, names in stacked]
        tables = tuple(name for name in own if name.startswith(("sides.", "files.", "hunks.")))
        pooling = tuple(name for name in own if name.startswith(("query.", "key.", "value.")))
        head = tuple(name for name in own if name not in {*tables, *pooling})
        layers = [(name, inside[n]) for n, (name, _) in enumerate(stacked)][1:-1]
        return (("head", head), ("pooling", (*pooling, *inside[0])), *layers, ("embeddings", (*tables, *inside[-1])))

    def hidden(self, batch: Batch) -> list[Tensor]:
        """The last hidden states of every group of segments, each of shape (segments, longest, width)."""
        tokens = batch.words + self.sides(batch.sides) + self.files(batch.files) + self.hunks(batch.hunks)
        return [
            self.encoder(inputs_embeds=tokens[group.clamp(min=0)], attention_mask=(group >= 0).long()).last_hidden_state
            for group in batch.groups
        ]

    def forward(self, batch: Batch) -> Tensor:
        """One logit a row, shape (rows,)."""
        sizes = (batch.words[batch.metrics.clamp(min=0)] * (batch.metrics >= 0).unsqueeze(-1)).sum(1)
        return self.judge(self.vectors(batch), batch.members, sizes)

    def vectors(self, batch: Batch) -> Tensor:
        """What is read of each segment by itself, shape (segments, width), in the order of the groups."""
        return torch.cat([_mean(states, group >= 0) for states, group in zip(self.hidden(batch), batch.groups, strict=True)])

    def judge(self, vectors: Tensor, members: Tensor, sizes: Tensor) -> Tensor:
        """Logits, shape (rows,), of rows as ``features`` takes them."""
        logits: Tensor = self.outer(self.features(vectors, members, sizes)).squeeze(-1)
        return logits

    def features(self, vectors: Tensor, members: Tensor, sizes: Tensor) -> Tensor:
        """What the last layer reads of rows, shape (rows, width).

        ``members`` (rows, most), padded by -1: each row's segments as numbers of ``vectors``. ``sizes``: the sum of the
        embeddings of each row's size tokens, shape (rows, width).
        """
        message, read = vectors[members[:, 0]], vectors[members.clamp(min=0)]
        pooled = self._pooled(message, read, members >= 0)
        normal = self.norm(torch.cat([message, pooled, sizes], dim=-1))
        return nn.functional.gelu(self.inner(normal))

    def _pooled(self, message: Tensor, members: Tensor, known: Tensor) -> Tensor:
        """Multi-head attention of the message over its row's segments, shape (rows, width)."""
        heads = self.shape.heads
        query, key, value = (
            part.unflatten(-1, (heads, -1)).transpose(1, 2)
            for part in (self.query(message).unsqueeze(1), self.key(members), self.value(members))
        )
        pooled = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=known[:, None, None, :])
        return pooled.transpose(1, 2).flatten(1)


def _mean(states: Tensor, known: Tensor) -> Tensor:
    weight = known.unsqueeze(-1)
    return (states * weight).sum(1) / weight.sum(1)


def _config(shape: Shape) -> ModernBertConfig:
    return ModernBertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=shape.segment,
        layer_types=["full_attention"] * shape.layers,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
        cls_token_id=None,
        sep_token_id=None,
    )


class Guesser(nn.Module):
    """Which token stands at a masked place: a layer on top of the encoder, then the word embeddings again as output weights."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.dense = nn.Linear(shape.width, shape.width)
        self.norm = nn.LayerNorm(shape.width)
        self.bias = nn.Parameter(torch.zeros(shape.vocabulary))

    def forward(self, states: Tensor, embeddings: Tensor) -> Tensor:
        """Logits over the vocabulary, shape (places, vocabulary), of hidden states (places, width)."""
        logits: Tensor = self.norm(nn.functional.gelu(self.dense(states))) @ embeddings.T + self.bias
        return logits
