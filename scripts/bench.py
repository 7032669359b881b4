"""How fast models score, beside each other: ``make bench [DATASET=FILE] [MODELS="default other"]``.

Without a dataset the sample diffs are scored. Seconds depend on the machine and on what else it does, the ratios of
one run much less.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from models.change.parse import parse
from models.change.types import Diff
from models.classify.load import load
from models.classify.protocol import Classifier
from models.data.dataset import diffs, read
from models.registry.resolve import resolve

_ROWS, _TIMES, _BATCH = 400, 3, 64
_SAMPLES = Path(__file__).resolve().parent.parent / "sample_diffs"


def changes(dataset: str) -> list[Diff]:
    """The valid rows of a dataset, at most 400 of them, evenly over the file; or the sample diffs."""
    if not dataset:
        texts = [path.read_text(encoding="utf-8", errors="surrogateescape") for path in sorted(_SAMPLES.glob("*.diff"))]
        return [parse(text) for text in texts]
    frame: pd.DataFrame = read([Path(dataset)])
    rows = frame[frame["split"] == "valid"]
    return [diff for _, diff in diffs(rows.iloc[:: max(1, len(rows) // _ROWS)])]


def seconds(name: str, found: Sequence[Diff]) -> float:
    """The least of several times, each with the model loaded anew: one that remembers must not be asked twice."""
    times = []
    for _ in range(_TIMES):
        model = load(resolve(name))
        started = time.perf_counter()
        scored(model, found)
        times.append(time.perf_counter() - started)
    return min(times)


def scored(model: Classifier, found: Sequence[Diff]) -> None:
    """Score in batches, as ``whydiff score`` does."""
    for start in range(0, len(found), _BATCH):
        model.predict(found[start : start + _BATCH])


def main(dataset: str, names: Sequence[str]) -> int:
    """Print the table."""
    found = changes(dataset)
    print(f"{len(found)} changes")
    first = 0.0
    for name in names:
        taken = seconds(name, found)
        first = first or taken
        print(f"{name}: {len(found) / taken:,.1f} diffs a second, {taken / first:.2f} times the seconds of {names[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:] or ["default"]))
