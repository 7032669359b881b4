"""The meeting pack in a real Chromium, from a file: nothing is asked for, nothing is refused, nothing runs over the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from app.cli.main import run
from tests.app.cli.test_report import path
from tests.browser.test_inspect import browser

__all__ = ["browser", "path"]
pytestmark = pytest.mark.browser


def brightness(colour: str) -> int:
    return sum(map(int, re.findall(r"\d+", colour)))


@pytest.mark.parametrize("width", [1400, 800])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pack_opens_without_a_network(browser: Browser, path: Path, width: int, theme: str) -> None:
    out = path.parent / "pack.html"
    assert run(["report", str(path), "--discover", "--threshold-cost", "3", "-o", str(out)]) == 0
    asked, said = [], []
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto(out.as_uri())
    assert asked == [out.as_uri()]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("svg").count() == 7
    outside = """[...document.querySelectorAll('svg')].flatMap(one => {
        const all = one.getBoundingClientRect();
        return [...one.querySelectorAll('text, line, rect, circle, polyline, polygon')].filter(each => {
            const own = each.getBoundingClientRect();
            return own.left < all.left - 2 || own.right > all.right + 2 || own.top < all.top - 2 || own.bottom > all.bottom + 2;
        }).map(each => each.outerHTML)})"""
    assert page.evaluate(outside) == []
    ink, paper = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    dark, bright = (ink, paper) if theme == "light" else (paper, ink)
    assert brightness(dark) < 150
    assert brightness(bright) > 600
    page.close()
