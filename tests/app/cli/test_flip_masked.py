"""``whydiff flip --masked-model``: words that a model of one's own finds likely."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.classify.guesses import MASKED_VARIABLE
from tests.models.classify.masked_toys import bert, roberta

ONLY = "--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n x\n+if danger then\n"
WORDS = ("--operators", "replace-word")


@pytest.fixture
def only(tmp_path: Path) -> Path:
    path = tmp_path / "only.diff"
    path.write_text(ONLY)
    return path


@pytest.fixture
def liking(tmp_path: Path) -> Path:
    """A masked model that would put "danger" everywhere, and where that stands already "safe"."""
    return bert(tmp_path / "liking", ["danger", "safe"])


def found(whydiff, *arguments: object) -> dict[str, object]:
    result = whydiff("flip", *arguments, "--format", "json")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def test_the_planted_word_is_found_and_verified(whydiff, planted, only: Path, liking: Path) -> None:
    data = found(whydiff, only, *WORDS, "--masked-model", liking)
    ways = {one["edits"][0]["after"]: one for one in data["counterfactuals"]}
    one = ways["safe"]
    (edit,) = one["edits"]
    assert (edit["operator"], edit["before"]) == ("replace-word", "danger")
    assert one["patch"].endswith("+if safe then\n")
    assert 0 < one["plausibility"] <= 1
    assert all(way["verified"] for way in ways.values())
    assert data["masked_model"]["path"] == str(liking)
    assert len(data["masked_model"]["id"]) == 16
    assert MASKED_VARIABLE not in os.environ


def test_other_models_propose_other_words(whydiff, planted, only: Path, tmp_path: Path) -> None:
    digests = set()
    for words in (("pool", "total"), ("first", "second")):
        data = found(whydiff, only, *WORDS, "--masked-model", roberta(tmp_path / words[0], [f"Ġ{word}" for word in words]))
        assert {one["edits"][0]["after"] for one in data["counterfactuals"]} == set(words)
        assert all(one["verified"] for one in data["counterfactuals"])
        digests.add(data["masked_model"]["id"])
    assert len(digests) == 2


def test_a_table_is_not_added_to_with_another_masked_model(whydiff, refused, planted, liking: Path, tmp_path: Path) -> None:
    dataset, flips = tmp_path / "data.parquet", tmp_path / "flips.parquet"
    pq.write_table(pa.Table.from_pylist([{"id": "a", "diff": ONLY, "message": "", "label": 1}]), dataset)
    asked = ("flip", dataset, "-o", flips, *WORDS)
    told = whydiff(*asked, "--masked-model", liking)
    assert told.code == 0
    assert "plausibility judged, by liking (" in told.out
    (row,) = pq.read_table(flips).to_pylist()
    assert json.loads(row["edits"])[0]["replacement"] == "safe"
    assert row["verified"] is True
    assert whydiff(*asked, "--masked-model", liking, "--format", "json").code == 0
    assert "was made with --masked-model" in refused(*asked)


def test_text_says_which_model_proposed_words(whydiff, planted, only: Path, liking: Path) -> None:
    digest = found(whydiff, only, *WORDS, "--masked-model", liking)["masked_model"]["id"]
    said = f"Words were proposed, and plausibility judged, by liking ({digest})."
    text = whydiff("flip", only, *WORDS, "--masked-model", liking)
    assert text.code == 0
    assert "+if safe then" in text.out
    assert said in text.out
    assert "Words were proposed" not in whydiff("flip", only, *WORDS).out


def test_the_environment_names_it_too(
    whydiff, planted, only: Path, liking: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(MASKED_VARIABLE, str(liking))
    assert found(whydiff, only, *WORDS)["masked_model"]["path"] == str(liking)
    other = bert(tmp_path / "other", ["pool"])
    assert found(whydiff, only, *WORDS, "--masked-model", other)["masked_model"]["path"] == str(other)
    assert os.environ[MASKED_VARIABLE] == str(liking)


@pytest.mark.parametrize("wrong", ["missing", "pickle", "mask", "tokenizer", "kind", "file"])
def test_a_folder_that_will_not_do_is_refused_before_the_search(
    refused, planted, only: Path, liking: Path, tmp_path: Path, wrong: str
) -> None:
    folder = liking
    if wrong == "missing":
        folder = tmp_path / "nowhere"
    elif wrong == "pickle":
        (liking / "model.safetensors").rename(liking / "pytorch_model.bin")
    elif wrong == "mask":
        (liking / "tokenizer.json").write_text((liking / "tokenizer.json").read_text().replace("[MASK]", "[HIDE]"))
    elif wrong == "tokenizer":
        (liking / "tokenizer.json").unlink()
    elif wrong == "kind":
        (liking / "config.json").write_text((liking / "config.json").read_text().replace('"bert"', '"gpt2"'))
    else:
        folder = only
    said = {
        "missing": "does not exist",
        "pickle": "pytorch_model.bin",
        "mask": "no mask token",
        "tokenizer": "fast tokenizer",
        "kind": "no masked language model",
        "file": "is a file",
    }
    assert said[wrong] in refused("flip", only, "--masked-model", folder)
    assert planted.asked == []
    assert MASKED_VARIABLE not in os.environ
