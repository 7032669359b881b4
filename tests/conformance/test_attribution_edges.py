"""Attributions where things are unusual: small changes, rounded weights, other kernels, torn gradients, many users at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from explain.attribution.check import check
from explain.attribution.options import BASELINES, AttributionOptions
from explain.attribution.registry import METHODS, default_method, fitting
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution
from models.change.parse import parse
from models.change.types import Diff
from models.classify.differentiable import Differentiable
from models.classify.load import load
from models.classify.protocol import Classifier
from models.classify.randomised import transformer_stages
from models.classify.scores_only import ScoresOnly
from models.classify.transformer import TransformerClassifier
from models.errors import ModelError, UsageError
from tests.conformance.test_attribution_shapes import DIFF, OPTIONS, SHAPES, TOKENS, made, network, state, strongest
from tests.explain.attribution.attribution_toys import Attention
from tests.models.classify.test_transformer import foreign

KINDS = pytest.mark.parametrize("kind", ["bert", "gpt2", "t5"])
SCORING = ["occlusion", "shapley", "owen", "erasure"]
SMALLEST = {
    "one token": parse("--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+x\n"),
    "an empty line": parse("--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+\n"),
    "a rename": parse("diff --git a/a.py b/b.py\nsimilarity index 100%\nrename from a.py\nrename to b.py\n"),
    "a mode": parse("diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"),
}
OTHER = parse("--- a/b.py\n+++ b/b.py\n@@ -1,2 +1,3 @@\n keep\n-old\n+new one\n+new two\n", "Other")


def explained(model: Classifier, method: str, diff: Diff = DIFF) -> Attribution:
    return answer(attribute(diff, model, method, OPTIONS))


def folder_of(kind: str, to: Path) -> Path:
    return made(to / kind, SHAPES[kind]())


@KINDS
@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_changes_have_right_answers(kind: str, name: str, tmp_path: Path) -> None:
    model, diff = load(folder_of(kind, tmp_path)), SMALLEST[name]
    for card in fitting(model):
        for baseline in (one for one in card.baselines if one in BASELINES):
            found = answer(card.run(diff, model, AttributionOptions(orders=1, budget=80, baseline=baseline)))
            assert check(found, model, diff) == (), (card.name, baseline)
            assert found.converged or card.name == "integrated-gradients"  # which may say that it did not


@KINDS
def test_rounded_weights_are_read_as_the_numbers_that_they_are(kind: str, tmp_path: Path) -> None:
    """A checkpoint in bfloat16 and the same numbers written in float32 are one model."""
    whole = folder_of(kind, tmp_path)
    found = []
    for name, kinds in (("rounded", (torch.bfloat16,)), ("again", (torch.bfloat16, torch.float32))):
        model = AutoModelForSequenceClassification.from_pretrained(whole, local_files_only=True)
        for dtype in kinds:
            model = model.to(dtype)
        model.save_pretrained(tmp_path / name)
        (tmp_path / name / "tokenizer.json").write_bytes((whole / "tokenizer.json").read_bytes())
        found.append(load(tmp_path / name))
    assert {one.dtype for one in network(found[0]).parameters()} == {torch.float32}  # type: ignore[arg-type]
    for card in fitting(found[0]):
        one, other = (explained(model, card.name) for model in found)
        assert strongest(one) == strongest(other)
        assert [a.value for a in one.tokens] == [b.value for b in other.tokens]
    assert found[0].predict([DIFF])[0].logit != load(whole).predict([DIFF])[0].logit


@pytest.mark.parametrize("kind", ["bert", "modernbert", "gpt2", "qwen2", "bart"])
def test_the_kernel_of_attention_changes_no_strongest_line(kind: str, tmp_path: Path) -> None:
    folder = folder_of(kind, tmp_path)
    fast, eager = load(folder), load(folder)
    assert isinstance(fast, Differentiable)
    assert isinstance(eager, Differentiable)
    network(eager).set_attn_implementation("eager")
    assert [network(one).config._attn_implementation for one in (fast, eager)] == ["sdpa", "eager"]
    for card in fitting(fast):
        one, other = (explained(model, card.name) for model in (fast, eager))
        assert strongest(one) == strongest(other)
        assert [a.value for a in one.tokens] == pytest.approx([b.value for b in other.tokens], abs=1e-4)


class Torn(Attention):
    """Its scores are numbers; its gradients are not."""

    def score(self, embeddings: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        return super().score(embeddings, attention) + (0 * embeddings).sum((1, 2)).sqrt()


def test_gradients_that_are_no_numbers_are_said_and_scores_still_explain() -> None:
    model = Torn()
    for method in ("integrated-gradients", "gradient"):
        with pytest.raises(ModelError, match="finite"):
            explained(model, method)
    for method in [*SCORING, "leave-one-out"]:
        assert check(explained(model, method), model, DIFF) == ()


@pytest.mark.parametrize("refusal", [NotImplementedError("no embeddings"), None])
def test_a_model_that_refuses_embeddings_or_mistakes_them_is_asked_for_scores_only(
    refusal: Exception | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of("bert", tmp_path)
    whole = load(folder)

    def other(self: TransformerClassifier, embeddings: torch.Tensor, ids: tuple[int, ...]) -> torch.Tensor:
        if refusal is not None:
            raise refusal
        return embeddings.sum((1, 2)) + 1

    monkeypatch.setattr(TransformerClassifier, "logit_of_embeddings", other)
    model = load(folder)
    assert isinstance(model, ScoresOnly)
    assert not isinstance(model, Differentiable)
    assert (model.name, model.digest, model.threshold) == (whole.name, whole.digest, whole.threshold)
    assert model.predict([DIFF, OTHER]) == whole.predict([DIFF, OTHER])
    assert sorted(card.name for card in fitting(model)) == sorted(SCORING)
    assert default_method(model).name == "occlusion"
    for method in SCORING:
        assert check(explained(model, method), model, DIFF) == ()
    for method in set(METHODS) - set(SCORING):
        with pytest.raises(UsageError, match="use occlusion, shapley, owen, erasure"):
            explained(model, method)


def test_a_decoder_without_an_end_token_is_refused_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="could not score a batch") as caught:
        load(foreign(tmp_path / "t5", SHAPES["t5"]()))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_a_model_with_a_decoder_keeps_the_other_promises(kind: str, tmp_path: Path) -> None:
    model: Any = load(folder_of(kind, tmp_path))
    rows = [model.encode(diff).ids for diff in (DIFF, OTHER)]
    by_embedding = [model.logit_of_embeddings(model.embed(row), row).item() for row in rows]
    assert model.logits_of_ids(rows) == pytest.approx(by_embedding, abs=1e-5)
    vectors = model.vectors([DIFF, OTHER])
    assert vectors.shape == (2, 32)
    assert np.isfinite(vectors).all()
    logits = [model.randomised(count, 1).predict([DIFF])[0].logit for count in range(len(model.stages) + 1)]
    assert logits[0] == model.predict([DIFF])[0].logit
    assert len(set(logits)) == len(logits)
    named = [name for _, names in transformer_stages(model._model) for name in names]
    assert sorted(named) == sorted(name for name, _ in model._model.named_parameters())


class Failing:
    """A model in which the third question fails."""

    def __init__(self, model: Differentiable) -> None:
        self._model, self.asked = model, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def _count(self) -> None:
        self.asked += 1
        if self.asked > 2:
            raise ModelError("The model in question failed.")

    def logits_of_ids(self, rows: list[tuple[int, ...]]) -> list[float]:
        self._count()
        return self._model.logits_of_ids(rows)

    def logit_of_embeddings(self, embeddings: torch.Tensor, ids: tuple[int, ...]) -> torch.Tensor:
        self._count()
        return self._model.logit_of_embeddings(embeddings, ids)


def weights(model: Differentiable) -> str:
    return hashlib.sha256(b"".join(one.numpy().tobytes() for one in network(model).state_dict().values())).hexdigest()


def one_round(model: Differentiable, number: int) -> tuple[str, Diff, Attribution] | None:
    """A whole explanation; every fourth round one that is called off, every fourth one that fails."""
    method, diff = TOKENS[number // 4 % len(TOKENS)], (DIFF, OTHER)[number % 2]
    if number % 4 == 2:
        results = attribute(diff, model, method, OPTIONS)
        next(results)
        results.close()  # type: ignore[attr-defined]
        return None
    if number % 4 == 3:
        failing: Any = Failing(model)
        with pytest.raises(ModelError, match="in question"):
            answer(attribute(diff, failing, "shapley", OPTIONS))
        return None
    return method, diff, explained(model, method, diff)


def together(model: Differentiable, numbers: Sequence[int]) -> None:
    alone = {(method, diff): explained(model, method, diff) for method in TOKENS for diff in (DIFF, OTHER)}
    before, parts = weights(model), state(model)
    with ThreadPoolExecutor(2) as pool:
        found = [one for one in pool.map(lambda number: one_round(model, number), numbers) if one is not None]
    assert len(found) == len(numbers) // 2
    for method, diff, one in found:
        assert [a.unit for a in one.tokens] == [b.unit for b in alone[method, diff].tokens]
        assert [a.value for a in one.tokens] == pytest.approx([b.value for b in alone[method, diff].tokens], abs=1e-5)
    assert weights(model) == before
    assert state(model) == parts


def test_two_users_with_errors_and_stops_between_leave_each_other_alone(tmp_path: Path) -> None:
    model = load(folder_of("bert", tmp_path))
    assert isinstance(model, Differentiable)
    together(model, range(28))


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_soak_two_hundred_rounds_of_two_users_over_one_model(kind: str, tmp_path: Path) -> None:
    model = load(folder_of(kind, tmp_path))
    assert isinstance(model, Differentiable)
    together(model, range(400))
