"""A diff as a game: what the logit is without some of its parts. What every perturbation method asks, and all that it asks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from statistics import fmean
from typing import Protocol, TypeVar

from explain.attribution.background import blanks, draws_of
from explain.attribution.baseline import content
from explain.attribution.options import PAD, REVERTED, AttributionOptions
from models.change.edit import changed_units, revert
from models.change.types import Diff, Level, Unit
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier, Prediction
from models.encode.types import EncodedDiff, Side

T = TypeVar("T")
COARSER = (Level.TOKEN, Level.LINE, Level.HUNK, Level.FILE)


class Game(Protocol):
    """The parts of a diff that can be taken away, in reading order, and the logits without some of them.

    ``baseline`` says what stands in their place; what the model never saw is no part.
    """

    baseline: str
    units: tuple[Unit, ...]
    sides: tuple[Side, ...]

    @property
    def unread(self) -> tuple[Unit, ...]:
        """What the model never saw."""
        ...

    def logits(self, removed: Sequence[Collection[int]]) -> list[float]:
        """The logit without the parts of these numbers, for every set of them; one query each."""
        ...


def game_of(diff: Diff, classifier: Classifier, options: AttributionOptions, level: Level) -> Game:
    """The game over the parts of ``level``: masked for a model that knows tokens, else (or where asked for) reverted.

    Lines are the smallest parts that can be reverted, so that ``level`` token means lines there.
    """
    if isinstance(classifier, Differentiable) and options.baseline != REVERTED:
        return Masking(classifier, classifier.encode(diff), options, level)
    return Reverting(diff, classifier, level)


def affordable(
    diff: Diff, classifier: Classifier, options: AttributionOptions, finest: Level, cost: Callable[[int], int]
) -> Game:
    """The game over the finest parts, ``finest`` or coarser, that keep the budget; over files at last.

    ``cost``: how many sets of parts are asked about, for a number of parts.
    """
    for level in COARSER[COARSER.index(finest) :]:
        game = game_of(diff, classifier, options, level)
        if cost(len(game.units)) * draws_of(options) <= options.budget:
            break
    return game


class Masking:
    """Parts keep their place, and other content stands for theirs. Message lines, paths, sections and the size are parts.

    That other content is one token, or drawn from a background several times: the logit is then the mean over the draws.
    """

    def __init__(self, classifier: Differentiable, encoded: EncodedDiff, options: AttributionOptions, level: Level) -> None:
        self._classifier, self.encoded = classifier, encoded
        blank = blanks(classifier, encoded, options)
        self.baseline, self._blanks = blank.name, blank.rows
        self.unread = encoded.unread
        places: dict[Unit, list[int]] = {}
        for i, (unit, there) in enumerate(zip(encoded.units, content(encoded), strict=True)):
            if there and unit is not None:
                places.setdefault(unit.at(level), []).append(i)
        self.units = tuple(places)
        self.places = tuple(map(tuple, places.values()))
        """The positions in the row of ids of every part."""
        self.sides = tuple(_one_side([encoded.sides[i] for i in positions]) for positions in self.places)

    def logits(self, removed: Sequence[Collection[int]]) -> list[float]:
        """As of ``Game``; one query a draw for every set that is not empty."""
        rows = [self._rows(parts) for parts in removed]
        scores = iter(outputs(self._classifier, [row for some in rows for row in some], self.baseline))
        return [fmean(islice(scores, len(some))) for some in rows]

    def row(self, removed: Collection[int]) -> tuple[int, ...]:
        """The ids with filler, or the first draw, in the place of ``removed``."""
        return self._row(removed, self._blanks[0])

    def _rows(self, removed: Collection[int]) -> list[tuple[int, ...]]:
        return [self._row(removed, blank) for blank in self._blanks] if removed else [self.encoded.ids]

    def _row(self, removed: Collection[int], blank: tuple[int, ...]) -> tuple[int, ...]:
        gone = self.positions(removed)
        return tuple(blank[i] if i in gone else one for i, one in enumerate(self.encoded.ids))

    def positions(self, parts: Collection[int]) -> set[int]:
        """Where the content of ``parts`` stands in the row."""
        return {i for part in parts for i in self.places[part]}


class Reverting:
    """Parts are changed lines, hunks or files, and are taken back; what did not change is no part."""

    baseline = REVERTED

    def __init__(self, diff: Diff, classifier: Classifier, level: Level) -> None:
        self._diff, self._classifier = diff, classifier
        units: dict[Unit, list[Unit]] = {}
        for unit in _revertible(diff):
            units.setdefault(unit.at(level), []).append(unit)
        self.units, self._lines = tuple(units), tuple(map(tuple, units.values()))
        self.sides = tuple(_one_side([_side(diff, unit) for unit in lines]) for lines in self._lines)

    @cached_property
    def _whole(self) -> Prediction:
        """Of the whole change, asked when it is wanted: a game may be too large to be played."""
        return self._classifier.predict([self._diff])[0]

    @property
    def unread(self) -> tuple[Unit, ...]:
        """As of ``Game``."""
        return self._whole.unread

    def logits(self, removed: Sequence[Collection[int]]) -> list[float]:
        """As of ``Game``."""
        variants = [revert(self._diff, [unit for part in parts for unit in self._lines[part]]) for parts in removed if parts]
        scores = iter(self._classifier.predict(variants) if variants else ())
        return [next(scores).logit if parts else self._whole.logit for parts in removed]


def ends(game: Game) -> tuple[float, float]:
    """The logits of the whole change and of the baseline; two queries, or one and as many as there are draws."""
    output, baseline_output = game.logits([(), range(len(game.units))])
    return output, baseline_output


def outputs(classifier: Differentiable, rows: Sequence[tuple[int, ...]], baseline: str) -> list[float]:
    """The logits of ``rows``: ids of one diff, of one length, with the baseline's tokens in some places.

    Padding is handed over as embeddings, as the gradient methods do it: among ids, a model may take it for no token at
    all (RoBERTa then counts the positions of what follows from one less) and would answer for another structure.
    """
    if baseline != PAD:
        return classifier.logits_of_ids(list(rows))
    from explain.attribution.path import logits_by_embeddings

    return logits_by_embeddings(classifier, rows)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """``items`` in runs of ``size``, the last one shorter."""
    for i in range(0, len(items), size):
        yield items[i : i + size]


def _revertible(diff: Diff) -> tuple[Unit, ...]:
    """Every changed line, and every file without one (a rename, a mode, a binary file), in reading order."""
    lines = changed_units(diff, Level.LINE)
    with_lines = {unit.file for unit in lines}
    return tuple(sorted((*lines, *(unit for unit in changed_units(diff, Level.FILE) if unit.file not in with_lines))))


def _side(diff: Diff, unit: Unit) -> Side:
    return Side(diff.line(unit).kind.value) if unit.line >= 0 else Side.PATH


def _one_side(sides: Iterable[Side]) -> Side:
    found = set(sides)
    return found.pop() if len(found) == 1 else Side.CONTEXT
