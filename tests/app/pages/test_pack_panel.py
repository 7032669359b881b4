"""The meeting pack of the Slices page: what ``whydiff report`` makes with the same choices, byte for byte."""

from __future__ import annotations

import hashlib
import json
import shlex
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import pack_work
from app.export.asked import METRICS, MOST_NOTES, Asked, again
from app.jobs import Step, stepwise
from app.pack_work import made
from tests.app.cli.conftest import whydiff
from tests.app.pages.test_slices_page import HOSTILE, Opener, opened, texts, write
from tests.app.pages.test_slices_page import made as rows_made

__all__ = ["opened", "whydiff"]
DECISION = '</li></section><script>alert("x")</script><img src=http://evil.invalid/a.png onerror=alert(1)>'
TAB = "Meeting pack"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return write(tmp_path / "p 'q'.parquet", rows_made())


@pytest.fixture
def ordered(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """What packs were made of."""
    found: list[Asked] = []

    def noted(asked: Asked, tick: Callable[[float], None]) -> Any:
        found.append(asked)
        return made(asked, tick)

    monkeypatch.setattr(pack_work, "made", noted)
    return found


def press(page: AppTest) -> AppTest:
    page.button(key="make_pack").click().run()
    until = time.monotonic() + 60
    while not (page.get("download_button") or page.error):
        assert time.monotonic() < until
        time.sleep(0.1)
        page.run()
    assert not page.exception
    return page


def words(page: AppTest, title: str = "", decisions: str = "", notes: str = "") -> AppTest:
    page.text_input(key="pack_title").set_value(title)
    page.text_area(key="pack_decisions").set_value(decisions)
    page.text_area(key="pack_notes").set_value(notes)
    return page.run()


def error_of(page: AppTest) -> str:
    (error,) = page.error
    assert "\n" not in error.value
    return str(error.value.replace("\\", ""))


def test_the_pack_is_that_of_the_command_line(
    opened: Opener, whydiff: Any, ordered: list[Asked], path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(predictions=path, answer=TAB, where="lines_added > 5", ratio="7", kind="recall", clustered="false")
    page = press(words(page, "A title", f"{DECISION}\n\n  -x for Rust \n", "One\ntwo `three`\n"))
    assert not page.error
    (asked,) = ordered
    assert asked.by == (("language",), ("component", "language"))
    assert (asked.kind, asked.ratio, asked.decisions) == ("recall", 7.0, (DECISION, "-x for Rust"))

    monkeypatch.chdir(tmp_path)
    flags = (
        "--model", "m", "--where", "lines_added > 5", "--by", "language", "--by", "component,language", "--cluster", "none",
        "--discover", "--kind", "recall", "--threshold-cost", "7", "--title", "A title",
    )  # fmt: skip
    data = json.loads(whydiff("report", path, *flags, "--format", "json").out)
    own = json.loads(json.dumps(pack_work.gathered(asked)))
    assert own.pop("decisions") == list(asked.decisions)
    assert own.pop("remarks") == asked.remarks == "One\ntwo `three`"
    assert own == {name: data[name] for name in own} | {"command": ""}
    assert set(data) - set(own) == {"decisions", "remarks"}
    assert own["discovery"]["found"]

    Path("notes.txt").write_text(asked.remarks)
    commands = [one.value for one in page.code]
    files = made(asked).files
    assert [one.command for one in files] == commands
    for one in files:
        program, *arguments = shlex.split(one.command)
        assert (program, whydiff(*arguments).code) == ("whydiff", 0)
        assert Path(one.name).read_bytes() == one.content
        said = f"{one.name}, {len(one.content):,} bytes, sha256 {hashlib.sha256(one.content).hexdigest()}"
        assert said in texts(page)
    assert [one.proto.label for one in page.get("download_button")] == [
        "Download HTML", "Download Markdown", "Download the notes",
    ]  # fmt: skip


def test_hostile_words_are_text_in_the_pack(path: str) -> None:
    html, markdown = (
        one.content.decode() for one in made(Asked((Path(path),), decisions=(DECISION, HOSTILE), title=DECISION)).files
    )
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in html
    assert not any(one in html for one in ("<script", "<img", "\u202e"))
    cells = markdown[: markdown.index("## How to make")]
    assert not any(one in cells for one in ("<script", "<img", "![x]", "\u202e"))


def test_hostile_words_are_text_on_the_page(opened: Opener, path: str) -> None:
    page = press(words(opened(predictions=path, answer=TAB), decisions=HOSTILE))
    assert "![x]" not in "".join(one.value for one in (*page.markdown, *page.caption))
    assert "\u202e" not in "".join(one.value for one in page.code)
    assert "<U+202E>" in page.code[0].value


def test_views_follow_the_other_answers_until_they_are_chosen(opened: Opener, path: str) -> None:
    page = opened(predictions=path, answer=TAB)
    assert page.multiselect(key="pack_views").value == [("language",), ("component", "language")]
    page.multiselect(key="by").set_value(["project"]).run()
    page.selectbox(key="down").set_value("project").run()
    assert page.multiselect(key="pack_views").value == [("project",), ("project", "language")]
    page.multiselect(key="pack_views").set_value([("component",)]).run()
    page.multiselect(key="by").set_value(["language"]).run()
    assert page.multiselect(key="pack_views").value == [("component",)]


def test_words_stay_while_one_is_elsewhere(opened: Opener, path: str) -> None:
    page = words(opened(predictions=path, answer=TAB), "T", "D", "N")
    page.text_input(key="predictions").set_value("/no/such.parquet").run()
    assert not page.text_area
    page.text_input(key="predictions").set_value(path).run()
    assert [page.text_input(key="pack_title").value, *(one.value for one in page.text_area)] == ["T", "D", "N"]


def test_a_pack_without_weak_slices_and_thresholds(opened: Opener, ordered: list[Asked], path: str) -> None:
    page = opened(predictions=path, answer=TAB, metric="Precision")
    page.toggle(key="pack_weak").set_value(False)
    page.toggle(key="pack_thresholds").set_value(False).run()
    press(page)
    (asked,) = ordered
    assert (asked.kind, asked.ratio, asked.cluster) == ("", None, "auto")
    assert asked.metrics == ("precision", "recall", "fpr")


def test_another_choice_is_another_pack(opened: Opener, path: str) -> None:
    page = press(opened(predictions=path, answer=TAB))
    words(page, "Another")
    assert not page.get("download_button")
    assert "opens without a server" in texts(page)


def test_what_cannot_be_made_is_one_sentence(opened: Opener, path: str, tmp_path: Path) -> None:
    page = words(opened(predictions=path, answer=TAB), notes="x" * (MOST_NOTES + 1))
    assert error_of(page) == "The notes hold 200,001 characters, expected at most 200,000; shorten them."
    page = words(page, decisions="x" * 20_001)
    assert "put the rest into the notes" in error_of(page)
    page = words(page)
    page.multiselect(key="pack_views").set_value([]).run()
    assert "choose them above" in error_of(page)
    one_class = write(tmp_path / "one.parquet", [one | {"label": 0} for one in rows_made()])
    assert "defective and harmless" in error_of(press(opened(predictions=one_class, answer=TAB)))


def test_a_pack_that_is_too_large_is_one_sentence(opened: Opener, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.export.pack_html.LARGEST", 1000)
    assert "more than 1,000 bytes" in error_of(press(opened(predictions=path, answer=TAB)))


def test_predictions_without_attributes_make_a_pack_of_curves(opened: Opener, tmp_path: Path) -> None:
    rows = [{name: one[name] for name in ("id", "label", "score", "threshold")} for one in rows_made()]
    page = press(opened(predictions=write(tmp_path / "p.parquet", rows), answer=TAB))
    assert not page.error
    assert len(page.code) == 2


@pytest.mark.parametrize(
    ("asked", "more", "command"),
    [
        (Asked((Path("p"),)), {}, "whydiff report p"),
        (Asked((Path("-p"), Path("a b"))), {"output": "o"}, "whydiff report --output o -- -p 'a b'"),
        (
            Asked((Path("p"),), by=(("a", "b"),), metrics=("mcc", *METRICS), cluster="none", kind="fpr", ratio=2.5, remarks="n"),
            {"notes": "n.txt", "form": "markdown"},
            "whydiff report --by a,b --metrics mcc,recall,precision,fpr --cluster none --kind fpr --threshold-cost 2.5 "
            "--notes n.txt --format markdown --discover p",
        ),
        (Asked((Path("p"),), decisions=("", "$(x)")), {}, "whydiff report --decision '' --decision '$(x)' p"),
    ],
)
def test_the_command_says_what_is_not_usual(asked: Asked, more: dict[str, str], command: str) -> None:
    assert again(asked, **more) == command


def test_work_that_is_stopped_gives_no_answer() -> None:
    asked = threading.Event()
    seen = threading.Event()

    def work(tick: Callable[[float], None]) -> int:
        tick(0.25)
        seen.set()
        assert asked.wait(10)
        tick(0.5)
        return 1

    items = []
    for item in stepwise(work, "going", asked.is_set):
        items.append(item)
        assert seen.wait(10)
        asked.set()
    assert items == [Step(25, 100, "going, 25 % done")]
    assert list(stepwise(lambda tick: 7, "", lambda: False)) == [7]
