from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from explain.attribution.baseline import content
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution
from models.change.types import Level, Unit
from models.errors import ModelError
from tests.explain.attribution.attribution_toys import (
    DIFF,
    MASK,
    PAD,
    VOCABULARY,
    Attention,
    Bag,
    Linear,
    Steep,
    Toy,
    encode,
    word_id,
)

GRADIENT_METHODS = [card.name for card in METHODS.values() if card.fits(Linear()) and not card.measured]
NONLINEAR = [Bag, Attention]


def run(model: Toy, method: str = "integrated-gradients", **options) -> Attribution:
    return answer(attribute(DIFF, model, method, AttributionOptions(**options)))


def values(result: Attribution) -> torch.Tensor:
    return torch.tensor([one.value for one in result.tokens], dtype=torch.float64)


@pytest.mark.parametrize("method", GRADIENT_METHODS)
@pytest.mark.parametrize(("baseline", "filler"), [("mask", MASK), ("pad", PAD)])
def test_a_linear_model_gives_weight_times_difference(method, baseline, filler):
    model = Linear()
    result = run(model, method, baseline=baseline)
    encoded = encode(DIFF)
    table = model.embedding.weight.detach().double() @ model.weight.detach().double()
    expected = [
        float(table[i] - table[filler]) if replaced else 0.0
        for i, replaced, unit in zip(encoded.ids, content(encoded), encoded.units, strict=True)
        if unit is not None
    ]
    assert [one.value for one in result.tokens] == pytest.approx(expected, abs=1e-5)
    assert result.baseline == baseline
    assert abs(result.completeness_gap) < 1e-4


@pytest.mark.parametrize("toy", NONLINEAR)
def test_integrated_gradients_are_complete(toy):
    result = run(toy())
    assert result.converged
    assert result.relative_gap <= 0.02
    assert abs(result.output - result.baseline_output) > 0.05


@pytest.mark.parametrize("toy", NONLINEAR)
def test_integrated_gradients_equal_an_independent_midpoint_sum(toy):
    model = toy()
    result = run(model, tolerance=1e-6)
    encoded = encode(DIFF)
    blank = tuple(MASK if there else one for one, there in zip(encoded.ids, content(encoded), strict=True))
    x, b = (model.embed(ids).clone() for ids in (encoded.ids, blank))
    points = (b + (torch.arange(1000)[:, None, None] + 0.5) / 1000 * (x - b)).requires_grad_()
    model.logit_of_embeddings(points, encoded.ids).sum().backward(inputs=[points])
    expected = (points.grad.double().mean(0) * (x - b)[0]).sum(-1)
    read = torch.tensor([unit is not None for unit in encoded.units])
    assert torch.allclose(values(result), expected[read], atol=1e-3)


def test_steps_double_until_the_gap_is_closed_and_then_stop():
    results = list(attribute(DIFF, Bag(), options=AttributionOptions(tolerance=1e-5)))
    steps = [one.steps for one in results]
    assert steps == [8, 16, 32, 64, 128][: len(steps)]
    assert len(steps) > 1
    assert [one.converged for one in results] == [False] * (len(steps) - 1) + [True]


def test_a_steep_function_is_reported_as_not_converged():
    results = list(attribute(DIFF, Steep(), options=AttributionOptions(max_steps=50)))
    assert [one.steps for one in results] == [8, 16, 32, 50]
    assert not results[-1].converged
    assert results[-1].relative_gap > 0.02
    assert abs(results[-1].output - results[-1].baseline_output) > 900


@pytest.mark.parametrize("method", GRADIENT_METHODS)
def test_a_token_without_influence_gets_zero(method):
    model = Bag()
    with torch.no_grad():
        model.embedding.weight[word_id("times")] = model.embedding.weight[MASK]
    tokens = run(model, method).at(Level.TOKEN)
    ignored = [one.value for one in tokens if _text(one.unit) == "times"]
    assert ignored == [0.0]
    assert any(one.value for one in tokens)


@pytest.mark.parametrize("method", GRADIENT_METHODS)
@pytest.mark.parametrize("toy", NONLINEAR)
def test_symmetric_tokens_get_equal_values(method, toy):
    result = run(toy(), method)
    by_word: dict[str, list[float]] = {}
    for one in result.at(Level.TOKEN):
        by_word.setdefault(_text(one.unit), []).append(one.value)
    repeated = by_word["value"]
    assert len(repeated) == 4
    assert repeated == pytest.approx([repeated[0]] * 4, abs=1e-6)


