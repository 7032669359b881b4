"""Processor time of whydiff's search beside LIT's own class: ``python -m scripts.flips.lit_own DATASET --rows 100``.

LIT (``lit-nlp``) is no dependency: it is imported here only, and a sentence says how to install it where it is missing. Its
ablation flip leaves out items of a list, and every item stands for one changed line: what is left out is taken back by the
edit that whydiff searches with. Both search over the same units of the same diffs, each with the model loaded anew.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

import pandas as pd

from explain.counterfactual.hints import first_order
from explain.counterfactual.search import search
from explain.counterfactual.types import CLEAR_MARGIN, Edit, SearchOptions, SearchResult
from explain.trial import flagged_rows, row_count
from models.change.types import Diff
from models.classify.load import load
from models.classify.protocol import Classifier
from models.errors import UsageError, WhydiffError
from models.registry.resolve import resolve
from scripts.flips.game import Game, Members
from scripts.flips.measure import OPERATORS, Settings, searching
from scripts.flips.rows import counted, frame_of, sizes
from scripts.flips.tables import mean, ratio, share, table

LINES, MARGIN = "lines", "margin"
"""The fields of LIT's examples and of the model's outputs."""


@dataclass(frozen=True, slots=True)
class Lit:
    """LIT's two modules that are needed: its field types, and the one with its ablation flip."""

    types: Any
    flip: Any


def load_lit() -> Lit:
    """LIT as installed; raises UsageError where it or something that it imports is missing."""
    try:
        return Lit(import_module("lit_nlp.api.types"), import_module("lit_nlp.components.ablation_flip"))
    except ImportError as error:
        raise UsageError(
            f"Expected LIT to compare with, but it cannot be imported ({error}); install it with "
            "`pip install --no-deps lit-nlp absl-py attrs etils`."
        ) from error


class Lines:
    """A diff as LIT's example, and a classifier as LIT's model of it, with what LIT's ablation flip asks of a model.

    The example has the number of every unit in one list. An example with fewer is the diff with the others taken back. The
    output is the margin, so that LIT's threshold can be ours. Where nothing is left of the change it is the margin of the
    whole diff: that is no edit, for nobody.
    """

    def __init__(self, game: Game, classifier: Classifier, types: Any) -> None:
        self._game = game
        self._classifier = classifier
        self._types = types
        self._all = frozenset(range(len(game.edits)))
        self.example = {LINES: [str(n) for n in sorted(self._all)]}

    def input_spec(self) -> dict[str, Any]:
        """One field, a list that may be empty: LIT leaves out its items."""
        return {LINES: self._types.SparseMultilabel(required=False)}

    def output_spec(self) -> dict[str, Any]:
        """One number."""
        return {MARGIN: self._types.RegressionScore()}

    def predict(self, inputs: Sequence[Mapping[str, Sequence[str]]]) -> list[dict[str, float]]:
        """The margins of the edited diffs, all asked for in one call."""
        edited = [self._edited(self.left_out(one)) for one in inputs]
        return [{MARGIN: prediction.margin} for prediction in self._classifier.predict(edited)]

    def left_out(self, example: Mapping[str, Sequence[str]]) -> Members:
        """The units that are not in the example."""
        return self._all - {int(one) for one in example[LINES]}

    def _edited(self, members: Members) -> Diff:
        edited = self._game.edited(members)
        return edited if edited is not None and edited.files else self._game.diff


def ask_lit(lit: Lit, game: Game, classifier: Classifier, flips: int | None) -> tuple[Members, float]:
    """(units of LIT's first answer, processor seconds of all that it does).

    ``flips`` is for how many answers LIT looks, its own default where None. A flagged diff is turned, for LIT too, where
    the margin comes below ours.
    """
    model = Lines(game, classifier, lit.types)
    config = {
        lit.flip.PREDICTION_KEY: MARGIN,
        lit.flip.REGRESSION_THRESH_KEY: str(-CLEAR_MARGIN),
        lit.flip.FIELDS_TO_ABLATE_KEY: [LINES],
    }
    if flips is not None:
        config[lit.flip.NUM_EXAMPLES_KEY] = str(flips)
    started = process_time()
    found = lit.flip.AblationFlip().generate(model.example, model, None, config)
    seconds = process_time() - started
    return model.left_out(found[0]) if found else frozenset(), seconds


@dataclass(frozen=True, slots=True)
class Searched:
    """whydiff's answer, empty where it has none, and its processor seconds, hints included.

    ``first`` is until any flip was shown, ``answer`` until the answer was, both ``whole`` without one.
    """

    members: Members
    first: float
    answer: float
    whole: float


def ask_whydiff(game: Game, options: SearchOptions, classifier: Classifier) -> Searched:
    """A whole search, with a look at the clock whenever it shows something."""
    started = process_time()
    shown: dict[tuple[Edit, ...], float] = {}
    for step in search(game.diff, classifier, options, order=first_order(game.diff, classifier)):
        seconds = process_time() - started
        found = step.counterfactuals if isinstance(step, SearchResult) else step.found
        for one in found:
            shown.setdefault(one.edits, seconds)
    if not found:
        return Searched(frozenset(), seconds, seconds, seconds)
    members = frozenset(game.edits.index(edit) for edit in found[0].edits)
    return Searched(members, min(shown.values()), shown[found[0].edits], seconds)


