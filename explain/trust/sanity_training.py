"""Models trained for sanity checks: small ones on made-up changes, and copies of a checkpoint on labels drawn by lot.

All of it is the training that ``whydiff train`` does, in a folder that is gone afterwards. Packages are imported on use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from models.change.render import render
from models.change.types import Diff
from models.classify.checkpoint import BAG, DIFF_TRANSFORMER, SIZE, TRANSFORMER, read_kind, read_settings
from models.classify.protocol import Classifier
from models.train.bag import BagOptions
from models.train.evaluate import area
from models.train.options import DiffTransformerOptions, TransformerOptions
from models.train.size import SizeOptions
from models.train.tiers import tier

_PACE: dict[str, Any] = {
    "width": 48,
    "layers": 1,
    "heads": 2,
    "inner": 48,
    "vocabulary": 2000,
    "epochs": 4.0,
    "learning_rate": 6e-3,
    "batch_tokens": 3000,
    "average": 0.95,
    "mask_share": 0.05,
    "tune_share": 0.1,
    "patience": 0,
    "checkpoint_minutes": 1000.0,
}
"""A small network of the architecture, learnt in about a minute of one core."""
_SMALL: Mapping[str, Callable[[], Any]] = {
    SIZE: lambda: SizeOptions(rounds=200, child_weight=1.0, jobs=1),
    BAG: lambda: BagOptions(c=10.0, min_df=2, jobs=1),
    TRANSFORMER: lambda: TransformerOptions(**_PACE, max_length=512, train_length=512, long_share=0.0),
    DIFF_TRANSFORMER: lambda: DiffTransformerOptions(
        **_PACE, max_length=1024, segment=128, segments=4, bits=12, c=1.0, pretrain_epochs=0.0
    ),
}
_NEARLY_ALL = 0.89
"""The linear part of a planted diff transformer gets only what so large a share of the changes have.

So the network must learn the rule: in a linear model every method finds all causes. Less than the share that is learnt from.
"""
_AGAIN: dict[str, Any] = {
    "epochs": 1000.0,
    "learning_rate": 4e-4,
    "batch_tokens": 4096,
    "average": 0.98,
    "mask_share": 0.2,
    "tune_share": 0.02,
    "patience": 0,
    "checkpoint_minutes": 1000.0,
}
"""How a checkpoint goes on learning: until its time is over."""
_ANY = 1_000_000
"""Settings of a checkpoint that is loaded already were held to its length."""


def frame_of(diffs: Sequence[Diff], labels: Sequence[bool]) -> pd.DataFrame:
    """``diffs`` with ``labels`` as rows to train on."""
    return pd.DataFrame(
        {
            "id": [f"made-up {n}" for n in range(len(diffs))],
            "project": "made up",
            "author_date": pd.Timestamp("2024-01-01", tz="UTC"),
            "language": "made up",
            "message": [diff.message for diff in diffs],
            "lines_added": [diff.added for diff in diffs],
            "lines_deleted": [diff.removed for diff in diffs],
            "files_changed": [len(diff.files) for diff in diffs],
            "diff": [render(diff) for diff in diffs],
            "label": [int(label) for label in labels],
            "split": "train",
            "weight": 1.0,
        }
    )


def planted_model(kind: str, frame: pd.DataFrame, minutes: float, seed: int) -> Classifier:
    """A small model of ``kind`` that learns ``frame`` from random weights, in ``minutes`` at most."""
    found = tier(kind)
    options = _with(_SMALL[kind](), minutes=minutes, seed=seed)
    if kind == DIFF_TRANSFORMER:
        options = replace(options, least=int(_NEARLY_ALL * len(frame)))
    with TemporaryDirectory() as name:
        folder = Path(name) / "planted"
        folder.mkdir()
        deque(found.train(frame, options, folder, None), maxlen=0)
        return found.load(folder, found.settings(folder, options))


def relabelled(folder: Path, frame: pd.DataFrame, minutes: float, seed: int) -> Classifier:
    """A copy of the checkpoint in ``folder`` that has learnt ``frame`` for ``minutes``.

    A network goes on from the checkpoint's weights, all of which learn; the linear part of a diff transformer is fitted anew. The
    light kinds, which start from nothing, are fitted anew.
    """
    kind = read_kind(folder)
    with TemporaryDirectory() as name:
        place = Path(name) / "relabelled"
        place.mkdir()
        if kind == DIFF_TRANSFORMER:
            from models.classify.diff_transformer import load_diff_transformer
            from models.train.diff_transformer import train_diff_transformer

            own = DiffTransformerOptions(**_AGAIN, minutes=minutes, seed=seed, c=1.0, least=2, pretrain_epochs=0.0)
            deque(train_diff_transformer(frame, own, place, folder, refit=True), maxlen=0)
            return load_diff_transformer(place, read_settings(folder, _ANY))
        found = tier(kind)
        options = TransformerOptions(**_AGAIN) if found.starts else _SMALL[kind]()
        options = _with(options, minutes=minutes, seed=seed)
        deque(found.train(frame, options, place, folder if found.starts else None), maxlen=0)
        return found.load(place, found.settings(place, options))


def fitted(classifier: Classifier, diffs: Sequence[Diff], labels: Sequence[bool]) -> float:
    """The area under the ROC curve of the scores of ``diffs`` for ``labels``."""
    return area(np.array(labels, dtype=np.int64), np.array([one.logit for one in classifier.predict(diffs)]))


def by_lot(count: int, seed: int) -> list[bool]:
    """``count`` labels, half of them true, in random order."""
    return [bool(one) for one in np.random.default_rng(seed).permutation(np.arange(count) % 2)]


def _with(options: Any, **values: Any) -> Any:
    """``options`` with those of ``values`` that they have."""
    return replace(options, **{name: value for name, value in values.items() if hasattr(options, name)})
