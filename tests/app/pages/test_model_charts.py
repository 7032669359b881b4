"""The charts of the Model page: their points are the data, and their captions say what is in it."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from copy import deepcopy
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.components import card_data
from app.components.card_charts import (
    gate_caption,
    gate_figure,
    gate_table,
    reliability_caption,
    reliability_figure,
    reliability_table,
)
from app.components.card_data import Card, Gate, read_card
from app.components.chart_style import SERIES, label, rgba
from app.components.data_table import Table
from app.components.training_curves import Stage, caption, figure, read_stages, stages, table
from models.errors import ModelError
from models.evaluate import card as evaluated
from models.train.curves import CURVES
from models.train.report import Report
from tests.app.pages.carded import write_carded, write_curves


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_carded(tmp_path_factory.mktemp("card") / "model")


@pytest.fixture(scope="module")
def card(folder: Path) -> Card:
    found = read_card(folder)
    assert found is not None
    return found


def by_name(drawn: Any) -> dict[str, Any]:
    return {one.name: one for one in drawn.data if one.name}


def test_every_stage_has_its_own_points(tmp_path: Path) -> None:
    pretrain, labels = read_stages(write_curves(tmp_path))
    assert pretrain == Stage("pretrain", ((10, 4.0), (20, 3.0)), ((20, 0.25),), 0.4)
    assert labels.measures == ((100, 0.75), (1200, 0.8125), (1300, 0.8))
    for stage in (pretrain, labels):
        drawn = by_name(figure(stage))
        assert list(zip(drawn["loss"].x, drawn["loss"].y, strict=True)) == list(stage.losses)
        assert list(zip(drawn[stage.measure].x, drawn[stage.measure].y, strict=True)) == list(stage.measures)
        assert drawn["loss"].yaxis != drawn[stage.measure].yaxis
    assert (drawn["best"].x, drawn["best"].y) == ((1200,), (0.8125,))
    assert caption(labels) == (
        "On rows not learnt from, the AUC was best at step 1,200 (0.812), of 3 measurements. The loss went from 0.7 to 0.6."
    )
    assert "share guessed right was best at step 20 (0.250), the only measurement" in caption(pretrain)
    assert table(labels).rows == ((100, 0.7, 0.75), (1200, 0.6, 0.8125), (1300, None, 0.8))


POINTS = st.lists(
    st.tuples(st.integers(0, 500), st.floats(allow_infinity=True), st.none() | st.floats(0, 1), st.sampled_from(["a", "b"])),
    max_size=30,
)


@settings(max_examples=20, deadline=None)
@given(POINTS)
def test_any_reports_give_figures_of_what_is_known(points: list[tuple[int, float, float | None, str]]) -> None:
    found = stages([Report(0.5, step, loss, math.nan, math.nan, auc, stage) for step, loss, auc, stage in points])
    assert {one.name for one in found} == {stage for *_, stage in points}
    for stage in found:
        mine = [one for one in points if one[3] == stage.name]
        assert [value for _, value in stage.losses] == [loss for _, loss, _, _ in mine if math.isfinite(loss)]
        assert [value for _, value in stage.measures] == [auc for _, _, auc, _ in mine if auc is not None]
        if stage.measures:
            best = max(value for _, value in stage.measures)
            assert f"({best:.3f})" in caption(stage)
            low, high = figure(stage).data[-1].y[0], best
            assert low == high
        assert {row[0] for row in table(stage).rows} == {step for step, _ in (*stage.losses, *stage.measures)}


def test_a_stage_without_numbers_says_so(tmp_path: Path) -> None:
    (stage,) = read_stages(write_curves(tmp_path, [{"step": 1, "done": 9.0}]))
    assert stage == Stage("", (), (), 1.0)
    assert caption(stage) == "Nothing was measured on rows not learnt from."
    assert read_stages(tmp_path / "none") == ()


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"[]\n", b'{"step": 1.5}\n', b'{"step": 1, "stage": 3}\n', b'{"step": 1, "auc": true}\n']
)
def test_curves_that_are_none_are_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / CURVES).write_bytes(text)
    with pytest.raises(ModelError, match=r"curves\.jsonl of .* could not be read"):
        read_stages(tmp_path)


def test_a_huge_file_of_curves_is_refused(tmp_path: Path) -> None:
    with (tmp_path / CURVES).open("wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(ModelError, match="larger than 10 MB"):
        read_stages(tmp_path)


def test_the_gate_is_drawn_as_it_was_measured(folder: Path, card: Card) -> None:
    models = json.loads((folder / "card.json").read_text())["report"]["models"]
    drawn = gate_figure(card.gates)
    lines, bands = by_name(drawn), [one for one in drawn.data if not one.name]
    for model, band in zip(models, bands, strict=True):
        line = lines[model["name"]]
        assert list(line.x) == list(range(101))
        assert list(line.y) == pytest.approx([100 * one["value"] for one in model["gate"]])
        assert list(band.y[:101]) == pytest.approx([100 * one["high"] for one in model["gate"]])
        assert list(band.y[101:]) == pytest.approx([100 * one["low"] for one in model["gate"]][::-1])
    own, by_lines = (one["gate"][20] for one in models)
    said = gate_caption(card.gates)
    assert f"catches {100 * own['value']:.1f} % [{100 * own['low']:.1f}, {100 * own['high']:.1f}] of the defective" in said
    assert f"by the size of a change alone {100 * by_lines['value']:.1f} %" in said
    assert gate_table(card.gates).rows[20] == ("small bag", 20, own["value"], own["low"], own["high"])
    assert len(gate_table(card.gates).rows) == 202


def test_the_model_by_size_stays_among_more_models_than_can_be_told_apart(card: Card) -> None:
    own, by_lines = card.gates
    others = [Gate(f"m{n}", "bag", own.caught) for n in range(5)]
    drawn = by_name(gate_figure([own, *others, by_lines]))
    assert by_lines.name in drawn
    assert len(drawn) == len(SERIES) + 1
    assert "3 further models are in the table alone" in gate_caption([own, *others, by_lines])


def test_nothing_to_catch_is_said() -> None:
    empty = Gate("m", "bag", (None,) * 101)
    assert gate_caption([empty]) == "Nothing can be caught: no change was defective."
    assert by_name(gate_figure([empty]))["m"].x == ()
    assert gate_table([empty]).rows[0] == ("m", 0, None, None, None)


def test_reliability_is_drawn_as_it_was_measured(folder: Path, card: Card) -> None:
    bins = json.loads((folder / "card.json").read_text())["report"]["models"][0]["calibration"]["reliability"]
    points = by_name(reliability_figure(card.bins))["observed, with its 95 % interval"]
    assert list(points.x) == pytest.approx([100 * one["score"] for one in bins])
    assert list(points.y) == pytest.approx([100 * one["rate"] for one in bins])
    assert [y + up for y, up in zip(points.y, points.error_y.array, strict=True)] == pytest.approx(
        [100 * one["high"] for one in bins]
    )
    assert [y - down for y, down in zip(points.y, points.error_y.arrayminus, strict=True)] == pytest.approx(
        [100 * one["low"] for one in bins]
    )
    assert list(points.customdata) == [one["rows"] for one in bins]
    inside = sum(one["low"] <= one["score"] <= one["high"] for one in bins)
    assert f"at {inside} of {len(bins)} points" in reliability_caption(card.bins)
    assert "Every point stands for 40 changes" in reliability_caption(card.bins)
    first = bins[0]
    assert reliability_table(card.bins).rows[0] == (first["score"], first["rate"], first["low"], first["high"], first["rows"])


def test_the_card_is_the_one_that_is_written() -> None:
    assert (card_data.SCHEMA, card_data.DATA) == (evaluated.SCHEMA, evaluated.DATA)


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, of long lists the first and the last."""
    yield path
    pairs = list(data.items()) if isinstance(data, dict) else list(enumerate(data)) if isinstance(data, list) else []
    for key, value in pairs if len(pairs) < 20 else (pairs[0], pairs[-1]):
        yield from leaves(value, (*path, key))


