"""What many attributions come to: known weights come out, with counts, sums, slices and examples."""

from __future__ import annotations

from fractions import Fraction

import pytest

from explain.overall.evidence import LEAST
from explain.overall.parts import COMPONENT, LANGUAGE, SIDE, SPECIAL
from explain.overall.record import By, Explained, Part
from explain.overall.tally import Tally
from explain.survey.feature import Feature
from explain.survey.record import Passed, Reason
from tests.explain.overall.overall_toys import bag, explained, rows, tally_of


def made(n: int, *parts: tuple[str, str, float], project: str = "p", mass: float = 4.0, **more: object) -> Explained:
    """A record of these parts."""
    values = [Part(Feature(where, text), value, f"a.c:{n}") for where, text, value in parts]
    shift = sum(value for where, _, value in parts if where == SIDE)
    return Explained(
        id=f"r{n}", diff_id=f"d{n}", project=project, language=str(more.get("language", "C")),
        components=more.get("components", ("src",)), split="", label=None, score=0.5, threshold=0.5, method="toy",
        baseline="mask", output=shift + 1.0, baseline_output=1.0, mass=mass, converged=bool(more.get("converged", True)),
        steps=1, seconds=0.0, parts=tuple(values),
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Explained]:
    model = bag(tmp_path_factory.mktemp("overall"))
    return [explained(one, model) for one in rows()]


def test_known_weights_come_out(found: list[Explained]) -> None:
    whole = tally_of(found).overall().whole
    danger = next(one for one in whole.at("added") if one.feature.text == "danger")
    assert (danger.changes, danger.projects) == (20, 4)
    assert danger.sure.mean == pytest.approx(1.5)
    assert (danger.sure.low, danger.sure.high) == pytest.approx((1.5, 1.5))
    assert danger.p == pytest.approx(0.0, abs=1e-12)
    assert danger.sum == pytest.approx(30.0)
    assert danger.share == pytest.approx(30.0 / sum(one.mass for one in found))
    assert whole.at("added")[0] == danger
    calm = next(one for one in whole.at("removed") if one.feature.text == "calm")
    assert (calm.changes, calm.projects, calm.sure.by_project) == (40, 8, True)
    assert calm.sure.mean == pytest.approx(-0.5)
    assert not [one for one in whole.at("added") if one.feature.text == ";"]


def test_sides_sum_exactly_to_what_the_outputs_changed_by(found: list[Explained]) -> None:
    whole = tally_of(found).overall().whole
    shift = sum(Fraction(one.output) - Fraction(one.baseline_output) for one in found)
    for where in (SIDE, LANGUAGE, COMPONENT):
        assert sum(Fraction(one.sum) for one in whole.at(where)) == shift
    assert Fraction(whole.shift) == Fraction(whole.of_sides) == shift
    for side in ("added", "path"):
        by_hand = sum(part.value for one in found for part in one.parts if part.feature == Feature(SIDE, side))
        assert [one.sum for one in whole.at(SIDE) if one.feature.text == side] == [by_hand]


def test_long_sums_are_rounded_once() -> None:
    """Values that float64 cannot add up one after the other without loss."""
    records = [
        made(n, (SIDE, "added", 2.0**40 * (-1) ** n), (SIDE, "removed", 2.0**-10), (SIDE, "path", 0.1)) for n in range(101)
    ]
    whole = tally_of(records).overall().whole
    assert whole.of_sides == float(sum(Fraction(part.value) for one in records for part in one.parts))


def test_slices(found: list[Explained]) -> None:
    overall = tally_of(found, by=By.LANGUAGE).overall()
    assert [(one.name, one.changes) for one in overall.slices] == [("C", 30), ("Python", 10)]
    for one in overall.slices:
        mine = [record for record in found if record.language == one.name]
        assert Fraction(one.of_sides) == sum(Fraction(record.shift) for record in mine)
    assert sum(one.changes for one in tally_of(found, by=By.PROJECT).overall().slices) == 40
    assert tally_of(found).overall().slices == ()


def test_a_change_counts_in_every_component_that_it_touches() -> None:
    records = [made(n, components=("a", "b") if n else ("a",), project="p" if n else "") for n in range(3)]
    assert [(one.name, one.changes) for one in tally_of(records, by=By.COMPONENT).overall().slices] == [
        ("p: a", 2), ("p: b", 2), ("a", 1),
    ]  # fmt: skip
    nameless = tally_of([made(1, project="", language="")], by=By.LANGUAGE).overall()
    assert nameless.slices[0].name == "(none)"


def test_examples_are_the_largest_either_way_first_come_first() -> None:
    values = [1.0, -4.0, 2.0, 2.0, 0.0, 3.0]
    whole = tally_of([made(n, ("added", "x", value)) for n, value in enumerate(values)]).overall().whole
    (item,) = whole.items
    assert [(one.id, one.value, one.place) for one in item.examples] == [
        ("r1", -4.0, "a.c:1"), ("r5", 3.0, "a.c:5"), ("r2", 2.0, "a.c:2"),
    ]  # fmt: skip
    (zero,) = tally_of([made(0, ("added", "x", 0.0))]).overall().whole.items
    assert zero.examples == ()


def test_the_surest_come_first_and_few_changes_last() -> None:
    records = []
    for n in range(LEAST):
        noisy = 3.0 if n % 2 else -2.5
        parts = [("added", "steady", 0.5 + n / 1000), ("added", "noisy", noisy), ("added", "small", -0.2 - n / 1000)]
        records.append(made(n, *parts, *([("added", "rare", 9.0)] if n else [])))
    whole = tally_of(records).overall().whole
    assert [one.feature.text for one in whole.items] == ["steady", "small", "noisy", "rare"]
    assert [one.p is None for one in whole.items] == [False, False, False, True]
    assert whole.tested == 3


def test_words_by_chance_do_not_stand_out() -> None:
    import random

    draw = random.Random(3)
    records = [made(n, *(("added", f"w{k}", draw.gauss(0, 1)) for k in range(200))) for n in range(30)]
    items = tally_of(records).overall().whole.items
    assert min(one.sure.p for one in items) < 0.02
    assert min(one.p for one in items) > 0.05


def test_nothing_is_undefined_not_zero() -> None:
    overall = Tally().overall()
    assert (overall.whole.changes, overall.whole.items, overall.whole.shift) == (0, (), 0.0)
    (item,) = tally_of([made(0, ("added", "x", 0.0), mass=0.0)]).overall().whole.items
    assert (item.share, item.p, item.sure.low) == (None, None, None)


def test_what_was_left_out_is_counted() -> None:
    tally = tally_of([made(0), made(1, converged=False)])
    for one in (Passed("a", Reason.UNREADABLE), Passed("b", Reason.NO_NUMBER), Passed("c", Reason.UNREADABLE)):
        tally.pass_over(one)
    overall = tally.overall()
    assert (overall.passed, overall.unnumbered, overall.unconverged, overall.methods) == (
        ((Reason.UNREADABLE, 2), (Reason.NO_NUMBER, 1)), ("b",), 1, (("toy", "mask"),),
    )  # fmt: skip


def test_special_tokens_are_a_side_of_their_own(found: list[Explained]) -> None:
    sides = {one.feature.text for one in tally_of(found).overall().whole.at(SIDE)}
    assert {"added", "removed", "message", "path", "metrics", SPECIAL, "left unexplained"} == sides
