"""Which diffs the methods are tried on: the valid rows of a dataset, or the sample diffs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from explain.counterfactual.operators import OPERATORS
from models.change.types import Diff
from models.data.dataset import read, to_diff

Row = tuple[str, str, Diff]
"""Id, language, diff."""
MANY = 1_000_000
"""More units than any diff has."""
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


def sizes(text: str) -> tuple[int, int]:
    """The fewest and the most units of an argument such as ``4-25`` or ``4-``."""
    low, dash, high = text.partition("-")
    if not (low.isdecimal() and dash and (high.isdecimal() or not high) and 1 <= int(low) <= int(high or MANY)):
        raise argparse.ArgumentTypeError(f"expected two numbers such as 4-25, or 4- for 4 and more, but got {text!r}")
    return int(low), int(high or MANY)
