"""Which diffs the methods are tried on: flagged valid rows of a dataset, as many of each language, or the sample diffs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from explain.counterfactual.operators import OPERATORS
from explain.trial import flagged_rows
from models.change.types import Diff
from models.classify.protocol import Classifier
from models.data.dataset import read, to_diff

Row = tuple[str, str, Diff]
"""Id, language, diff."""
_SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_diffs"


def frame_of(datasets: Sequence[Path]) -> pd.DataFrame:
    """The valid rows of datasets, or, without any, the sample diffs as one language."""
    if datasets:
        frame = read(datasets)
        return frame[frame["split"] == "valid"]
    files = sorted(_SAMPLES.glob("*.diff"))
    texts = [path.read_text(encoding="utf-8", errors="surrogateescape") for path in files]
    names = [path.name for path in files]
    return pd.DataFrame({"id": names, "diff": texts, "message": "", "language": "samples", "split": "valid"})


def counted(frame: pd.DataFrame, operator: str) -> list[int]:
    """How many edits of ``operator`` each row offers; 0 where it cannot be read."""
    diffs = (to_diff(text, message) for text, message in zip(frame["diff"], frame["message"], strict=True))
    return [0 if diff is None else len(OPERATORS.get(operator).offers(diff)) for diff in diffs]


def flagged(frame: pd.DataFrame, classifier: Classifier, rows: int, seed: int) -> list[Row]:
    """At least ``rows`` flagged rows where there are so many, one of each language in turn, in a seeded order."""
    by_language: dict[str, list[Row]] = {}
    for row in flagged_rows(frame, classifier, rows, seed):
        by_language.setdefault(row[1], []).append(row)
    turns = zip_longest(*by_language.values())
    return [row for turn in turns for row in turn if row is not None]
