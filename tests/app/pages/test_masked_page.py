"""The Inspect page with a masked language model of one's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from models.classify.guesses import MASKED_VARIABLE
from tests.app.pages.conftest import SMALL, wait_for_the_end
from tests.models.classify.masked_toys import bert

Opener = Callable[..., AppTest]


def searching(open_page: Opener) -> AppTest:
    page = open_page(source="Paste", operators="replace-word")
    page.text_area(key="pasted").set_value(SMALL).run()
    return page.button(key="search").click().run()


def test_the_page_says_which_model_proposed_words(open_page: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(MASKED_VARIABLE, str(bert(tmp_path / "liking_[x](y)", ["safe"])))
    page = searching(open_page)
    wait_for_the_end(page)
    assert not page.exception
    assert not page.error
    (said,) = [one.value for one in page.caption if "Words were proposed" in one.value]
    assert "](" not in said
    assert "liking" in said


def test_a_folder_that_will_not_do_is_one_sentence(open_page: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(MASKED_VARIABLE, str(tmp_path / "nowhere"))
    page = searching(open_page)
    deadline = time.monotonic() + 60
    while not page.error and time.monotonic() < deadline:
        time.sleep(0.2)
        page.run()
    assert not page.exception
    assert "does not exist" in page.error[0].value.replace("\\", "")
