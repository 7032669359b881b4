from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoModelForSequenceClassification, GPT2Config, PretrainedConfig, RobertaConfig
from transformers.utils import logging as transformers_logging

from models.change.parse import parse
from models.classify.checkpoint import digest_folder
from models.classify.differentiable import Differentiable
from models.classify.load import load
from models.errors import ModelError
from tests.models.conftest import SMALL

DIFFS = [parse(SMALL, "Take"), parse(SMALL.replace("None", "self.items[0]"), ""), parse(SMALL, "Another message\nlong")]


def copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to / "model")
    return to / "model"


def test_it_keeps_the_protocol_and_flags_by_margin(tiny_folder: Path):
    classifier = load(tiny_folder)
    assert isinstance(classifier, Differentiable)
    for prediction in classifier.predict(DIFFS):
        assert prediction.flagged == (prediction.score >= prediction.threshold)
        assert 0 <= prediction.score <= 1
        assert prediction.tokens_read <= prediction.tokens_total


def test_the_answer_does_not_depend_on_the_batch(tiny_folder: Path):
    classifier = load(tiny_folder)
    together = classifier.predict(DIFFS)
    alone = [classifier.predict([diff])[0] for diff in DIFFS]
    assert [one.logit for one in together] == pytest.approx([one.logit for one in alone], abs=1e-5)


def test_embeddings_give_the_logit_of_the_ids(tiny_folder: Path):
    classifier = load(tiny_folder)
    ids = classifier.encode(DIFFS[0]).ids
    by_embedding = classifier.logit_of_embeddings(classifier.embed(ids), ids).item()
    assert by_embedding == pytest.approx(classifier.logits_of_ids([ids])[0], abs=1e-5)


def test_calibration_and_threshold_belong_to_the_checkpoint(tiny_folder: Path, tmp_path: Path):
    folder = copy(tiny_folder, tmp_path)
    data = json.loads((folder / "whydiff.json").read_text())
    data.update(threshold=0.2, calibration={"slope": 2.0, "intercept": -1.0})
    (folder / "whydiff.json").write_text(json.dumps(data))
    before, after = load(tiny_folder).predict(DIFFS[:1])[0], load(folder).predict(DIFFS[:1])[0]
    assert after.threshold == 0.2
    assert after.score == pytest.approx(1 / (1 + torch.exp(torch.tensor(1 - 2 * before.logit)).item()), abs=1e-6)
    assert load(folder).digest != load(tiny_folder).digest


def test_loading_leaves_no_gradients_on_parameters(tiny_folder: Path):
    classifier = load(tiny_folder)
    embeddings = classifier.embed(classifier.encode(DIFFS[0]).ids).requires_grad_(True)
    classifier.logit_of_embeddings(embeddings, classifier.encode(DIFFS[0]).ids).sum().backward()
    assert embeddings.grad is not None
    assert all(p.grad is None and not p.requires_grad for p in classifier._model.parameters())


def drop_head(folder: Path) -> None:
    weights = {k: v for k, v in load_file(folder / "model.safetensors").items() if not k.startswith("classifier")}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def poison(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["head.dense.weight"][0, 0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def setting(key: str, value: object):
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, key: value}))

    return change


