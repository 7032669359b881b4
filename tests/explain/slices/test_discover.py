"""The search for weak slices: planted ones are found, and nothing is found where nothing is weak."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explain.slices.actions import ACTIONS, advise
from explain.slices.counts import holds
from explain.slices.discover import discover, half_of, sentence
from explain.slices.load import Wanted, load
from explain.slices.search import KINDS, DiscoverOptions
from explain.slices.source import open_source
from explain.slices.types import MOST_VALUES, OTHER, Column, Condition, Slice, Table
from models.errors import UsageError
from models.evaluate.bands import in_first_half
from scripts.slices.discovery import changes, planted, predicted, shuffled

RANDOM_LANGUAGE = (Condition("kind", "k1"), Condition("language", "l2"))
MONTH = (Condition("month", "m3"),)


def weak_in(where: Slice, rows: int = 6000, seed: int = 1, base: float = 0.15, more: float = 0.3) -> tuple[Table, np.ndarray]:
    """Predictions that are wrong more often in a slice, and halves."""
    random = np.random.default_rng(seed)
    made = changes(rows, random)
    wrong = base + more * holds(made, where)
    return predicted(made, wrong, random), random.random(rows) < 0.5


def flipped_only(table: Table, kind: str) -> Table:
    """``table`` with the errors of one kind alone."""
    right = ~np.isin(3 - 2 * table.flagged.astype(int) - table.labels, KINDS[kind][0])
    return replace(table, flagged=np.where(right, table.labels > 0, table.flagged))


@pytest.mark.parametrize("where", [RANDOM_LANGUAGE, MONTH])
@pytest.mark.parametrize("kind", ["accuracy", "fpr"])
def test_a_planted_slice_is_found_and_nothing_beside_it(where: Slice, kind: str) -> None:
    table, halves = weak_in(where)
    found = discover(flipped_only(table, kind), halves, DiscoverOptions(kind))
    assert [one.slice for one in found.found] == [where]
    assert found.screened > 500
    one = found.found[0]
    assert one.rows == holds(table, where).sum()
    assert one.p < 0.05
    assert one.parent is None
    assert one.action in ACTIONS


def test_the_figures_are_those_of_the_testing_half_alone() -> None:
    table, halves = weak_in(MONTH)
    found = discover(table, halves)
    one, inside = found.found[0], holds(table, MONTH)
    wrong = table.flagged != (table.labels > 0)
    for estimate, side in ((one.rate, inside), (one.rest, ~inside)):
        assert estimate.n == (side & ~halves).sum()
        assert estimate.value == pytest.approx(wrong[side & ~halves].mean())
    assert (found.rows, found.confirming) == (halves.sum(), (~halves).sum())
    assert one.difference.value == pytest.approx(one.rate.value - one.rest.value)
    assert one.ratio.value == pytest.approx(one.rate.value / one.rest.value)
    changed = replace(table, scores=np.where(halves, 0.5, table.scores))
    again = discover(changed, halves).found[0]
    assert (again.rate, again.rest, again.p) == (one.rate, one.rest, one.p)


def test_three_conditions_are_found_as_three() -> None:
    where = tuple(sorted((Condition("kind", "k0"), Condition("language", "l2"), Condition("size", "s1"))))
    table, halves = weak_in(where, 12_000, more=0.5)
    assert [one.slice for one in discover(table, halves, DiscoverOptions(conditions=3)).found] == [where]


def test_four_conditions_are_found_by_the_beam() -> None:
    conditions = [Condition("kind", "k0"), Condition("unread", "u0"), Condition("size", "s1"), Condition("experience", "e1")]
    where = tuple(sorted(conditions))
    table, halves = weak_in(where, 12_000, more=0.6)
    found = discover(table, halves, DiscoverOptions(conditions=4)).found
    assert [one.slice for one in found] == [where]


def test_a_worse_part_of_a_weak_slice_is_told_apart() -> None:
    random = np.random.default_rng(3)
    made = changes(20_000, random)
    part = (Condition("month", "m3"), Condition("size", "s1"))
    wrong = 0.1 + 0.25 * holds(made, MONTH) + 0.3 * holds(made, part)
    found = discover(predicted(made, wrong, random), random.random(20_000) < 0.5)
    assert {one.slice: one.parent for one in found.found}.keys() == {MONTH, part}
    child = next(one for one in found.found if one.slice == part)
    assert child.rate.value == pytest.approx(0.65, abs=0.08)


def test_what_only_overlaps_a_weak_slice_is_not_reported() -> None:
    """A column that copies another one nearly always."""
    table, halves = weak_in(MONTH)
    month = table.column("month")
    assert isinstance(month, Column)
    noise = np.random.default_rng(4).random(table.rows) < 0.1
    copied = Column("copy", month.values, np.where(noise, 0, month.codes).astype(np.uint8))
    found = discover(replace(table, columns=(*table.columns, copied)), halves)
    assert len(found.found) == 1


def test_fixed_shuffles_give_no_more_than_the_level() -> None:
    random, options = np.random.default_rng(5), DiscoverOptions(conditions=2)
    runs = [shuffled(2000, options, random) for _ in range(40)]
    assert sum(one.found > 0 for one in runs) <= 3


@pytest.mark.soak
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_thousand_shuffles_give_no_more_than_the_level(kind: str) -> None:
    random, options = np.random.default_rng(6), DiscoverOptions(kind)
    runs = [shuffled(3000, options, random) for _ in range(1000)]
    assert sum(one.found > 0 for one in runs) <= 50


def test_strong_weaknesses_are_found_nearly_always() -> None:
    random, options = np.random.default_rng(7), DiscoverOptions(conditions=2)
    runs = [planted(9000, options, random, 25.0) for _ in range(10)]
    assert np.sum([one.planted[:2] for one in runs]) >= 19
    assert sum(one.false for one in runs) <= 2


def test_what_clusters_explain_is_no_weak_slice() -> None:
    """160 authors who err more or less by lot, 40 of each team: by rows teams differ, by authors they do not."""
    found = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        clusters = random.integers(0, 160, 8000)
        wrong = random.beta(0.5, 2, 160)[clusters]
        team = Column("team", tuple("abcd"), (clusters % 4).astype(np.uint8))
        table = replace(predicted(changes(8000, random), wrong, random), columns=(team,))
        halves = half_of([f"author {one}" for one in clusters])
        found.append([len(discover(one, halves).found) for one in (table, replace(table, clusters=clusters))])
    plain, clustered = np.count_nonzero(found, axis=0)
    assert plain >= 4
    assert clustered <= 1


def test_a_slice_within_one_cluster_is_tested_by_its_rows() -> None:
    random = np.random.default_rng(8)
    made = changes(4000, random)
    project = made.column("project")
    assert isinstance(project, Column)
    wrong = 0.1 + 0.3 * (project.codes == 3)
    table = replace(predicted(made, wrong, random), clusters=project.codes.astype(np.int64))
    assert [one.slice for one in discover(table, random.random(4000) < 0.5).found] == [(Condition("project", "p3"),)]


def test_rare_values_put_together_are_never_a_slice() -> None:
    table, halves = weak_in(MONTH, 8000)
    codes = np.random.default_rng(9).integers(0, 3 * MOST_VALUES, 8000).astype(np.uint16)
    path = Column("path", tuple(f"p{place}" for place in range(3 * MOST_VALUES)), codes)
    wrong = (codes >= 30) ^ (table.labels > 0)
    found = discover(replace(table, columns=(*table.columns, path), flagged=wrong), halves)
    assert all(one.value.startswith("p") or one.column != "path" for each in found.found for one in each.slice)


def test_halves_are_those_of_the_risk_bands_and_even() -> None:
    ids = [f"repository@{place:x}" for place in range(2000)] + ["\udc80", ""]
    assert half_of(ids).tolist() == [in_first_half(one) for one in ids]
    assert 900 < half_of(ids).sum() < 1100


def test_it_can_be_stopped_and_tells_how_far_it_is() -> None:
    table, halves = weak_in(MONTH, 3000)
    heard: list[float] = []
    discover(table, halves, tick=heard.append)
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0, 1)

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        discover(table, halves, tick=stop)


def test_too_few_rows_and_wrong_halves_are_one_sentence() -> None:
    table, halves = weak_in(MONTH, 100)
    with pytest.raises(UsageError, match=r"at least 60 trials for recall in each half.*lower support"):
        discover(table, halves, DiscoverOptions("recall"))
    with pytest.raises(UsageError, match="one half for each of 100 rows"):
        discover(table, halves[1:])
    with pytest.raises(UsageError, match="kind"):
        DiscoverOptions("f1")


def test_without_attributes_nothing_is_found() -> None:
    table, halves = weak_in(MONTH, 1000)
    assert discover(replace(table, columns=()), halves).found == ()


def ranked(inside: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> tuple[str, str]:
    return advise(Table("toy", labels.astype(np.uint8), scores, scores >= 0.5), inside)


def test_each_action_follows_from_what_its_rows_show() -> None:
    random = np.random.default_rng(10)
    inside = np.arange(6000) < 1500
    labels = random.random(6000) < 0.4
    good = np.clip(0.35 + 0.25 * labels + 0.15 * random.normal(size=6000), 0, 1)
    lower = np.where(inside, good * 0.6, good)
    action, reason = ranked(inside, labels, lower)
    assert action == "threshold"
    assert "too low by 0." in reason
    true = random.random(6000)
    action, reason = ranked(inside, random.random(6000) < true, true)
    assert action == "people"
    assert "right on average" in reason
    blind = np.where(inside, random.random(6000), good)
    assert ranked(inside, labels, blind)[0] == "people"
    weaker = np.where(inside, np.clip(good + 0.3 * random.normal(size=6000), 0, 1), good)
    assert ranked(inside, labels, weaker)[0] == "model"
    action, reason = ranked(np.arange(6000) < 60, labels, good)
    assert action == "data"
    assert reason.startswith("Only 60 changes, ")
    assert ranked(inside, labels & ~inside, good)[0] == "data"


def test_a_slice_in_words() -> None:
    assert sentence(()) == "all changes"
    assert sentence(RANDOM_LANGUAGE) == "kind = k1 and language = l2"


def test_parts_that_a_weak_slice_shares_with_another_are_not_told_twice() -> None:
    """Two slices that cross: what is weak where they cross was told by the first."""
    random = np.random.default_rng(12)
    made = changes(30_000, random)
    wrong = 0.1 + np.maximum(0.5 * holds(made, MONTH), 0.2 * holds(made, (Condition("size", "s1"),)))
    found = discover(predicted(made, wrong, random), random.random(30_000) < 0.5)
    assert {one.slice for one in found.found} == {MONTH, (Condition("size", "s1"),)}


def test_what_is_worse_than_the_rest_that_is_left_only_is_not_weak() -> None:
    """Five steps of equal size err more and more: once the upper ones are set aside, the second looks bad beside the first."""
    random = np.random.default_rng(4)
    steps = random.integers(0, 5, 10_000)
    wrong = random.random(len(steps)) < np.array([0.02, 0.12, 0.25, 0.4, 0.6])[steps]
    labels = (random.random(len(steps)) < 0.4).astype(np.uint8)
    flagged = (labels > 0) != wrong
    size = Column("size", tuple(f"step {n}" for n in range(5)), steps.astype(np.uint8))
    table = Table("toy", labels, np.where(flagged, 0.8, 0.2), flagged, (size,))
    found = discover(table, random.random(len(steps)) < 0.5, DiscoverOptions(conditions=1)).found
    assert {one.slice for one in found} == {(Condition("size", "step 3"),), (Condition("size", "step 4"),)}
    assert all((one.difference.low or 0.0) > 0 for one in found)


def test_rare_values_that_were_put_together_when_loaded_are_not_reported(tmp_path: Path) -> None:
    """The model errs on rare components only, of which there are too many to be told apart."""
    random = np.random.default_rng(6)
    rows = 6000
    components = [f"c{n}" if n < 10 else f"rare {row}" for row, n in enumerate(random.integers(0, 14, rows))]
    wrong = random.random(rows) < np.array([0.6 if one.startswith("rare") else 0.1 for one in components])
    labels = random.integers(0, 2, rows)
    listed = [[one] if row % 9 else [] for row, one in enumerate(components)]
    data = {
        "id": [f"r{row}" for row in range(rows)], "label": labels, "score": np.where(labels ^ wrong, 0.9, 0.1),
        "threshold": [0.5] * rows, "component": components, "components": listed,
    }  # fmt: skip
    pq.write_table(pa.table(data), tmp_path / "p.parquet")
    source = open_source([tmp_path / "p.parquet"])
    for name in ("component", "components"):
        loaded = load(source, "", Wanted((name,), halves=True))
        assert loaded.halves is not None
        assert OTHER in loaded.table.columns[0].values
        assert discover(loaded.table, loaded.halves, DiscoverOptions(conditions=1)).found == ()
