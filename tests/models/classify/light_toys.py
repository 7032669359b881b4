"""Small checkpoints of the light kinds, written by hand: their right answers can be worked out on paper."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from models.classify.bag import BagClassifier, load_bag
from models.classify.calibration import Calibration
from models.classify.checkpoint import BAG, SIZE, Settings, write_settings
from models.classify.features import NAMES
from models.classify.size import SizeClassifier, load_size

WEIGHTS = {"+retry": 1.5, "-value": -0.5, "mretry": 0.25}
BY_SIZE = (0.5, -0.25, 0.125)
BIAS = -1.0


def write_bag(folder: Path, weights: Mapping[str, float] | None = None, bias: float = BIAS, **settings: Any) -> Path:
    """A checkpoint of kind bag with ``weights`` by feature."""
    weights = WEIGHTS if weights is None else weights
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.json").write_text(json.dumps({"words": list(weights)}), encoding="utf-8")
    tensors = {"words": list(weights.values()), "sizes": list(BY_SIZE), "bias": [bias]}
    save_file({name: np.array(value, dtype=np.float32) for name, value in tensors.items()}, folder / "model.safetensors")
    write_settings(folder, Settings("small bag", calibration=Calibration(1.0, 0.0), kind=BAG, **settings))
    return folder


def stump(feature: str, cut: float, values: tuple[float, float], covers: tuple[float, float]) -> dict[str, Any]:
    """A tree of one split: ``values`` and ``covers`` of the rows below ``cut`` and of the others."""
    return tree([(1, 2, feature, cut, sum(covers)), (-1, -1, "", values[0], covers[0]), (-1, -1, "", values[1], covers[1])])


def tree(nodes: Sequence[tuple[int, int, str, float, float]]) -> dict[str, Any]:
    """A tree from (left, right, feature, cut or value, cover) of every node."""
    return {
        "left_children": [one[0] for one in nodes],
        "right_children": [one[1] for one in nodes],
        "split_indices": [NAMES.index(one[2]) if one[2] else 0 for one in nodes],
        "split_conditions": [one[3] for one in nodes],
        "sum_hessian": [one[4] for one in nodes],
    }


STUMPS = (
    stump("lines added", 2.0, (-1.0, 1.0), (30.0, 10.0)),
    stump("files", 2.0, (-0.5, 0.75), (20.0, 20.0)),
)


def trees_json(trees: Sequence[Mapping[str, Any]], share: float = 0.5) -> dict[str, Any]:
    """What xgboost would have saved, as far as anything reads it."""
    return {
        "learner": {
            "feature_names": list(NAMES),
            "objective": {"name": "binary:logistic"},
            "learner_model_param": {"base_score": f"[{share}]"},
            "gradient_booster": {"name": "gbtree", "model": {"trees": [dict(one) for one in trees]}},
        }
    }


def write_size(folder: Path, trees: Sequence[Mapping[str, Any]] = STUMPS, share: float = 0.5, **settings: Any) -> Path:
    """A checkpoint of kind size made of ``trees``, starting from a base rate of ``share``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trees.json").write_text(json.dumps(trees_json(trees, share)), encoding="utf-8")
    write_settings(folder, Settings("small trees", kind=SIZE, **settings))
    return folder


def bag(folder: Path) -> BagClassifier:
    """The bag of three words."""
    return load_bag(write_bag(folder / "bag"))


def trees(folder: Path) -> SizeClassifier:
    """The two stumps."""
    return load_size(write_size(folder / "size"))


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