def with_value(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """``data`` with another value at ``path``."""
    if not path:
        return value
    changed = deepcopy(data)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def test_whatever_is_in_a_card_it_is_drawn_or_refused_in_one_sentence(folder: Path, tmp_path: Path) -> None:
    whole = json.loads((folder / "card.json").read_text())
    refused = 0
    for path, bad in zip(leaves(whole), cycle((None, "<b>", -1, 1e999, [], {}, "7")), strict=False):
        (tmp_path / "card.json").write_text(json.dumps(with_value(whole, path, bad)))
        try:
            found = read_card(tmp_path)
        except ModelError:
            refused += 1
            continue
        assert found is not None
        assert gate_caption(found.gates)
        assert not found.bins or reliability_caption(found.bins)
    assert refused > 20


def test_a_table_is_its_file() -> None:
    rows = (("a,b", 1, 0.25), ('q"\n', 2, None), ("=1+1", 3, -0.5), ("-x", 4, 1.0))
    read = list(csv.reader(io.StringIO(Table(("name", "n", "value"), rows).csv().decode(), newline="")))
    assert read == [
        ["name", "n", "value"],
        ["a,b", "1", "0.25"],
        ['q"<U+000A>', "2", ""],
        ["'=1+1", "3", "-0.5"],
        ["'-x", "4", "1.0"],
    ]


def test_labels_are_text_and_colours_let_light_through() -> None:
    assert label("<a href='x'>") == "&lt;a href='x'&gt;"
    assert label("a\u202eb") == "a&lt;U+202E&gt;b"
    assert len(label("x" * 500)) == 41
    assert rgba("#ff8000", 0.25) == "rgba(255,128,0,0.25)"
