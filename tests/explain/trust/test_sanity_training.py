"""Small models learn a planted rule, copies of checkpoints learn labels drawn by lot, and the checkpoint stays as it is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explain.trust.sanity_planted import RULES
from explain.trust.sanity_training import by_lot, fitted, frame_of, planted_model, relabelled
from models.classify.checkpoint import BAG, DIFF_TRANSFORMER, SIZE, TRANSFORMER, Settings, write_settings
from models.classify.linear import Linear
from models.classify.load import load
from models.classify.network import DiffNetwork, Guesser, Shape
from models.data.dataset import to_diff
from models.encode.encoder import EncodeOptions
from models.encode.ngrams import feature_count
from models.encode.spelling import spelling_of
from models.encode.vocabulary import train_tokenizer
from models.train.diff_export import export
from tests.models.classify.light_toys import write_bag, write_size
from tests.models.conftest import (
    SMALL,
    tiny_folder,  # noqa: F401 - a fixture
)

SINGLE, LENGTH = RULES[0], RULES[-1]
DIFFS = [one.diff for one in SINGLE.examples(40, 1)]
LABELS = by_lot(40, 1)


def write_diff_transformer(folder: Path) -> Path:
    folder.mkdir()
    torch.manual_seed(1)
    tokenizer, bits = train_tokenizer([SMALL] * 3, 420), 8
    shape = Shape(tokenizer.get_vocab_size(), 16, 1, 2, 16, 64, 4)
    weights = torch.randn(feature_count(shape.vocabulary, bits)).numpy()
    linear = Linear(weights, 0.25, spelling_of(tokenizer, shape.vocabulary), bits)
    tokenizer.save(str(folder / "tokenizer.json"))
    export(folder, DiffNetwork(shape), Guesser(shape), linear, {})
    write_settings(folder, Settings("small", EncodeOptions(max_length=256, path_length=16), kind=DIFF_TRANSFORMER))
    return folder


@pytest.fixture(params=[BAG, SIZE, TRANSFORMER, DIFF_TRANSFORMER])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make: Any = {BAG: write_bag, SIZE: write_size, DIFF_TRANSFORMER: write_diff_transformer}
    if request.param == TRANSFORMER:
        return Path(request.getfixturevalue("tiny_folder"))
    return Path(make[request.param](tmp_path / "model"))


def files(place: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in place.iterdir()}


def test_rows_read_back_as_the_changes_they_were_made_of() -> None:
    frame = frame_of(DIFFS, LABELS)
    assert [to_diff(text, said) for text, said in zip(frame["diff"], frame["message"], strict=True)] == DIFFS
    assert frame["label"].tolist() == [int(one) for one in LABELS]
    assert frame["id"].is_unique


def test_labels_by_lot_are_even_and_seeded() -> None:
    assert sum(LABELS) == 20
    assert by_lot(40, 1) == LABELS != by_lot(40, 2)


def test_the_network_of_a_planted_diff_transformer_learns_the_rule_alone() -> None:
    examples = SINGLE.examples(60, 1)
    frame = frame_of([one.diff for one in examples], [one.label for one in examples])
    model: Any = planted_model(DIFF_TRANSFORMER, frame, 0.01, 1)
    assert np.count_nonzero(model._linear.weights) < 20


@pytest.mark.parametrize("kind", [BAG, SIZE, TRANSFORMER, DIFF_TRANSFORMER])
def test_a_planted_model_of_every_kind_learns_what_its_kind_can(kind: str) -> None:
    rule = LENGTH if kind == SIZE else SINGLE
    count = {SIZE: 200, BAG: 200, TRANSFORMER: 700, DIFF_TRANSFORMER: 1500}[kind]
    examples = rule.examples(count, 1)
    model = planted_model(kind, frame_of([one.diff for one in examples], [one.label for one in examples]), 2.0, 1)
    others = rule.examples(60, 2)
    assert fitted(model, [one.diff for one in others], [one.label for one in others]) > 0.9


def test_a_relabelled_copy_answers_otherwise_and_the_checkpoint_stays(folder: Path) -> None:
    before, was = files(folder), [one.logit for one in load(folder).predict(DIFFS)]
    copy = relabelled(folder, frame_of(DIFFS, LABELS), 0.1, 1)
    assert [one.logit for one in copy.predict(DIFFS)] != was
    assert files(folder) == before


def test_the_linear_part_of_a_relabelled_diff_transformer_is_a_new_one(tmp_path: Path) -> None:
    folder = write_diff_transformer(tmp_path / "model")
    copy: Any = relabelled(folder, frame_of(DIFFS, LABELS), 0.02, 1)
    own: Any = load(folder)
    assert copy._linear.weights.shape[0] != own._linear.weights.shape[0] or (copy._linear.weights != own._linear.weights).any()
    assert fitted(copy, DIFFS, LABELS) > 0.9
