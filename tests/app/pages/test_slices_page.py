"""The Slices page without a browser: on the shipped predictions, and on made ones with planted weaknesses and hostile texts."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components.slice_changes import address
from app.slice_work import saved_slices
from explain.slices.changes import Change
from explain.slices.saved import read_saved
from tests.app.pages.conftest import ROOT, SMALL

HOSTILE = "<b>![x](http://evil.invalid/a.png)\u202e"
SHIPPED = ROOT / "sample_diffs" / "predictions.parquet"
Opener = Callable[..., AppTest]
Rows = list[dict[str, Any]]


def made(weak: bool = True, models: tuple[str, ...] = ("m",)) -> Rows:
    """Rows of 20 projects, drawn; in Go, where the model is ``weak``, it misses most."""
    draw = Random(5)
    found: Rows = []
    for n in range(1600):
        label, language = int(draw.random() < 0.35), draw.choice(("Go", HOSTILE, "Rust", ""))
        wrong = draw.random() < (0.8 if weak and label and language == "Go" else 0.2)
        own = {
            "id": f"o/p{n % 20}@{n:040x}", "project": f"o/p{n % 20}", "label": label, "threshold": 0.5, "language": language,
            "score": 0.7 * (label ^ wrong) + 0.2 * draw.random(), "component": f"c{draw.randrange(3)}",
            "date": date(2024, 1 + n % 12, 1), "lines_added": draw.randrange(90), "lines_deleted": draw.randrange(7),
        }  # fmt: skip
        found += [own | {"model": model, "score": own["score"] + 0.01 * at} for at, model in enumerate(models)]
    return found


def write(path: Path, rows: Rows) -> str:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opener]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("WHYDIFF_MODELS", str(tmp_path / "kept" / "models"))

    def call(**at: str | list[str]) -> AppTest:
        page = AppTest.from_string("from app.pages.slices import page\npage()", default_timeout=60)
        for name, value in at.items():
            page.query_params[name] = value
        return page.run()

    yield call
    st.cache_resource.clear()


def charts(page: AppTest) -> list[dict[str, Any]]:
    return [json.loads(one.proto.spec) for one in page.get("plotly_chart")]


def texts(page: AppTest) -> str:
    return "\n".join(
        one.value.replace("\\", "") for one in (*page.markdown, *page.caption, *page.header, *page.info, *page.success)
    )


def zipped(trace: dict[str, Any]) -> Iterator[tuple[float, float, float, list[Any]]]:
    """(value, up, down, custom data) of every bar."""
    error = trace["error_x"]
    return zip(trace["x"], error["array"], error["arrayminus"], trace["customdata"], strict=True)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    z = 1.959963984540054
    share, square = hits / trials, z * z / trials
    middle, half = share + square / 2, z * math.sqrt(share * (1 - share) / trials + square / 4 / trials)
    return (middle - half) / (1 + square), (middle + half) / (1 + square)


def test_the_first_start_shows_real_predictions_as_counting_has_them(opened: Opener) -> None:
    page = opened(clustered="false")
    assert not page.exception
    assert not page.error
    rows = [one for one in pq.read_table(SHIPPED).to_pylist() if one["model"] == "whydiff-default"]
    defective: dict[str, list[bool]] = {}
    for one in rows:
        if one["label"]:
            defective.setdefault(one["language"], []).append(one["flagged"])
    (bars,) = charts(page)
    shown = dict(zip([name.split("  n = ")[0] for name in bars["layout"]["yaxis"]["ticktext"]], range(100), strict=False))
    assert set(shown) == set(defective)
    marks = {row[0]: (x, up, down, row) for trace in bars["data"] for x, up, down, row in zipped(trace)}
    for language, flags in defective.items():
        place = shown[language]
        low, high = wilson(sum(flags), len(flags))
        x, up, down, row = marks[place]
        assert x == pytest.approx(100 * sum(flags) / len(flags))
        assert x + up == pytest.approx(100 * high)
        assert x - down == pytest.approx(100 * low)
        assert f"n = {len(flags):,}" in row[2]
    ends = [wilson(sum(defective[name]), len(defective[name]))[1] for name in shown]
    assert ends == sorted(ends)
    worst = next(iter(shown))
    assert f"Recall of whydiff-default is proven worst in “{worst}”: " in texts(page)
    assert "Real predictions that ship with whydiff" in texts(page)


def test_few_rows_are_crossed_and_said_and_undefined_ones_are_in_the_table(opened: Opener) -> None:
    page = opened(clustered="false")
    marks = [
        (int(row[2].rsplit("n = ")[-1].replace(",", "")) < 20, shape)
        for trace in charts(page)[0]["data"]
        for row, shape in zip(trace["customdata"], trace["marker"]["pattern"]["shape"], strict=True)
    ]
    few = [one for one, _ in marks]
    assert 0 < sum(few) < len(few)
    assert [shape == "x" for _, shape in marks] == few
    assert f"Under 20 trials are behind {sum(few)} of {len(few)}" in texts(page)
    table = page.dataframe[0].value
    assert len(table) > len(few) + 1
    assert table["Recall"].isna().any()


def test_two_models_lie_over_each_other(opened: Opener, tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", made(models=("a", "b")))
    page = opened(predictions=path, beside="b", metric="Precision")
    assert [trace["name"] for trace in charts(page)[0]["data"] if trace["showlegend"]] == ["a", "b"]
    assert "may differ though their intervals overlap" in texts(page)
    for answer, named in (("Gates and scores", 1), ("Over time", 0), ("Heat map", 0)):
        page = opened(predictions=path, beside="b", answer=answer)
        assert not page.exception
        assert not page.error
        found = [trace.get("name") for one in charts(page) for trace in one["data"] if trace.get("showlegend") is not False]
        assert len(charts(page)) == 2 if answer == "Heat map" else {"a", "b"} <= set(found), named


def test_two_attributes_make_slices_of_pairs(opened: Opener, tmp_path: Path) -> None:
    page = opened(predictions=write(tmp_path / "p.parquet", made()), by=["language", "component"])
    assert len(page.dataframe[0].value) == 1 + 4 * 3
    assert all(" · " in name for name in charts(page)[0]["layout"]["yaxis"]["ticktext"])
    assert "(not known) · c0" in page.selectbox(key="slice").options


def test_the_heat_map_greys_what_few_rows_are_behind(opened: Opener, tmp_path: Path) -> None:
    rows = made()
    for one in rows[:30]:
        one["component"] = "rare"
    page = opened(predictions=write(tmp_path / "p.parquet", rows), answer="Heat map")
    (heat,) = charts(page)
    sure, few = heat["data"]
    cells = list(zip(*(chain.from_iterable(each["text"]) for each in (sure, few)), strict=True))
    assert all(not (one and other) for one, other in cells)
    assert all(int(other.removeprefix("n=")) < 20 for _, other in cells if other)
    assert sum(bool(other) for _, other in cells) == 4
    assert "4 of 16 cells are grey: under 20 trials" in texts(page)
    assert "▼" in "".join(one for one, _ in cells)
    assert "&lt;b&gt;" in json.dumps(heat["layout"])
    assert HOSTILE not in json.dumps(heat, ensure_ascii=False)


def test_a_slice_has_its_changes_worst_first(opened: Opener, tmp_path: Path) -> None:
    rows = made()
    page = opened(predictions=write(tmp_path / "p.parquet", rows), slice="Go")
    own = [one for one in rows if one["language"] == "Go"]

    def wrong(one: dict[str, Any]) -> bool:
        return (one["score"] >= 0.5) != bool(one["label"])

    own.sort(key=lambda one: (not wrong(one), -abs(one["score"] - one["label"]), one["id"].rpartition("@")[2]))
    table = page.dataframe[1].value
    assert table["Id"].tolist() == [one["id"] for one in own[:200]]
    assert table["Judged"][0] == "missed"
    assert f"“Go”: {sum(map(wrong, own)):,} of its {len(own):,} changes are judged wrongly" in texts(page)
    assert "name above the folder of your local clones (o/p0, o/p1" in texts(page)


def test_changes_lead_to_inspect_where_their_text_is(opened: Opener, tmp_path: Path) -> None:
    rows = made()
    path = write(tmp_path / "p.parquet", rows)
    (tmp_path / "clones" / "p3" / ".git").mkdir(parents=True)
    page = opened(predictions=path, slice="Go", code=str(tmp_path / "clones"))
    table = page.dataframe[1].value
    there = table["Inspect"].notna()
    assert (there == (table["Project"] == "o/p3")).all()
    link = urlsplit(table["Inspect"][there].iloc[0])
    commit = table["Id"][there].iloc[0].rpartition("@")[2]
    assert (link.scheme, link.netloc, link.path) == ("", "", "./")
    assert parse_qs(link.query) == {"source": ["Git"], "repo": [str(tmp_path / "clones" / "p3")], "revision": [commit]}

    data = write(tmp_path / "d.parquet", [{"id": one["id"], "diff": SMALL} for one in rows])
    page = opened(predictions=path, slice="Go", code=data)
    asked = parse_qs(urlsplit(page.dataframe[1].value["Inspect"][0]).query)
    assert asked == {"source": ["Dataset"], "changes": [data], "row": [page.dataframe[1].value["Id"][0]]}


@pytest.mark.parametrize(
    ("project", "name"), [("../etc", "x@ab"), ("/etc", "x@ab"), ("o/p", "o/p@a b"), ("o/p", "o/p@--x"), ("o/p", "p")]
)
def test_hostile_names_lead_nowhere(tmp_path: Path, project: str, name: str) -> None:
    (tmp_path / "clones" / "p" / ".git").mkdir(parents=True)
    (tmp_path / "etc" / ".git").mkdir(parents=True)
    assert address(Change(name, project, "", 1, 0.1, False), str(tmp_path / "clones")) is None


def test_a_row_of_a_dataset_opens_in_inspect(open_page: Opener, tmp_path: Path) -> None:
    data = write(tmp_path / "d.parquet", [{"id": "one", "diff": SMALL}, {"id": "two", "diff": "no diff"}])
    page = open_page(source="Dataset", changes=data, row="one")
    assert not page.exception
    assert not page.error
    for row, said in (("two", "cannot be read"), ("three", "There is no change three")):
        (error,) = open_page(source="Dataset", changes=data, row=row).error
        assert said in error.value.replace("\\", "")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("no label", "has no column label"),
        ("cut", "cut.parquet"),
        ("no rows", "meets the expression"),
        ("expression", "goes wrong at character"),
        ("missing", "There is no dataset"),
        ("outside", "expected 0 to 1"),
        ("twice", "twice"),
    ],
)
def test_bad_predictions_get_one_sentence_and_the_page_lives(opened: Opener, tmp_path: Path, broken: str, said: str) -> None:
    rows, asked = made(), {}
    if broken == "no label":
        rows = [{name: value for name, value in one.items() if name != "label"} for one in rows]
    if broken == "outside":
        rows[3]["score"] = 1.5
    if broken == "twice":
        rows[3]["id"] = rows[4]["id"]
    path = write(tmp_path / "cut.parquet", rows)
    if broken == "cut":
        Path(path).write_bytes(Path(path).read_bytes()[:-500])
    if broken in ("no rows", "expression"):
        asked["where"] = "language = 'Cobol'" if broken == "no rows" else "language = 'Go'; drop table x"
    page = opened(predictions="/no/such.parquet" if broken == "missing" else path, **asked)
    assert not page.exception
    (error,) = page.error
    assert said in error.value.replace("\\", "")
    assert "\n" not in error.value
    page.text_input(key="predictions").set_value("").run()
    page.text_input(key="where").set_value("").run()
    assert not page.exception
    assert not page.error
    assert charts(page)


@pytest.mark.parametrize("answer", ["Slices", "Heat map", "Gates and scores", "Over time", "Thresholds", "Weak slices"])
def test_rows_of_one_class_are_no_catastrophe(opened: Opener, tmp_path: Path, answer: str) -> None:
    rows = [one | {"label": 0} for one in made()]
    page = opened(predictions=write(tmp_path / "p.parquet", rows), answer=answer)
    if answer == "Weak slices":
        page.button(key="hunt").click().run()
        page = settled(page)
    assert not page.exception
    said = texts(page) + "".join(one.value.replace("\\", "") for one in page.error)
    assert {
        "Slices": "Recall is undefined in every slice: it needs defective changes",
        "Heat map": "cells are grey",
        "Gates and scores": "Nothing can be caught",
        "Over time": "Too little for a course over time",
        "Thresholds": "Expected defective and harmless changes in each half",
        "Weak slices": "weak",
    }[answer] in said


@pytest.mark.parametrize("answer", ["Slices", "Heat map", "Gates and scores", "Over time", "Thresholds", "Weak slices"])
def test_predictions_without_attributes_still_have_curves(opened: Opener, tmp_path: Path, answer: str) -> None:
    rows = [{name: one[name] for name in ("id", "label", "score", "threshold")} for one in made()]
    page = opened(predictions=write(tmp_path / "p.parquet", rows), answer=answer)
    assert not page.exception
    assert not page.error
    assert len(charts(page)) == {"Gates and scores": 2, "Thresholds": 1}.get(answer, 0)
    assert "hold no attributes to slice by" in texts(page)
    if answer == "Weak slices":
        assert "That is no proof" in texts(settled(page.button(key="hunt").click().run()))


@pytest.mark.parametrize(("where", "said"), [(";;", "Expected files of predictions"), ("\0", "There is no dataset")])
def test_names_of_no_files_get_one_sentence(opened: Opener, where: str, said: str) -> None:
    (error,) = opened(predictions=where).error
    assert said in error.value.replace("\\", "")


def settled(page: AppTest) -> AppTest:
    until = time.monotonic() + 60
    while not (page.success or page.error or ("weak slice" in texts(page) and charts(page))):
        assert time.monotonic() < until
        time.sleep(0.1)
        page.run()
    assert not page.exception
    return page


def test_a_planted_weakness_is_found_and_none_where_there_is_none(opened: Opener, tmp_path: Path) -> None:
    for weak in (True, False):
        path = write(tmp_path / f"{weak}.parquet", made(weak))
        page = opened(predictions=path, answer="Weak slices", kind="recall", conditions="1")
        assert "searched on one half" in texts(page)
        page = settled(page.button(key="hunt").click().run())
        if weak:
            assert "the surest is “language = Go”" in texts(page)
            table = page.dataframe[-1].value
            row = table[table["Slice"] == "language = Go"].iloc[0]
            assert row["Errors from"] < row["Errors"] < row["Errors to"]
            assert row["Adjusted p"] < 0.05
        else:
            assert "That is no proof that there is none" in texts(page)
            assert not charts(page)


def test_words_of_the_changes_are_searched_where_the_dataset_is_named(opened: Opener, tmp_path: Path) -> None:
    rows = made()
    patch = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+{} y\n"
    changes = [{"id": one["id"], "diff": patch.format("async" if one["language"] == "Go" else "plain")} for one in rows[2:]]
    dataset = write(tmp_path / "changes.parquet", changes)
    path = write(tmp_path / "p.parquet", [{name: one[name] for name in one if name != "language"} for one in rows])
    page = opened(predictions=path, answer="Weak slices", kind="recall", conditions="1", words=dataset)
    page = settled(page.button(key="hunt").click().run())
    assert "the surest is “added words = async”" in texts(page)
    assert "2 of 1,600 changes are not in the dataset" in texts(page)
    (error,) = opened(predictions=path, answer="Weak slices", words=str(tmp_path / "gone.parquet")).error
    assert "There is no dataset" in error.value


def test_thresholds_follow_the_slider(opened: Opener, tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", made())
    flags = []
    for ratio in ("1", "100"):
        page = opened(predictions=path, answer="Thresholds", ratio=ratio, own="language")
        assert not page.exception
        assert not page.error
        assert f"If a miss costs {ratio} needless flags" in texts(page)
        flags.append(charts(page)[0]["data"][0]["x"][1])
        assert set(page.dataframe[-1].value["Slice"]) >= {"Go", "Rust", "(not known)"}
    assert flags[0] < flags[1]


def test_slices_are_saved_by_name_and_used(opened: Opener, tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", made())
    page = opened(predictions=path, where="language = 'Rust'")
    page.text_input(key="name").set_value("mine").run()
    page.button(key="save").click().run()
    assert not page.error
    assert read_saved(saved_slices()) == {"mine": "language = 'Rust'"}
    page = opened(predictions=path)
    page.selectbox(key="saved").set_value("mine").run()
    assert page.text_input(key="where").value == "language = 'Rust'"
    assert page.selectbox(key="slice").options == ["all changes", "Rust"]


def test_texts_of_the_data_are_shown_and_never_read(opened: Opener, tmp_path: Path) -> None:
    rows = [one | {"project": HOSTILE, "id": f"{HOSTILE}{n}"} for n, one in enumerate(made(models=(HOSTILE,)))]
    page = opened(predictions=write(tmp_path / "p.parquet", rows), by=["project", "language"])
    assert not page.exception
    for one in (*page.markdown, *page.caption, *page.header):
        assert "![x]" not in one.value
        assert "\u202e" not in one.value
    assert "\u202e" not in "".join(page.dataframe[1].value["Id"])


def test_the_page_is_as_large_as_asked(opened: Opener) -> None:
    small, large = (charts(opened(large=one))[0]["layout"] for one in ("false", "true"))
    assert large["yaxis"]["tickfont"]["size"] > 1.4 * small["yaxis"]["tickfont"]["size"]
    assert large["height"] > small["height"]
