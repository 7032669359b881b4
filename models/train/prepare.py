"""Rows to token ids, once, kept beside the run so that it can be resumed."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.data.dataset import diffs, to_diff
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.pieces import pieces
from models.encode.vocabulary import CLS, SEP, token_id, train_tokenizer
from models.errors import DataError
from models.files import write_whole
from models.train.options import TrainOptions

_WORTH_A_POOL = 4000
_PROBED = 16
_encoder: DiffEncoder | None = None
_lengths: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of token ids of different lengths: row i is ``flat[starts[i]:starts[i + 1]]``."""

    flat: NDArray[np.uint16]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, i: int) -> NDArray[np.uint16]:
        """The ids of row ``i``."""
        return self.flat[self.starts[i] : self.starts[i + 1]]

    def lengths(self) -> NDArray[np.int64]:
        """The length of every row."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The encoded rows: ``short`` at the training length, ``long`` at the model's length, with their labels."""

    short: Ragged
    long: Ragged
    labels: NDArray[np.int64]


def own_encoder(tokenizer: Tokenizer, options: EncodeOptions) -> DiffEncoder:
    """The encoder of a vocabulary of ``train_tokenizer``."""
    return DiffEncoder(tokenizer, options, ((token_id(tokenizer, CLS),), (token_id(tokenizer, SEP),)))


def tokenizer_for(frame: pd.DataFrame, options: TrainOptions) -> Tokenizer:
    """A vocabulary learnt from a sample of 6,000 rows of ``frame``."""
    sample = frame.sample(min(6000, len(frame)), random_state=options.seed)
    texts = (piece.text for _, diff in diffs(sample) for piece in pieces(diff, 1) if piece.near)
    return train_tokenizer(texts, options.vocabulary)


def prepare(frame: pd.DataFrame, tokenizer: Tokenizer, options: TrainOptions, folder: Path) -> Prepared:
    """Encode every row of ``frame``; the result is kept in ``folder`` and read back the next time."""
    folder.mkdir(parents=True, exist_ok=True)
    cache = folder / "encoded.npz"
    key = _key(frame, tokenizer, options)
    if cache.exists():
        with np.load(cache) as stored:
            if str(stored["key"]) == key:
                return _prepared(dict(stored))
    arrays = _encode_all(frame, tokenizer, options)
    arrays["key"] = np.array(key)
    write_whole(cache, lambda path: _save(path, arrays))
    return _prepared(arrays)


def _save(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    with path.open("wb") as file:  # to a path of another ending numpy adds its own
        np.savez(file, allow_pickle=False, **arrays)


def _prepared(arrays: dict[str, NDArray[np.generic]]) -> Prepared:
    ragged = [Ragged(arrays[name].astype(np.uint16), arrays[name + "_starts"].astype(np.int64)) for name in ("short", "long")]
    return Prepared(ragged[0], ragged[1], arrays["labels"].astype(np.int64))


def _key(frame: pd.DataFrame, tokenizer: Tokenizer, options: TrainOptions) -> str:
    """A digest of all that the encoded rows depend on; how the encoder works is held by what it makes of the first rows."""
    total = hashlib.sha256(json.dumps([options.max_length, options.train_length]).encode())
    total.update(tokenizer.to_str().encode())
    for name in ("label", "diff", "message"):
        total.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    encoder = own_encoder(tokenizer, EncodeOptions(max_length=options.max_length))
    for _, diff in diffs(frame.head(_PROBED)):
        total.update(json.dumps(encoder.encode(diff).ids).encode())
    return total.hexdigest()


def _start(tokenizer: str, options: TrainOptions) -> None:
    global _encoder, _lengths  # noqa: PLW0603 - a pool's worker has no other place for what it starts with
    _encoder = own_encoder(Tokenizer.from_str(tokenizer), EncodeOptions(max_length=options.max_length))
    _lengths = (min(options.train_length, options.max_length), options.max_length)


def _encode_row(row: tuple[int, str, str]) -> tuple[int, list[int], list[int]] | None:
    assert _encoder
    diff = to_diff(row[1], row[2])
    if diff is None:
        return None
    short, long = (list(_encoder.encode(diff, length).ids) for length in _lengths)
    return row[0], short, long


def _encode_all(frame: pd.DataFrame, tokenizer: Tokenizer, options: TrainOptions) -> dict[str, NDArray[np.generic]]:
    tasks: Iterator[tuple[int, str, str]] = zip(range(len(frame)), frame["diff"], frame["message"], strict=True)
    if len(frame) < _WORTH_A_POOL:
        _start(tokenizer.to_str(), options)
        done = [one for one in map(_encode_row, tasks) if one is not None]
    else:
        with multiprocessing.get_context("spawn").Pool(initializer=_start, initargs=(tokenizer.to_str(), options)) as pool:
            done = [one for one in pool.imap(_encode_row, tasks, chunksize=64) if one is not None]
    if not done:
        raise DataError(f"None of the {len(frame):,} rows holds a diff that can be read; look at the column diff.")
    rows = np.array([row for row, _, _ in done])
    arrays: dict[str, NDArray[np.generic]] = {"labels": frame["label"].to_numpy()[rows]}
    for name, lists in (("short", [short for _, short, _ in done]), ("long", [long for _, _, long in done])):
        arrays[name] = np.concatenate([np.array(ids, dtype=np.uint16) for ids in lists])
        arrays[name + "_starts"] = np.concatenate([[0], np.cumsum([len(ids) for ids in lists])])
    return arrays
