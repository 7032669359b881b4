"""Rows to token ids, once, kept beside the run so that it can be resumed."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import asdict, dataclass
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

_WORTH_A_POOL = 4000
_PROBED = 16


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

    def only(self, rows: NDArray[np.int64]) -> Ragged:
        """The rows at ``rows``, in that order."""
        parts = [self.row(int(i)) for i in rows]
        return Ragged(np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])]))


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows that could be read, encoded:

    ``encoded[k]`` at the k-th length asked for; ``kept`` are their places in the frame.
    """

    encoded: tuple[Ragged, ...]
    kept: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows become ids: a vocabulary as its JSON text, options, and the ids before and after the content."""

    tokenizer: str
    options: EncodeOptions
    frame: tuple[tuple[int, ...], tuple[int, ...]]

    def encoder(self) -> DiffEncoder:
        """The encoder that does it."""
        return DiffEncoder(Tokenizer.from_str(self.tokenizer), self.options, self.frame)


def own_reading(tokenizer: Tokenizer, options: EncodeOptions) -> Reading:
    """How a vocabulary of ``train_tokenizer`` is read."""
    return Reading(tokenizer.to_str(), options, ((token_id(tokenizer, CLS),), (token_id(tokenizer, SEP),)))


def tokenizer_for(frame: pd.DataFrame, size: int, seed: int) -> Tokenizer:
    """A vocabulary of ``size`` learnt from a sample of 6,000 rows of ``frame``."""
    sample = frame.sample(min(6000, len(frame)), random_state=seed)
    texts = (piece.text for _, diff in diffs(sample) for piece in pieces(diff, 1) if piece.near)
    return train_tokenizer(texts, size)


def kept_tokenizer(frame: pd.DataFrame, size: int, seed: int, folder: Path) -> Tokenizer:
    """The vocabulary in ``folder``, or a new one from ``frame`` that is kept there."""
    path = folder / "tokenizer.json"
    if path.exists():
        return Tokenizer.from_file(str(path))
    tokenizer = tokenizer_for(frame, size, seed)
    write_whole(path, lambda place: tokenizer.save(str(place)))
    return tokenizer


def prepare(frame: pd.DataFrame, reading: Reading, lengths: tuple[int, ...], cache: Path) -> Prepared:
    """Encode every row of ``frame`` at each of ``lengths``.

    The result is kept in the file ``cache`` and read back the next time.
    """
    key = _key(frame, reading, lengths)
    if cache.exists():
        with np.load(cache) as stored:
            if str(stored["key"]) == key:
                return _prepared(dict(stored), len(lengths))
    arrays = _encode_all(frame, reading, lengths)
    arrays["key"] = np.array(key)
    write_whole(cache, lambda path: _save(path, arrays))
    return _prepared(arrays, len(lengths))


def _save(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    with path.open("wb") as file:  # to a path of another ending numpy adds its own
        np.savez(file, allow_pickle=False, **arrays)


def _prepared(arrays: dict[str, NDArray[np.generic]], lengths: int) -> Prepared:
    ragged = (Ragged(arrays[f"flat{k}"].astype(np.uint16), arrays[f"starts{k}"].astype(np.int64)) for k in range(lengths))
    return Prepared(tuple(ragged), arrays["kept"].astype(np.int64))


def _key(frame: pd.DataFrame, reading: Reading, lengths: tuple[int, ...]) -> str:
    """A digest of all that the encoded rows depend on; how the encoder works is held by what it makes of the first rows."""
    total = hashlib.sha256(json.dumps([asdict(reading.options), lengths]).encode())
    total.update(reading.tokenizer.encode())
    for name in ("diff", "message"):
        total.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    encoder = reading.encoder()
    for _, diff in diffs(frame.head(_PROBED)):
        total.update(json.dumps(encoder.encode(diff).ids).encode())
    return total.hexdigest()


@dataclass
class _Worker:
    """What a process of the pool starts with."""

    encoder: DiffEncoder
    lengths: tuple[int, ...]


_worker: list[_Worker] = []


def _start(reading: Reading, lengths: tuple[int, ...]) -> None:
    _worker[:] = [_Worker(reading.encoder(), lengths)]


def _encode_row(row: tuple[int, str, str]) -> tuple[int, list[NDArray[np.uint16]]] | None:
    diff = to_diff(row[1], row[2])
    if diff is None:
        return None
    encoder, lengths = _worker[0].encoder, _worker[0].lengths
    return row[0], [np.array(encoder.encode(diff, length).ids, dtype=np.uint16) for length in lengths]


def _encode_all(frame: pd.DataFrame, reading: Reading, lengths: tuple[int, ...]) -> dict[str, NDArray[np.generic]]:
    tasks: Iterator[tuple[int, str, str]] = zip(range(len(frame)), frame["diff"], frame["message"], strict=True)
    start = (reading, lengths)
    if len(frame) < _WORTH_A_POOL:
        _start(*start)
        done = [one for one in map(_encode_row, tasks) if one is not None]
    else:
        with multiprocessing.get_context("spawn").Pool(initializer=_start, initargs=start) as pool:
            done = [one for one in pool.imap(_encode_row, tasks, chunksize=64) if one is not None]
    if not done:
        raise DataError(f"None of the {len(frame):,} rows holds a diff that can be read; look at the column diff.")
    arrays: dict[str, NDArray[np.generic]] = {"kept": np.array([row for row, _ in done])}
    for k in range(len(lengths)):
        arrays[f"flat{k}"] = np.concatenate([rows[k] for _, rows in done])
        arrays[f"starts{k}"] = np.concatenate([[0], np.cumsum([len(rows[k]) for _, rows in done])])
    return arrays


def newest(frame: pd.DataFrame, share: float) -> NDArray[np.bool_]:
    """Which rows are among the newest ``share`` of their project."""
    rank = frame.groupby("project")["author_date"].rank(method="first", pct=True)
    chosen: NDArray[np.bool_] = (rank > 1 - share).to_numpy()
    return chosen
