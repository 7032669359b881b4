"""``whydiff models sanity``: on a bag with a tiny budget from end to end, its card, and what it refuses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explain.trust.sanity_planted import RULES
from explain.trust.sanity_run import chosen
from explain.trust.sanity_training import frame_of
from models.classify.checkpoint import digest_folder
from models.classify.load import load
from models.errors import ModelError
from models.evaluate.card import CARD, DATA, card_text, write_card
from tests.models.classify.light_toys import write_bag

TINY = ("--learn", 60, "--ask", 3, "--rows", 2, "--minutes", "0.2")
EXAMPLES = RULES[3].examples(12, 1)


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_bag(tmp_path / "bag", {"+return": 1.5, "-return": -0.5, "+if": 0.75, " const": 0.3, "+let": -1.0, "+var": 0.7})


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "changes.parquet"
    frame_of([one.diff for one in EXAMPLES], [one.label for one in EXAMPLES]).to_parquet(path)
    return path


def files(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def carded(folder: Path, digest: str | None = None) -> dict[str, Any]:
    """A card as far as one is needed to be shown, for the checkpoint as it is."""
    shown = json.loads((Path(__file__).resolve().parents[3] / "models" / "default" / DATA).read_text())
    shown["facts"]["digest"] = digest or digest_folder(folder)
    shown.pop("sanity", None)
    write_card(folder, shown)
    return dict(shown)


def test_a_bag_is_checked_on_the_sample_diffs(whydiff: Callable[..., Any], bag: Path) -> None:
    before = files(bag)
    result = whydiff("models", "sanity", bag, *TINY, "--format", "json")
    assert (result.code, result.err) == (0, "")
    data = json.loads(result.out)
    assert data["schema"] == "whydiff/sanity/1"
    assert data["digest"] == digest_folder(bag)
    assert data["about"].startswith("2 of the 28 sample diffs")
    assert [one["name"] for one in data["stages"]] == ["weights"]
    assert [one["rule"] for one in data["planted"]] == [rule.name for rule in RULES]
    single = data["planted"][0]
    assert single["accuracy"]["value"] > 0.9
    assert {(one["method"], one["level"]) for one in single["found"]} >= {("exact", "line"), ("exact", "token")}
    assert all(one["recall"]["value"] == 1.0 for one in single["found"] if one["method"] == "exact")
    assert len(data["relabelled"]) == 2
    assert files(bag) == before


def test_a_dataset_replaces_the_sample_diffs(whydiff: Callable[..., Any], bag: Path, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.md"
    result = whydiff("models", "sanity", bag, "--diffs", dataset, *TINY, "--format", "markdown", "-o", out)
    assert (result.code, result.out, result.err) == (0, "", "")
    text = out.read_text("utf-8")
    assert text.startswith("# Sanity of explanations\n")
    assert "of 12 changes of a dataset" in text
    assert "| random order | line |" in text


def test_the_card_keeps_it_as_long_as_the_checkpoint_is_the_same(whydiff: Callable[..., Any], bag: Path) -> None:
    data = carded(bag)
    result = whydiff("models", "sanity", bag, *TINY, "--card")
    assert result.code == 0
    assert "Sanity, planted causes" in result.out
    stored = json.loads((bag / DATA).read_text())
    assert stored["sanity"]["digest"] == digest_folder(bag)
    assert {name: value for name, value in stored.items() if name != "sanity"} == data
    assert (bag / CARD).read_text() == card_text(stored)
    assert "## Sanity, random parameters" in (bag / CARD).read_text()
    write_card(bag, data)
    assert json.loads((bag / DATA).read_text()) == stored
    write_card(bag, data | {"facts": data["facts"] | {"digest": "f" * 16}})
    assert "sanity" not in json.loads((bag / DATA).read_text())


@pytest.mark.parametrize("part", [{}, {"planted": 3}, [], None, "x", {"about": "a", "options": {}, "stages": [{}]}])
def test_a_damaged_part_of_a_card_is_named_and_nothing_is_written(bag: Path, part: object) -> None:
    data = carded(bag)
    (bag / DATA).write_text(json.dumps(data | {"sanity": part}))
    before = files(bag)
    with pytest.raises(ModelError, match=r"The part sanity of .*card\.json is damaged"):
        write_card(bag, data)
    assert files(bag) == before


def test_a_card_is_refused_before_any_work(refused: Callable[..., str], bag: Path) -> None:
    assert "has no card" in refused("models", "sanity", bag, "--card")
    carded(bag, "f" * 16)
    assert "no card of this checkpoint" in refused("models", "sanity", bag, "--card")


def test_a_function_has_no_parameters(refused: Callable[..., str]) -> None:
    assert "got the function" in refused("models", "sanity", "python:math:sqrt")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--rows", 1), "rows"),
        (("--seed", -1), "seed"),
        (("--learn", "many"), "learn"),
        (("--format", "html"), "format"),
        (("--diffs", "gone.parquet"), "gone.parquet"),
        (("-o", "/nowhere/x.md"), "/nowhere"),
    ],
)
def test_bad_input_is_one_sentence(refused: Callable[..., str], bag: Path, arguments: tuple[Any, ...], part: str) -> None:
    assert part in refused("models", "sanity", bag, *arguments)


def test_a_change_that_is_given_twice_is_explained_once(bag: Path) -> None:
    diffs = [one.diff for one in EXAMPLES]
    assert chosen([*diffs, *diffs], load(bag), 8, 1) == chosen(diffs, load(bag), 8, 1)


def test_a_model_that_does_not_exist_is_named(refused: Callable[..., str]) -> None:
    assert "no-such-model" in refused("models", "sanity", "no-such-model")


def test_a_dataset_of_small_changes_only_is_refused(refused: Callable[..., str], bag: Path, tmp_path: Path) -> None:
    from models.change.parse import parse

    path = tmp_path / "small.parquet"
    small = [parse(f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b{n}\n") for n in range(4)]
    frame_of(small, [True] * 4).to_parquet(path)
    assert "Expected two changes or more of 8 changed lines" in refused("models", "sanity", bag, "--diffs", path)
