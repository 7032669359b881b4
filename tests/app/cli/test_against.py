"""``whydiff explain --against``: two models about one change, whose reasons are known because their weights are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.app.cli.test_explain import BREAKOUT, Page
from tests.models.classify.light_toys import write_bag, write_size

ALARMED = {"+danger": 3.0, "-slow": 0.5, "+safe": -0.5}
CALM = {"+danger": -20.0, "+safe": 40.0, "-slow": 20.0}


@pytest.fixture
def alarmed(tmp_path: Path) -> Path:
    return write_bag(tmp_path / "alarmed", ALARMED)


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    return write_bag(tmp_path / "calm", CALM, bias=-100.0)


@pytest.fixture
def size(tmp_path: Path) -> Path:
    return write_size(tmp_path / "size")


def said(whydiff: Any, path: Path, model: Path, against: Path, *arguments: str) -> str:
    result = whydiff("explain", path, "--model", model, "--against", against, *arguments)
    assert (result.code, result.err) == (0, "")
    return str(result.out)


def test_json_has_both_explanations_and_the_difference(whydiff, two_files: Path, alarmed: Path, calm: Path) -> None:
    data = json.loads(said(whydiff, two_files, alarmed, calm, "--format", "json"))
    alone = {
        model: json.loads(whydiff("explain", two_files, "--model", model, "--no-trust", "--format", "json").out)
        for model in (alarmed, calm)
    }
    against = data.pop("against")
    assert data == alone[alarmed]
    difference = against.pop("difference")
    assert against == {name: part for name, part in alone[calm].items() if name not in {"schema", "diff_id"}}
    units = {one["text"].strip(): one for one in difference["units"]}
    guilty = units["danger()"]
    assert (guilty["value"], guilty["against"], guilty["difference"]) == (3.0, -20.0, -23.0)
    for model, name in ((alarmed, "share"), (calm, "share_against")):
        values = [one["value"] for one in alone[model]["attribution"]["units"]]
        assert guilty[name] == pytest.approx((3.0 if model is alarmed else -20.0) / sum(map(abs, values)))
    assert guilty["shift"] == guilty["share_against"] - guilty["share"]
    assert sum(abs(one["share"]) for one in difference["units"]) == pytest.approx(1.0)
    assert set(difference) == {"level", "ranked_by", "rank_correlation", "common", "top", "shared", "units"}
    assert (difference["level"], difference["ranked_by"]) == ("line", "shift")


def test_text_says_who_flags_it_and_where_they_differ(whydiff, two_files: Path, alarmed: Path, calm: Path) -> None:
    text = said(whydiff, two_files, alarmed, calm)
    assert text.startswith("The models disagree: A flags this change, B does not.\n\nA: small bag (")
    assert text.count("Read: ") == text.count("Why: exact against the baseline") == 2
    assert "Ranked by the shift of a unit's share" in text
    first = text.partition("Largest shifts, level line")[2].splitlines()[2]
    assert re.search(r"-\d+\.\d % +\+3\.000 +-20\.000 +-23\.000 .*src/fast\.py:2 +added +danger\(\)", first)
    assert re.search(r"-\d+\.\d{3} ████ +2 \+    danger\(\)", text)


def test_the_same_model_twice_shifts_nothing(whydiff, two_files: Path, alarmed: Path) -> None:
    text = said(whydiff, two_files, alarmed, alarmed)
    assert text.startswith("Both models flag this change.")
    assert "is +1.00, over" in text
    assert text.rstrip().splitlines()[-1].split()[:3] == ["shift", "A", "B"]
    assert "baselines differ" not in text


def test_models_of_two_kinds_are_explained_each_by_its_own_method(whydiff, two_files: Path, alarmed: Path, size: Path) -> None:
    data = json.loads(said(whydiff, two_files, alarmed, size, "--format", "json"))
    assert (data["attribution"]["baseline"], data["against"]["attribution"]["baseline"]) == ("empty change", "average change")
    metrics = {one["text"]: one for one in data["against"]["difference"]["units"] if one["kind"] == "metrics"}
    both = metrics["lines added: 3"]
    assert None not in (both["value"], both["against"])
    danger = next(one for one in data["against"]["difference"]["units"] if one["text"] == "    danger()")
    assert (danger["against"], danger["share_against"]) == (None, 0.0)
    text = said(whydiff, two_files, alarmed, size)
    assert "Their baselines differ (“empty change” and “average change”)" in text


@pytest.mark.parametrize("level", ["hunk", "file"])
def test_levels(whydiff, two_files: Path, alarmed: Path, calm: Path, level: str) -> None:
    data = json.loads(said(whydiff, two_files, alarmed, calm, "--level", level, "--format", "json"))
    difference = data["against"]["difference"]
    assert difference["level"] == level
    assert "line" not in {one["level"] for one in difference["units"] if one["path"]}
    assert f"Largest shifts, level {level}" in said(whydiff, two_files, alarmed, calm, "--level", level)


def test_what_neither_or_only_one_model_read_is_told(whydiff, planted, many_files: Path, tmp_path: Path, monkeypatch) -> None:
    """A reads 40 lines; B is a function, which reads them all."""
    (tmp_path / "judges.py").write_text("def all_alike(changes): return [0.4] * len(changes)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "sixty.diff"
    path.write_text("".join(many_files.read_text().splitlines(keepends=True)[: 60 * 6]))
    result = whydiff("explain", path, "--against", "python:judges:all_alike")
    assert result.code == 0
    assert result.out.count("Read: ") == 2
    assert "Read: 40 of 120 tokens; 80 lines and headers were not read to their end" in result.out
    assert "none of them read" not in result.out


def test_html_and_markdown_hold_the_same_and_are_safe(whydiff, alarmed: Path, calm: Path, tmp_path: Path) -> None:
    path = tmp_path / "breakout.diff"
    path.write_text(f"--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n x\n+danger {BREAKOUT} | `@maintainers`\n")
    page = Page()
    text = said(whydiff, path, alarmed, calm, "--format", "html")
    page.feed(text)
    assert not page.tags & {"script", "img", "link", "iframe", "a"}
    assert page.policy.startswith("default-src 'none'")
    assert text.count("</style>") == 1
    comment = said(whydiff, path, alarmed, calm, "--format", "markdown")
    prose = comment.partition("<details>")[0]
    assert "<script" not in prose
    assert "@maintainers" not in prose
    assert {line.count("|") for line in prose.splitlines() if line.startswith("|")} == {10}
    for form in (text, comment):
        assert "The models disagree: A flags this change, B does not." in form
        assert "+3.000" in form
        assert "-23.000" in form


def test_markdown_of_two_models_fits_into_a_comment_too(whydiff, alarmed: Path, calm: Path, tmp_path: Path) -> None:
    path = tmp_path / "long.diff"
    path.write_text("--- a/x\n+++ b/x\n@@ -0,0 +1,400 @@\n" + f"+danger {'<' * 380}\n" * 400)
    text = said(whydiff, path, alarmed, calm, "--format", "markdown")
    assert len(text) < 65_536
    assert "Cut after" in text


def test_what_cannot_be_compared_is_refused_before_anything_is_loaded(refused, planted, two_files: Path, calm: Path) -> None:
    for form in ("sarif", "rdjsonl", "github"):
        assert "text, json, html, markdown" in refused("explain", two_files, "--against", calm, "--format", form)
    assert "line or coarser" in refused("explain", two_files, "--against", calm, "--level", "token")
    assert planted.asked == []


def test_a_method_must_fit_both(refused, two_files: Path, alarmed: Path, planted) -> None:
    assert "gradient" in refused("explain", two_files, "--against", alarmed, "--method", "gradient")


def test_the_gate_is_that_of_the_first_model(whydiff, two_files: Path, alarmed: Path, calm: Path) -> None:
    for model, against, code in ((alarmed, calm, 1), (calm, alarmed, 0)):
        assert whydiff("explain", two_files, "--model", model, "--against", against, "--fail-if-flagged").code == code


def test_nothing_in_a_diff_reaches_the_terminal(whydiff, alarmed: Path, calm: Path, hostile: Path) -> None:
    for form in ("text", "json", "html", "markdown"):
        out = said(whydiff, hostile, alarmed, calm, "--format", form)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", out)
