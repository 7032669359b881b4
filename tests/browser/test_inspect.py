"""The Inspect page in a real Chromium, served as ``whydiff app`` serves it, on the shipped checkpoint."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright import sync_api as playwright

from models.change.source import read_bytes

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
"""What scripts/ensure_chromium.sh looks for too."""
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 120_000
PWNED = "window.pwned = 1"
PATH = "<img src=x onerror=window.pwned=1>.py"
HOSTILE = f"""\
From 1234567890123456789012345678901234567890 Mon Sep 17 00:00:00 2001
From: A <a@example.invalid>
Subject: [PATCH] <script>{PWNED}</script> ![m](http://evil.invalid/message.png) <img src=x onerror="{PWNED}">

**bold** [link](http://evil.invalid/) :red[x] $x^2$
---
diff --git a/{PATH} b/{PATH}
--- a/{PATH}
+++ b/{PATH}
@@ -1,3 +1,4 @@ <script>{PWNED}</script>
 import os
-x = "<script>{PWNED}</script>"
+x = "</span><script>{PWNED}</script><img src='http://evil.invalid/text.png' onerror='{PWNED}'>"
+# ![p](http://evil.invalid/line.png) a\u202eb
 y = 1
"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a running server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "app.cli.main", "app", "--port", str(port), "--headless"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WHYDIFF_MODEL": ""}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}/"
        finally:
            os.killpg(server.pid, 15)


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise AssertionError(f"No server answered at {url}.")


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "Expected Chromium on PATH; sh scripts/ensure_chromium.sh installs it."
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Watched:
    """A page with all addresses that it asked for and all errors in its scripts."""

    def __init__(self, page: playwright.Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @property
    def foreign(self) -> list[str]:
        """Addresses on the network that are not this machine's."""
        hosts = [(url, urlsplit(url)) for url in self.asked]
        return [url for url, parts in hosts if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1"]

    def see_heat(self) -> None:
        """Wait until tokens are painted."""
        self.page.wait_for_selector(".diff .token.hot, .diff .token.cold")

    def search(self) -> None:
        """Run a search to its end."""
        self.page.get_by_role("tab", name="What if").click()
        self.page.get_by_role("button", name="Search", exact=True).click()
        self.page.get_by_text("the search ended").wait_for()


@pytest.fixture
def watched(browser: playwright.Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
    yield Watched(context.new_page())
    context.close()


def test_a_flagged_sample_is_painted_and_its_counterfactual_is_a_patch(address: str, watched: Watched) -> None:
    page = watched.page
    page.goto(address + "?sample=18-ledger-own-files&operators=drop-hunk", timeout=PATIENCE)
    watched.see_heat()
    cells = page.locator(".diff .token.hot, .diff .token.cold")
    colours = cells.evaluate_all("cells => cells.map(cell => getComputedStyle(cell).backgroundColor)")
    assert len(colours) > 50
    assert not {"rgba(0, 0, 0, 0)", "transparent"} & set(colours)
    assert "logits, pushes" in str(cells.first.get_attribute("title"))
    assert page.locator(".diff .row.unread .tag").first.text_content().startswith("never read")
    assert page.locator(".verdict .word").text_content() == "Flagged"
    page.locator(".js-plotly-plot").get_by_text("flagged from here on").wait_for()

    watched.search()
    page.get_by_text("Verified: the patch was read back").first.wait_for()
    assert page.locator(".diff .row.taken").count() > 0
    with page.expect_download() as download:
        page.get_by_role("button", name="Patch").first.click()
    patch = read_bytes(Path(download.value.path()).read_bytes())
    original = read_bytes((ROOT / "sample_diffs" / "18-ledger-own-files.diff").read_bytes())
    assert 0 < patch.added + patch.removed < original.added + original.removed
    assert watched.foreign == []
    assert watched.errors == []


def test_the_address_reproduces_the_view(address: str, watched: Watched) -> None:
    page = watched.page
    page.goto(address + "?sample=08-pin-ci-postgres", timeout=PATIENCE)
    watched.see_heat()
    page.get_by_role("radio", name="hunk").or_(page.get_by_role("button", name="hunk", exact=True)).first.click()
    page.get_by_text("logits per hunk").wait_for()
    page.wait_for_url("**level=hunk**")
    page.reload(timeout=PATIENCE)
    page.get_by_text("logits per hunk").wait_for()
    assert page.locator(".diff .path").first.text_content()


def test_a_hostile_diff_runs_nothing_and_fetches_nothing(address: str, watched: Watched) -> None:
    page = watched.page
    page.goto(address + "?source=Paste", timeout=PATIENCE)
    box = page.get_by_label("Diff", exact=True)
    box.fill("![x](http://evil.invalid/error.png) <img src=x onerror='window.pwned = 1'>")
    box.press("Control+Enter")
    page.get_by_text("Expected a unified diff").wait_for()
    box.fill(HOSTILE)
    box.press("Control+Enter")
    watched.see_heat()
    assert page.locator(".diff button .path").text_content() == PATH
    assert page.locator(".diff .unseen").text_content() == "U+202E"
    assert page.get_by_text("![m](http://evil.invalid/message.png)").count() > 0
    watched.search()
    assert page.evaluate("window.pwned === undefined")
    assert page.locator("img[src*='evil'], img[src='x'], a[href*='evil']").count() == 0
    assert watched.foreign == []
    assert watched.errors == []
