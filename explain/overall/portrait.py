"""What carries a model over a set of changes, as much of it as a page shows: the surest items of each sort, and slices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from explain.attribution.options import AttributionOptions
from explain.attribution.registry import MethodCard
from explain.overall.parts import SIDE
from explain.overall.record import By, Explained
from explain.overall.run import explain_each
from explain.overall.tally import Carried, Item, Tally
from explain.overall.wording import SORTS, sentences
from explain.survey.record import Passed, Row
from models.classify.protocol import Classifier

_ITEMS, _SLICE_ITEMS, _SLICES = 50, 12, 20


@dataclass(frozen=True, slots=True)
class Sheet:
    """The surest ``items`` of the sort ``where``, of ``sure`` whose interval is without 0, of ``tested``.

    ``few`` more are in too few changes to be tested.
    """

    where: str
    items: tuple[Item, ...]
    sure: int
    tested: int
    few: int


@dataclass(frozen=True, slots=True)
class Part:
    """All changes, or those of the slice ``name``; ``sides`` are the parts of a change that are not 0 in all, largest first."""

    name: str
    changes: int
    projects: int
    sides: tuple[Item, ...]
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class Portrait:
    """A title and sentences about all ``whole`` changes, and the largest slices by each way to make them."""

    title: str
    sentences: tuple[str, ...]
    whole: Part
    slices: tuple[tuple[By, tuple[Part, ...]], ...]


class Sitting:
    """Takes outcomes one by one, and gives the portrait of those that came."""

    def __init__(self) -> None:
        self.explained = 0
        self._tallies = {by: Tally(by) for by in By}

    def take(self, one: Explained | Passed) -> None:
        """Count what came out for a change."""
        for tally in self._tallies.values():
            if isinstance(one, Passed):
                tally.pass_over(one)
            else:
                tally.add(one)
        self.explained += isinstance(one, Explained)

    def portrait(self) -> Portrait | None:
        """What it comes to; None where no change was explained."""
        if not self.explained:
            return None
        found = {by: tally.overall() for by, tally in self._tallies.items()}
        whole = next(iter(found.values()))
        title, *said = sentences(whole)
        slices = tuple((by, tuple(_part(some, _SLICE_ITEMS) for some in one.slices[:_SLICES])) for by, one in found.items())
        return Portrait(title, tuple(said), _part(whole.whole, _ITEMS), slices)


def of_sides(one: Carried) -> tuple[Item, ...]:
    """The sides that are not 0 in every change, the largest sum first."""
    return tuple(sorted((item for item in one.at(SIDE) if item.examples), key=lambda item: -abs(item.sum)))


def surest(where: str, items: Iterable[Item], most: int) -> Sheet:
    """The surest of ``items``, at most so many, and how many there are besides."""
    every = tuple(items)
    sure = [one for one in every if one.sure.nearest]
    tested = sum(one.p is not None for one in every)
    return Sheet(where, tuple(sure[:most]), len(sure), tested, len(every) - tested)


def _part(one: Carried, most: int) -> Part:
    sheets = (surest(where, one.at(where), most) for where in SORTS)
    return Part(one.name, one.changes, one.projects, of_sides(one), tuple(some for some in sheets if some.tested or some.few))


def portray(
    rows: Iterable[Row],
    classifier: Classifier,
    card: MethodCard,
    options: AttributionOptions,
    most: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[int | Portrait]:
    """Yield how many changes were explained so far, at last the portrait of them; none where there was not one.

    When ``cancelled`` says so, or ``most`` are explained, no more are, and those that were are the answer.
    """
    sitting = Sitting()
    for _, one in explain_each(takewhile(lambda _: not cancelled(), rows), classifier, card, options):
        sitting.take(one)
        yield sitting.explained
        if sitting.explained >= most:
            break
    found = sitting.portrait()
    if found is not None:
        yield found
