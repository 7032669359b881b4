"""Try it yourself, without a browser: steps as the component sends them, and what the page says then."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from app.components.draft_panel import TRY, spoken
from app.components.draft_state import Desk, act
from app.components.draft_versions import listed
from explain.counterfactual.draft import Draft
from explain.counterfactual.draft_json import payload
from models.change.parse import parse
from models.change.source import read_bytes
from models.change.types import Diff, Unit
from models.classify.load import load
from models.classify.protocol import Prediction
from models.errors import UsageError
from tests.app.pages.conftest import ROOT, SMALL

Opener = Callable[..., AppTest]
OTHER = SMALL.replace("pool", "poll")
REMOVED, FIRST, SECOND = ({"file": 0, "hunk": 0, "line": n} for n in (1, 2, 3))


def editor(page: AppTest) -> dict[str, Any]:
    """What the editor was given to draw."""
    (data,) = (one for one in _data(page) if one.get("strip"))
    return data


def _data(page: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.json) for element in page.get("bidi_component")]


def send(page: AppTest, **step: Any) -> AppTest:
    """Run the page with a step, as the browser sends it."""
    (shown,) = (one for one in page.get("bidi_component") if json.loads(one.proto.json).get("strip"))
    states = page._tree.get_widget_states()
    event = json.dumps([{"event": "step", "value": step}])
    states.widgets.append(WidgetState(id=_make_trigger_id(shown.proto.id, "events"), json_trigger_value=event))
    return page._run(states)


@pytest.fixture
def page(open_page: Opener) -> AppTest:
    return pasted(open_page(source="Paste", ask=TRY, method="gradient"), SMALL)


def pasted(page: AppTest, text: str) -> AppTest:
    return page.text_area(key="pasted").set_value(text).run()


def versions(page: AppTest) -> list[str]:
    """The list of versions."""
    return [option.replace("\\", "") for option in page.radio[0].options]


def score_of(text: str) -> Prediction:
    return load(ROOT / "models" / "default").predict([read_bytes(text.encode())])[0]


def test_a_line_is_taken_back_and_scored_at_once(page: AppTest) -> None:
    assert not page.exception
    first = editor(page)
    assert first["strip"]["words"].endswith("Nothing is edited.")
    assert (first["strip"]["undo"], first["files"][0]["marks"], first["files"][0]["back"]) == (False, [], False)
    assert first["files"][0]["rewordable"] == [3, 4]
    send(page, do="toggle", **FIRST)
    assert not page.exception
    after = editor(page)
    shorter = SMALL.replace("+        if self.items:\n", "").replace("+10,5", "+10,4")
    assert after["strip"]["now"] == pytest.approx(score_of(shorter).score, abs=1e-6)
    assert after["strip"]["before"] == pytest.approx(score_of(SMALL).score, abs=1e-6)
    assert after["strip"]["now"] != after["strip"]["before"]
    assert (after["strip"]["undo"], after["files"][0]["marks"]) == (True, [3])
    assert versions(page) == ["0: the original", "1: took back the added line 11 of src/pool.py"]
    (compared,) = (one for one in _data(page) if "files" in one and not one["painted"] and not one["strip"])
    assert compared["files"][0]["signs"] == "@ - " + "  "
    send(page, do="toggle", **FIRST)
    assert editor(page)["files"][0]["marks"] == []


def test_undo_redo_and_the_list_walk_the_versions(page: AppTest) -> None:
    send(page, do="toggle", **FIRST)
    send(page, do="undo")
    assert (editor(page)["files"][0]["marks"], editor(page)["strip"]["redo"]) == ([], True)
    page.run()
    send(page, do="redo")
    assert editor(page)["files"][0]["marks"] == [3]
    page.radio[0].set_value(0).run()
    assert (editor(page)["files"][0]["marks"], page.radio[0].value) == ([], 0)
    send(page, do="toggle", **SECOND)
    assert page.radio[0].value == 2
    assert any("from version 0" in caption for caption in page.radio[0].proto.captions)


def test_words_are_replaced_and_shown_in_place(page: AppTest) -> None:
    send(page, do="replace", text="            return self.items.popleft()", **SECOND)
    assert editor(page)["files"][0]["words"] == [[4, [[30, 33, "popleft"]]]]
    assert 'replaced "pop" by "popleft"' in versions(page)[1]


def test_what_cannot_be_done_is_said_and_changes_nothing(page: AppTest) -> None:
    before = editor(page)
    send(page, do="toggle", file=0, hunk=-1, line=-1)
    strip = editor(page)["strip"]
    assert "takes all back" in strip["problem"]
    assert (strip["turn"], versions(page)) == (before["strip"]["turn"] + 1, ["0: the original"])
    assert editor(page)["version"] != before["version"]
    for event in ({"do": "replace", **FIRST}, {"do": "toggle", "file": "x", "hunk": 0, "line": 0}, {"do": "toggle"}, {}):
        send(page, **event)
        assert "reading it gave" in editor(page)["strip"]["problem"]
    with pytest.raises(UsageError, match="step of the editor"):
        act(Draft.of(parse(SMALL)), None)
    send(page, do="toggle", **FIRST)
    assert editor(page)["strip"]["problem"] == ""


def test_every_change_has_a_draft_of_its_own(page: AppTest) -> None:
    send(page, do="toggle", **FIRST)
    pasted(page, OTHER)
    assert editor(page)["files"][0]["marks"] == []
    assert versions(page) == ["0: the original"]
    pasted(page, SMALL)
    assert editor(page)["files"][0]["marks"] == [3]
    page.segmented_control(key="ask").set_value("What must go").run()
    page.segmented_control(key="ask").set_value(TRY).run()
    assert editor(page)["files"][0]["marks"] == [3]


def test_a_version_is_pinned_and_a_name_belongs_to_one(page: AppTest) -> None:
    send(page, do="toggle", **FIRST)
    _named(page).set_value("best").run()
    assert versions(page)[1] == "1: best"
    assert any("took back" in caption for caption in page.radio[0].proto.captions)
    send(page, do="toggle", **SECOND)
    _named(page).set_value("best").run()
    assert "another name" in editor(page)["strip"]["problem"]
    assert _named(page).value == ""


def _named(page: AppTest) -> Any:
    (field,) = (one for one in page.text_input if one.label.startswith("Pin"))
    return field


def chosen(page: AppTest, label: str, number: int) -> None:
    """Choose a version to compare."""
    (box,) = (one for one in page.selectbox if one.label == label)
    box.set_value(number).run()


def test_two_versions_are_compared(page: AppTest) -> None:
    send(page, do="toggle", **FIRST)
    send(page, do="toggle", **REMOVED)
    assert any("2 lines differ" in one.value for one in page.markdown)
    chosen(page, "From", 1)
    assert any("1 line differs" in one.value for one in page.markdown)
    chosen(page, "To", 1)
    assert any("0 lines differ" in one.value for one in page.markdown)
    (anew,) = (one for one in page.button if one.label == "Begin anew")
    anew.click().run()
    assert not page.exception
    assert versions(page) == ["0: the original"]
    send(page, do="toggle", **SECOND)
    assert not page.exception
    assert any("1 line differs" in one.value for one in page.markdown)


def test_a_draft_is_opened_again(page: AppTest) -> None:
    draft = Draft.of(read_bytes(SMALL.encode())).take_back(Unit(0, 0, 2)).pin(1, "mine").take_back(Unit(0, 0, 1))
    text = json.dumps(payload(draft, {"name": "other"}))
    page.file_uploader[-1].set_value(("draft.json", text.encode(), "application/json")).run()
    assert not page.exception
    assert versions(page) == ["0: the original", "1: mine", "2: took back the removed line 11 of src/pool.py"]
    assert editor(page)["strip"]["now"] > 0
    page.file_uploader[-1].set_value(("draft.json", text.replace(draft.original.id, "0").encode(), "application/json")).run()
    assert "open that change first" in editor(page)["strip"]["problem"]
    assert len(versions(page)) == 3


def test_what_a_search_found_is_edited_further(open_page: Opener) -> None:
    page = open_page(sample="18-ledger-own-files", operators="drop-file", ask="What must go", method="gradient")
    page.button(key="search").click().run()
    deadline = time.monotonic() + 60
    while not page.get("download_button") and time.monotonic() < deadline:
        time.sleep(0.2)
        page.run()
    page.button(key="further_1").click().run()
    assert not page.exception
    assert page.segmented_control(key="ask").value == TRY
    strip = editor(page)["strip"]
    assert strip["flagged"] is False
    assert "no longer flagged" in strip["words"]
    assert "started from: leave " in versions(page)[1]


def prediction(margin: float) -> Prediction:
    return Prediction(margin, 0.5 + margin / 10, 0.5, margin, 5, 5)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (prediction(1), prediction(-1), "60.0% → 40.0%, threshold 50.0%: no longer flagged. Margin +1.00 → -1.00 logits."),
        (prediction(1), prediction(2), "60.0% → 70.0%, threshold 50.0%: still flagged. Margin +1.00 → +2.00 logits."),
        (prediction(-1), prediction(1), "40.0% → 60.0%, threshold 50.0%: now flagged. Margin -1.00 → +1.00 logits."),
        (prediction(-1), prediction(-2), "40.0% → 30.0%, threshold 50.0%: still not flagged. Margin -1.00 → -2.00 logits."),
    ],
)
def test_the_verdict_before_and_now_in_words(before: Prediction, now: Prediction, words: str) -> None:
    draft = Draft.of(small_diff()).take_back(Unit(0, 0, 2))
    assert spoken(draft, before, now) == words


def small_diff() -> Diff:
    return parse(SMALL)


def test_a_long_list_keeps_the_original_the_pinned_and_the_latest() -> None:
    desk, unit = Desk(Draft.of(small_diff())), Unit(0, 0, 2)
    for n in range(20):
        desk.step(lambda draft: draft.restore(unit) if draft.has_back(unit) else draft.take_back(unit))
        assert (desk.problem, desk.turn) == ("", n + 1)
    desk.step(lambda draft: draft.pin(3, "x").go(4))
    assert listed(desk.draft) == [0, 3, 4, *range(9, 21)]
