"""The Inspect page with a light model behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components.heat import heat_of
from app.components.score_chart import caption, parts, waterfall
from app.workbench import MODEL_VARIABLE
from explain.attribution.run import answer, attribute
from models.change.parse import parse
from models.change.types import METRICS_FILE, Level, Unit
from tests.app.pages.conftest import SMALL, wait_for_the_end
from tests.models.classify.light_toys import bag, trees, write_bag, write_size

Opener = Callable[..., AppTest]


@pytest.fixture
def opened(open_page: Opener, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    def call(folder: Path, **address: str) -> AppTest:
        page = open_page(source="Paste")
        monkeypatch.setenv(MODEL_VARIABLE, str(folder))
        page.query_params.update(address)
        return page.text_area(key="pasted").set_value(SMALL).run()

    return call


def test_a_bag_is_explained_by_its_terms(opened: Callable[..., AppTest], tmp_path: Path) -> None:
    page = opened(write_bag(tmp_path / "bag", {"+if": 2.0, "-return": 0.5}))
    assert not page.exception
    assert not page.error
    method = page.selectbox(key="method")
    assert (method.value, method.options) == ("exact", ["exact", "occlusion", "shapley", "owen", "erasure"])
    assert any("The model is a sum" in one.value for one in page.markdown)
    table = next(one.value for one in page.dataframe if "Text" in one.value)
    assert "lines added: 2" in set(table["Text"])
    assert table["Logits"].abs().is_monotonic_decreasing
    diff = next(json.loads(one.proto.json) for one in page.get("bidi_component") if "files" in json.loads(one.proto.json))
    assert diff["metrics"]["value"] is not None
    assert diff["scale"] == 2.0


def test_a_method_of_the_address_that_does_not_fit_is_left(opened: Callable[..., AppTest], tmp_path: Path) -> None:
    page = opened(write_size(tmp_path / "size"), method="gradient")
    assert not page.exception
    assert page.selectbox(key="method").value == "exact"


def test_named_numbers_are_parts_of_the_waterfall(tmp_path: Path) -> None:
    diff = parse(SMALL)
    for model in (bag(tmp_path), trees(tmp_path)):
        result = answer(attribute(diff, model))
        sums = parts(result)
        assert "size of the change" not in sums
        assert sums["lines added\\: 2"] == pytest.approx(next(one.value for one in result.tokens if one.unit.line == 0))
        assert sum(sums.values()) == pytest.approx(result.output - result.baseline_output, abs=1e-9)
        assert "Most comes from" in caption(result)
        assert waterfall(result, model.predict([diff])[0]).data


def test_the_size_as_a_whole_has_the_sum_of_its_numbers(tmp_path: Path) -> None:
    result = answer(attribute(parse(SMALL), trees(tmp_path)))
    for level in Level:
        heat = heat_of(result, level)
        assert heat.of(Unit(METRICS_FILE)) == pytest.approx(result.total, abs=1e-3)
        assert heat.scale == pytest.approx(abs(result.total), abs=1e-3)


def test_a_function_is_explained_by_occlusion_and_its_verdict_is_turned(
    opened: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page_judge.py").write_text(
        "def judge(changes):\n    return [0.9 if '+        if' in text else 0.1 for text, _ in changes]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    page = opened(Path("python:page_judge:judge"))
    assert not page.exception
    assert not page.error
    assert page.selectbox(key="method").options == ["occlusion", "shapley", "owen", "erasure"]
    page.button(key="search").click().run()
    wait_for_the_end(page)
    assert any("No set of line edits is smaller" in one.value for one in page.markdown)
    assert any("Verified" in one.value for one in page.caption)


def test_a_function_that_is_not_there_gets_one_sentence(opened: Callable[..., AppTest]) -> None:
    page = opened(Path("python:no_such_module:judge"))
    assert not page.exception
    (error,) = page.error
    assert "could not be imported" in error.value.replace("\\", "")
