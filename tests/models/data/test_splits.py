from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.options import SplitOptions
from models.data.splits import TEST, TRAIN, UNDATED, VALID, by_project, by_rank, by_time
from models.errors import UsageError

ORDER = {TRAIN: 0, VALID: 1, TEST: 2}
DATES = st.one_of(st.none(), st.just(float("nan")), st.integers(0, 6).map(float))


@pytest.mark.parametrize("total", range(60))
def test_shares_are_counted_in_whole_numbers(total: int):
    expected = [TRAIN if 10 * n < 8 * total else VALID if 10 * n < 9 * total else TEST for n in range(total)]
    assert by_rank(total) == expected


@pytest.mark.parametrize(("train", "valid"), [(0.7, 0.1), (0.6, 0.3), (0.29, 0.28), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0)])
def test_a_border_that_is_a_whole_number_is_exact(train: float, valid: float):
    splits = by_rank(1000, SplitOptions(train=train, valid=valid))
    assert splits.count(TRAIN) == Fraction(str(train)) * 1000
    assert splits.count(VALID) == Fraction(str(valid)) * 1000
    assert splits == sorted(splits, key=ORDER.__getitem__)


def test_each_project_has_its_own_border():
    projects = ["old"] * 10 + ["new"] * 10
    dates = [float(n) for n in range(20)]
    splits = by_time(projects, dates, [str(n) for n in range(20)])
    assert splits == ([TRAIN] * 8 + [VALID] + [TEST]) * 2


def test_rows_of_one_date_are_told_apart_by_their_id():
    assert by_time(["p"] * 3, [5.0] * 3, ["c", "a", "b"], SplitOptions(train=1 / 4, valid=1 / 4)) == [TEST, TRAIN, VALID]


def test_rows_without_a_date_are_part_of_no_split_and_count_in_no_share():
    dates = [None, 1.0, float("nan"), 0.0]
    assert by_time(["p"] * 4, dates, list("abcd"), SplitOptions(train=0.5, valid=0.0)) == [UNDATED, TEST, UNDATED, TRAIN]
    assert by_time([], [], []) == []


@given(rows=st.lists(st.tuples(st.sampled_from("pq"), DATES), max_size=40), seed=st.integers(0, 9))
def test_no_train_row_is_newer_than_a_valid_row_of_its_project_in_any_order(rows: list[tuple[str, float | None]], seed: int):
    keys = [str(n) for n in range(len(rows))]
    splits = by_time([one for one, _ in rows], [date for _, date in rows], keys)
    for (project, date), split in zip(rows, splits, strict=True):
        for (other, later), theirs in zip(rows, splits, strict=True):
            if project == other and UNDATED not in (split, theirs) and ORDER[split] < ORDER[theirs]:
                assert date <= later
    mixed = list(range(len(rows)))
    random.Random(seed).shuffle(mixed)
    again = by_time([rows[n][0] for n in mixed], [rows[n][1] for n in mixed], [keys[n] for n in mixed])
    assert again == [splits[n] for n in mixed]


NAMES = [f"owner/{n}" for n in range(4000)]


def test_projects_are_drawn_by_their_name_alone():
    splits = by_project(NAMES)
    assert by_project(NAMES[:7]) == {name: splits[name] for name in NAMES[:7]}
    shares = [sum(one == split for one in splits.values()) / len(NAMES) for split in ORDER]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)
    assert by_project(NAMES, SplitOptions(seed=2)) != splits


def test_held_out_projects_are_test_and_no_others():
    splits = by_project(NAMES, SplitOptions(held_out=("owner/3", "owner/5")))
    assert [name for name, split in splits.items() if split == TEST] == ["owner/3", "owner/5"]
    assert sum(split == VALID for split in splits.values()) / len(NAMES) == pytest.approx(1 / 9, abs=0.02)
    only = by_project(["a", "b"], SplitOptions(train=0.0, valid=0.0, held_out=("b",)))
    assert only == {"a": TRAIN, "b": TEST}


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match=r"at most 1 together, but got 0.8 and 0.3\."):
        SplitOptions(valid=0.3)
    with pytest.raises(UsageError, match="train between 0 and 1"):
        SplitOptions(train=float("nan"))
    with pytest.raises(UsageError, match=r"but got nobody; it has a, b\."):
        by_project(["b", "a"], SplitOptions(held_out=("nobody",)))
