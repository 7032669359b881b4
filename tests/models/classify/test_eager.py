"""The attention of Hugging Face classifiers: as the architecture itself writes it down, and without a trace in the model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    FNetConfig,
    GPT2Config,
    ModernBertConfig,
    PretrainedConfig,
    T5Config,
)

from models.change.parse import parse
from models.classify.attentive import Attentive
from models.classify.eager import _eager, has_attention
from models.classify.load import load
from tests.models.classify.test_transformer import foreign
from tests.models.conftest import SMALL

BODY = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48, "vocab_size": 300}
ENDS = {"pad_token_id": 1, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
SHAPES: dict[str, tuple[Callable[[], PretrainedConfig], Callable[[int], list[int]]]] = {
    "bert": (lambda: BertConfig(**BODY, max_position_embeddings=80, pad_token_id=1), lambda n: [0]),
    "gpt2": (
        lambda: GPT2Config(vocab_size=300, n_embd=32, n_layer=3, n_head=2, n_positions=80, pad_token_id=1),
        lambda n: [n - 1],
    ),
    "mean": (
        lambda: ModernBertConfig(**BODY, **ENDS, max_position_embeddings=80, classifier_pooling="mean"),
        lambda n: list(range(n)),
    ),
}
"""A shape, and the places that its head reads."""
DIFF = parse(SMALL, "Take")


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Callable[[int], list[int]]]:
    config, read = SHAPES[request.param]
    return foreign(tmp_path / request.param, config()), read


def state(model: Any) -> tuple[object, ...]:
    digest = hashlib.sha256(b"".join(one.numpy().tobytes() for one in model.state_dict().values())).hexdigest()
    parts = [(type(one), one.training, len(one._forward_hooks), len(one._forward_pre_hooks)) for one in model.modules()]
    flags = [(id(one), one.requires_grad, one.grad) for one in model.parameters()]
    return digest, parts, flags, model.config.to_json_string(), model.config._attn_implementation


def test_the_weights_are_those_of_a_model_that_was_built_to_write_them_down(shape: Any) -> None:
    folder, read = shape
    classifier = load(folder)
    assert isinstance(classifier, Attentive)
    assert classifier.attends
    ids = classifier.encode(DIFF).ids
    found = classifier.attention(ids)
    twin = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager", local_files_only=True).eval()
    with torch.no_grad():
        expected = torch.cat(twin(input_ids=torch.tensor([ids]), output_attentions=True).attentions).numpy()
    assert found.weights.shape == (3, 2, len(ids), len(ids))
    assert np.abs(found.weights - expected).max() < 1e-6
    assert np.flatnonzero(found.read).tolist() == read(len(ids))
    assert found.read.sum() == pytest.approx(1.0)


def test_the_model_is_as_before_also_when_threads_ask_in_inference_mode(shape: Any) -> None:
    classifier: Any = load(shape[0])
    ids = classifier.encode(DIFF).ids
    before, logit = state(classifier._model), classifier.logits_of_ids([ids])
    with torch.inference_mode():
        inside = classifier.attention(ids)
    outside = classifier.attention(ids)
    assert np.array_equal(inside.weights, outside.weights)
    assert state(classifier._model) == before
    assert classifier.logits_of_ids([ids]) == logit


def test_the_copy_shares_the_weights(shape: Any) -> None:
    model: Any = load(shape[0])._model  # type: ignore[attr-defined]
    twin = _eager(model)
    assert [one.data_ptr() for one in twin.parameters()] == [one.data_ptr() for one in model.parameters()]
    assert not {id(one) for one in twin.modules()} & {id(one) for one in model.modules()}
    assert (twin.config._attn_implementation, model.config._attn_implementation) == ("eager", "sdpa")


def test_what_has_a_decoder_or_no_attention_is_no_such_model() -> None:
    assert [has_attention(one) for one in (BertConfig(), GPT2Config(), T5Config(), FNetConfig())] == [True, True, False, False]
