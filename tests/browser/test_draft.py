"""The editor of a change in a real Chromium: by mouse and by keyboard, with a hostile change, and what it gives to download."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright import sync_api as playwright

from explain.counterfactual.draft_json import SCHEMA, read
from models.change.source import read_bytes
from tests.browser.test_inspect import HOSTILE, PATIENCE, ROOT, Watched, address, browser, watched

__all__ = ["address", "browser", "watched"]
SAMPLE = "04-limiter-answer-name"
EDITOR = f"?sample={SAMPLE}&method=gradient&answer=What+if&ask=Try+it+yourself"

pytestmark = pytest.mark.browser


def said(page: playwright.Page) -> str:
    return page.locator(".strip .said").text_content() or ""


def wait_for(page: playwright.Page, words: str) -> None:
    page.locator(".strip:not(.waiting) .said", has_text=words).wait_for()


def downloaded(page: playwright.Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return Path(download.value.path()).read_bytes()


def test_a_click_takes_a_line_back_and_the_patch_and_the_draft_are_downloaded(address: str, watched: Watched) -> None:
    page = watched.page
    page.goto(address + EDITOR, timeout=PATIENCE)
    wait_for(page, "Nothing is edited.")
    before = said(page)
    page.locator(".row.can.add .sign").first.click()
    wait_for(page, "→")
    edited = said(page)
    assert page.locator(".row.can.add.taken").count() >= 1
    page.get_by_text("1 line differs").wait_for()  # drawn last, after the buttons
    assert edited.split("→")[0].strip() == before.split(",")[0]

    patch = read_bytes(downloaded(page, "Patch"))
    original = read_bytes((ROOT / "sample_diffs" / f"{SAMPLE}.diff").read_bytes())
    assert (patch.added, patch.removed) == (original.added - 1, original.removed)
    text = downloaded(page, "JSON of all versions").decode()
    assert json.loads(text)["schema"] == SCHEMA
    assert read(text, original).current.diff == patch

    page.get_by_role("button", name="Undo").click()
    wait_for(page, "Nothing is edited.")
    assert said(page) == before
    page.get_by_role("button", name="Redo").click()
    wait_for(page, "→")
    assert said(page) == edited
    page.get_by_role("button", name="take file back").click()
    page.locator(".strip .problem", has_text="takes all back").wait_for()
    assert watched.foreign == []
    assert watched.errors == []


def test_the_keyboard_alone_takes_back_and_rewords(address: str, watched: Watched) -> None:
    page = watched.page
    page.goto(address + EDITOR, timeout=PATIENCE)
    wait_for(page, "Nothing is edited.")
    page.locator(".row.can.del").first.focus()
    page.keyboard.press("Space")
    wait_for(page, "→")
    focused = page.locator(".row.can.del.taken:focus")
    focused.wait_for()
    assert focused.get_attribute("aria-checked") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("e")
    page.keyboard.press("End")
    # Letters that are the page's own shortcuts outside of fields.
    page.keyboard.type(" // rcnp")
    page.keyboard.press("Enter")
    page.locator(".row.can.add .put").get_by_text("// rcnp").wait_for()
    assert page.locator(".row.can.add:focus").count() == 1
    page.keyboard.press("Control+z")
    page.locator(".row.can.add .put").wait_for(state="detached")
    page.locator(".row.can.del.taken").wait_for()
    assert watched.errors == []


def test_a_double_click_rewords_the_word_under_it(address: str, watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size({"width": 800, "height": 900})
    page.goto(address + EDITOR, timeout=PATIENCE)
    wait_for(page, "Nothing is edited.")
    page.locator(".row.can.add .code span", has_text="withinLimit").first.dblclick(position={"x": 40, "y": 6})
    page.locator(".row.can.add .field").wait_for()
    page.keyboard.type("ok")
    page.keyboard.press("Enter")
    page.locator(".row.can.add .put").wait_for()
    assert page.locator(".row.can.add .put").text_content() == "ok"
    assert page.locator(".row.can.add .cut").text_content() == "withinLimit"
    assert page.locator(".row.can.taken").count() == 0


def test_what_is_typed_and_what_a_hostile_change_says_is_only_text(address: str, watched: Watched) -> None:
    page = watched.page
    page.goto(address + "?source=Paste&method=gradient&answer=What+if&ask=Try+it+yourself", timeout=PATIENCE)
    box = page.get_by_label("Diff", exact=True)
    box.fill(HOSTILE)
    box.press("Control+Enter")
    wait_for(page, "Nothing is edited.")
    page.locator(".row.can.add").last.focus()
    page.keyboard.press("e")
    page.locator(".field").fill("<img src=x onerror='window.pwned=1'> ![p](http://evil.invalid/typed.png)")
    page.keyboard.press("Enter")
    page.locator(".put").wait_for()
    pin = page.get_by_label("Pin this version")
    playwright.expect(pin).to_have_count(1, timeout=PATIENCE)  # while the page is drawn anew, what stood there before is too
    pin.fill("![p](http://evil.invalid/name.png) <b>x</b>")
    pin.press("Enter")
    page.locator("label", has_text="name.png) <b>x</b>").first.wait_for()
    assert page.evaluate("window.pwned === undefined")
    assert page.locator("img[src*='evil'], img[src='x'], a[href*='evil']").count() == 0
    assert watched.foreign == []
    assert watched.errors == []


def test_no_click_is_lost_however_fast_they_come(address: str, watched: Watched) -> None:
    page = watched.page
    page.goto(address + EDITOR.replace(SAMPLE, "18-ledger-own-files"), timeout=PATIENCE)
    wait_for(page, "Nothing is edited.")
    page.evaluate("""() => {
        const host = [...document.querySelectorAll("*")].find((one) => one.shadowRoot?.querySelector(".strip"));
        const rows = [...host.shadowRoot.querySelectorAll(".row.can[aria-checked]")].slice(0, 6);
        for (const row of rows) row.querySelector(".sign").dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 1 }));
    }""")
    page.locator("label", has_text="6: took back").wait_for()
    page.locator(".row.can.taken").nth(5).wait_for()
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    page.locator(".row.can.taken").nth(5).wait_for(state="detached")
    page.locator(".strip .undo:focus").wait_for()
    assert page.locator("[role=status].spoken").text_content() == said(page)
    assert watched.errors == []
