"""How far to believe it, on the page: measured in the background, one verdict, and what was measured."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from app.components.trust_panel import table
from explain.trust.types import Against, Agreement, Faithfulness, Trust, Unread

FOUND = Trust(
    method="integrated-gradients",
    relative_gap=0.001,
    converged=True,
    unread=Unread(0, 100, 0, 5, ()),
    faithfulness=(Faithfulness("mask", Against(2.0, 0.1, -0.2, 0.4, 1.0), Against(0.1, 1.0, 0.5, 1.5, 1.0), 2.5, -0.5, 40, 20),),
    agreement=(Agreement("<b>occlusion</b>", None, 0.6),),
    done=4,
    steps=4,
)


def measured(page: AppTest, seconds: float = 60) -> AppTest:
    """The page once everything is measured."""
    until = time.monotonic() + seconds
    while not any("explanation" in one.value for one in _boxes(page)):
        assert time.monotonic() < until
        time.sleep(0.2)
        page.run()
    return page


def _boxes(page: AppTest) -> list:
    return [*page.success, *page.warning, *page.error]


def test_the_table_says_what_was_measured() -> None:
    rows = dict(table(FOUND).itertuples(index=False))
    assert rows["Left unexplained"] == "0.1% of the output's change"
    assert rows["Strongest parts masked"] == "the verdict loses +2.00 logits, random parts -0.20 to +0.40 (20 orders)"
    assert rows["Of what is reachable"] == "83% of the way from the worst order found to the best"
    assert rows["Beside <b>occlusion</b>"].startswith("too few lines for a rank correlation, 60%")


@pytest.mark.parametrize("method", ["gradient", "occlusion"])
def test_the_page_measures_when_asked_and_gives_one_verdict(open_page: Callable[..., AppTest], method: str) -> None:
    page = open_page(sample="08-pin-ci-postgres", method=method, level="line")
    page.button(key="measure").click().run()
    measured(page)
    assert not page.exception
    assert sum("explanation" in one.value for one in _boxes(page)) == 1
    assert any("Measured" in one.value for one in page.dataframe)


def test_what_was_stopped_is_measured_again_when_asked(open_page: Callable[..., AppTest]) -> None:
    page = open_page(sample="16-prune-env-file", method="gradient", level="line")
    page.button(key="measure").click().run()
    if any(one.key == "stop_trust" for one in page.button):
        page.button(key="stop_trust").click().run()
        until = time.monotonic() + 60
        while any(one.key == "stop_trust" for one in page.button):
            assert time.monotonic() < until
            time.sleep(0.2)
            page.run()
    if any(one.key == "measure" for one in page.button):
        page.button(key="measure").click().run()
    assert not measured(page).exception
