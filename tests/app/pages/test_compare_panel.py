"""Two models about one change, on the page: bags of words, whose reasons are known because their weights are."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.compare_panel import unread_by_both
from app.workbench import MODEL_VARIABLE
from explain.attribution.types import Attribution
from models.change.types import Unit
from models.registry.folder import AddOptions, Registry
from tests.app.pages.conftest import SMALL
from tests.models.classify.light_toys import write_bag, write_size

ALARMED = {"+if": 3.0, "-return": 0.5}
CALM = {"+if": -20.0, "-return": 20.0}


@pytest.fixture
def opened(open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AppTest]:
    """The page with an alarmed bag behind it, and a registry of its own."""
    monkeypatch.setenv("WHYDIFF_MODELS", str(tmp_path / "registry"))

    def call(**address: str) -> AppTest:
        page = open_page(source="Paste")
        monkeypatch.setenv(MODEL_VARIABLE, str(write_bag(tmp_path / "alarmed", ALARMED)))
        page.query_params.update(address)
        return page.text_area(key="pasted").set_value(SMALL).run()

    return call


def diffs(page: AppTest) -> list[dict[str, Any]]:
    data = [json.loads(one.proto.json) for one in page.get("bidi_component")]
    return [one for one in data if "files" in one]


def shifts(page: AppTest) -> Any:
    return next(one.value for one in page.dataframe if "Shift (%)" in one.value)


def test_without_another_model_the_page_says_how_to_get_one(opened: Callable[..., AppTest]) -> None:
    page = opened()
    assert not page.exception
    assert any("whydiff models add" in one.value for one in page.caption)
    assert len(diffs(page)) == 1


def test_both_verdicts_and_the_shift_of_every_share(opened: Callable[..., AppTest], tmp_path: Path) -> None:
    page = opened(against=str(write_bag(tmp_path / "calm", CALM, bias=-100.0)))
    assert not page.exception
    assert not page.error
    verdicts = [json.loads(one.proto.json) for one in page.get("bidi_component") if "sentence" in json.loads(one.proto.json)]
    assert len(verdicts) == 3
    assert any("The models disagree" in one.value.replace("\\", "") for one in page.markdown)
    _, painted = diffs(page)
    found = dict(zip(painted["files"][0]["texts"], painted["files"][0]["values"], strict=True))
    rows = {text: (first, second, shift) for shift, first, second, _, text in shifts(page).itertuples(index=False)}
    first, second, shift = rows["+ if self.items:"]
    assert (first, second) == (3.0, -20.0)
    assert painted["meaning"]["unit"].startswith("%")
    # counted again: the words that are in the change, and the numbers of the change as a whole, which both have
    size = [one for one in shifts(page).itertuples(index=False) if one[3] == "the whole change"]
    a = 3.0 + 0.5 + sum(abs(one[1]) for one in size)
    b = 20.0 + 20.0 + sum(abs(one[2]) for one in size)
    assert shift == pytest.approx(100 * (-20.0 / b - 3.0 / a))
    assert found["        if self.items:"] == pytest.approx(shift, rel=1e-3)


def test_a_registered_model_is_offered_and_warns(opened: Callable[..., AppTest], tmp_path: Path) -> None:
    page = opened()
    registry = Registry()
    registry.add(write_size(tmp_path / "size"), AddOptions("by-size"), date.today())
    (entry,) = registry.entries()
    registry.retire(entry, "old", date.today(), now=False)
    page.run()
    assert "by-size" in page.selectbox(key="against").options
    page.selectbox(key="against").set_value("by-size").run()
    assert not page.exception
    assert any("was retired" in one.value for one in page.warning)
    assert any("Neither" in one.value or "Both" in one.value or "disagree" in one.value for one in page.markdown)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("python:os:system", "Expected a registered model or a folder"),
        ("/no/such/[folder](http://evil.invalid)", "does not exist"),
        ("a\0b", "does not exist"),
    ],
)
def test_what_is_no_model_gets_one_sentence(opened: Callable[..., AppTest], name: str, said: str) -> None:
    page = opened(against=name)
    assert not page.exception
    (error,) = page.error
    assert said in error.value.replace("\\", "")
    assert "](" not in error.value


def test_unread_is_what_neither_model_read() -> None:
    def reading(*unread: Unit) -> Attribution:
        return Attribution(method="m", baseline="b", output=0.0, baseline_output=0.0, unread=unread)

    part, rest, whole = Unit(0, 0, 1, 4, 9), Unit(0, 0, 1, 6, 9), Unit(0, 0, 2)
    assert unread_by_both(reading(part, whole), reading(rest)) == (rest,)
    assert unread_by_both(reading(whole), reading(part, whole)) == (whole,)
    assert unread_by_both(reading(), reading(whole)) == ()
