"""The Slices page in a real Chromium: the first page that a fresh server is asked for, over hostile predictions."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.components.slice_changes import address as inspect_address
from explain.slices.changes import Change
from tests.app.pages.conftest import SMALL
from tests.browser.test_inspect import PATIENCE, Watched, address, browser, watched

__all__ = ["address", "browser", "watched"]
WORD = "<img src=http://evil.invalid/b.png onerror=window.pwned=1>"

pytestmark = pytest.mark.browser


def predictions(folder: Path) -> Path:
    """Of two models, one of which misses what is in Go; ids, languages and components are hostile."""
    rows = [
        {
            "id": f"{WORD}{n}", "model": model, "project": f"![m](http://evil.invalid/a.png) {WORD}", "label": n % 2,
            "score": 0.1 if n % 4 == 1 and n // 4 % 2 == 0 and model == WORD else n % 2 * 0.8, "threshold": 0.5,
            "language": ("Go", WORD)[n // 4 % 2], "component": f"**{WORD}**", "date": date(2024, 1 + n % 3, 1),
        }
        for n in range(240)
        for model in ("one", WORD)
    ]  # fmt: skip
    path = folder / "p.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def address_of(folder: Path) -> str:
    """That of a change of a dataset on the Inspect page, as the table of changes has it."""
    path = folder / "d.parquet"
    pq.write_table(pa.table({"id": [f"{WORD}1"], "diff": [SMALL]}), path)
    found = inspect_address(Change(f"{WORD}1", WORD, "", 1, 0.1, False), str(path))
    assert found is not None
    return found


def test_slices_are_drawn_clicked_and_saved(address: str, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    asked = {"predictions": predictions(tmp_path), "model": WORD, "beside": "one"}
    page.goto(f"{address}slices?{urlencode(asked)}", timeout=PATIENCE)
    chart = page.locator(".js-plotly-plot")
    chart.get_by_text("<img").first.wait_for()
    with page.expect_download() as picture:
        page.locator(".modebar-btn").first.click()
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
    assert "is proven worst" in page.locator("[data-testid=stMarkdown]", has_text="Recall of").first.inner_text()

    place = ["Go" in one for one in chart.locator(".ytick").all_text_contents()].index(True)
    box = chart.locator(".barlayer .trace").first.locator(".point").nth(place).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 8, box["y"] + box["height"] / 2)
    page.get_by_text("“Go”: 30 of its 120 changes are judged wrongly").wait_for()
    assert parse_qs(urlsplit(page.url).query)["slice"] == ["Go"]

    for answer, seen in (("Heat map", "▼"), ("Gates and scores", "mean score (%)"), ("Over time", "Recall (%)")):
        page.get_by_role("tab", name=answer).click()
        chart.get_by_text(seen).first.wait_for()
    page.get_by_role("tab", name="Thresholds").click()
    page.get_by_text("If a miss costs 5 needless flags").wait_for()
    assert parse_qs(urlsplit(page.url).query)["slice"] == ["Go"]
    page.get_by_role("tab", name="Weak slices").click()
    page.get_by_role("button", name="Look for weak slices").click()
    page.get_by_text("1 weak slice").or_(page.get_by_text("is proven weaker")).first.wait_for()
    page.get_by_role("tab", name="Meeting pack").click()
    page.get_by_label("Decisions").fill(WORD)
    page.get_by_role("button", name="Make the pack").click()
    with page.expect_download() as pack:
        page.get_by_role("button", name="Download HTML").click()
    content = Path(pack.value.path()).read_bytes()
    assert pack.value.suggested_filename == "pack.html"
    assert content.startswith(b"<!doctype html>")
    assert b"<img" not in content
    assert f"<li>{WORD}</li>" in unescape(content.decode())
    page.get_by_text(f"pack.html, {len(content):,} bytes, sha256 {sha256(content).hexdigest()}").wait_for()

    page.goto(urljoin(page.url, address_of(tmp_path)))
    watched.see_heat()
    assert page.get_by_text("Page not found").count() == 0
    assert page.evaluate("window.pwned === undefined")
    assert page.locator("img[src*='evil'], a[href*='evil']").count() == 0
    assert watched.foreign == []
    assert watched.errors == []
