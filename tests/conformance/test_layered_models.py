"""What every classifier whose parameters can be made random promises: random copies, and an original that is left alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModelForSequenceClassification, BertConfig, RobertaConfig

from models.change.parse import parse
from models.classify.checkpoint import DIFF_TRANSFORMER, Settings
from models.classify.diff_transformer import DiffTransformerClassifier
from models.classify.layered import Layered
from models.classify.linear import Linear
from models.classify.load import load
from models.classify.network import DiffNetwork, Shape
from models.classify.randomised import transformer_stages
from models.classify.transformer import TransformerClassifier
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.ngrams import feature_count
from models.encode.spelling import spelling_of
from models.encode.vocabulary import train_tokenizer
from tests.models.classify.light_toys import STUMPS, stump, write_bag, write_size
from tests.models.conftest import SMALL as TEXT
from tests.models.conftest import tiny_folder  # noqa: F401 - a fixture

DIFF = parse(TEXT, "Return early")
KINDS = ("transformer", "bert", "roberta", "diff-transformer", "bag", "size")


def vocabulary() -> Tokenizer:
    return train_tokenizer([TEXT] * 3, 420)


def foreign(config: Any) -> TransformerClassifier:
    torch.manual_seed(2)
    encoder = DiffEncoder(vocabulary(), EncodeOptions(max_length=96), ((1,), (2,)))
    model = AutoModelForSequenceClassification.from_config(config)
    return TransformerClassifier(model, encoder, Settings("foreign"), (3, 0), "ab" * 8)


def diff_transformer() -> DiffTransformerClassifier:
    torch.manual_seed(1)
    tokenizer, bits = vocabulary(), 8
    shape = Shape(tokenizer.get_vocab_size(), 16, 2, 2, 16, 64, 4)
    network = DiffNetwork(shape)
    nn.init.normal_(network.outer.weight, std=1.0)
    weights = torch.randn(feature_count(shape.vocabulary, bits)).numpy()
    linear = Linear(weights, 0.25, spelling_of(tokenizer, shape.vocabulary), bits)
    settings = Settings("small", EncodeOptions(max_length=96, path_length=16), kind=DIFF_TRANSFORMER)
    return DiffTransformerClassifier(network, linear, tokenizer, settings, "cd" * 8)


@pytest.fixture(params=KINDS)
def classifier(request: pytest.FixtureRequest, tmp_path: Path) -> Layered:
    small: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}
    small |= {"vocab_size": 420, "max_position_embeddings": 128, "pad_token_id": 0}
    made: Any = {
        "transformer": lambda: load(request.getfixturevalue("tiny_folder")),
        "bert": lambda: foreign(BertConfig(**small)),
        "roberta": lambda: foreign(RobertaConfig(**small)),
        "diff-transformer": diff_transformer,
        "bag": lambda: load(write_bag(tmp_path / "bag", {"+return": 1.5, "-return": -0.5, "+if": 0.75, "psrc": 0.3})),
        "size": lambda: load(write_size(tmp_path / "size", [*STUMPS, stump("lines deleted", 1.0, (0.2, 0.9), (9.0, 5.0))])),
    }[request.param]()
    assert isinstance(made, Layered)
    return made


def modules(classifier: Layered) -> Iterator[nn.Module]:
    yield from (value for value in vars(classifier).values() if isinstance(value, nn.Module))


def state(classifier: Layered) -> str:
    """A digest of all that a classifier is made of: weights, their gradients, modes and hooks."""
    total = hashlib.sha256()
    for module in modules(classifier):
        for name, value in module.state_dict().items():
            total.update(name.encode() + value.numpy().tobytes())
        for name, parameter in module.named_parameters():
            total.update(f"{name} {parameter.grad} {parameter.requires_grad}".encode())
        for name, one in module.named_modules():
            total.update(f"{name} {one.training} {len(one._forward_hooks)} {len(one._backward_hooks)}".encode())
    linear = getattr(classifier, "_linear", None)
    total.update(linear.weights.tobytes() if linear else b"")
    total.update(repr([getattr(classifier, name, None) for name in ("_weights", "_by_size", "_forest")]).encode())
    return total.hexdigest()


def logit(classifier: Any) -> float:
    return float(classifier.predict([DIFF])[0].logit)


def test_every_parameter_is_in_one_stage(classifier: Layered) -> None:
    assert len(set(classifier.stages)) == len(classifier.stages) >= 1
    network = getattr(classifier, "_network", None)
    model = getattr(classifier, "_model", None)
    found = network.stages if network is not None else transformer_stages(model) if model is not None else ()
    names = [name for _, names in found for name in names]
    whole = network if network is not None else model
    assert sorted(names) == sorted(name for name, _ in whole.named_parameters()) if whole is not None else names == []


def test_stages_go_from_the_head_down_to_the_embeddings(classifier: Layered) -> None:
    if len(classifier.stages) == 1:
        assert classifier.stages[0] in {"weights", "leaves"}
        return
    layers = [name for name in classifier.stages if name.startswith("layer ")]
    assert layers == sorted(layers, reverse=True)
    assert classifier.stages[-1] == "embeddings"
    assert "head" in classifier.stages[:2]


def test_a_copy_answers_otherwise_and_the_original_as_before(classifier: Layered) -> None:
    before, was = state(classifier), logit(classifier)
    for stages in range(1, len(classifier.stages) + 1):
        copy = classifier.randomised(stages, seed=4)
        assert logit(copy) != was
        assert copy.digest != classifier.digest
        int(copy.digest, 16)
    assert (state(classifier), logit(classifier)) == (before, was)


def test_no_stage_leaves_all_as_it_is(classifier: Layered) -> None:
    copy = classifier.randomised(0, seed=4)
    assert copy is not classifier
    assert logit(copy) == pytest.approx(logit(classifier), abs=1e-6)
    assert copy.digest == classifier.digest


def test_the_seed_decides(classifier: Layered) -> None:
    most = len(classifier.stages)
    assert logit(classifier.randomised(most, 1)) == logit(classifier.randomised(most, 1))
    assert len({logit(classifier.randomised(most, seed)) for seed in range(6)}) > 1


def test_values_change_places_and_stay_what_they_are(classifier: Layered) -> None:
    copy: Any = classifier.randomised(len(classifier.stages), 7)
    for mine, other in zip(modules(classifier), modules(copy), strict=True):
        for (name, a), (_, b) in zip(mine.named_parameters(), other.named_parameters(), strict=True):
            assert torch.equal(a.flatten().sort().values, b.flatten().sort().values), name
            assert a.numel() == 1 or len(a.unique()) == 1 or not torch.equal(a, b), name
    for name in ("_weights",):
        mine, other = getattr(classifier, name, {}), getattr(copy, name, {})
        assert sorted(mine.values()) == sorted(other.values())


def test_only_the_stages_asked_for_change(classifier: Layered) -> None:
    network = getattr(classifier, "_network", None) or getattr(classifier, "_model", None)
    if network is None:
        return
    copy: Any = classifier.randomised(2, 7)
    changed = {
        name
        for (name, a), (_, b) in zip(
            network.named_parameters(), (getattr(copy, "_network", None) or copy._model).named_parameters(), strict=True
        )
        if not torch.equal(a, b)
    }
    whole = network.stages[:1] if hasattr(network, "stages") else transformer_stages(network)[:2]
    assert changed
    assert changed <= {name for _, names in whole for name in names}


@pytest.mark.parametrize("stages", [-1, 99])
def test_a_wrong_number_of_stages_is_refused_and_changes_nothing(classifier: Layered, stages: int) -> None:
    before = state(classifier)
    with pytest.raises(ValueError, match=f"got {stages}"):
        classifier.randomised(stages, 1)
    assert state(classifier) == before


def test_a_failure_on_the_way_changes_nothing(classifier: Layered, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise MemoryError

    before = state(classifier)
    for place in ("models.classify.randomised.torch.randperm", "models.classify.bag.np.random.default_rng"):
        monkeypatch.setattr(place, fail)
    monkeypatch.setattr("models.classify.trees.Random", fail)
    with pytest.raises(MemoryError):
        classifier.randomised(len(classifier.stages), 1)
    assert state(classifier) == before
