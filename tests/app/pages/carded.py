"""Small models with a card and runs with curves, made up: what the Model page is tried on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from models.classify.bands import Band
from models.classify.checkpoint import digest_folder
from models.evaluate.card import card_data, checkpoint_facts, write_card
from models.evaluate.predictions import Rows, Scored, size_only
from models.evaluate.report import EvaluateOptions, Report, evaluate
from models.train.curves import CURVES
from tests.models.classify.light_toys import write_bag

BANDS = (Band("low", 0.0, 400, 20), Band("high", 0.5, 100, 40))
REPORTS: tuple[Mapping[str, Any], ...] = (
    {"done": 0.2, "step": 10, "loss": 4.0, "tokens_per_second": 5.0, "seconds_left": 9.0, "stage": "pretrain"},
    {"done": 0.4, "step": 20, "loss": 3.0, "tokens_per_second": 5.0, "seconds_left": 9.0, "stage": "pretrain"},
    {"done": 0.4, "step": 20, "seconds_left": 9.0, "auc": 0.25, "stage": "pretrain"},
    {"done": 0.25, "step": 100, "loss": 0.7, "stage": "labels"},
    {"done": 0.25, "step": 100, "auc": 0.75, "stage": "labels"},
    {"done": 0.5, "step": 1200, "loss": 0.6, "stage": "labels"},
    {"done": 0.5, "step": 1200, "auc": 0.8125, "stage": "labels"},
    {"done": 0.75, "step": 1300, "auc": 0.8, "stage": "labels"},
)


def write_curves(folder: Path, reports: Iterable[Mapping[str, Any]] = REPORTS) -> Path:
    """A run's folder with nothing but these reports in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CURVES).write_text("".join(json.dumps(one) + "\n" for one in reports), encoding="utf-8")
    return folder


@cache
def measured(name: str, digest: str) -> Report:
    """The figures of a model and of the number of changed lines, on made-up changes."""
    random = np.random.default_rng(8)
    count = 600
    labels = (random.random(count) < 0.25).astype(np.int64)
    scores = 1 / (1 + np.exp(1.6 - 1.5 * labels - random.normal(size=count)))
    lines = random.integers(0, 80, count).astype(float)
    rows = Rows(tuple(f"p@{n}" for n in range(count)), labels, np.arange(count) % 3, ("a", "b", "c"), lines)
    own = Scored(name, "bag", digest, scores, 0.3)
    by_lines = size_only(rows, [own])
    assert by_lines is not None
    return evaluate(rows, [own, by_lines], EvaluateOptions(replicates=100))


def write_carded(folder: Path, name: str = "small bag") -> Path:
    """A checkpoint with the card that ``whydiff evaluate`` would write."""
    write_bag(folder, bands=BANDS, threshold=0.3)
    report = measured(name, digest_folder(folder))
    write_card(folder, card_data(checkpoint_facts(folder), report, {"train_rows": 5000, "train_projects": 3}))
    return folder
