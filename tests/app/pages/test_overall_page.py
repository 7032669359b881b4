"""The Overall page without a browser, on a bag of words with known weights."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from app.components.chart_style import label
from app.components.overall_charts import bars, caption, items_table, sides_caption
from app.dataset_work import Pace
from explain.overall.portrait import Sheet
from explain.overall.tally import Item
from models.change.render import render
from tests.app.pages.conftest import ROOT
from tests.explain.overall.overall_toys import WEIGHTS, bag, explained, rows, tally_of
from tests.models.classify.light_toys import write_bag

HOSTILE = "<b>![x](http://evil.invalid/a.png)\u202e"
Opener = Callable[..., AppTest]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_bag(tmp_path / "bag", WEIGHTS)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    found = [
        {
            "id": one.id, "project": one.project + HOSTILE, "language": one.language, "message": "Mind the change",
            "diff": render(one.diff),
        }
        for one in rows()
        if one.diff is not None
    ]  # fmt: skip
    path = tmp_path / "data.parquet"
    pq.write_table(pa.Table.from_pylist([*found, {"id": "x", "diff": "no diff"}]), path)
    return path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, model: Path) -> Opener:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("WHYDIFF_MODEL", str(model))

    def call(**address: str) -> AppTest:
        page = AppTest.from_string("from app.pages.overall import page\npage()", default_timeout=60)
        for name, value in address.items():
            page.query_params[name] = value
        return page.run()

    return call


def done(page: AppTest) -> AppTest:
    page.button(key="overall").click().run()
    until = time.monotonic() + 60
    while not page.subheader and not page.error:
        assert time.monotonic() < until
        time.sleep(0.1)
        page.run()
    assert not page.exception
    return page


def tables(page: AppTest) -> list[Any]:
    return [one.value for one in page.dataframe]


def charts(page: AppTest) -> list[dict[str, Any]]:
    return [json.loads(one.proto.spec) for one in page.get("plotly_chart")]


def added(page: AppTest) -> dict[str, Any]:
    return {row.Word: row for table in tables(page) if "Word" in table for row in table.itertuples(index=False)}


def test_the_words_that_decide_come_out(opened: Opener, dataset: Path) -> None:
    page = done(opened(dataset=str(dataset)))
    assert "over 40 changes of 8 projects" in page.subheader[0].value
    assert any("1 without a diff" in one.value for one in page.caption)
    danger = added(page)["danger"]
    assert (danger.Changes, danger.Mean, danger.Sum) == (20, pytest.approx(1.5), pytest.approx(30.0))
    drawn = next(one for one in charts(page) if "danger" in one["layout"]["yaxis"]["ticktext"])
    assert drawn["data"][0]["x"][drawn["layout"]["yaxis"]["ticktext"].index("danger")] == pytest.approx(1.5)
    assert any("The surest is “danger”: +1.500" in one.value.replace("\\", "") for one in page.caption)
    assert any("not what makes changes defective" in one.value for one in page.caption)


def test_a_slice_is_shown_at_once(opened: Opener, dataset: Path) -> None:
    page = done(opened(dataset=str(dataset)))
    page.segmented_control(key="by").set_value("language").run()
    page.selectbox(key="slice_language").set_value("Python").run()
    assert not page.exception
    assert next(table for table in tables(page) if "Part" in table)["Changes"].max() == 10
    page.segmented_control(key="by").set_value("project").run()
    assert not page.exception
    assert page.selectbox(key="slice_project").options[0].endswith("<U+202E> (5 changes)")


def test_the_bound_and_the_split_are_heeded(opened: Opener, dataset: Path) -> None:
    assert "over 12 changes" in done(opened(dataset=str(dataset), rows="12")).subheader[0].value
    (error,) = done(opened(dataset=str(dataset), split="valid")).error
    assert "no column split" in error.value.replace("\\", "")


def test_a_table_of_the_command_line_is_read_without_a_model(
    opened: Opener, dataset: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.cli.main import run

    table = tmp_path / "explained.parquet"
    assert run(["explain", str(dataset), "--model", str(model), "-o", str(table)]) == 0
    computed = added(done(opened(dataset=str(dataset))))
    monkeypatch.setenv("WHYDIFF_MODEL", str(tmp_path / "none"))
    assert added(done(opened(dataset=str(table)))) == computed


def test_a_broken_table_gets_one_sentence(opened: Opener, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    state = {b"whydiff/explained": b'{"version": "whydiff/explained/1", "settings": [1]}'}
    pq.write_table(pa.table({"id": ["a"]}).replace_schema_metadata(state), path)
    (error,) = done(opened(dataset=str(path))).error
    assert "is no table of this whydiff explain" in error.value.replace("\\", "")


@pytest.mark.parametrize(("path", "said"), [("", ""), ("/no/such.parquet", "no dataset"), ("/dev/zero", "no dataset")])
def test_without_a_dataset_the_page_says_what_to_do(opened: Opener, path: str, said: str) -> None:
    page = opened(dataset=path)
    assert not page.exception
    assert page.info
    assert [said in one.value.replace("\\", "") for one in page.error] == ([True] if said else [])


@pytest.fixture
def items(tmp_path: Path) -> tuple[Item, ...]:
    model = bag(tmp_path)
    return tally_of([explained(one, model) for one in rows()]).overall().whole.items


def test_bars_have_the_ends_of_their_intervals(items: tuple[Item, ...]) -> None:
    drawn = bars(items).data[0]
    for mean, up, down, one in zip(drawn.x, drawn.error_x.array, drawn.error_x.arrayminus, items, strict=True):
        assert mean == one.sure.mean
        assert mean + up == pytest.approx(one.sure.high if one.sure.high is not None else mean)
        assert mean - down == pytest.approx(one.sure.low if one.sure.low is not None else mean)
    assert bars(()).data


def test_captions_say_why_nothing_is_sure(items: tuple[Item, ...]) -> None:
    assert caption(Sheet("added", (), 0, 0, 3)).startswith("Nothing is sure: all 3 are in fewer than 10 changes")
    assert caption(Sheet("added", (), 0, 4, 3)).startswith("Nothing is sure: none of 4 tested")
    assert caption(Sheet("added", items[:1], 1, 4, 3)).endswith(
        "1 of 4 tested have an interval without 0; 3 are in too few changes."
    )
    assert sides_caption(()) == "No part of a change has a value."
    assert items_table(items, "Word").header[-1] == "Most in"


def test_labels_are_text_to_plotly() -> None:
    assert label('"<a href=x>&\u202e') == '"&lt;a href=x&gt;&amp;&lt;U+202E&gt;'


def test_the_time_that_is_left_is_told_while_some_is() -> None:
    pace = Pace()
    assert pace.step(0, 10, "read").words == "0 of at most 10 read"
    assert ", about 1 s left" in pace.step(9, 10, "read").words
    assert pace.step(10, 10, "read").words == "10 of at most 10 read"
