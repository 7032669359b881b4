"""The Overall page in a real Chromium: the first page that a fresh server is asked for, over hostile changes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.browser.test_inspect import PATIENCE, Watched, address, browser, watched

__all__ = ["address", "browser", "watched"]
WORD = "<img src=http://evil.invalid/b.png onerror=window.pwned=1>"

pytestmark = pytest.mark.browser


def dataset(folder: Path) -> Path:
    """Changes whose ids, projects, paths and words are hostile."""
    rows = [
        {
            "id": f"{WORD}{n}",
            "project": f"![m](http://evil.invalid/a.png) {WORD}",
            "message": f"**{WORD}**",
            "diff": f"--- a/{WORD}.py\n+++ b/{WORD}.py\n@@ -1 +1,2 @@\n top\n+{WORD} = {n}\n",
        }
        for n in range(11)
    ]
    path = folder / "data.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_many_changes_are_explained_and_drawn(address: str, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.goto(f"{address}overall?{urlencode({'dataset': dataset(tmp_path), 'method': 'gradient'})}", timeout=PATIENCE)
    page.get_by_role("button", name="Explain these changes").click(timeout=PATIENCE)
    page.get_by_text("What carries the model over 11 changes of 1 project").wait_for(timeout=PATIENCE)
    page.locator(".js-plotly-plot").get_by_text("img", exact=True).first.wait_for()
    assert page.get_by_text("mean, logits").count() > 3
    with page.expect_download() as download:
        page.get_by_text("The same as a table").first.click()
        page.get_by_test_id("stDownloadButton").first.get_by_role("button", name="CSV").click()
    assert (
        Path(download.value.path()).read_text("utf-8").startswith("Part,Changes,Mean,From,To,Over,Share,Sum,Adjusted p,Most in\n")
    )
    page.get_by_text("project", exact=True).click()
    page.get_by_text("Slice", exact=True).wait_for()
    assert page.get_by_text("Page not found").count() == 0
    assert page.evaluate("window.pwned === undefined")
    assert page.locator("img[src*='evil'], a[href*='evil']").count() == 0
    assert watched.foreign == []
    assert watched.errors == []
