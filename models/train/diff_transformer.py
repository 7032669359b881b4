"""Training of the diff transformer: masked tokens, the linear part, then labels. Needs torch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.classify.diff_transformer import read_parts
from models.classify.linear import Linear
from models.classify.network import DiffNetwork, Guesser, Shape
from models.data.weights import training_weights
from models.encode.encoder import EncodeOptions
from models.encode.segments import Marks, marks_of
from models.encode.spelling import spelling_of
from models.train.diff_export import export, export_guesser
from models.train.labelled import Labelled, Labels
from models.train.loop import WORK, Loop, best_device
from models.train.masked import MaskedTokens
from models.train.mixing import fit_mix, mixed
from models.train.options import DiffTransformerOptions
from models.train.pace import Pace
from models.train.prepare import Ragged, kept_tokenizer, newest, own_reading, prepare
from models.train.report import Report
from models.train.segment_rows import SegmentRows
from models.train.wide import LinearOptions, LinearPart, features_of, fit_part, given

_PRETRAIN_HELD_OUT = 300
"""Rows on which the guessing of masked tokens is measured."""


@dataclass(frozen=True, slots=True)
class Data:
    """The encoded train rows, newest of each project apart: ``tuned`` says which of ``rows`` are not learnt from."""

    rows: Ragged
    frame: pd.DataFrame
    tuned: NDArray[np.bool_]
    marks: Marks


def train_diff_transformer(
    frame: pd.DataFrame, options: DiffTransformerOptions, folder: Path, init: Path | None = None, refit: bool = False
) -> Iterator[Report]:
    """Train on the rows with split "train" of ``frame``, yielding progress; goes on with what ``folder`` holds.

    Leaves ``model.safetensors``, ``config.json``, ``tokenizer.json``, ``train.json``, ``state.json`` and, if the network was
    pre-trained here, ``guesser.safetensors`` (what it was then: a masked language model) in ``folder``, and in its folder
    ``work`` what only going on needs. ``refit``: the linear part of ``init`` is left behind and fitted anew to these rows.
    """
    rows = frame[frame["split"] == "train"].reset_index(drop=True)
    start = begun(init, options, folder) if init else fresh(rows, options, folder)
    start = replace(start, linear=None) if refit else start
    data = _data(rows, start, options, folder)
    start.network.to(best_device())
    start.guesser.to(best_device())
    if init is None and options.pretrain_epochs:
        yield from _pretrain(start, data, options, folder)
        export_guesser(folder, start.network, start.guesser)
    part = linear_part(data, start, options, folder)
    task = _labels(start, data, part, options)
    loop = Loop(task, options.pace(), folder)
    yield from loop.go()
    mix = fit_mix(task.outputs(task.tune.rows), part.offsets[data.tuned], task.tune.labels, task.tune.weights)
    linear = mixed(start.network, part.linear, mix)
    counters = asdict(loop.state) | {"tokens_in_epoch": task.tokens_in_epoch, "mix": asdict(mix)}
    export(folder, start.network, start.guesser, linear, counters)


@dataclass(frozen=True, slots=True)
class Start:
    """What a run begins with; ``linear`` is None where it is to be fitted."""

    tokenizer: Tokenizer
    encode: EncodeOptions
    network: DiffNetwork
    guesser: Guesser
    linear: Linear | None


def fresh(rows: pd.DataFrame, options: DiffTransformerOptions, folder: Path) -> Start:
    """Random weights and a vocabulary learnt from ``rows``, kept in ``folder``."""
    tokenizer = kept_tokenizer(rows, options.vocabulary, options.seed, folder)
    torch.manual_seed(options.seed)
    shape = Shape(
        vocabulary=tokenizer.get_vocab_size(),
        width=options.width,
        layers=options.layers,
        heads=options.heads,
        inner=options.inner,
        segment=options.segment,
        reach=options.reach,
    )
    return Start(tokenizer, options.encode(), DiffNetwork(shape), Guesser(shape), None)


def begun(init: Path, options: DiffTransformerOptions, folder: Path) -> Start:
    """The weights, the vocabulary and the linear part of the checkpoint ``init``; its shape and reading replace the options'.

    The linear part stays as it is: few new examples cannot fit hundreds of thousands of weights, but what it says, with the
    network to correct it, is where they start. Raises ModelError for a folder that is none of this kind.
    """
    parts = read_parts(init)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "tokenizer.json").exists():
        shutil.copyfile(init / "tokenizer.json", folder / "tokenizer.json")
    torch.manual_seed(options.seed)
    return Start(parts.tokenizer, parts.settings.encode, parts.network, parts.guesser, parts.linear)


def linear_part(data: Data, start: Start, options: DiffTransformerOptions, folder: Path) -> LinearPart:
    """The linear part, fitted or read back, and what it says of rows it has not seen; that of the beginning if there is one."""
    linear = start.linear
    spelling = linear.spelling if linear else spelling_of(start.tokenizer, start.network.shape.vocabulary)
    about = LinearOptions(spelling, linear.bits if linear else options.bits, options.c, options.least, options.seed)
    table = features_of(data.rows, data.marks, about)
    if linear:
        return given(table, linear)
    labels = data.frame["label"].to_numpy(dtype=np.int64)
    return fit_part(table, labels, training_weights(data.frame), data.tuned, about, folder / WORK / "linear.safetensors")


def _labels(start: Start, data: Data, linear: LinearPart, options: DiffTransformerOptions) -> Labels:
    """What the network learns: what the linear part of the beginning lacks, or, where that is fitted too, the labels alone.

    Fitted beside each other and mixed at the end, the two are more different than when one learns what the other lacks.
    """
    labels, weights = data.frame["label"].to_numpy(dtype=np.int64), training_weights(data.frame)
    offsets = linear.offsets if start.linear else np.zeros(len(labels))
    segment, reach = start.network.shape.segment, start.network.shape.reach

    def part(rows: NDArray[np.int64]) -> Labelled:
        encoded = SegmentRows(data.rows.only(rows), data.marks, segment, options.segments, reach)
        return Labelled(encoded, labels[rows], weights[rows], offsets[rows])

    train, tune = part(np.flatnonzero(~data.tuned)), part(np.flatnonzero(data.tuned))
    return Labels(start.network, train, tune, start.linear, (options.batch_tokens, options.mask_share, options.seed))


def _data(rows: pd.DataFrame, start: Start, options: DiffTransformerOptions, folder: Path) -> Data:
    prepared = prepare(
        rows, own_reading(start.tokenizer, start.encode), (start.encode.max_length,), folder / WORK / "encoded.npz"
    )
    frame = rows.iloc[prepared.kept].reset_index(drop=True)
    return Data(prepared.encoded[0], frame, newest(frame, options.tune_share), marks_of(start.tokenizer))


def _pretrain(start: Start, data: Data, options: DiffTransformerOptions, folder: Path) -> Iterator[Report]:
    segment, reach = start.network.shape.segment, start.network.shape.reach
    held_out = np.flatnonzero(data.tuned)[:: max(1, int(data.tuned.sum()) // _PRETRAIN_HELD_OUT)]
    task = MaskedTokens(
        (start.network, start.guesser),
        SegmentRows(data.rows.only(np.flatnonzero(~data.tuned)), data.marks, segment, options.segments, reach),
        SegmentRows(data.rows.only(held_out), data.marks, segment, options.segments, reach),
        options.batch_tokens,
        options.hidden,
        options.seed,
    )
    yield from Loop(task, _pretrain_pace(options), folder).go()


def _pretrain_pace(options: DiffTransformerOptions) -> Pace:
    return replace(
        options.pace(), epochs=options.pretrain_epochs, minutes=options.pretrain_minutes, learning_rate=options.pretrain_rate
    )
