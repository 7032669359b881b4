"""Known changes like one, on the page: looked for in the background among the rows of a dataset, with the shipped checkpoint."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from app.components.source_form import when
from app.dataset_work import Lookup, dataset_at, looked_up
from app.jobs import Step
from explain.precedent.lookup import Bounds
from explain.precedent.nearest import Precedents
from models.change.parse import parse
from models.errors import DataError
from tests.app.cli.conftest import Planted
from tests.app.pages.conftest import SMALL
from tests.models.classify.light_toys import write_bag

HOSTILE = "fix ![x](http://evil.invalid/a.png) <b>\u202e"


def text(n: int) -> str:
    return f"--- a/p{n}.py\n+++ b/p{n}.py\n@@ -1 +1,2 @@\n top\n+{'danger' if n % 2 else 'calm'}({n})\n"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    dated = [datetime(2024, 1, 1 + n, tzinfo=UTC) for n in range(6)]
    rows = [
        {"id": f"p@{n}", "diff": text(n), "message": f"{HOSTILE}\nmore", "label": n % 2, "author_date": dated[n]}
        for n in range(6)
    ]
    path = tmp_path / "known.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def found(page: AppTest) -> list[Any]:
    return [one.value for one in page.dataframe if "Similarity" in one.value]


def waited(page: AppTest, there: Callable[[], object]) -> AppTest:
    until = time.monotonic() + 60
    while not there():
        assert time.monotonic() < until
        time.sleep(0.2)
        page.run()
    return page


def test_the_nearest_are_told_with_what_became_of_them(open_page: Callable[..., AppTest], dataset: Path) -> None:
    page = open_page(sample="04-limiter-answer-name", known=str(dataset))
    assert not found(page)
    page.button(key="look_up").click().run()
    waited(page, lambda: found(page))
    assert not page.exception
    (table,) = found(page)
    assert sorted(table["Id"]) == [f"p@{n}" for n in range(6)]
    assert all(label == int(name[-1]) % 2 for label, name in zip(table["Label"], table["Id"], strict=True))
    assert table["Similarity"].is_monotonic_decreasing
    assert set(table["Message"]) == {"fix ![x](http://evil.invalid/a.png) <b><U+202E>"}
    assert any("3 of 6" in one.value for one in page.markdown)
    assert any("not a second opinion" in one.value for one in page.caption)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/no/such/[x](http://evil.invalid).parquet", "no dataset"),
        ("/dev/zero", "no dataset"),
        ("a\0b", "no dataset"),
        ("x" * 5000, "no name of a file"),
        ("~nobody-of-this-name/x.parquet", "no dataset"),
    ],
)
def test_what_is_no_dataset_gets_one_sentence(open_page: Callable[..., AppTest], path: str, said: str) -> None:
    page = open_page(sample="04-limiter-answer-name", known=path)
    assert not page.exception
    (error,) = page.error
    assert said in error.value.replace("\\", "")
    assert "](" not in error.value


def test_pipes_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.parquet")
    for name in (tmp_path, tmp_path / "a.parquet"):
        with pytest.raises(DataError, match="There is no dataset"):
            dataset_at(str(name))


def test_a_model_without_a_network_has_no_precedents(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WHYDIFF_MODEL", str(write_bag(tmp_path / "bag")))
    page = open_page()
    monkeypatch.setenv("WHYDIFF_MODEL", str(tmp_path / "bag"))
    page.run()
    assert not page.error
    assert any("Only a model with a network" in one.value for one in page.caption)


class Reading(Planted):
    """The planted classifier with one number as the vector."""

    def vectors(self, diffs):
        return np.ones((len(diffs), 1), dtype=np.float32)


def looked(path: Path, cancelled: Iterator[bool], before: datetime | None = None) -> list[Step | Precedents]:
    asked = Lookup(parse(SMALL), Reading(), path, Bounds(100, 2, before))
    return list(looked_up(asked, lambda: next(cancelled)))


def test_a_lookup_that_is_stopped_tells_of_what_it_read(dataset: Path) -> None:
    *_, last = looked(dataset, iter([False, False, False, True, True, True]))
    assert isinstance(last, Precedents)
    assert (last.among_all.rows, len(last.nearest)) == (3, 2)
    *_, last = looked(dataset, iter([True, True, True]))
    assert isinstance(last, Step)


def test_only_older_changes_count(dataset: Path) -> None:
    *_, last = looked(dataset, iter([False] * 50), datetime(2024, 1, 3, tzinfo=UTC))
    assert isinstance(last, Precedents)
    assert {one.known.id for one in last.nearest} == {"p@0", "p@1"}
    with pytest.raises(DataError, match="older than the change, 2020-01-01"):
        looked(dataset, iter([False] * 50), datetime(2020, 1, 1, tzinfo=UTC))


def test_the_key_changes_with_the_file(dataset: Path) -> None:
    asked = Lookup(parse(SMALL), Reading(), dataset, Bounds(100, 2))
    before = asked.key
    os.utime(dataset, ns=(1, 1))
    assert asked.key != before


def test_the_date_of_a_patch_is_that_of_its_head() -> None:
    head = f"From {'12345' * 8} Mon Sep 17 00:00:00 2001\nDate: Wed, 10 Jan 2024 10:00:00 +0000\nSubject: x\n\n"
    assert when(parse(head + SMALL)) == datetime(2024, 1, 10, 10, tzinfo=UTC)
    assert when(parse(SMALL)) is None
