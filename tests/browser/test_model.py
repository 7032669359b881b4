"""The Model page in a real Chromium: the first page that a fresh server is asked for, with a hostile card."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from models.classify.checkpoint import digest_folder
from tests.app.pages.carded import REPORTS, write_carded, write_curves
from tests.browser.test_inspect import PATIENCE, Watched, address, browser, watched

__all__ = ["address", "browser", "watched"]
HOSTILE = "![m](http://evil.invalid/a.png) <img src=http://evil.invalid/b.png onerror=window.pwned=1><a href='http://evil.invalid'>x</a>"

pytestmark = pytest.mark.browser


def test_the_page_of_a_run_is_drawn_and_fetches_nothing(address: str, watched: Watched, tmp_path: Path) -> None:
    folder = write_curves(write_carded(tmp_path / "model", HOSTILE), [*REPORTS, {"step": 1, "loss": 1.0, "stage": HOSTILE}])
    settings = json.loads((folder / "whydiff.json").read_text())
    (folder / "whydiff.json").write_text(json.dumps(settings | {"name": HOSTILE}))
    page = watched.page
    page.goto(f"{address}model?{urlencode({'model': folder})}", timeout=PATIENCE)
    page.get_by_text(digest_folder(folder), exact=True).wait_for()
    for axis in ("share guessed right", "AUC", "defective changes caught (%)", "mean score (%)"):
        page.locator(".js-plotly-plot").get_by_text(axis, exact=True).wait_for()
    assert page.locator(".js-plotly-plot").get_by_text("<img").count() > 0
    with page.expect_download() as download:
        page.get_by_text("The same as a table").last.click()
        page.get_by_test_id("stDownloadButton").last.get_by_role("button", name="CSV").click()
    assert Path(download.value.path()).read_text("utf-8").startswith("Mean score,Observed,From,To,Changes\n")
    assert page.get_by_text("Page not found").count() == 0
    assert page.evaluate("window.pwned === undefined")
    assert page.locator("img[src*='evil'], a[href*='evil']").count() == 0

    page.get_by_role("link", name="Inspect").click()
    watched.see_heat()
    page.get_by_role("link", name="Model").click()
    page.get_by_text(digest_folder(folder), exact=True).wait_for()
    assert watched.foreign == []
    assert watched.errors == []
