"""Learning to learn: what a checkpoint is worth as a beginning where examples are few.

``python -m models.train.few_shot DATASET INIT -o RESULTS.jsonl`` trains, for 10, 30, 100 and all positives and for five
seeds, a diff transformer from scratch ("fresh"), one that starts from INIT ("transferred"), and a bag of words, on the oldest
70 % of the train rows of DATASET, measures them on the newest 30 % and prints a table. Runs that RESULTS holds already are
not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

from models.data.dataset import read
from models.data.options import SplitOptions
from models.data.splits import by_time
from models.errors import DataError, WhydiffError
from models.train.config import Config, read_config
from models.train.evaluate import area
from models.train.finish import score_rows

POSITIVES = (10, 30, 100, 0)
"""How many positives are learnt from; 0: all of them."""
SEEDS = 5
FRESH, TRANSFERRED, BAG = "fresh", "transferred", "bag of words"
_SET = {
    FRESH: ("pretrain_epochs=0", "epochs=8", "learning_rate=0.0003", "patience=0", "minutes=3"),
    TRANSFERRED: ("epochs=4", "learning_rate=0.0001", "patience=0", "minutes=3"),
    BAG: ("min_df=2",),
}
"""What is set otherwise than in the shipped configurations; chosen on other data than is measured on here."""


@dataclass(frozen=True, slots=True)
class Run:
    """One training and what came of it: the AUC on the valid rows."""

    way: str
    positives: int
    seed: int
    rows: int
    auc: float


def parted(frame: pd.DataFrame) -> pd.DataFrame:
    """The train rows of ``frame``, the oldest 70 % of each project as "train", the newest as "valid"."""
    rows = frame[frame["split"] == "train"].reset_index(drop=True)
    seconds = (pd.to_datetime(rows["author_date"], utc=True) - pd.Timestamp(0, tz="UTC")).dt.total_seconds().tolist()
    return rows.assign(split=by_time(rows["project"].tolist(), seconds, rows["id"].tolist(), SplitOptions(train=0.7, valid=0.3)))


def few(frame: pd.DataFrame, positives: int, seed: int) -> pd.DataFrame:
    """``frame`` with ``positives`` train rows of label 1 (0: all) and as large a share of label 0, drawn by ``seed``.

    The natural base rate stays. The valid rows stay as they are.
    """
    train = frame[frame["split"] == "train"]
    flagged, rest = train[train["label"] == 1], train[train["label"] == 0]
    if positives > len(flagged):
        raise DataError(f"The dataset has {len(flagged)} positive train rows, so {positives} cannot be drawn; ask for fewer.")
    share = positives / len(flagged) if positives else 1.0
    kept = [flagged.sample(frac=share, random_state=seed), rest.sample(frac=share, random_state=seed)]
    return pd.concat([*kept, frame[frame["split"] == "valid"]]).sort_index()


def run(frame: pd.DataFrame, way: str, positives: int, seed: int, init: Path) -> Run:
    """Train one model and measure it."""
    chosen = few(frame, positives, seed).reset_index(drop=True)
    config = configured(way, seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        folder.mkdir()
        beginning = init if way == TRANSFERRED else None
        deque(config.tier.train(chosen, config.options, folder, beginning), maxlen=0)
        settings = config.tier.settings(folder, config.options)
        answers = score_rows(config.tier.load(folder, settings), chosen[chosen["split"] == "valid"], lambda what, done: None)
    labels = answers.rows["label"].to_numpy(dtype=np.int64)
    return Run(way, positives, seed, int((chosen["split"] == "train").sum()), area(labels, answers.logits))


def configured(way: str, seed: int) -> Config:
    """The shipped configuration of a way, with what few examples need otherwise."""
    config = read_config(None, "bag" if way == BAG else "diff-transformer", _SET[way])
    return Config(config.tier, replace(config.options, seed=seed))


def runs(frame: pd.DataFrame, init: Path, results: Path) -> Iterator[Run]:
    """All runs, those that ``results`` holds first; each new one is appended there as soon as it is done."""
    done = {(one.way, one.positives, one.seed): one for one in _read(results)}
    yield from done.values()
    for seed in range(1, SEEDS + 1):
        for positives in POSITIVES:
            for way in _SET:
                if (way, positives, seed) not in done:
                    found = run(frame, way, positives, seed, init)
                    with results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(found)) + "\n")
                    yield found


def _read(results: Path) -> list[Run]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    return [Run(**json.loads(line)) for line in lines]


def table(found: list[Run]) -> str:
    """Mean AUC over the seeds with a 95 % interval (Student's t), as Markdown."""
    ways = [way for way in _SET if any(one.way == way for one in found)]
    lines = [f"| positives | {' | '.join(ways)} |", "| --- |" + " --- |" * len(ways)]
    for positives in POSITIVES:
        cells = [_cell([one.auc for one in found if (one.way, one.positives) == (way, positives)]) for way in ways]
        lines.append(f"| {positives or 'all'} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.3f} (1 seed)"
    half = float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return f"{mean:.3f} [{mean - half:.3f}, {mean + half:.3f}] ({len(values)} seeds)"


def main(arguments: list[str]) -> int:
    """Run what is left to run and print the table; exit code 2 with one sentence for what cannot be."""
    parser = argparse.ArgumentParser(prog="python -m models.train.few_shot", description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("init", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    found: list[Run] = []
    try:
        for one in runs(parted(read([given.dataset])), given.init, given.output):
            found.append(one)
            print(f"{one.way}, {one.positives or 'all'} positives, seed {one.seed}: {one.auc:.3f}", file=sys.stderr)
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
