"""What the Inspect page says, without a browser."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.source_form import revision_of, samples
from app.workbench import MODEL_VARIABLE
from tests.app.pages.conftest import wait_for_the_end

Opener = Callable[..., AppTest]
DIFF, VERDICT = "files", "sentence"


def components(page: AppTest, having: str) -> list[dict[str, Any]]:
    """The data of the page's own components that have the key ``having``."""
    data = [json.loads(element.proto.json) for element in page.get("bidi_component")]
    return [one for one in data if having in one]


def test_a_sample_is_scored_and_explained(open_page: Opener) -> None:
    page = open_page(sample="04-limiter-answer-name")
    assert not page.exception
    assert not page.error
    (verdict,) = components(page, VERDICT)
    assert verdict["word"] == "Not flagged"
    assert verdict["flagged"] == (verdict["score"] >= verdict["threshold"])
    assert dict(verdict["facts"])["Model"] == "whydiff-default"
    (diff,) = components(page, DIFF)
    assert diff["painted"]
    assert diff["scale"] > 0
    assert any(value is not None for row in diff["files"][0]["segments"] for value in row[2::3])


def test_the_page_opens_on_a_flagged_change(open_page: Opener) -> None:
    (verdict,) = components(open_page(), VERDICT)
    assert verdict["word"] == "Flagged"


def test_the_address_holds_sample_level_and_method(open_page: Opener) -> None:
    page = open_page(sample="08-pin-ci-postgres", level="line", method="occlusion")
    assert page.selectbox(key="sample").value == "08-pin-ci-postgres"
    assert page.selectbox(key="method").value == "occlusion"
    assert components(page, DIFF)[0]["level"] == "line"
    assert any("measured" in element.value for element in page.markdown)


def test_a_level_that_the_method_lacks_is_left(open_page: Opener) -> None:
    page = open_page(sample="08-pin-ci-postgres", level="token", method="occlusion")
    assert not page.exception
    assert components(page, DIFF)[0]["level"] == "line"


def test_a_commit_of_a_repository_is_read(open_page: Opener, tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.invalid"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "pool.py").write_text("items = []\n", encoding="utf-8")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "pool: begin"], check=True)
    page = open_page(source="Git", repo=str(tmp_path), revision="HEAD")
    assert not page.exception
    assert not page.error
    (diff,) = components(page, DIFF)
    assert diff["files"][0]["path"] == "pool.py"


@pytest.mark.parametrize(
    ("choice", "revision"),
    [
        ("0123456789ab a subject", "0123456789ab"),
        ("0123456789ab", "0123456789ab"),
        (" main..HEAD ", "main..HEAD"),
        ("v1 x", "v1 x"),
    ],
)
def test_a_listed_commit_is_known_by_its_hash(choice: str, revision: str) -> None:
    assert revision_of(choice) == revision


def test_what_is_no_diff_gets_one_sentence_without_markdown(open_page: Opener) -> None:
    page = open_page(source="Paste")
    assert page.info
    page.text_area(key="pasted").set_value("![x](http://evil.invalid/a.png)").run()
    assert not page.exception
    (error,) = page.error
    assert "Expected a unified diff" in error.value.replace("\\", "")
    page = open_page(source="Git", repo="/no/such/[folder](http://evil.invalid)", revision="HEAD")
    (error,) = page.error
    assert "](" not in error.value
    assert not page.exception


def test_a_model_that_is_missing_gets_one_sentence(open_page: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = open_page(source="Paste")
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / "none"))
    page.segmented_control(key="source").set_value("Sample").run()
    assert not page.exception
    assert "does not exist" in page.error[0].value.replace("\\", "")


def test_a_search_runs_in_the_background_and_says_how_it_ended(open_page: Opener, small: str) -> None:
    page = open_page(source="Paste")
    page.text_area(key="pasted").set_value(small).run()
    page.button(key="search").click().run()
    wait_for_the_end(page)
    assert not page.exception
    ended = next(one.value for one in page.caption if "the search ended" in one.value)
    assert "queries of at most" in ended
    assert page.get("download_button") or page.warning


def test_a_proof_is_offered_with_what_it_takes_and_takes_the_place_of_the_answer(open_page: Opener) -> None:
    page = open_page(sample="18-ledger-own-files", operators="revert-line", budget="40")
    page.button(key="search").click().run()
    wait_for_the_end(page)
    assert any("a smaller set of others is not ruled out" in one.value for one in page.markdown)
    offer = page.button(key="prove").label
    assert re.fullmatch(r"Look through all smaller sets: at most \d+ more queries, about \d+ (s|min)", offer)
    page.button(key="prove").click().run()
    deadline = time.monotonic() + 60
    while not any("No set of fewer than 2 line edits" in one.value for one in page.markdown) and time.monotonic() < deadline:
        time.sleep(0.2)
        page.run()
    assert any("No set of fewer than 2 line edits" in one.value for one in page.markdown)
    assert not page.exception


def test_what_must_stay_is_searched_too(open_page: Opener, small: str) -> None:
    page = open_page(source="Paste", ask="What must stay")
    page.text_area(key="pasted").set_value(small).run()
    page.button(key="search_core").click().run()
    wait_for_the_end(page)
    assert not page.exception
    assert any("changed lines stay" in one.value for one in page.markdown)
    assert any("the part was read back" in one.value for one in page.caption)


def test_every_sample_is_offered_with_what_it_shows() -> None:
    assert len(samples()) >= 20
    assert all(text.endswith(".") for text in samples().values())
