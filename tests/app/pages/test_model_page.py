"""What the Model page says of models, of runs, and of what is neither, without a browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from models.classify.checkpoint import digest_folder
from models.classify.load import shipped
from models.evaluate.card import DATA
from models.registry import MODEL_VARIABLE, PLACE_VARIABLE
from models.registry.folder import AddOptions, Registry
from models.train.curves import CURVES
from tests.app.pages.carded import REPORTS, write_carded, write_curves
from tests.models.classify.light_toys import write_bag

Opener = Callable[..., AppTest]
HOSTILE = "![x](http://evil.invalid/a.png) <img src=x onerror=alert(1)> [l](http://evil.invalid) :red[y] $z$"
SCRIPT = "from app.pages.model import page\npage()\n"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Opener:
    """Opens the page at an address, with an empty registry."""
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    monkeypatch.setenv(PLACE_VARIABLE, str(tmp_path / "registry"))

    def call(**address: str) -> AppTest:
        page = AppTest.from_string(SCRIPT, default_timeout=60)
        page.query_params.update(address)
        return page.run()

    return call


def said(page: AppTest) -> str:
    """All sentences of the page that are read as Markdown, without what escapes them."""
    assert not page.exception
    return re.sub(r"\\(.)", r"\1", "\n".join(markdown(page))).replace("\u2060", "")


def markdown(page: AppTest) -> list[str]:
    elements = (page.markdown, page.caption, page.header, page.subheader, page.error, page.warning, page.info)
    return [one.value for some in elements for one in some] + [one.label for one in page.expander]


def charts(page: AppTest) -> int:
    return len(page.get("plotly_chart"))


def test_without_a_choice_it_is_the_model_of_the_server(opened: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert digest_folder(shipped()) in said(opened())
    monkeypatch.setenv(MODEL_VARIABLE, str(write_bag(tmp_path / "mine")))
    text = said(opened())
    assert digest_folder(tmp_path / "mine") in text
    assert "logistic regression" in text
    assert digest_folder(shipped()) in said(opened(model="default"))


def test_a_finished_model_shows_facts_curves_and_card(opened: Opener, tmp_path: Path) -> None:
    folder = write_curves(write_carded(tmp_path / "model"))
    page = opened(model=str(folder))
    text = said(page)
    assert page.selectbox(key="model").value == str(folder)
    for fact in ("flags from a score of 0.300 on", "5,000 labelled changes of 3 projects", digest_folder(folder)):
        assert fact in text
    assert "best at step 1,200 (0.812)" in text
    assert "600 labelled changes of 3 projects" in text
    assert not page.error
    assert not page.warning
    assert not [one for one in page.button if one.key == "refresh"]
    assert charts(page) == 4
    assert len(page.get("download_button")) == 4
    bands = next(one.value for one in page.dataframe if "Band" in one.value)
    assert bands.iloc[1].tolist() == ["high", "0.500", 100, 40, "40.0%", "30.9% to 49.8%"]
    ranking = next(one.value for one in page.dataframe if "Pooled AUC" in one.value)
    report = json.loads((folder / DATA).read_text())["report"]
    assert list(ranking["Model"]) == [one["name"] for one in report["models"]]
    auc = report["models"][0]["figures"]["auc"]
    assert ranking["Pooled AUC"][0] == f"{auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}]"


def test_a_run_that_goes_on_shows_its_curves_and_reads_them_again(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = write_curves(tmp_path / "run")
    (folder / "train.json").write_text(json.dumps({"kind": "bag", "data": "feed0123", "options": {"c": 0.02}}))
    monkeypatch.setenv(MODEL_VARIABLE, str(folder))  # AppTest cannot run again with an option that was typed
    page = opened()
    text = said(page)
    assert "has not ended" in text
    assert "75% of the stage “Training on labels” was over" in text
    assert "no card yet" in text
    assert "digest feed0123" in text
    assert charts(page) == 2
    write_curves(folder, [*REPORTS, {"done": 0.9, "step": 1400, "auc": 0.9, "stage": "labels"}])
    text = said(page.button(key="refresh").click().run())
    assert "best at step 1,400 (0.900)" in text
    assert "90% of the stage" in text


def test_a_model_without_curves_and_card_says_so(opened: Opener, tmp_path: Path) -> None:
    page = opened(model=str(write_bag(tmp_path / "bare")))
    text = said(page)
    assert "There are no training curves" in text
    assert "whydiff evaluate PREDICTIONS --card FOLDER" in text
    assert (charts(page), list(page.error)) == (0, [])


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        (DATA, "{", "could not be read as JSON"),
        (DATA, "[]", "should hold a JSON object"),
        (DATA, '{"figures": {}}', "of an older or another version"),
        (DATA, '{"schema": "whydiff/card/1", "report": 3}', "is broken"),
        (CURVES, '{"done": 0.5}\n', "could not be read"),
        (CURVES, "3\n", "could not be read"),
        (CURVES, '{"step": "![x](http://evil.invalid)", "stage": "labels"}\n', "could not be read"),
        (CURVES, '{"step": 1, "loss": "low"}\n', "could not be read"),
    ],
)
def test_a_broken_file_is_one_sentence_and_the_rest_is_there(
    opened: Opener, tmp_path: Path, file: str, content: str, sentence: str
) -> None:
    folder = write_curves(write_carded(tmp_path / "model"))
    (folder / file).write_text(content, encoding="utf-8")
    page = opened(model=str(folder))
    text = said(page)
    (error,) = page.error
    assert sentence in error.value.replace("\\", "")
    assert digest_folder(folder) in text
    assert charts(page) == 2


def test_no_name_is_read_as_markdown_or_html(opened: Opener, tmp_path: Path) -> None:
    folder = write_carded(tmp_path / "model", HOSTILE)
    settings = json.loads((folder / "whydiff.json").read_text())
    (folder / "whydiff.json").write_text(json.dumps(settings | {"name": HOSTILE}))
    (folder / "train.json").write_text(json.dumps({"options": {HOSTILE: HOSTILE}}))
    write_curves(folder, [{"step": 1, "loss": 1.0, "stage": HOSTILE}])
    page = opened(model=str(folder))
    assert not page.exception
    assert HOSTILE in said(page)
    for text in markdown(page):
        assert not re.search(r"(?<!\\)(!?\[|<img|:red|\$)", text)
    assert any(HOSTILE in set(map(str, one.value.to_numpy().ravel())) for one in page.dataframe)
    for chart in page.get("plotly_chart"):
        assert "<img" not in chart.proto.spec
    assert "not this one" in said(page)  # the settings changed, so the card is of another checkpoint


def test_what_is_no_model_is_one_sentence(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    os.mkfifo(write_bag(tmp_path / "pipe") / "card.json")
    for model, sentence in {
        str(tmp_path / "none"): "is no folder",
        str(tmp_path / "file"): "is no folder",
        str(tmp_path / "empty"): "is no model or training run",
        str(tmp_path / "pipe"): "is no regular file",
        "/" + "x" * 5000: "could not be read",
        "/a\0b": "is no folder",
        "[never](http://evil.invalid)": "",
        "never": "no registered model has that name",
    }.items():
        page = opened(model=model)
        assert not page.exception
        (error,) = page.error
        assert sentence in error.value.replace("\\", "")
        assert "](" not in error.value


def test_a_registered_model_is_found_by_its_name(opened: Opener, tmp_path: Path) -> None:
    registry = Registry()
    entry, _ = registry.add(write_carded(tmp_path / "model"), AddOptions("ours"), date.today())
    page = opened(model="ours")
    assert page.selectbox(key="model").options == ["default", "ours"]
    assert f"ours, added on {date.today()}, ok" in said(page)
    registry.retire(entry, "old", date.today(), now=False)
    (warning,) = page.run().warning
    assert "was retired on" in warning.value
    (registry.folder(entry) / "words.json").write_text('{"words": []}')
    assert "its files were changed since" in said(page.run())


def test_what_explanations_of_the_shipped_model_are_worth(opened: Opener) -> None:
    page = opened()
    text = said(page)
    assert "What its explanations are worth" in text
    assert "Lines at fault" in text
    assert not page.error


def test_a_part_of_a_card_that_cannot_be_read_is_one_sentence(opened: Opener, tmp_path: Path) -> None:
    folder = write_carded(tmp_path / "model")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"lines": {"rankings": 5}}))
    page = opened(model=str(folder))
    assert not page.exception
    assert any("is broken" in one.value for one in page.error)
