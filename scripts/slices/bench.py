"""How fast slices are counted, measured and searched: ``python -m scripts.slices.bench``, as Markdown.

Made-up predictions. Seconds are processor time. A time is the least of three runs, of thirty short ones or of one long one,
after one that does not count. Beside fairlearn and the sliceline package where they are installed, on the same rows in the
same run: seconds depend on the machine, the ratios of one run much less. ``--memory ROWS`` takes the largest memory of a
process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

import numpy as np

from explain.slices.cube import cube
from explain.slices.discover import discover
from explain.slices.group import group
from explain.slices.intervals import wilson
from explain.slices.search import DiscoverOptions
from explain.slices.significance import adjusted, evidence, one_sided
from explain.slices.types import Column, Labels, Table
from scripts.flips.tables import table
from scripts.slices.peers import load, metric_frame, sliceline

EIGHT, TWELVE = (8, 40, 5, 6, 4, 12, 3, 10), (8, 40, 5, 6, 4, 12, 3, 10, 7, 20, 5, 9)
BY = ("c1", "c0")
"""Like component and language: 40 and 8 values."""
SCORED = ("auc", "average-precision", "brier", "calibration-error", "caught")
_TIMES = 3
Row = tuple[str, str, str, str]


def predictions(rows: int, sizes: Sequence[int], seed: int = 3) -> Table:
    """Predictions with a column for each of ``sizes``, wrong in 15 % of the rows and in 40 % of one slice."""
    random = np.random.default_rng(seed)
    columns = tuple(
        Column(f"c{place}", tuple(f"v{value}" for value in range(size)), random.integers(0, size, rows, dtype=np.uint8))
        for place, size in enumerate(sizes)
    )
    labels = random.integers(0, 10, rows, dtype=np.uint8) < 3
    worse = (columns[0].codes == 1) & (columns[4].codes == 2)
    flagged = labels ^ (random.random(rows, dtype=np.float32) < np.where(worse, np.float32(0.4), np.float32(0.15)))
    scores = random.random(rows)
    scores *= 0.4
    scores += 0.5 * flagged
    return Table("made up", labels.astype(np.uint8), scores, flagged, columns)


def with_labels(made: Table, seed: int = 4) -> Table:
    """``made`` with several labels a row in the place of its first two columns: 1.3 of each on average."""
    random = np.random.default_rng(seed)
    return Table(made.model, made.labels, made.scores, made.flagged, tuple(_several(one, random) for one in made.columns[:2]))


def _several(one: Column | Labels, random: np.random.Generator) -> Labels:
    more = random.random(len(one.codes)) < 0.3
    offsets = np.concatenate([[0], np.cumsum(1 + more)])
    codes = np.repeat(one.codes, 1 + more)
    codes[offsets[1:][more] - 1] = (codes[offsets[1:][more] - 1] + 1) % len(one.values)
    return Labels(one.name, one.values, offsets, codes)


def least(run: Callable[[], object], times: int = _TIMES) -> float:
    """The least seconds of several runs, after one that does not count; ten times as many of short ones."""
    started = process_time()
    run()
    times *= 10 if process_time() - started < 0.05 else 1
    taken = []
    for _ in range(times):
        started = process_time()
        run()
        taken.append(process_time() - started)
    return min(taken)


def once(run: Callable[[], object]) -> float:
    """The seconds of one run."""
    started = process_time()
    run()
    return process_time() - started


def own(rows: int) -> list[Row]:
    """The times of whydiff."""
    eight, twelve = predictions(rows, EIGHT), predictions(rows, TWELVE)
    labelled = with_labels(eight)
    counters = cube(eight)
    wrong = int(counters.all[[1, 2]].sum())
    halves = np.random.default_rng(5).random(rows) < 0.5
    return [
        _row("group by 40 x 8 values, 6 metrics with intervals", least(lambda: group(eight, BY)), 1, 0.2),
        _row("the same, several labels a row", least(lambda: group(labelled, BY)), 1, 0.2),
        _row("the same by one column, 5 metrics of scores", least(lambda: group(eight, BY[1:], SCORED), 1), None, None),
        _row(f"counters of all {len(counters.rows):,} slices of up to 3 conditions", least(lambda: cube(eight)), 1, 0.15),
        _row(
            "Wilson's intervals and adjusted p-values of these", least(lambda: _tested(counters.rows, wrong, rows)), 0.05, 0.005
        ),
        _row("weak slices, 12 columns, up to 2 conditions", least(lambda: discover(twelve, halves), 1), 30, 5),
    ]


def _tested(rows: np.ndarray, wrong: int, every: int) -> object:
    trials = rows.sum(axis=1)
    right = rows[:, 0] + rows[:, 3]
    with np.errstate(invalid="ignore"):
        ends = wilson(right / trials, trials.astype(np.float64))
    return ends, adjusted(one_sided(evidence(trials - right, trials, wrong, every)))


def _row(name: str, seconds: float, floor: float | None, aim: float | None) -> Row:
    least_wanted, wanted = ("" if one is None else f"{one:g} s" for one in (floor, aim))
    return name, f"{seconds:.4f} s" if seconds < 0.05 else f"{seconds:.2f} s", least_wanted, wanted


def beside(rows: int, sliced: int) -> list[Row]:
    """The times of others divided by those of whydiff, on the same rows."""
    found, fairlearn, package = [], load("fairlearn.metrics"), load("sliceline")
    if fairlearn is not None:
        eight = predictions(rows, EIGHT)
        theirs, ours = once(lambda: metric_frame(fairlearn, eight, BY)), least(lambda: group(eight, BY))
        found.append(("fairlearn's MetricFrame, no bootstrap and no intervals, ÷ group by", _times(theirs, ours), "10", "30"))
    if package is not None:
        many = predictions(sliced, EIGHT)
        halves = np.random.default_rng(5).random(sliced) < 0.5
        sliceline(package, predictions(1000, EIGHT), 2)  # what is compiled is compiled now
        theirs = once(lambda: sliceline(package, many, 2))
        ours = least(lambda: discover(many, halves, DiscoverOptions(conditions=2)), 1)
        name = f"sliceline on {sliced:,} rows, 8 columns, 2 conditions, ÷ weak slices found and tested"
        found.append((name, _times(theirs, ours), "20", "100"))
        found.append(("the same ÷ counters of all its slices", _times(theirs, least(lambda: cube(many, 2))), "", ""))
    return found


def _times(theirs: float, ours: float) -> str:
    return f"{theirs / ours:,.0f} times ({theirs:.2f} s ÷ {ours:.3f} s)"


def peak(rows: int) -> tuple[str, float]:
    """(what was done, the largest memory of this process in GB) with so many rows: grouped, counted and searched."""
    made = predictions(rows, EIGHT)
    started = process_time()
    group(made, BY)
    cube(made)
    discover(made, np.random.default_rng(5).random(rows) < 0.5)
    seconds = process_time() - started
    text = f"{rows:,} rows, 8 columns: grouped, all slices of 3 conditions counted, weak slices of 2 sought: {seconds:.1f} s"
    return text, most_memory() / 1e6


def most_memory() -> int:
    """The largest memory of this process in kB; Linux counts that of the process that started it in where usage is asked for."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(arguments: Sequence[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m scripts.slices.bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sliceline-rows", type=int, default=100_000, help="it takes 10 GB for 1,000,000")
    parser.add_argument("--memory", type=int, default=0, metavar="ROWS", help="only take the largest memory with so many rows")
    parser.add_argument("--no-memory", action="store_true", help="leave the memory of 10,000,000 rows out")
    given = parser.parse_args(arguments)
    if given.memory:
        text, memory = peak(given.memory)
        print(f"{text}, {memory:.2f} GB at most.")
        return 0
    print(table((f"{given.rows:,} rows", "took", "floor", "aim"), own(given.rows)))
    found = beside(given.rows, given.sliceline_rows)
    print("\n" + (table(("beside others, in one run", "ratio", "floor", "aim"), found) if found else "No others are installed."))
    if not given.no_memory:
        print("", flush=True)
        command = [sys.executable, "-m", "scripts.slices.bench", "--memory", "10000000"]
        return subprocess.run(command, check=False).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
