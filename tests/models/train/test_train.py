from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import BertConfig, BertModel

from models.classify.load import load
from models.data.dataset import to_diff
from models.errors import DataError, ModelError, UsageError
from models.evaluate.card import card_text
from models.train.claim import Beginning, claim
from models.train.config import Config
from models.train.evaluate import area, best_threshold
from models.train.finish import finish
from models.train.loop import Loop
from models.train.prepare import own_reading, prepare, tokenizer_for
from models.train.run import train_checkpoint
from models.train.tiers import tier
from models.train.transformer import train
from tests.models.conftest import SMALL, TINY
from tests.models.train.toy_rows import dataset

OPTIONS = replace(TINY, epochs=12.0, batch_tokens=600, learning_rate=3e-3, checkpoint_minutes=99.0, mask_share=0.1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    dataset().to_parquet(folder / "data.parquet")
    list(train_checkpoint([folder / "data.parquet"], Config(tier("transformer"), OPTIONS), folder / "model"))
    return folder / "model"


def test_it_learns_a_rule_and_states_the_truth_on_its_card(trained: Path):
    classifier = load(trained)
    valid = dataset().query("split == 'valid'")
    predictions = classifier.predict([d for d in map(to_diff, valid["diff"], valid["message"]) if d is not None])
    truth = roc_auc_score(valid["label"], [p.score for p in predictions])
    card = json.loads((trained / "card.json").read_text())
    assert truth > 0.95
    own, *others = card["report"]["models"]
    assert own["figures"]["auc"]["value"] == pytest.approx(truth, abs=1e-9)
    assert own["digest"] == card["facts"]["digest"] == classifier.digest
    assert [one["name"] for one in others] == ["lines changed"]
    assert card["data"] == {"train_rows": 84, "train_projects": 2}
    text = (trained / "CARD.md").read_text()
    assert f"| model | {truth:.3f} [" in text
    assert text == card_text(card)


def test_predictions_of_the_valid_rows_are_kept_without_texts(trained: Path):
    table = pd.read_parquet(trained / "predictions.parquet")
    classifier, valid = load(trained), dataset().query("split == 'valid'")
    said = classifier.predict([d for d in map(to_diff, valid["diff"], valid["message"]) if d is not None])
    assert table["id"].tolist() == valid["id"].tolist()
    assert table["score"].tolist() == pytest.approx([one.score for one in said], abs=1e-6)
    assert table["flagged"].tolist() == [one.flagged for one in said]
    assert set(table["model_digest"]) == {classifier.digest}
    assert not {"diff", "message", "label_kind", "weight"} & set(table.columns)


def test_an_unfinished_run_leaves_no_settings(trained: Path, tmp_path: Path):
    from models.classify.checkpoint import read_settings
    from models.classify.transformer import load_transformer

    folder = Path(shutil.copytree(trained, tmp_path / "model"))
    settings = read_settings(folder, OPTIONS.max_length)
    assert settings is not None
    for name in ("whydiff.json", "CARD.md", "card.json", "predictions.parquet"):
        (folder / name).unlink()
    told: list[str] = []

    def stop(what: str, done: float) -> None:
        told.append(what)
        if what == "measuring":
            raise Killed

    with pytest.raises(Killed):
        finish(dataset(), folder, lambda: load_transformer(folder, settings), settings, stop)
    assert set(told) >= {"scoring the valid rows", "measuring"}
    with pytest.raises(ModelError, match="not finished"):
        load(folder)
    finish(dataset(), folder, lambda: load_transformer(folder, settings), settings, lambda what, done: None)
    assert load(folder).digest == load(trained).digest
    assert (folder / "CARD.md").read_text() == (trained / "CARD.md").read_text()


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


def same(a: Path, b: Path) -> bool:
    return all((value == weights(b)[name]).all() for name, value in weights(a).items())


def test_a_run_that_is_over_stays_as_it_is(tmp_path: Path):
    short = replace(OPTIONS, epochs=1.0)
    list(train(dataset(), short, tmp_path / "a"))
    before = (tmp_path / "a" / "state.json").read_text()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    list(train(dataset(), short, tmp_path / "a"))
    assert json.loads((tmp_path / "a" / "state.json").read_text())["step"] == json.loads(before)["step"]
    assert same(tmp_path / "a", tmp_path / "b")


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_run_that_was_killed_gives_the_weights_of_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    options = replace(OPTIONS, epochs=2.0, mask_share=0.6, checkpoint_minutes=0.01)
    list(train(dataset(), options, tmp_path / "whole"))
    real, taken = Loop._step, []

    def step(self: Loop, *arguments: Any) -> float:
        taken.append(1)
        if len(taken) == 7:
            self._save()
        if len(taken) == 9:
            raise Killed
        return real(self, *arguments)

    monkeypatch.setattr(Loop, "_step", step)
    with pytest.raises(Killed):
        list(train(dataset(), options, tmp_path / "cut"))
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    monkeypatch.undo()
    list(train(dataset(), options, tmp_path / "cut"))
    assert same(tmp_path / "whole", tmp_path / "cut")


def test_a_run_goes_on_only_as_it_was_begun(tmp_path: Path):
    begun = Beginning("transformer", "a1")
    claim(tmp_path / "a", OPTIONS, begun)
    stored = (tmp_path / "a" / "train.json").read_text()
    claim(tmp_path / "a", replace(OPTIONS, minutes=9.0), begun)
    for options, other in (
        (replace(OPTIONS, layers=1), begun),
        (replace(OPTIONS, seed=9), begun),
        (OPTIONS, Beginning("transformer", "b2")),
        (OPTIONS, Beginning("transformer", "a1", "c3")),
        (OPTIONS, Beginning("diff-transformer", "a1")),
    ):
        with pytest.raises(UsageError, match="was begun with"):
            claim(tmp_path / "a", options, other)
    claim(tmp_path / "a", OPTIONS, begun)
    assert (tmp_path / "a" / "train.json").read_text() == stored
    (tmp_path / "a" / "train.json").write_text("[]")
    with pytest.raises(ModelError, match="no record of a run"):
        claim(tmp_path / "a", OPTIONS, begun)


def test_a_folder_with_something_else_in_it_is_not_claimed(tmp_path: Path):
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(UsageError, match="something else"):
        claim(tmp_path, OPTIONS, Beginning("transformer", "a1"))


def test_a_checkpoint_of_a_run_that_was_damaged_is_named(tmp_path: Path):
    list(train(dataset(), replace(OPTIONS, epochs=0.5), tmp_path / "a"))
    (tmp_path / "a" / "work" / "labels.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="could not be read"):
        list(train(dataset(), replace(OPTIONS, epochs=0.5), tmp_path / "a"))


def test_other_texts_are_encoded_anew_other_labels_are_not(tmp_path: Path):
    frame, cache = dataset(40), tmp_path / "encoded.npz"
    reading = own_reading(tokenizer_for(frame, TINY.vocabulary, 1), TINY.encode())
    first = prepare(frame, reading, (48, 96), cache)
    before = cache.stat().st_mtime_ns
    prepare(frame.assign(label=1 - frame["label"]), reading, (48, 96), cache)
    assert cache.stat().st_mtime_ns == before
    changed = prepare(frame.assign(message="something else"), reading, (48, 96), cache)
    assert changed.encoded[1].row(0).tolist() != first.encoded[1].row(0).tolist()
    assert [len(one.row(3)) for one in first.encoded] == [48, min(96, len(first.encoded[1].row(3)))]


def test_a_run_starts_from_a_checkpoint_of_its_own_kind(trained: Path, tmp_path: Path):
    dataset().to_parquet(tmp_path / "data.parquet")
    slow = replace(OPTIONS, epochs=0.3, learning_rate=1e-7, warmup=0.0)
    list(train_checkpoint([tmp_path / "data.parquet"], Config(tier("transformer"), slow), tmp_path / "model", trained))
    record = json.loads((tmp_path / "model" / "train.json").read_text())
    assert record["parent"] == load(trained).digest
    ours, theirs = weights(tmp_path / "model"), weights(trained)
    assert all(torch.allclose(value.float(), theirs[name].float(), atol=1e-3) for name, value in ours.items())


def test_a_run_starts_from_any_encoder_with_a_vocabulary(tmp_path: Path):
    folder, data = tmp_path / "foreign", tmp_path / "data.parquet"
    tokenizer = Tokenizer(BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(vocab_size=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.train_from_iterator([SMALL] * 3, trainer)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=80, **sizes)).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    dataset().to_parquet(data)
    options = replace(OPTIONS, epochs=3.0, learning_rate=1e-3)
    list(train_checkpoint([data], Config(tier("transformer"), options), tmp_path / "model", folder))
    classifier = load(tmp_path / "model")
    diff = to_diff(SMALL, "message")
    assert diff is not None
    assert 0 < classifier.predict([diff])[0].score < 1
    assert json.loads((tmp_path / "model" / "whydiff.json").read_text())["encode"]["markers"] is False


@pytest.mark.parametrize(
    "wrong",
    [{"minutes": 0.0}, {"heads": 3}, {"tune_share": 0.0}, {"max_length": 8}, {"epochs": float("nan")}],
)
def test_options_out_of_bounds_are_refused(wrong: dict[str, float]):
    with pytest.raises(UsageError, match="Expected"):
        replace(TINY, **wrong)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path):
    short = replace(OPTIONS, epochs=1.0)
    for name in ("a", "b"):
        list(train(dataset(), short, tmp_path / name))
    assert same(tmp_path / "a", tmp_path / "b")


def test_an_unknown_kind_and_a_dataset_without_valid_rows_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="transformer"):
        tier("forest")
    dataset().assign(split="train").to_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match="valid"):
        list(train_checkpoint([tmp_path / "data.parquet"], Config(tier("transformer"), OPTIONS), tmp_path / "m"))
    assert not (tmp_path / "m" / "model.safetensors").exists()