BROKEN = {
    "head": (drop_head, "lacks the weight"),
    "not finite": (poison, "not finite"),
    "pickle": (lambda f: (f / "pytorch_model.bin").write_bytes(b"\x80\x04."), "pytorch_model.bin"),
    "code": (lambda f: (f / "modeling.py").write_text("raise SystemExit"), "modeling.py"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "no weights"),
    "broken weights": (lambda f: (f / "model.safetensors").write_bytes(b"nonsense"), "could not be loaded"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json"),
    "broken tokenizer": (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer.json"),
    "foreign code": (setting("auto_map", {"AutoModel": "x.Y"}), "auto_map"),
    "kernel": (setting("_attn_implementation_internal", "someone/kernel"), "_attn_implementation_internal"),
    "absurd depth": (setting("num_hidden_layers", 100_000), "num_hidden_layers"),
    "labels": (setting("id2label", {"0": "a", "1": "b", "2": "c"}), "model"),
    "settings": (lambda f: (f / "whydiff.json").write_text('{"schema": "other"}'), "whydiff.json"),
    "no config": (lambda f: (f / "config.json").unlink(), "config.json"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_folder_that_is_unsafe_or_broken_is_refused_with_one_sentence(name: str, tiny_folder: Path, tmp_path: Path):
    folder = copy(tiny_folder, tmp_path)
    change, said = BROKEN[name]
    change(folder)
    with pytest.raises(ModelError, match=said) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(ModelError, match="does not exist"):
        load(tmp_path / "nowhere")


def foreign(folder: Path, config: PretrainedConfig) -> Path:
    """A checkpoint as others save it: random weights, a tokenizer without our markers."""
    torch.manual_seed(0)
    folder.mkdir()
    model = AutoModelForSequenceClassification.from_config(config)
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([SMALL], trainers.BpeTrainer(vocab_size=290, special_tokens=names, initial_alphabet=alphabet))
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


SHAPE = {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def test_a_foreign_folder_reads_plain_patches(tmp_path: Path):
    folder = foreign(tmp_path / "roberta", RobertaConfig(**SHAPE, max_position_embeddings=66, pad_token_id=1))
    classifier = load(folder)
    assert len(classifier.encode(DIFFS[0]).ids) <= 64
    assert classifier.predict(DIFFS[:1])[0].threshold == 0.5
    assert classifier.name == "roberta"


def test_a_model_with_few_positions_is_read_so_far(tmp_path: Path):
    config = GPT2Config(vocab_size=300, n_embd=32, n_layer=1, n_head=2, n_positions=40, pad_token_id=1)
    assert len(load(foreign(tmp_path / "gpt", config)).encode(DIFFS[0]).ids) <= 40


def test_a_model_that_cannot_score_a_batch_is_refused(tmp_path: Path):
    config = GPT2Config(vocab_size=300, n_embd=32, n_layer=1, n_head=2, n_positions=40)
    with pytest.raises(ModelError, match="could not score a batch") as caught:
        load(foreign(tmp_path / "gpt", config))
    assert "\n" not in str(caught.value)


def test_an_own_checkpoint_without_settings_was_never_finished(tiny_folder: Path, tmp_path: Path):
    folder = copy(tiny_folder, tmp_path)
    (folder / "whydiff.json").unlink()
    with pytest.raises(ModelError, match="training was not finished"):
        load(folder)


WRONG_SETTINGS = {
    "no object": {"encode": []},
    "text": {"encode": {"max_length": "x"}},
    "negative": {"encode": {"max_length": -3}},
    "too long": {"encode": {"max_length": 4096}},
    "no truth value": {"encode": {"markers": "false"}},
    "null": {"encode": {"line_length": None}},
    "endless slope": {"calibration": {"slope": float("inf"), "intercept": 0.0}},
    "falling slope": {"calibration": {"slope": -1.0, "intercept": 0.0}},
    "threshold": {"threshold": 1.0},
}


@pytest.mark.parametrize("name", WRONG_SETTINGS)
def test_settings_out_of_range_are_refused(name: str, tiny_folder: Path, tmp_path: Path):
    folder = copy(tiny_folder, tmp_path)
    data = json.loads((folder / "whydiff.json").read_text())
    (folder / "whydiff.json").write_text(json.dumps({**data, **WRONG_SETTINGS[name]}))
    with pytest.raises(ModelError, match=r"whydiff\.json of the model folder"):
        load(folder)


def test_the_digest_knows_which_shards_are_loaded(tiny_folder: Path, tmp_path: Path):
    folder = copy(tiny_folder, tmp_path)
    before = digest_folder(folder)
    (folder / "model.safetensors.index.json").write_text("{}")
    assert digest_folder(folder) != before


def test_many_threads_may_load(tiny_folder: Path):
    level = transformers_logging.get_verbosity()
    with ThreadPoolExecutor(4) as pool:
        digests = {one.digest for one in pool.map(lambda _: load(tiny_folder), range(8))}
    assert len(digests) == 1
    assert transformers_logging.get_verbosity() == level
