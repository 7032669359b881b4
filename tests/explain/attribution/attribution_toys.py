"""Tiny classifiers whose right attributions are known, over a word-level encoding of real diffs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from zlib import crc32

import torch
from torch import Tensor, nn

from models.change.parse import parse
from models.change.types import METRICS_FILE, Diff, LineKind, Unit
from models.classify.protocol import Prediction
from models.encode.types import EncodedDiff, Side

PATCH = """\
diff --git a/src/cache.py b/src/cache.py
--- a/src/cache.py
+++ b/src/cache.py
@@ -1,4 +1,5 @@ def load
 import os
-value = read ( path )
+value = read ( path )
+value = retry ( path , times )

 return value
diff --git a/b.py b/b.py
--- a/b.py
+++ b/b.py
@@ -1,2 +1,2 @@
-old line here
+new line here
 same
"""
DIFF = parse(PATCH, message="Retry loading\n\nbecause it fails")
PAD, MASK, CLS, SEP, FIRST_WORD, VOCABULARY, WIDTH = 0, 1, 2, 3, 20, 200, 6
MARKERS = {Side.ADDED: 10, Side.REMOVED: 11, Side.CONTEXT: 12, Side.MESSAGE: 13, Side.PATH: 14}
SIDES = {LineKind.ADDED: Side.ADDED, LineKind.REMOVED: Side.REMOVED, LineKind.CONTEXT: Side.CONTEXT}


def word_id(word: str) -> int:
    return FIRST_WORD + crc32(word.encode()) % (VOCABULARY - FIRST_WORD)


def encode(diff: Diff, limit: int = 10_000) -> EncodedDiff:
    rows: list[tuple[int, Unit | None, Side]] = [(CLS, None, Side.SPECIAL), (word_id("size"), Unit(METRICS_FILE), Side.METRICS)]
    runs = [(Unit(-1, -1, n), Side.MESSAGE, text) for n, text in enumerate(diff.message.split("\n"))]
    for f, file in enumerate(diff.files):
        runs.append((Unit(f), Side.PATH, file.path))
        for h, hunk in enumerate(file.hunks):
            runs += [(Unit(f, h), Side.CONTEXT, hunk.section)] if hunk.section else []
            runs += [(Unit(f, h, n), SIDES[line.kind], line.text) for n, line in enumerate(hunk.lines)]
    unread = []
    for unit, side, text in runs:
        words = list(re.finditer(r"\S+", text))
        if len(rows) + 1 + len(words) >= limit:
            unread.append(unit)
            continue
        rows.append((MARKERS[side], unit, side))
        rows += [(word_id(w[0]), Unit(unit.file, unit.hunk, unit.line, *w.span()), side) for w in words]
    rows.append((SEP, None, Side.SPECIAL))
    ids, units, sides = zip(*rows, strict=True)
    return EncodedDiff(ids, units, sides, tuple(unread), len(rows))


class Toy(nn.Module):
    """A ``Differentiable`` classifier; a subclass gives ``score(embeddings, attention)``."""

    name = "toy"
    threshold = 0.5
    mask_id: int | None = MASK
    pad_id = PAD

    def __init__(self, seed: int = 0, limit: int = 10_000) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.limit = limit
        self.queries = 0
        self.build()
        self.eval()

    def build(self) -> None:
        self.weight = nn.Parameter(torch.randn(WIDTH))

    def score(self, embeddings: Tensor, attention: Tensor) -> Tensor:
        raise NotImplementedError

    @property
    def digest(self) -> str:
        parts = [p.detach().numpy().tobytes() for p in self.parameters()]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def encode(self, diff: Diff) -> EncodedDiff:
        return encode(diff, self.limit)

    def embed(self, ids: tuple[int, ...]) -> Tensor:
        with torch.inference_mode():
            return self.embedding(torch.tensor([ids]))

    def logit_of_embeddings(self, embeddings: Tensor, ids: tuple[int, ...]) -> Tensor:
        self.queries += len(embeddings)
        return self.score(embeddings, torch.ones(embeddings.shape[:2]))

    def logits_of_ids(self, rows: list[tuple[int, ...]]) -> list[float]:
        self.queries += len(rows)
        longest = max(map(len, rows))
        ids = torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])
        attention = torch.tensor([[float(i < len(row)) for i in range(longest)] for row in rows])
        with torch.inference_mode():
            return self.score(self.embedding(ids), attention).tolist()

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        encoded = [self.encode(diff) for diff in diffs]
        logits = self.logits_of_ids([one.ids for one in encoded])
        return tuple(Prediction(x, x, 0.0, x, len(e.ids), e.total, e.unread) for x, e in zip(logits, encoded, strict=True))


class Linear(Toy):
    """w · sum of the embeddings: the value of a token is w · (e - e_baseline)."""

    def score(self, embeddings: Tensor, attention: Tensor) -> Tensor:
        return (embeddings @ self.weight * attention).sum(-1)


class Bag(Toy):
    """tanh(3 w · mean of the embeddings): curved, and equal words count equally."""

    def score(self, embeddings: Tensor, attention: Tensor) -> Tensor:
        return 5 * torch.tanh(3 * (embeddings @ self.weight * attention).sum(-1) / attention.sum(-1))


class Placed(Bag):
    """Shaped like RoBERTa: among ids, padding takes no position and moves what follows; every embedding has its own."""

    def build(self) -> None:
        super().build()
        self.places = nn.Embedding(200, WIDTH)

    def score(self, embeddings: Tensor, attention: Tensor) -> Tensor:
        return self._placed(embeddings, attention, torch.arange(1, embeddings.shape[1] + 1).expand(attention.shape))

    def _placed(self, embeddings: Tensor, attention: Tensor, places: Tensor) -> Tensor:
        return super().score(torch.tanh(embeddings + self.places(places)), attention)

    def logits_of_ids(self, rows: list[tuple[int, ...]]) -> list[float]:
        self.queries += len(rows)
        with torch.inference_mode():
            return [self._score_alone(torch.tensor([row])) for row in rows]

    def _score_alone(self, ids: Tensor) -> float:
        read = ids != PAD
        return self._placed(self.embedding(ids), torch.ones(ids.shape), read.cumsum(1) * read).item()


class Attention(Toy):
    """One layer of self-attention with a feed-forward part, without positions."""

    def build(self) -> None:
        self.layer = nn.TransformerEncoderLayer(WIDTH, 2, 16, dropout=0.1, activation="gelu", batch_first=True)
        self.head = nn.Linear(WIDTH, 2)
        nn.init.normal_(self.head.weight, std=8.0)

    def score(self, embeddings: Tensor, attention: Tensor) -> Tensor:
        states = self.layer(embeddings, src_key_padding_mask=attention < 0.5)
        pooled = (states * attention[..., None]).sum(1) / attention.sum(1, keepdim=True)
        logits = self.head(pooled)
        return logits[:, 1] - logits[:, 0]


class Steep(Toy):
    """A step of height 1,000 inside 1e-4 of the path: no quadrature of 128 points sees it."""

    def score(self, embeddings: Tensor, attention: Tensor) -> Tensor:
        return 1000 * torch.sigmoid(1e5 * ((embeddings @ self.weight).mean(-1) - self.middle))

    def build(self) -> None:
        super().build()
        encoded = encode(DIFF)
        blank = [
            one if unit is None or unit.end <= unit.start else MASK for one, unit in zip(encoded.ids, encoded.units, strict=True)
        ]
        ends = (self.embedding(torch.tensor([encoded.ids, blank])) @ self.weight).detach()
        self.middle = float((ends[0] * 0.371 + ends[1] * 0.629).mean())


class Size:
    """Not differentiable: 2 a line added, 1 a line removed, 0.5 for the word "retry"."""

    name = "size"
    digest = "00"
    threshold = 0.5

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        return tuple(self._predict(diff) for diff in diffs)

    def _predict(self, diff: Diff) -> Prediction:
        retry = any("retry" in line.text for _, line in diff.lines() if line.kind is LineKind.ADDED)
        logit = 2.0 * diff.added + 1.0 * diff.removed + 0.5 * retry - 3
        return Prediction(logit, logit, 0.0, logit, 1, 1)
