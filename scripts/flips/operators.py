"""What every edit can do: ``python -m scripts.flips.operators DATASET --rows 40`` searches with each operator alone.

The diffs are flagged rows of the valid split, one of each language in turn. Every counterfactual that comes first is checked
by the verifier, which counts anew, scores afresh and reads the patch back from its text.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from explain.counterfactual.hints import first_order
from explain.counterfactual.operators import OPERATORS
from explain.counterfactual.plausible import rated
from explain.counterfactual.search import search
from explain.counterfactual.types import OPERATOR_NAMES, Minimality, SearchOptions, SearchResult, Syntax
from explain.counterfactual.verify import verify
from explain.trial import flagged_rows
from models.change.types import Diff
from models.classify.load import load, masked_model
from models.classify.protocol import Classifier
from models.errors import WhydiffError
from models.registry.resolve import resolve
from scripts.flips.rows import Row, frame_of
from scripts.flips.tables import mean, share, table

ALL = "all together"
_HEADS = (
    "edit", "changes that offer it", "flips found", "mean size", "verifier agrees", "one-minimal or better",
    "syntax no worse", "median plausibility", "queries, mean",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """One search: ``size`` is the edits of its first counterfactual, 0 without one; what follows is of that one."""

    offers: int
    queries: int
    size: int = 0
    accepted: bool = False
    minimality: Minimality = Minimality.NONE
    syntax: Syntax = Syntax.UNKNOWN
    plausibility: float | None = None


def try_one(diff: Diff, classifier: Classifier, names: tuple[str, ...]) -> Tried:
    """The search with the operators of these names and all else as users have it."""
    offers = sum(len(OPERATORS.get(name).offers(diff)) for name in names)
    *_, result = search(diff, classifier, SearchOptions(operators=names, seconds=86_400.0), order=first_order(diff, classifier))
    assert isinstance(result, SearchResult)
    if not result.counterfactuals:
        return Tried(offers, result.queries)
    first = rated(result, masked_model()).counterfactuals[0]
    accepted = verify(diff, first, classifier).ok
    return Tried(
        offers, result.queries, len(first.edits), accepted, first.certificate.minimality, first.syntax, first.plausibility
    )


def row_of(name: str, tried: Sequence[Tried]) -> tuple[str, ...]:
    """The cells of one operator; shares of flips are over the changes that offer the edit, the rest over its flips."""
    offered = [one for one in tried if one.offers]
    flips = [one for one in offered if one.size]
    judged = [one for one in flips if one.syntax is not Syntax.UNKNOWN]
    likely = [one.plausibility for one in flips if one.plausibility is not None]
    return (
        name,
        str(len(offered)),
        share(len(flips), len(offered)),
        mean([one.size for one in flips], 2),
        share(sum(one.accepted for one in flips), len(flips)),
        share(sum(one.minimality is not Minimality.NONE for one in flips), len(flips)),
        share(sum(one.syntax is Syntax.VALID for one in judged), len(judged)),
        f"{statistics.median(likely):.2f}" if likely else "",
        mean([one.queries for one in offered]),
    )


def report(rows: Sequence[Row], classifier: Classifier) -> Iterator[str]:
    """The lines of the table over ``rows``, each once it is known: all operators together, then each alone."""
    yield from table(_HEADS, ()).split("\n")
    for name, names in ((ALL, OPERATOR_NAMES), *((name, (name,)) for name in OPERATOR_NAMES)):
        cells = row_of(name, [try_one(diff, classifier, names) for _, _, diff in rows])
        yield table(_HEADS, [cells]).split("\n")[-1]


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit code 2 when the dataset or the model cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m scripts.flips.operators", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("datasets", type=Path, nargs="*", metavar="DATASET", help="Parquet files or folders of them")
    parser.add_argument("--rows", type=int, default=40, help="flagged diffs")
    parser.add_argument("--model", default="", help="a model's folder or name; the shipped one if left out")
    parser.add_argument("--seed", type=int, default=7, help="of the order of the rows")
    given = parser.parse_args(arguments)
    try:
        classifier = load(resolve(given.model))
        rows = list(flagged_rows(frame_of(given.datasets), classifier, given.rows, given.seed))
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    for line in report(rows, classifier) if rows else ("No row of the valid split is flagged.",):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
