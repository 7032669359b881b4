"""The pages with a registered model: found by its name, and what must be told of it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.workbench import MODEL_VARIABLE
from models.classify.load import shipped
from models.registry.folder import AddOptions, Registry


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    monkeypatch.setenv("WHYDIFF_MODELS", str(tmp_path))
    registry = Registry()
    registry.add(shipped(), AddOptions("ours"), date.today())
    return registry


def test_a_retired_model_warns_on_the_page_and_works(open_page, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page()
    assert (list(page.warning), list(page.error)) == ([], [])
    monkeypatch.setenv(MODEL_VARIABLE, "ours")
    (entry,) = registry.entries()
    retired = registry.retire(entry, "see [here](http://evil.example) <b>", date.today(), now=False)
    page.run()
    assert not page.error
    (warning,) = (one.value for one in page.warning)
    assert warning.startswith("The model ours was retired on ")
    assert r"\[here\]\(http\:\/\/evil\.example\) \<b\>" in warning.replace("\u2060", "")
    registry.retire(replace(retired), "", date.today(), now=True)
    page.run()
    assert "no registered model has that name" in page.error[0].value.replace("\\", "")
