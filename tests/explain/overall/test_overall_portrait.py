"""The portrait that a page shows is the whole tally, cut to the surest, and stops when asked to."""

from __future__ import annotations

import pytest

from explain.attribution.options import AttributionOptions
from explain.attribution.registry import default_method
from explain.overall.parts import SIDE
from explain.overall.portrait import Portrait, Sitting, portray
from explain.overall.record import By
from explain.overall.wording import SORTS, sentences
from explain.survey.record import Passed, Reason, Row
from models.classify.bag import BagClassifier
from tests.explain.overall.overall_toys import bag, explained, rows, tally_of


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> BagClassifier:
    return bag(tmp_path_factory.mktemp("portrait"))


def portrayed(model: BagClassifier, some: list[Row], most: int = 100, stop_after: int = 10**6) -> list[int | Portrait]:
    calls = iter(range(10**6))
    card = default_method(model)
    return list(portray(some, model, card, AttributionOptions(), most, lambda: next(calls) >= stop_after))


def test_it_is_the_tally_cut_to_the_surest(model: BagClassifier) -> None:
    *steps, found = portrayed(model, rows())
    assert steps == list(range(1, 41))
    assert isinstance(found, Portrait)
    overall = tally_of([explained(one, model) for one in rows()]).overall()
    assert [found.title, *found.sentences] == list(sentences(overall))
    for one in found.whole.sheets:
        every = overall.whole.at(one.where)
        assert one.items == tuple(item for item in every if item.sure.nearest)[:50]
        assert (one.tested + one.few, one.sure >= len(one.items)) == (len(every), True)
    assert [one.where for one in found.whole.sheets] == [where for where in SORTS if overall.whole.at(where)]
    sums = [abs(one.sum) for one in found.whole.sides]
    assert sums == sorted(sums, reverse=True)
    assert sum(one.sum for one in found.whole.sides) == pytest.approx(overall.whole.shift)
    assert {one.feature.where for one in found.whole.sides} == {SIDE}


def test_every_way_to_slice_is_there_at_once(model: BagClassifier) -> None:
    *_, found = portrayed(model, rows())
    assert isinstance(found, Portrait)
    for by, parts in found.slices:
        overall = tally_of([explained(one, model) for one in rows()], by=by).overall()
        assert [(one.name, one.changes) for one in parts] == [(one.name, one.changes) for one in overall.slices]
    assert [by for by, _ in found.slices] == list(By)


@pytest.mark.parametrize(("most", "stop_after", "changes"), [(7, 10**6, 7), (100, 5, 5), (3, 5, 3)])
def test_it_ends_at_the_bound_or_when_stopped(model: BagClassifier, most: int, stop_after: int, changes: int) -> None:
    *_, found = portrayed(model, rows(), most, stop_after)
    assert isinstance(found, Portrait)
    assert found.whole.changes == changes


def test_of_nothing_there_is_no_portrait(model: BagClassifier) -> None:
    assert portrayed(model, [Row("x", None)]) == [0]
    assert portrayed(model, rows(), stop_after=0) == []
    sitting = Sitting()
    sitting.take(Passed("x", Reason.UNREADABLE))
    assert sitting.portrait() is None
