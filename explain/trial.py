"""The whole way on labelled rows: explain and flip flagged changes of several languages, and print what came out.

``python -m explain.trial DATASET [--rows 25] [--budget 400] [--model FOLDER]`` prints one line a change (its id, never
its text) and a summary: flips found, sizes, queries, seconds, completeness gap, and how many results the verifier
accepted. Rows are the first flagged ones of the valid split, in a seeded order, as many of each language; their number is
rounded up for that.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from explain.attribution.check import check
from explain.attribution.run import answer, attribute
from explain.counterfactual.hints import first_order
from explain.counterfactual.search import search
from explain.counterfactual.types import SearchOptions, SearchResult
from explain.counterfactual.verify import verify
from models.change.types import Diff
from models.classify.load import load
from models.classify.protocol import Classifier
from models.data.dataset import read, to_diff
from models.errors import WhydiffError


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out for one change.

    ``size`` is the number of edits of the first counterfactual, 0 when none was found; ``found`` is the number of
    counterfactuals, ``accepted`` that of those which the verifier accepts.
    """

    row: str
    language: str
    score: float
    gap: float
    steps: int
    attribution_right: bool
    size: int
    operator: str
    minimality: str
    found: int
    accepted: int
    queries: int
    stopped: str
    explain_seconds: float
    flip_seconds: float


def flagged_rows(frame: pd.DataFrame, classifier: Classifier, rows: int, seed: int = 7) -> Iterator[tuple[str, str, Diff]]:
    """``rows`` times (id, language, diff) of flagged valid rows, one of every language in turn, in a seeded order.

    The commonest language comes first; one that has no more of them is passed over.
    """
    valid = frame[frame["split"] == "valid"].sample(frac=1, random_state=seed)
    turns = [_flagged(valid[valid["language"] == one], classifier) for one in valid["language"].value_counts().index]
    while turns and rows > 0:
        found = [(one, next(one, None)) for one in turns[:rows]]
        turns = [one for one, row in found if row is not None] + turns[rows:]
        rows -= sum(row is not None for _, row in found)
        yield from (row for _, row in found if row is not None)


def _flagged(frame: pd.DataFrame, classifier: Classifier) -> Iterator[tuple[str, str, Diff]]:
    for row in frame.itertuples():
        diff = to_diff(str(row.diff), str(row.message))
        if diff is not None and classifier.predict([diff])[0].flagged:
            yield str(row.id), str(row.language), diff


def try_one(row: str, language: str, diff: Diff, classifier: Classifier, options: SearchOptions) -> Trial:
    """Explain and flip one diff, and have both scored anew by ``check`` and ``verify``, which say what they share."""
    start = time.monotonic()
    attribution = answer(attribute(diff, classifier))
    middle = time.monotonic()
    *_, result = search(diff, classifier, options, order=first_order(diff, classifier))
    if not isinstance(result, SearchResult):
        raise TypeError("a search ends with its result")
    end = time.monotonic()
    first = result.counterfactuals[0] if result.counterfactuals else None
    return Trial(
        row=row,
        language=language,
        score=result.before.score,
        gap=attribution.relative_gap,
        steps=attribution.steps,
        attribution_right=not check(attribution, classifier, diff),
        size=len(first.edits) if first else 0,
        operator=first.edits[0].operator if first else "-",
        minimality=first.certificate.minimality.value if first else "-",
        found=len(result.counterfactuals),
        accepted=sum(verify(diff, one, classifier).ok for one in result.counterfactuals),
        queries=result.queries,
        stopped=result.stopped.value,
        explain_seconds=middle - start,
        flip_seconds=end - middle,
    )


def line(trial: Trial) -> str:
    """One row of the table."""
    cells = [
        trial.row.split("@")[0] + "@" + trial.row.split("@")[-1][:10],
        trial.language,
        f"{trial.score:.3f}",
        f"{trial.gap:.2%} in {trial.steps}",
        "right" if trial.attribution_right else "WRONG",
        str(trial.size) if trial.size else "none",
        trial.operator,
        trial.minimality,
        f"{trial.accepted} of {trial.found}",
        str(trial.queries),
        trial.stopped,
        f"{trial.explain_seconds:.1f}",
        f"{trial.flip_seconds:.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| change | language | score | gap in steps | sums | size | operator | minimality | verified | queries | stopped "
    "| explain s | flip s |\n" + "| --- " * 13 + "|"
)


def summary(trials: Sequence[Trial]) -> str:
    """The figures over all rows, in words."""
    flipped = [trial for trial in trials if trial.size]
    sizes = ", ".join(f"{n} of size {size}" for size, n in sorted(_counts([t.size for t in flipped]).items()))
    gaps = sorted(trial.gap for trial in trials)
    languages = len({trial.language for trial in trials})
    explain, flip = (statistics.median(getattr(trial, name) for trial in trials) for name in ("explain_seconds", "flip_seconds"))
    return "\n".join(
        (
            f"- flips found: {len(flipped)} of {len(trials)} changes in {languages} languages ({sizes or 'none'})",
            f"- counterfactuals that the verifier accepts: {sum(t.accepted for t in trials)} of {sum(t.found for t in trials)}",
            f"- attributions that the checker accepts: {sum(trial.attribution_right for trial in trials)} of {len(trials)}",
            f"- completeness gap: median {statistics.median(gaps):.2%}, largest {gaps[-1]:.2%}",
            f"- queries: median {statistics.median(trial.queries for trial in trials):.0f}",
            f"- seconds: median {explain:.1f} to explain, {flip:.1f} to flip",
        )
    )


def _counts(values: Sequence[int]) -> dict[int, int]:
    return {value: values.count(value) for value in set(values)}


def row_count(text: str) -> int:
    """The whole number, from 1 on, of an argument such as ``--rows``."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, but got {text!r}")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Print the table and its summary; exit code 2 when the dataset or the model cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m explain.trial", description="Explain and flip flagged rows of a dataset.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rows", type=row_count, default=25)
    parser.add_argument("--budget", type=int, default=400)
    parser.add_argument("--model", type=Path, default=None)
    given = parser.parse_args(arguments)
    try:
        classifier = load(given.model)
        rows = flagged_rows(read([given.dataset]), classifier, given.rows)
        options = SearchOptions(budget=given.budget)
        print(HEAD)
        trials = []
        for row, language, diff in rows:
            trials.append(try_one(row, language, diff, classifier, options))
            print(line(trials[-1]), flush=True)
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n" + (summary(trials) if trials else "No row of the valid split is flagged."))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