@pytest.mark.parametrize("method", GRADIENT_METHODS)
def test_structure_and_special_tokens_get_exactly_zero(method):
    result = run(Attention(), method)
    structure = [one for one in result.tokens if one.unit.level is not Level.TOKEN and one.unit.file >= -1]
    assert len(structure) == 15
    assert {one.value for one in structure} == {0.0}
    assert result.special == 0.0


def test_the_size_of_the_change_has_a_value():
    (size,) = [one for one in run(Linear()).tokens if one.unit == Unit(-2)]
    assert size.value != 0


@pytest.mark.parametrize("method", GRADIENT_METHODS)
def test_the_batch_size_does_not_matter(method):
    one, many = run(Attention(), method, batch=1), run(Attention(), method, batch=64)
    assert torch.allclose(values(one), values(many), atol=1e-5)


def test_the_same_call_twice_gives_the_same_answer():
    model = Attention()
    assert run(model) == run(model)


def test_without_a_mask_token_padding_is_used_and_named():
    model = Linear()
    model.mask_id = None
    result = run(model)
    assert result.baseline == "pad"
    assert result == run(Linear(), baseline="pad")


def test_what_was_not_read_is_listed():
    model = Linear(limit=20)
    result = run(model)
    assert result.unread == model.encode(DIFF).unread != ()


@pytest.mark.parametrize("method", GRADIENT_METHODS)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_autograd_mode_of_the_caller_neither_matters_nor_changes(method, mode):
    model = Attention()
    expected = run(model, method)
    with mode():
        results = attribute(DIFF, model, method)
        first = next(results)
        assert not torch.is_grad_enabled()
        assert answer([first, *results]) == expected
    assert torch.is_grad_enabled()


def _state(model: Toy) -> tuple:
    flags = tuple((p.requires_grad, p.grad) for p in model.parameters())
    hooks = tuple((len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks)) for m in model.modules())
    return model.digest, flags, hooks, tuple(m.training for m in model.modules())


class Failing(Attention):
    """Raises in the middle of the path."""

    def logit_of_embeddings(self, embeddings, ids):
        if self.queries >= 10:
            raise RuntimeError("out of memory")
        return super().logit_of_embeddings(embeddings, ids)


@pytest.mark.parametrize("method", [*GRADIENT_METHODS, "occlusion"])
def test_the_model_is_left_as_it_was(method):
    model = Attention()
    next(iter(model.parameters())).requires_grad_(False)
    before = _state(model)
    run(model, method)
    assert _state(model) == before


def test_the_model_is_left_as_it_was_after_an_exception():
    model = Failing()
    before = _state(model)
    results = attribute(DIFF, model, options=AttributionOptions(tolerance=1e-6, batch=4))
    with pytest.raises(RuntimeError, match="out of memory"):
        list(results)
    assert _state(model) == before
    assert torch.is_grad_enabled()


def test_the_model_is_left_as_it_was_after_cancellation():
    model = Bag()
    before = _state(model)
    results = attribute(DIFF, model, options=AttributionOptions(tolerance=1e-6))
    assert next(results).steps == 8
    queries = model.queries
    results.close()
    assert _state(model) == before
    assert model.queries == queries == 10


@pytest.mark.parametrize("method", [*GRADIENT_METHODS, "occlusion"])
def test_eight_jobs_on_four_threads_agree(method):
    model = Attention()
    expected = run(model, method)
    barrier = threading.Barrier(4)

    def job(n: int) -> Attribution:
        if n < 4:
            barrier.wait(10)
        return run(model, method)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(job, range(8)))
    assert results == [expected] * 8


def test_a_model_that_answers_nan_is_refused():
    model = Linear()
    with torch.no_grad():
        model.weight[0] = float("nan")
    with pytest.raises(ModelError, match="finite"):
        run(model)


def _text(unit: Unit) -> str:
    return DIFF.line(unit).text[unit.start : unit.end] if unit.file >= 0 and unit.line >= 0 else ""


def test_the_toys_do_not_let_words_collide():
    words = {_text(unit) for unit in encode(DIFF).units if unit is not None} | {"size"}
    assert len({word_id(word) for word in words}) == len(words) < VOCABULARY
