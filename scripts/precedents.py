"""Whether precedents tell anything: how well the labels of the nearest known changes rank changes that came later.

``python -m scripts.precedents DATA [--train 3000] [--valid 800] [--nearest 20] [--model FOLDER]`` draws rows of the train
split as known changes and rows of the valid split to ask about, by a hash of the seed and the id; only known changes that are
older than the one asked about count. Prints a table of AUCs, over all rows and within projects, with intervals.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from explain.precedent.nearest import Library, embedding, fingerprint, library, nearest, read_library
from explain.survey.record import Row
from explain.trial import row_count
from models.classify.load import load
from models.data.dataset import read, to_diff
from models.errors import WhydiffError
from models.evaluate.bootstrap import Estimate, Floats, Ints, Measure, estimate, once, resamples
from models.evaluate.ranking import auc, by_score, within

_REPLICATES, _SEED = 1000, 1
_COLUMNS = ("id", "project", "author_date", "message", "diff", "label", "split")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of every valid row that was asked about: shape (rows,) each, scores by what gave them."""

    labels: Ints
    projects: Ints
    scores: Mapping[str, Floats]


def drawn(frame: pd.DataFrame, split: str, count: int) -> list[Row]:
    """``count`` rows of ``split`` that can be read, in the order of a hash of the seed and the id."""
    part = frame[frame["split"] == split]
    lots = part["id"].map(lambda name: hashlib.blake2b(f"{_SEED}\0{name}".encode(), digest_size=16).hexdigest())
    found: list[Row] = []
    for one in part.assign(lot=lots).sort_values("lot").itertuples():
        if len(found) == count:
            break
        diff = to_diff(one.diff, one.message)
        if diff is not None and not all(file.binary for file in diff.files):
            date = pd.Timestamp(str(one.author_date)).to_pydatetime()
            found.append(Row(str(one.id), diff, project=str(one.project), label=int(str(one.label)), date=date))
    return found


def asked(known: Library, rows: Sequence[Row], late: Library, most: int) -> Asked:
    """The shares of label 1 among the nearest older known changes of each of ``rows``, whose answers are in ``late``."""
    shares: list[float] = []
    own: list[float] = []
    same: list[float] = []
    scores: list[float] = []
    for row, one, vector in zip(rows, late.known, late.vectors, strict=True):
        found = nearest(known, vector, most, row.date)
        older = [other for other in known.known if other.date and row.date and other.date < row.date]
        home = [other.label for other in older if other.project == row.project]
        shares.append(found.among_them.value or 0.0)
        own.append(sum(home) / max(1, len(home)))
        same.append(sum(two.known.project == row.project for two in found.nearest) / max(1, len(found.nearest)))
        scores.append(one.score)
    print(f"Of the {most} nearest, {100 * sum(same) / len(same):.0f} % are of the change's own project, in the mean.")
    _, projects = np.unique([row.project for row in rows], return_inverse=True)
    precedents, model = np.array(shares), np.array(scores)
    return Asked(
        labels=np.array([row.label for row in rows], dtype=np.int64),
        projects=projects.astype(np.int64),
        scores={
            "the model's own score": model,
            f"share of label 1 among the {most} nearest": precedents,
            "both: the mean of the two ranks": (_ranks(model) + _ranks(precedents)) / 2,
            "share of label 1 among older known changes of the project": np.array(own),
        },
    )


def _ranks(values: Floats) -> Floats:
    return np.array(pd.Series(values).rank(), dtype=np.float64)


def table(found: Asked) -> list[str]:
    """A line for every score, with the paired difference from the first."""
    kinds = [(auc(by_score(found.labels, one)), within(auc, found.labels, one, found.projects)) for one in found.scores.values()]
    lines = ["| ranked by | AUC | within projects | AUC less the model's | within projects |", "| --- " * 5 + "|"]
    for name, (whole, inside) in zip(found.scores, kinds, strict=True):
        figures = [_measured(one, None, found.projects) for one in (whole, inside)]
        if kinds[0] != (whole, inside):
            figures += [_measured(one, base, found.projects) for one, base in zip((whole, inside), kinds[0], strict=True)]
        cells = [*map(_said, figures), *[""] * (4 - len(figures))]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _measured(one: Measure, base: Measure | None, groups: Ints) -> Estimate:
    def value(counts: Floats) -> Floats:
        return one(counts) if base is None else one(counts) - base(counts)

    replicates = np.concatenate([value(counts) for counts in resamples(groups, _REPLICATES, _SEED)])
    return estimate(float(value(once(len(groups)))[0]), replicates)


def _said(one: Estimate) -> str:
    if one.value is None or one.low is None or one.high is None:
        return "-"
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit code 2 when the dataset or the model cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m scripts.precedents", description="Whether precedents tell anything.")
    parser.add_argument("dataset", type=Path)
    for name, default in (("--train", 3000), ("--valid", 800), ("--nearest", 20)):
        parser.add_argument(name, type=row_count, default=default)
    parser.add_argument("--model", type=Path, default=None)
    given = parser.parse_args(arguments)
    try:
        model = embedding(load(given.model))
        frame = read([given.dataset], _COLUMNS)
        train, valid = drawn(frame, "train", given.train), drawn(frame, "valid", given.valid)
        twice = {fingerprint(row.diff) for row in valid if row.diff is not None}
        start = time.monotonic()
        known = library(list(read_library([row for row in train if row.diff and fingerprint(row.diff) not in twice], model)))
        late = library(list(read_library(valid, model)))
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    seconds = time.monotonic() - start
    positives = sum(one.label for one in late.known)
    print(
        f"{len(known.known):,} known changes, {sum(one.label for one in known.known):,} with label 1; {len(late.known):,} later "
        f"ones, {positives:,} with label 1; read in {seconds:.0f} s."
    )
    print("\n".join(table(asked(known, valid, late, given.nearest))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
