"""Our own classifier of diffs:

A network over segments beside a linear part over tokens, both functions of one row of ids. Needs torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.change.parse import parse
from models.change.types import Diff
from models.classify.checkpoint import (
    DIFF_TRANSFORMER,
    Settings,
    check_folder,
    digest_folder,
    read_json,
    read_settings,
    unfinished,
)
from models.classify.layered import check_stages, copy_digest
from models.classify.linear import Linear
from models.classify.network import DiffNetwork, Guesser, Shape, batch_of
from models.classify.protocol import Prediction
from models.classify.randomised import first, permuted
from models.classify.segment_memory import SegmentMemory
from models.classify.settled import Settled
from models.encode.encoder import DiffEncoder
from models.encode.ngrams import feature_count, shares
from models.encode.segments import Layout, Marks, lay_out, marks_of, spread
from models.encode.spelling import spelling_of
from models.encode.types import EncodedDiff
from models.encode.vocabulary import CLS, SEP, token_id
from models.errors import ModelError

MODEL_TYPE = "whydiff-diff-transformer"
NETWORK, GUESSER, LINEAR = "network.", "guesser.", "linear."
"""How the names of the tensors of each part begin."""
_LINEAR_PART = "linear part"
_BATCH_TOKENS = 16_384
_MOST_TOKENS = 65_536
_BATCH_ROWS = 16
"""Rows whose vectors are made at once."""
_PROBES = (
    parse("--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@ def f():\n same\n-old\n+new\n", "message"),
    parse("--- a/a.py\n+++ b/a.py\n@@ -0,0 +1,40 @@\n" + "+new = old(new, old) + 1\n" * 40),
)
"""What a checkpoint must have a finite score for before it is used: a small change, and one of several segments."""
_MOST = {
    "vocabulary": 65_536,
    "width": 4096,
    "layers": 64,
    "heads": 64,
    "inner": 16_384,
    "segment": 2048,
    "reach": 4096,
    "bits": 24,
}


class DiffTransformerClassifier(Settled):
    """logit = network(segments of the row) + linear(n-grams of the row), in float32.

    A ``Differentiable`` classifier: its embeddings are the word embeddings with one more column, each token's share of the linear
    part's logit, so that integrated gradients explain that part exactly. Threads may share it: all it remembers is what the
    network made of segments.
    """

    def __init__(self, network: DiffNetwork, linear: Linear, tokenizer: Tokenizer, settings: Settings, digest: str) -> None:
        self._network = network.eval().requires_grad_(False)
        super().__init__(settings, digest)
        self._memory = SegmentMemory(self._network)
        self._linear = linear
        self._tokenizer = tokenizer
        self._marks: Marks = marks_of(tokenizer)
        self._encoder = DiffEncoder(tokenizer, settings.encode, ((token_id(tokenizer, CLS),), (token_id(tokenizer, SEP),)))

    @property
    def mask_id(self) -> int | None:
        """The id of the mask token."""
        return self._marks.mask

    @property
    def pad_id(self) -> int:
        """The id of the padding token."""
        return self._marks.pad

    def encode(self, diff: Diff) -> EncodedDiff:
        """The ids that the model reads of ``diff``."""
        return self._encoder.encode(diff)

    @property
    def stages(self) -> tuple[str, ...]:
        """The linear part, then the network: head, pooling, layers from the last to the first, embeddings."""
        return (_LINEAR_PART, *(name for name, _ in self._network.stages))

    def randomised(self, stages: int, seed: int) -> DiffTransformerClassifier:
        """A copy, with a memory of its own, with random parameters in its first stages, see ``Layered``."""
        check_stages(stages, len(self.stages))
        network = permuted(self._network, first(self._network.stages, stages - 1) if stages else (), seed)
        linear = self._linear.permuted(seed) if stages else self._linear
        digest = copy_digest(self.digest, stages, seed)
        return DiffTransformerClassifier(network, linear, self._tokenizer, self.settings, digest)

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """One prediction a diff, in order."""
        encoded = [self.encode(diff) for diff in diffs]
        logits = self.logits_of_ids([one.ids for one in encoded])
        return tuple(self.verdict(logit, len(one.ids), one.total, one.unread) for logit, one in zip(logits, encoded, strict=True))

    def embed(self, ids: tuple[int, ...]) -> Tensor:
        """Shape (1, len(ids), width + 1), float32, detached.

        The last column is the token's share of the linear part, in logits.
        """
        row = np.array(ids, dtype=np.int64)
        values = shares(self._linear.features(row, self._layout(row).sides, self._marks), self._linear.weights)
        with torch.no_grad():
            words: Tensor = self._network.embeddings(torch.from_numpy(row))
        return torch.cat([words, torch.from_numpy(values).unsqueeze(-1)], dim=-1).unsqueeze(0).detach()

    def logit_of_embeddings(self, embeddings: Tensor, ids: tuple[int, ...]) -> Tensor:
        """Logits, shape (batch,), of embeddings (batch, len(ids), width + 1) of rows with the structure of ``ids``."""
        layout = self._layout(np.array(ids, dtype=np.int64))
        words = embeddings[..., :-1].flatten(0, 1)
        network: Tensor = self._network(batch_of(words, [layout] * len(embeddings)))
        return network + embeddings[..., -1].sum(dim=1) + self._linear.bias

    def logits_of_ids(self, rows: list[tuple[int, ...]]) -> list[float]:
        """The raw logit of every row of ids; rows of equal ids are scored once."""
        unique = sorted(set(rows), key=len)
        known: dict[tuple[int, ...], float] = {}
        start = 0
        while start < len(unique):
            end, tokens = start + 1, len(unique[start])
            while end < len(unique) and tokens + len(unique[end]) <= _BATCH_TOKENS:
                tokens += len(unique[end])
                end += 1
            known.update(zip(unique[start:end], self._score(unique[start:end]), strict=True))
            start = end
        return [known[row] for row in rows]

    def vectors(self, diffs: Sequence[Diff]) -> NDArray[np.float32]:
        """What the network's last layer reads of each diff, shape (diffs, width); the linear part has no say in it."""
        rows = [np.array(self.encode(diff).ids, dtype=np.int64) for diff in diffs]
        parts = [rows[start : start + _BATCH_ROWS] for start in range(0, len(rows), _BATCH_ROWS)]
        found = [self._memory.features(some, [self._layout(row) for row in some]) for some in parts]
        return np.concatenate(found) if found else np.zeros((0, self._network.shape.width), dtype=np.float32)

    def _score(self, rows: list[tuple[int, ...]]) -> list[float]:
        arrays = [np.array(row, dtype=np.int64) for row in rows]
        layouts = [self._layout(row) for row in arrays]
        network = self._memory.logits(arrays, layouts).tolist()
        linear = [
            self._linear.logit(self._linear.features(row, layout.sides, self._marks))
            for row, layout in zip(arrays, layouts, strict=True)
        ]
        return [a + b for a, b in zip(network, linear, strict=True)]

    def _layout(self, row: NDArray[np.int64]) -> Layout:
        return spread(lay_out(row, self._marks, self._network.shape.segment), self._network.shape.reach)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a checkpoint folder holds, as it was trained."""

    network: DiffNetwork
    guesser: Guesser
    linear: Linear
    tokenizer: Tokenizer
    settings: Settings


def load_diff_transformer(folder: Path, settings: Settings | None = None) -> DiffTransformerClassifier:
    """Load a checkpoint of our own kind; ``settings`` stand in for those of the folder.

    Raises ModelError when the folder is unsafe, incomplete, inconsistent, or gives scores that are not finite.
    """
    parts = read_parts(folder, settings)
    classifier = DiffTransformerClassifier(parts.network, parts.linear, parts.tokenizer, parts.settings, digest_folder(folder))
    for prediction in classifier.predict(_PROBES):
        if not math.isfinite(prediction.logit):
            raise ModelError(f"The model in {folder} gives scores that are not finite; copy or train the checkpoint again.")
    return classifier


def read_parts(folder: Path, settings: Settings | None = None) -> Parts:
    """The parts of the checkpoint in ``folder``; raises ModelError as ``load_diff_transformer`` does."""
    check_folder(folder, DIFF_TRANSFORMER)
    settings = settings or read_settings(folder, _MOST_TOKENS)
    if settings is None:
        raise unfinished(folder)
    shape, bits = read_shape(folder)
    if settings.encode.path_length + 4 > shape.segment:
        raise ModelError(
            f"whydiff.json of {folder} reads {settings.encode.path_length} tokens of a path, which leaves no room in segments of "
            f"{shape.segment}; copy the checkpoint again."
        )
    tokenizer, tensors = read_tokenizer(folder, shape), _tensors(folder)
    network, guesser = DiffNetwork(shape), Guesser(shape)
    _fill(folder, network, NETWORK, tensors)
    _fill(folder, guesser, GUESSER, tensors)
    weights, bias = _linear(folder, feature_count(shape.vocabulary, bits), tensors)
    linear = Linear(weights, bias, spelling_of(tokenizer, shape.vocabulary), bits)
    return Parts(network, guesser, linear, tokenizer, settings)


def read_shape(folder: Path) -> tuple[Shape, int]:
    """(shape of the network, bits of the linear part) from ``config.json``; raises ModelError for a value out of bounds."""
    config = read_json(folder / "config.json")
    if config.get("model_type") != MODEL_TYPE:
        raise ModelError(f"config.json of {folder} is not of a diff transformer; copy the checkpoint again.")
    for key, most in _MOST.items():
        value = config.get(key)
        if type(value) is not int or not 0 < value <= most:
            raise ModelError(
                f"config.json of {folder} has {key} = {value!r}, expected a whole number from 1 to {most}; "
                "copy the checkpoint again."
            )
    if config["width"] % (2 * config["heads"]):
        raise ModelError(f"config.json of {folder} has a width that its heads do not divide; copy the checkpoint again.")
    return Shape(**{key: config[key] for key in _MOST if key != "bits"}), config["bits"]


def read_tokenizer(folder: Path, shape: Shape) -> Tokenizer:
    """The vocabulary of a checkpoint; raises ModelError where it cannot be read or is larger than ``shape`` says."""
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the tokenizers library raises plain Exception
        raise ModelError(f"tokenizer.json of {folder} could not be read ({error}); copy the checkpoint again.") from error
    if max(tokenizer.get_vocab().values(), default=0) >= shape.vocabulary:
        raise ModelError(
            f"tokenizer.json of {folder} knows more tokens than the model embeds; copy the tokenizer that belongs to it."
        )
    return tokenizer


def _tensors(folder: Path) -> dict[str, Tensor]:
    try:
        tensors = {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(f"The weights in {folder} could not be read ({error}); copy the checkpoint again.") from error
    broken = next((name for name, value in tensors.items() if not bool(torch.isfinite(value).all())), None)
    if broken is not None:
        raise ModelError(f"The weight {broken} of the model in {folder} is not finite; copy or train the checkpoint again.")
    return tensors


def _fill(folder: Path, module: nn.Module, part: str, tensors: dict[str, Tensor]) -> None:
    """Put the tensors whose names begin with ``part`` into ``module``; raises ModelError where one lacks or has another shape."""
    given = {name.removeprefix(part): value for name, value in tensors.items() if name.startswith(part)}
    for name, value in module.state_dict().items():
        if name not in given or given[name].shape != value.shape:
            raise ModelError(
                f"The model in {folder} lacks the weight {part}{name} of shape {tuple(value.shape)}, which its config.json asks "
                "for; copy the checkpoint again."
            )
    module.load_state_dict(given)


def _linear(folder: Path, features: int, tensors: dict[str, Tensor]) -> tuple[NDArray[np.float32], float]:
    weights, bias = tensors.get(LINEAR + "weights"), tensors.get(LINEAR + "bias")
    if weights is None or bias is None or tuple(weights.shape) != (features,) or bias.numel() != 1:
        raise ModelError(
            f"The model in {folder} lacks a linear part of {features:,} weights and a bias; copy the checkpoint again."
        )
    return weights.numpy(), float(bias.item())