def test_a_dataset_that_teaches_nothing_is_refused(tmp_path: Path):
    dataset().assign(diff="nonsense").to_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match="a diff that can be read"):
        list(train_checkpoint([tmp_path / "data.parquet"], Config(tier("transformer"), OPTIONS), tmp_path / "m"))
    few = dataset()
    few.loc[few["split"] == "valid", "label"] = np.int8(0)
    few.loc[few.index[-1], "label"] = np.int8(1)
    few.to_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match="two or more rows of each label"):
        list(train_checkpoint([tmp_path / "data.parquet"], Config(tier("transformer"), OPTIONS), tmp_path / "m"))


def test_the_area_counts_ties_as_half_and_is_undefined_for_one_class():
    labels = np.array([1, 1, 0, 1, 0, 0])
    scores = np.array([2.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    assert area(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert np.isnan(area(labels * 0, scores))


def test_the_threshold_has_the_highest_f1():
    labels = np.array([0, 0, 1, 0, 1, 1])
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])

    def f1(cut: float) -> float:
        flagged = scores >= cut
        hit = (flagged & (labels == 1)).sum()
        return float(2 * hit / (flagged.sum() + labels.sum()))

    best = best_threshold(labels, scores)
    assert f1(best) == max(f1(cut) for cut in scores)
    assert best not in scores
    assert 0 < best_threshold(labels[2:3], scores[2:3]) < scores[2]
