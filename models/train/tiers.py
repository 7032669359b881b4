"""The kinds of model there are to train, each with its options, its training and the way its raw weights are loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from models.classify.checkpoint import BAG, DIFF_TRANSFORMER, SIZE, TRANSFORMER, Settings
from models.classify.protocol import Classifier
from models.errors import UsageError
from models.train.bag import BagOptions
from models.train.options import DiffTransformerOptions, TransformerOptions
from models.train.report import Report
from models.train.size import SizeOptions


@dataclass(frozen=True, slots=True)
class Tier:
    """One kind of model.

    ``train(rows, options, folder, init)`` yields progress and leaves the weights in ``folder``; ``load(folder, settings)``
    reads them before they have settings of their own, and ``settings(folder, options)`` says what those are before
    calibration. ``starts``: whether it can start from another checkpoint's weights.
    """

    kind: str
    summary: str
    paper: str
    options: type[Any]
    starts: bool
    train: Callable[[pd.DataFrame, Any, Path, Path | None], Iterator[Report]]
    load: Callable[[Path, Settings], Classifier]
    settings: Callable[[Path, Any], Settings]


def tier(kind: str) -> Tier:
    """The tier called ``kind``. Raises UsageError with those there are."""
    if kind not in TIERS:
        raise UsageError(f"Expected --kind to be one of {', '.join(TIERS)}, got {kind!r}.")
    return TIERS[kind]


def _size(rows: pd.DataFrame, options: SizeOptions, folder: Path, init: Path | None) -> Iterator[Report]:
    from models.train.size import train_size

    return train_size(rows, options, folder)


def _bag(rows: pd.DataFrame, options: BagOptions, folder: Path, init: Path | None) -> Iterator[Report]:
    from models.train.bag import train_bag

    return train_bag(rows, options, folder)


def _transformer(rows: pd.DataFrame, options: TransformerOptions, folder: Path, init: Path | None) -> Iterator[Report]:
    from models.train.transformer import train

    return train(rows, options, folder, init)


def _diff_transformer(rows: pd.DataFrame, options: DiffTransformerOptions, folder: Path, init: Path | None) -> Iterator[Report]:
    from models.train.diff_transformer import train_diff_transformer

    return train_diff_transformer(rows, options, folder, init)


def _light_settings(kind: str) -> Callable[[Path, Any], Settings]:
    return lambda folder, options: Settings(folder.resolve().name, kind=kind)


def _transformer_settings(folder: Path, options: TransformerOptions) -> Settings:
    from models.train.start import reading_of

    return Settings(folder.resolve().name, reading_of(folder, options).options, kind=TRANSFORMER)


def _diff_transformer_settings(folder: Path, options: DiffTransformerOptions) -> Settings:
    return Settings(folder.resolve().name, options.encode(), kind=DIFF_TRANSFORMER)


def _load_size(folder: Path, settings: Settings) -> Classifier:
    from models.classify.size import load_size

    return load_size(folder, settings)


def _load_bag(folder: Path, settings: Settings) -> Classifier:
    from models.classify.bag import load_bag

    return load_bag(folder, settings)


def _load_transformer(folder: Path, settings: Settings) -> Classifier:
    from models.classify.transformer import load_transformer

    return load_transformer(folder, settings)


def _load_diff_transformer(folder: Path, settings: Settings) -> Classifier:
    from models.classify.diff_transformer import load_diff_transformer

    return load_diff_transformer(folder, settings)


TIERS: Mapping[str, Tier] = MappingProxyType(
    {
        one.kind: one
        for one in (
            Tier(
                kind=SIZE,
                summary="change metrics only, no code: boosted trees",
                paper="Kamei et al. 2013, A Large-Scale Empirical Study of Just-in-Time Quality Assurance",
                options=SizeOptions,
                starts=False,
                train=_size,
                load=_load_size,
                settings=_light_settings(SIZE),
            ),
            Tier(
                kind=BAG,
                summary="which words are added, removed, in paths and in the message, and log sizes: logistic regression",
                paper="Fan et al. 2008, LIBLINEAR: A Library for Large Linear Classification",
                options=BagOptions,
                starts=False,
                train=_bag,
                load=_load_bag,
                settings=_light_settings(BAG),
            ),
            Tier(
                kind=TRANSFORMER,
                summary="a usual architecture over the tokens of the change, cut at a length",
                paper="Warner et al. 2024, Smarter, Better, Faster, Longer (ModernBERT)",
                options=TransformerOptions,
                starts=True,
                train=_transformer,
                load=_load_transformer,
                settings=_transformer_settings,
            ),
            Tier(
                kind=DIFF_TRANSFORMER,
                summary="ours: reads all segments of a change, which know sides, files and hunks, beside a linear part",
                paper="Cheng et al. 2016, Wide & Deep Learning for Recommender Systems",
                options=DiffTransformerOptions,
                starts=True,
                train=_diff_transformer,
                load=_load_diff_transformer,
                settings=_diff_transformer_settings,
            ),
        )
    }
)
"""Every kind of model, the lightest first."""
