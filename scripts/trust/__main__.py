"""The default attribution beside others: ``python -m scripts.trust DATASET --rows 40``, as Markdown.

Flagged rows of the valid split, one of every language in turn. Each is explained by default, checked by
``explain.attribution.check``, judged beside random orders, and explained by Captum's plain layer integrated gradients (50 steps)
and, where it is installed, by SHAP's partition explainer (500 evaluations) from the same baseline. All orders of one change
are judged by the same best and worst order. Seconds are processor time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

from explain.attribution.check import check
from explain.attribution.options import AttributionOptions
from explain.attribution.run import answer, attribute
from explain.trial import flagged_rows, row_count
from explain.trust.ceiling import extremes
from explain.trust.faithfulness import faithfulness
from explain.trust.removal import Curve, curves
from explain.trust.types import Faithfulness
from models.change.types import Diff
from models.classify.differentiable import Differentiable
from models.classify.load import load
from models.errors import UsageError, WhydiffError
from models.registry.resolve import resolve
from scripts.flips.rows import MANY, frame_of, sizes
from scripts.flips.tables import mean, ratio, share, table
from scripts.trust.peers import EVALUATIONS, layer_integrated_gradients, load_shap, partition

_BACKWARD = 3
"""Scorings that one with a backward pass counts as."""
_LEAST = 1e-4
"""The smallest share of the output's change that float32 lets a sum of gradients tell from 0."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One change; ``matched_seconds`` are those of the default method when it must leave no larger gap than Captum.

    ``shap`` is where SHAP's order lies between the worst and the best, None without SHAP or without reach."""

    tokens: int
    gap: float
    converged: bool
    right: bool
    scorings: int
    seconds: float
    captum_gap: float
    captum_seconds: float
    matched_seconds: float
    masked: Faithfulness
    deleted: Faithfulness
    shap: float | None
    beside_shap: float | None


def measure(diff: Diff, classifier: Differentiable, shap: Any) -> Measured:
    """All that is measured of one change."""
    options = AttributionOptions()
    start = process_time()
    own = answer(attribute(diff, classifier, options=options))
    middle = process_time()
    _, captum_gap = layer_integrated_gradients(diff, classifier, options.batch)
    end = process_time()
    answer(attribute(diff, classifier, options=replace(options, tolerance=min(1.0, max(captum_gap, _LEAST)))))
    matched = process_time() - end
    masked, deleted = curves(diff, classifier, options)
    extreme = extremes(masked, classifier)
    found = faithfulness(masked, own, extreme, options.order_seed)
    theirs, ours = (None, None) if shap is None else _beside(masked, found, partition(shap, masked))
    return Measured(
        tokens=len(classifier.encode(diff).ids),
        gap=own.relative_gap,
        converged=own.converged,
        right=not check(own, classifier, diff),
        scorings=2 + _BACKWARD * sum(8 * 2**n for n in range((own.steps // 8).bit_length())),
        seconds=middle - start,
        captum_gap=captum_gap,
        captum_seconds=end - middle,
        matched_seconds=matched,
        masked=found,
        deleted=faithfulness(deleted, own, extreme, options.order_seed),
        shap=theirs,
        beside_shap=ours,
    )


def _beside(curve: Curve, own: Faithfulness, values: Sequence[float]) -> tuple[float | None, float | None]:
    """(SHAP's, our own) normalised comprehensiveness, where SHAP's order may be the best or the worst too."""
    order = sorted(range(len(values)), key=lambda part: -curve.sign * values[part])
    reached = curve.comprehensiveness(order)
    wide = replace(own, best=max(own.best, reached), worst=min(own.worst, reached))
    theirs = replace(wide, comprehensiveness=replace(wide.comprehensiveness, value=reached))
    return theirs.normalised, wide.normalised


def report(found: Sequence[Measured]) -> Iterator[str]:
    """The lines of the table."""
    n = len(found)
    gaps = [one.gap for one in found]
    told = sum(one.gap < 0.05 or not one.converged for one in found)
    sizes = [one.tokens for one in found]
    yield f"{n} flagged diffs of {min(sizes)} to {max(sizes)} tokens read, {statistics.median(sizes):.0f} in the median.\n"
    rows = [
        ("completeness gap, median; largest", f"{statistics.median(gaps):.3%}; {max(gaps):.2%}"),
        ("gap under 5 % or marked as not converged", share(told, n)),
        ("values right and sums exact, by `explain.attribution.check`", share(sum(one.right for one in found), n)),
        ("comprehensiveness above random orders, masked", share(sum(one.masked.above_chance for one in found), n)),
        ("the same, deleted", share(sum(one.deleted.above_chance for one in found), n)),
        ("normalised comprehensiveness, mean", mean([one.masked.normalised or 0.0 for one in found], 3)),
        ("Captum's gap after 50 steps, median; largest", _captum([one.captum_gap for one in found])),
        ("processor time, Captum's 50 steps ÷ default", ratio([(o.captum_seconds, o.seconds) for o in found])),
        ("the same, the default asked for Captum's gap", ratio([(o.captum_seconds, o.matched_seconds) for o in found])),
    ]
    known = [one for one in found if one.shap is not None and one.beside_shap is not None]
    if known:
        rows += [
            ("normalised comprehensiveness, SHAP partition", mean([one.shap or 0.0 for one in known], 3)),
            ("the same of the default beside it", mean([one.beside_shap or 0.0 for one in known], 3)),
            ("scorings, default ÷ SHAP", ratio([(o.scorings, EVALUATIONS) for o in known], 3)),
        ]
    yield table(("figure", "came to"), rows)


def _captum(gaps: Sequence[float]) -> str:
    return f"{statistics.median(gaps):.3%}; {max(gaps):.2%}"


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit code 2 when the dataset or the model cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m scripts.trust", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("datasets", type=Path, nargs="*", metavar="DATASET", help="Parquet files or folders of them")
    parser.add_argument("--rows", type=row_count, default=40, help="flagged diffs")
    parser.add_argument("--tokens", type=sizes, default=(1, MANY), help="tokens read of the diffs (200-400), by default any")
    parser.add_argument("--model", default="", help="a model's folder or name; the shipped one if left out")
    parser.add_argument("--seed", type=int, default=7, help="of the order of the rows")
    given = parser.parse_args(arguments)
    try:
        classifier = load(resolve(given.model))
        if not isinstance(classifier, Differentiable):
            raise UsageError(f"Expected a model with gradients, but {classifier.name} has none; pass another --model.")
        shap = _shap()
        frame = frame_of(given.datasets)
        rows = flagged_rows(frame, classifier, len(frame), given.seed)
        found = []
        for name, diff in islice(_sized(rows, classifier, given.tokens), given.rows):
            found.append(measure(diff, classifier, shap))
            print(f"{name.split('@')[0]}: {found[-1].tokens} tokens, {found[-1].seconds:.1f} s", file=sys.stderr, flush=True)
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(report(found)) if found else "No row of the valid split is flagged and of that size.")
    return 0


def _sized(
    rows: Iterator[tuple[str, str, Diff]], classifier: Differentiable, tokens: tuple[int, int]
) -> Iterator[tuple[str, Diff]]:
    """(id, diff) of those of which the model reads so many tokens."""
    low, high = tokens
    return ((name, diff) for name, _, diff in rows if low <= len(classifier.encode(diff).ids) <= high)


def _shap() -> Any:
    try:
        return load_shap()
    except UsageError as error:
        print(f"Without SHAP: {error}", file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