@dataclass(frozen=True, slots=True)
class Side:
    """One's answer to one diff, size 0 without a flip, and its processor seconds in all."""

    size: int
    one_minimal: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Beside:
    """One diff; ``answer`` and ``first`` as in ``Searched``."""

    units: int
    lit: Side
    whydiff: Side
    first: float
    answer: float


@dataclass(frozen=True, slots=True)
class Rivals:
    """Who is compared, and with what. ``fresh`` loads the model anew, since one that remembers is faster."""

    lit: Lit
    fresh: Callable[[], Classifier]
    judge: Classifier
    options: SearchOptions
    flips: int | None

    def beside(self, diff: Diff) -> Beside:
        """LIT first, then whydiff."""
        game = Game(diff, OPERATORS["line"], self.judge)
        members, seconds = ask_lit(self.lit, game, self.fresh(), self.flips)
        mine = ask_whydiff(game, self.options, self.fresh())
        sides = (_side(game, members, seconds), _side(game, mine.members, mine.whole))
        return Beside(len(game.edits), *sides, mine.first, mine.answer)


def _side(game: Game, members: Members, seconds: float) -> Side:
    less = game.answers([members - {n} for n in members])
    return Side(len(members), bool(members) and not any(one.flips for one in less), seconds)


def report(rows: Sequence[Beside]) -> str:
    """The table."""
    if not rows:
        return "No flagged diff has so many units."
    units = [one.units for one in rows]
    theirs, mine = [one.lit for one in rows], [one.whydiff for one in rows]
    whole, beside = [one.seconds for one in theirs], "whydiff, until its"
    lines = [
        ("LIT's own class", *_found(theirs), *_seconds(whole), "1"),
        ("whydiff, the whole search", *_found(mine), *_cost([one.seconds for one in mine], whole)),
        (f"{beside} answer is shown", "", "", "", *_cost([one.answer for one in rows], whole)),
        (f"{beside} first flip is shown", "", "", "", *_cost([one.first for one in rows], whole)),
    ]
    heads = ("processor time", "flips found", "mean size", "one-minimal", "seconds, mean", "median", "÷ LIT's, of the sums")
    about = f"{len(rows)} flagged diffs of {min(units)} to {max(units)} changed lines, {mean(units)} in the mean.\n\n"
    return about + table(heads, lines)


def _found(sides: Sequence[Side]) -> tuple[str, str, str]:
    flips = [one for one in sides if one.size]
    minimal = sum(one.one_minimal for one in flips)
    return share(len(flips), len(sides)), mean([one.size for one in flips], 2), share(minimal, len(flips))


def _seconds(values: Sequence[float]) -> tuple[str, str]:
    return mean(values, 2), f"{statistics.median(values):.2f}"


def _cost(values: Sequence[float], others: Sequence[float]) -> tuple[str, str, str]:
    return *_seconds(values), ratio(list(zip(values, others, strict=True)), 3)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.flips.lit_own", description=(__doc__ or "").split(":")[0])
    parser.add_argument("datasets", type=Path, nargs="*", metavar="DATASET", help="Parquet files or folders of them")
    parser.add_argument("--rows", type=row_count, default=100, help="flagged diffs")
    parser.add_argument("--model", default="", help="a model's folder or name; the shipped one if left out")
    parser.add_argument("--sizes", type=sizes, default=(4, 40), help="changed lines of the diffs")
    parser.add_argument("--flips", type=row_count, help="for how many answers LIT looks; its own default, 10, if left out")
    parser.add_argument("--seed", type=int, default=7, help="of the order of the rows")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit code 2 when LIT is missing, or the dataset or the model cannot be read."""
    given = _parser().parse_args(arguments)
    try:
        print(report(_measured(given)))
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _measured(given: argparse.Namespace) -> list[Beside]:
    lit, folder = load_lit(), resolve(given.model)
    judge = load(folder)
    frame = frame_of(given.datasets)
    counts = pd.Series(counted(frame, OPERATORS["line"]), index=frame.index)
    diffs = [diff for _, _, diff in flagged_rows(frame[counts.between(*given.sizes)], judge, given.rows, given.seed)]
    rivals = Rivals(lit, partial(load, folder), judge, searching(Settings(judge.digest, "line")), given.flips)
    for diff in diffs[:1]:
        rivals.beside(diff)  # what is imported on first use is not timed
    rows: list[Beside] = []
    for diff in diffs:
        rows.append(rivals.beside(diff))
        seconds = f"LIT {rows[-1].lit.seconds:.2f}, whydiff {rows[-1].whydiff.seconds:.2f} processor seconds"
        print(f"{len(rows)} of {len(diffs)}: {seconds}", file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
