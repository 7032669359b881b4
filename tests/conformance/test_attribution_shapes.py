"""Every attribution method on tiny models of the architectures that people bring: random weights, real code paths."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, processors
from transformers import (
    BartConfig,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    ModernBertConfig,
    PretrainedConfig,
    Qwen2Config,
    RobertaConfig,
    T5Config,
)

from explain.attribution.background import AgainstBackground
from explain.attribution.check import check
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS, fitting
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution
from explain.trust.panel import trust
from models.change.parse import parse
from models.change.types import Diff, Level, Unit
from models.classify.differentiable import Differentiable
from models.classify.load import load
from models.classify.seq2seq import has_decoder
from tests.models.classify.test_transformer import foreign
from tests.models.conftest import SMALL

BODY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48, "vocab_size": 300}
ENDS = {"eos_token_id": 2, "id2label": {0: "calm", 1: "bad"}, "label2id": {"calm": 0, "bad": 1}}
HALVES = {
    f"{half}_{what}": size
    for half in ("encoder", "decoder")
    for what, size in (("layers", 2), ("attention_heads", 2), ("ffn_dim", 48))
}
SHAPES: dict[str, Callable[[], PretrainedConfig]] = {
    "bert": lambda: BertConfig(**BODY, max_position_embeddings=80, pad_token_id=1),
    "roberta": lambda: RobertaConfig(**BODY, max_position_embeddings=82, pad_token_id=1),
    "distilbert": lambda: DistilBertConfig(
        vocab_size=300, dim=32, n_layers=2, n_heads=2, hidden_dim=48, max_position_embeddings=80, pad_token_id=1
    ),
    "modernbert": lambda: ModernBertConfig(
        **BODY, max_position_embeddings=80, pad_token_id=1, cls_token_id=2, sep_token_id=3, bos_token_id=2, eos_token_id=3
    ),
    "deberta-v2": lambda: DebertaV2Config(
        **BODY, max_position_embeddings=80, pad_token_id=1, relative_attention=True, pos_att_type=["p2c", "c2p"]
    ),
    "electra": lambda: ElectraConfig(**BODY, embedding_size=32, max_position_embeddings=80, pad_token_id=1),
    "gpt2": lambda: GPT2Config(vocab_size=300, n_embd=32, n_layer=2, n_head=2, n_positions=80, pad_token_id=1),
    "qwen2": lambda: Qwen2Config(**BODY, num_key_value_heads=2, max_position_embeddings=80, pad_token_id=1),
    "t5": lambda: T5Config(
        vocab_size=300, d_model=32, d_kv=16, d_ff=48, num_layers=2, num_heads=2, pad_token_id=1, **ENDS, decoder_start_token_id=1
    ),
    "bart": lambda: BartConfig(
        vocab_size=300,
        d_model=32,
        max_position_embeddings=80,
        pad_token_id=1,
        **ENDS,
        decoder_start_token_id=2,
        **HALVES,
        forced_eos_token_id=2,
    ),
}
DIFF = parse(SMALL, "Take")
ROLLOUT = "attention-rollout"
TOKENS = [name for name in METHODS if name not in {"exact", ROLLOUT}]
OPTIONS = AttributionOptions(orders=1, budget=80)


def made(folder: Path, config: PretrainedConfig) -> Path:
    """A checkpoint with random weights; for a model with a decoder, a tokenizer that ends every row as they do."""
    foreign(folder, config)
    if config.is_encoder_decoder:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
        tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module", params=SHAPES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Differentiable:
    classifier = load(made(tmp_path_factory.mktemp("shape") / request.param, SHAPES[request.param]()))
    assert isinstance(classifier, Differentiable)
    return classifier


def explained(model: Differentiable, method: str, options: AttributionOptions = OPTIONS, diff: Diff = DIFF) -> Attribution:
    return answer(attribute(diff, model, method, options))


def methods(model: Differentiable) -> list[str]:
    return [card.name for card in fitting(model)]


def strongest(attribution: Attribution) -> list[Unit]:
    lines = sorted(attribution.at(Level.LINE), key=lambda one: (-abs(round(one.value, 4)), one.unit))
    return [one.unit for one in lines[:3]]


@pytest.mark.parametrize("method", TOKENS)
@pytest.mark.parametrize("baseline", ["mask", "pad"])
def test_every_method_gives_a_right_answer(model: Differentiable, method: str, baseline: str) -> None:
    options = AttributionOptions(orders=1, budget=80, baseline=baseline)
    assert check(explained(model, method, options), model, DIFF) == ()


def test_every_shape_has_attention_to_show_but_those_with_a_decoder(model: Differentiable) -> None:
    assert methods(model) == [*TOKENS, *([] if has_decoder(network(model)) else [ROLLOUT])]
    if ROLLOUT in methods(model):
        assert check(explained(model, ROLLOUT), model, DIFF) == ()


def test_a_background_gives_right_answers(model: Differentiable) -> None:
    others = [parse(SMALL.replace("items", word), word) for word in ("pool", "rows", "lots")]
    calm = tuple(one for one in others if not model.predict([one])[0].flagged)
    options = AgainstBackground(changes=calm or (others[0],), draws=2, orders=1, budget=160)
    for method in TOKENS:
        reasons = check(explained(model, method, options), model, DIFF, background=options)
        assert reasons == (() if calm else ("the model flags 1 of the changes of the background",))


def network(model: Differentiable) -> Any:
    return model._model  # type: ignore[attr-defined]


def state(model: Differentiable) -> tuple[object, ...]:
    """All of a model that explaining might touch: parameters, their flags, modes and hooks, and the tokenizer."""
    tokenizer = model._encoder._bounded._tokenizer.to_str()  # type: ignore[attr-defined]
    weights = [(name, one.sum().item(), one.requires_grad, one.grad) for name, one in network(model).named_parameters()]
    parts = [
        (part.training, len(part._forward_hooks), len(part._forward_pre_hooks), len(part._backward_hooks))
        for part in network(model).modules()
    ]
    return tokenizer, weights, parts


def test_explaining_and_measuring_trust_change_nothing_of_the_model(model: Differentiable) -> None:
    before = state(model)
    for method in methods(model):
        explained(model, method)
    *_, found = trust(DIFF, model, explained(model, "integrated-gradients"), OPTIONS)
    assert found.complete
    assert [one.removal for one in found.faithfulness] == ["mask", "delete"]
    assert state(model) == before


@pytest.mark.parametrize("method", TOKENS)
def test_the_batch_changes_no_strongest_line(model: Differentiable, method: str) -> None:
    one, many = (explained(model, method, AttributionOptions(orders=1, budget=80, batch=batch)) for batch in (1, 64))
    assert strongest(one) == strongest(many)
    assert [a.value for a in one.tokens] == pytest.approx([b.value for b in many.tokens], abs=1e-4)


def test_two_users_at_once_get_what_each_would_get_alone(model: Differentiable) -> None:
    alone = {method: explained(model, method) for method in ("integrated-gradients", "shapley")}
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda method: (method, explained(model, method)), [*alone] * 4))
    for method, one in found:
        assert strongest(one) == strongest(alone[method])
        assert [a.value for a in one.tokens] == pytest.approx([b.value for b in alone[method].tokens], abs=1e-5)
