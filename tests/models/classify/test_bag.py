"""The bag of words against sums worked out by hand, and what becomes of folders that hold none."""

from __future__ import annotations

import json
import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.change.parse import parse
from models.change.types import METRICS_FILE, Diff, Unit
from models.classify.additive import Additive
from models.classify.bag import load_bag
from models.classify.differentiable import Differentiable
from models.classify.load import load
from models.encode.words import LINE
from models.errors import ModelError
from tests.models.classify.light_toys import BIAS, BY_SIZE, bag, sigmoid, write_bag

PATCH = """\
--- a/src/cache.py
+++ b/src/cache.py
@@ -1,3 +1,4 @@
 import os
-value = read(path)
+value = retry(path, retry)
+again = retry(path)
 return value
"""
DIFF = parse(PATCH, "Retry loading\n\nretry and RETRY")
SIZES = BY_SIZE[0] * math.log(3) + BY_SIZE[1] * math.log(2) + BY_SIZE[2] * math.log(2)


def test_the_logit_is_bias_and_sizes_and_each_word_once(tmp_path: Path) -> None:
    classifier = bag(tmp_path)
    (prediction,) = classifier.predict([DIFF])
    assert prediction.logit == pytest.approx(BIAS + SIZES + 1.5 - 0.5 + 0.25, abs=1e-12)
    assert prediction.score == pytest.approx(sigmoid(prediction.logit))
    assert prediction.margin == pytest.approx(prediction.logit)
    assert prediction.tokens_read == prediction.tokens_total == 5 + 5 + 6 + 8 + 6
    assert prediction.unread == ()


def test_a_word_is_shared_by_its_places(tmp_path: Path) -> None:
    found = bag(tmp_path).contributions(DIFF)
    by_place = {part.unit: part.value for part in found.parts}
    assert (found.baseline, found.base) == ("empty change", BIAS)
    assert found.names == ("lines added: 2", "lines removed: 1", "files: 1")
    assert [by_place[Unit(METRICS_FILE, -1, n)] for n in range(3)] == pytest.approx(
        [BY_SIZE[0] * math.log(3), BY_SIZE[1] * math.log(2), BY_SIZE[2] * math.log(2)]
    )
    assert {unit: value for unit, value in by_place.items() if unit.file != METRICS_FILE} == pytest.approx(
        {
            Unit(-1, -1, 0, 0, 5): 0.25 / 3,
            Unit(-1, -1, 2, 0, 5): 0.25 / 3,
            Unit(-1, -1, 2, 10, 15): 0.25 / 3,
            Unit(0, 0, 1, 0, 5): -0.5,
            Unit(0, 0, 2, 8, 13): 0.5,
            Unit(0, 0, 2, 20, 25): 0.5,
            Unit(0, 0, 3, 8, 13): 0.5,
        }
    )


def test_both_ways_of_counting_sum_to_the_logit(tmp_path: Path) -> None:
    classifier = bag(tmp_path)
    for found in (classifier.contributions(DIFF), classifier.recounted(DIFF)):
        total = found.base + sum(part.value for part in found.parts)
        assert total == pytest.approx(classifier.predict([DIFF])[0].logit, abs=1e-12)


def test_no_change_scores_the_bias(tmp_path: Path) -> None:
    assert bag(tmp_path).predict([Diff(())])[0].logit == BIAS


def test_the_answer_does_not_depend_on_order_or_neighbours(tmp_path: Path) -> None:
    classifier = bag(tmp_path)
    diffs = [DIFF, parse(PATCH), Diff(())]
    alone = [classifier.predict([one])[0] for one in diffs]
    for order in permutations(range(3)):
        assert list(classifier.predict([diffs[n] for n in order])) == [alone[n] for n in order]
    assert classifier.predict([]) == ()


def test_it_is_additive_and_has_no_gradients(tmp_path: Path) -> None:
    classifier = load(write_bag(tmp_path / "bag"))
    assert isinstance(classifier, Additive)
    assert not isinstance(classifier, Differentiable)


def test_a_line_is_read_up_to_a_limit_and_the_rest_is_told(tmp_path: Path) -> None:
    text = "x " * (LINE // 2) + "retry " * 10
    diff = parse(f"--- a/a.js\n+++ b/a.js\n@@ -0,0 +1 @@\n+{text}\n")
    (prediction,) = bag(tmp_path).predict([diff])
    assert prediction.unread == (Unit(0, 0, 0, LINE, len(text)),)
    assert prediction.tokens_total - prediction.tokens_read == 10
    assert prediction.logit == pytest.approx(BIAS + (BY_SIZE[0] + BY_SIZE[2]) * math.log(2))


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(folder)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"words": ["+a", "+b", "+a"]}, "lists a word twice"),
        ({"words": "+a"}, "no list of words"),
        ({"words": [1, 2, 3]}, "no list of words"),
        ({}, "no list of words"),
        (["+a"], "JSON object"),
        ({"words": ["+a"]}, "expected float32 of shape (1,)"),
    ],
)
def test_a_vocabulary_that_is_none_is_refused(tmp_path: Path, words: object, reason: str) -> None:
    folder = write_bag(tmp_path / "bag")
    (folder / "words.json").write_text(json.dumps(words))
    assert reason in refusal(folder)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("words", np.array([1, np.nan, 2], dtype=np.float32), "not finite"),
        ("words", np.array([1, np.inf, 2], dtype=np.float32), "not finite"),
        ("bias", np.array([1e30], dtype=np.float32), "not finite or beyond"),
        ("sizes", np.zeros(2, dtype=np.float32), "shape (2,)"),
        ("words", np.zeros((3, 1), dtype=np.float32), "shape (3, 1)"),
        ("words", np.zeros(3, dtype=np.int64), "int64"),
        ("bias", None, "holds nothing as bias"),
    ],
)
def test_weights_that_are_none_are_refused(tmp_path: Path, name: str, value: object, reason: str) -> None:
    folder = write_bag(tmp_path / "bag")
    tensors = load_file(folder / "model.safetensors") | {name: value}
    save_file({key: one for key, one in tensors.items() if one is not None}, folder / "model.safetensors")
    assert reason in refusal(folder)


def test_files_that_are_missing_broken_or_unsafe_are_refused(tmp_path: Path) -> None:
    folder = write_bag(tmp_path / "bag")
    (folder / "more.pkl").touch()
    assert "more.pkl, which may run code" in refusal(folder)
    (folder / "more.pkl").unlink()
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)
    assert "could not be read as safetensors" in refusal(folder)
    (folder / "model.safetensors").unlink()
    assert "lacks model.safetensors, so it is no bag checkpoint" in refusal(folder)
    write_bag(folder)
    (folder / "whydiff.json").unlink()
    assert "training was not finished" in refusal(folder)


@pytest.mark.parametrize("file", ["words.json", "model.safetensors", "whydiff.json"])
def test_the_digest_knows_every_file_that_decides(tmp_path: Path, file: str) -> None:
    first = load_bag(write_bag(tmp_path / "a")).digest
    folder = write_bag(tmp_path / "b")
    assert load_bag(folder).digest == first
    (folder / "notes.txt").write_text("no part of it")
    assert load_bag(folder).digest == first
    if file == "words.json":
        (folder / file).write_text((folder / file).read_text().replace("retry", "other"))
    elif file == "model.safetensors":
        write_bag(folder, bias=BIAS + 0.5)
    else:
        (folder / file).write_text((folder / file).read_text().replace("small bag", "another"))
    assert load_bag(folder).digest != first
