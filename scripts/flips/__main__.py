"""whydiff's search beside others', as Markdown: ``make bench`` or ``python -m scripts.flips DATASET --rows 200 -o FILE``.

Without a dataset the sample diffs are taken. Figures go to FILE, a line a diff; a run that finds its diffs there does
not measure them again, so that it can be stopped and continued.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import pandas as pd

from explain.trial import flagged_rows
from models.classify.load import load
from models.classify.protocol import Classifier
from models.errors import WhydiffError
from models.registry.resolve import resolve
from scripts.flips.file import Verdicts, lined, read_lines, record_of, write
from scripts.flips.game import Game
from scripts.flips.measure import OPERATORS, Record, Settings, engine, exhaust, others, own, searching
from scripts.flips.ours import timed
from scripts.flips.rows import MANY, Row, counted, frame_of, sizes
from scripts.flips.tables import report

PLAN = {"line": ((4, 25), (1, MANY)), "word": ((15, 60),)}
"""The sizes of the diffs, in units, of every table."""
_WORDS = {"line": "Changed lines taken back", "word": "Words of added lines deleted"}


@dataclass(frozen=True, slots=True)
class Bench:
    """A run over one kind of unit."""

    folder: Path
    classifier: Classifier
    settings: Settings
    file: Path
    minutes: float

    def measured(self, rows: Sequence[Row]) -> list[Record]:
        """The records of ``rows``, in order; those that are not in the file are measured while there is time.

        What the other methods come to is kept apart: it is not measured again when whydiff's search has changed.
        """
        until = monotonic() + 60 * self.minutes
        apart = self.settings.of_others()
        mine, theirs = read_lines(self.file, self.settings, "own"), read_lines(self.file, apart, "others")
        for row in rows:
            if (row[0] in mine and row[0] in theirs) or monotonic() >= until:
                continue
            game = Game(row[2], OPERATORS[self.settings.units], self.classifier)
            if row[0] not in mine:
                mine[row[0]] = lined(row[0], own(game, self.settings))
                write(self.file, self.settings, "own", mine[row[0]])
            if row[0] not in theirs:
                optimum, exhausted = exhaust(game, self.settings.pairs, self.settings.triples)
                about = {"language": row[1], "n": len(game.edits), "exhausted": exhausted, "optimum": optimum}
                theirs[row[0]] = lined(row[0], others(game, self.settings)) | about
                write(self.file, apart, "others", theirs[row[0]])
        return [record_of(mine[row], theirs[row]) for row, _, _ in rows if row in mine and row in theirs]

    def timed(self, rows: Sequence[Row]) -> list[tuple[float | None, float]]:
        """Processor seconds of whydiff on ``rows``, each with the model loaded anew, since one that remembers is faster."""
        known = read_lines(self.file, self.settings, "seconds")
        self.classifier.predict([row[2] for row in rows[:1]])  # what is imported on first use is not timed
        for row, _, diff in rows:
            if row not in known:
                first, whole = timed(diff, searching(self.settings), load(self.folder))
                known[row] = {"row": row, "first": first, "whole": whole}
                write(self.file, self.settings, "seconds", known[row])
        return [(known[row]["first"], known[row]["whole"]) for row, _, _ in rows]


def tables(bench: Bench, frame: pd.DataFrame, plan: Sequence[tuple[int, int]], rows: int, seed: int) -> None:
    """Print a section for every range of sizes."""
    units = bench.settings.units
    counts = pd.Series(counted(frame, OPERATORS[units]), index=frame.index)
    verdicts = Verdicts(bench.classifier, bench.file, bench.settings.of_others())
    for low, high in plan:
        chosen = list(flagged_rows(frame[counts.between(low, high)], verdicts, rows, seed))
        records = bench.measured(chosen)
        done = {one.row for one in records}
        times = bench.timed([row for row in chosen if row[0] in done])
        span = f"{low} to {high} units" if high < MANY else "diffs of all sizes" if low == 1 else f"{low} units and more"
        print(report(f"{_WORDS[units]}, {span}", records, times), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.flips", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("datasets", type=Path, nargs="*", metavar="DATASET", help="Parquet files or folders of them")
    parser.add_argument("--rows", type=int, default=200, help="flagged diffs of each table")
    parser.add_argument("--model", default="", help="a model's folder or name; the shipped one if left out")
    parser.add_argument("--units", choices=tuple(PLAN), action="append", help="lines or words; both if left out")
    parser.add_argument("--sizes", type=sizes, help="units of the diffs (4-25), in place of the usual tables")
    parser.add_argument("--budget", type=int, default=400, help="most queries of whydiff")
    parser.add_argument("--max-edits", type=int, default=32, help="most edits of whydiff")
    parser.add_argument("--cap", type=int, default=2000, help="most queries of any other method")
    parser.add_argument("--pairs", type=int, default=40, help="most units for trying all pairs")
    parser.add_argument("--triples", type=int, default=12, help="most units for trying all sets of three")
    parser.add_argument("--seed", type=int, default=7, help="of the order of the rows")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which a table measures no further diff")
    parser.add_argument("-o", dest="file", type=Path, help="where figures are kept and looked up")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Print the tables; exit code 2 when the dataset or the model cannot be read."""
    given = _parser().parse_args(arguments)
    try:
        with TemporaryDirectory() as folder:
            _run(given, given.file or Path(folder) / "flips.jsonl")
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _run(given: argparse.Namespace, file: Path) -> None:
    folder = resolve(given.model)
    classifier = load(folder)
    frame = frame_of(given.datasets)
    for units in given.units or tuple(PLAN):
        limits = (given.budget, given.max_edits, given.cap, given.pairs, given.triples)
        bench = Bench(folder, classifier, Settings(classifier.digest, units, *limits, engine()), file, given.minutes)
        tables(bench, frame, [given.sizes] if given.sizes else PLAN[units], given.rows, given.seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
