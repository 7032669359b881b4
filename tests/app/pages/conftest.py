"""The page without a browser, on the shipped checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.workbench import MODEL_VARIABLE

ROOT = Path(__file__).resolve().parents[3]
SMALL = """\
diff --git a/src/pool.py b/src/pool.py
--- a/src/pool.py
+++ b/src/pool.py
@@ -10,4 +10,5 @@ class Pool:
     def take(self):
-        return self.items.pop()
+        if self.items:
+            return self.items.pop()
     def size(self):
         return len(self.items)
"""


@pytest.fixture
def small() -> str:
    return SMALL


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the workbench at an address: query parameters by name."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)

    def opened(**address: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
        for name, value in address.items():
            page.query_params[name] = value
        return page.run()

    return opened


def wait_for_the_end(page: AppTest) -> None:
    """Run the page until it says how the search ended, for a minute at most."""
    deadline = time.monotonic() + 60
    while not any("the search ended" in one.value.replace("\\", "") for one in page.caption) and time.monotonic() < deadline:
        time.sleep(0.2)
        page.run()
