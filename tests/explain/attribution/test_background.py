from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from explain.attribution.background import AgainstBackground, blanks, unflagged, without
from explain.attribution.baseline import content
from explain.attribution.check import check
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS
from explain.attribution.run import answer, attribute
from explain.trust.panel import trust
from models.change.parse import parse
from models.change.types import Level
from models.encode.types import Side
from models.errors import UsageError
from tests.explain.attribution.attribution_toys import DIFF, Attention, Linear, Size, encode, word_id

PLAIN = "--- a/q.py\n+++ b/q.py\n@@ -1,2 +1,2 @@ def g\n same old\n-plain before\n+plain after {}\n"
OTHERS = tuple(parse(PLAIN.format(word), f"say {word}") for word in ("one two three", "four", "five six", "seven"))
BACKGROUND = AgainstBackground(changes=OTHERS, draws=4, tolerance=1e-4)
FITTING = [name for name, card in METHODS.items() if card.fits(Linear())]


class Flagging:
    """Flags the change in question alone."""

    def predict(self, diffs):
        found = super().predict(diffs)
        return tuple(replace(one, margin=1.0 if diff == DIFF else -1.0) for diff, one in zip(diffs, found, strict=True))


class Calm(Flagging, Linear):
    pass


class CalmAttention(Flagging, Attention):
    pass


@pytest.fixture
def model() -> Calm:
    return Calm()


def test_structure_stays_and_content_is_of_the_same_part_of_the_background(model):
    encoded, where = model.encode(DIFF), content(model.encode(DIFF))
    held: dict[Side, set[int]] = {}
    for one in map(encode, OTHERS):
        for token, side, there in zip(one.ids, one.sides, content(one), strict=True):
            held.setdefault(side, set()).update([token] if there else [])
    rows = blanks(model, encoded, BACKGROUND).rows
    assert len(rows) == 4
    assert len(set(rows)) > 1
    for row in rows:
        assert len(row) == len(encoded.ids)
        for token, before, side, there in zip(row, encoded.ids, encoded.sides, where, strict=True):
            assert token in held[side] if there else token == before


def test_text_keeps_its_order_and_comes_round(model):
    only = replace(BACKGROUND, changes=OTHERS[:1], draws=1)
    encoded = model.encode(DIFF)
    (row,) = blanks(model, encoded, only).rows
    places = [i for i, there in enumerate(content(encoded)) if there and encoded.sides[i] is Side.ADDED]
    words = ["plain", "after", "one", "two", "three"]
    assert [row[i] for i in places] == [word_id(words[n % 5]) for n in range(len(places))]


def test_a_part_that_the_background_lacks_is_filled_from_all_others(model):
    bare = parse("--- a/q.py\n+++ b/q.py\n@@ -0,0 +1 @@\n+alone here\n", "")
    encoded = model.encode(DIFF)
    (row,) = blanks(model, encoded, replace(BACKGROUND, changes=(bare,), draws=1)).rows
    removed = [row[i] for i, there in enumerate(content(encoded)) if there and encoded.sides[i] is Side.REMOVED]
    assert removed[:3] == [word_id("alone"), word_id("here"), word_id("q.py")]


def test_the_seed_draws_and_nothing_else(model):
    encoded = model.encode(DIFF)
    one, same, other = (blanks(model, encoded, replace(BACKGROUND, order_seed=seed)).rows for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("method", FITTING)
def test_a_linear_model_gives_weight_times_the_distance_from_the_mean(model, method):
    result = answer(attribute(DIFF, model, method, BACKGROUND))
    encoded, where = encode(DIFF), content(encode(DIFF))
    table = model.embedding.weight.detach().double() @ model.weight.detach().double()
    rows = torch.tensor(blanks(model, encoded, BACKGROUND).rows)
    values = (table[list(encoded.ids)] - table[rows].mean(dim=0)).tolist()
    expected: dict = {}
    for value, unit, there in zip(values, encoded.units, where, strict=True):
        if unit is not None:
            key = unit.at(METHODS[method].finest)
            expected[key] = expected.get(key, 0.0) + value * there
    found = {one.unit: one.value for one in result.at(METHODS[method].finest)}
    assert found == pytest.approx({unit: expected[unit] for unit in found}, abs=1e-4)
    assert sum(found.values()) == pytest.approx(sum(expected.values()), abs=1e-4)
    assert result.baseline == "background of 4 unflagged changes"
    assert result.baseline_output == pytest.approx(float(table[rows].sum(dim=1).mean()), abs=1e-4)


@pytest.mark.parametrize("method", FITTING)
@pytest.mark.parametrize("toy", [Calm, CalmAttention])
def test_every_result_stands_up_to_a_second_computation(method, toy):
    for one in attribute(DIFF, toy(), method, BACKGROUND):
        assert check(one, toy(), DIFF, background=BACKGROUND, tolerance=BACKGROUND.tolerance) == ()


def test_integrated_gradients_are_the_mean_of_those_from_each_draw():
    model = CalmAttention()
    encoded = model.encode(DIFF)
    x, total = model.embed(encoded.ids).clone(), 0.0
    for row in blanks(model, encoded, BACKGROUND).rows:
        b, slopes = model.embed(row).clone(), 0.0
        for step in range(200):
            leaf = (b + (step + 0.5) / 200 * (x - b)).requires_grad_()
            slopes += torch.autograd.grad(model.logit_of_embeddings(leaf, encoded.ids).sum(), leaf)[0] / 200
        total += (slopes * (x - b)).sum(-1).flatten() / 4
    expected = [value for value, unit in zip(total.tolist(), encoded.units, strict=True) if unit is not None]
    found = answer(attribute(DIFF, model, "integrated-gradients", BACKGROUND))
    assert found.converged
    assert [one.value for one in found.tokens] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("method", FITTING)
@pytest.mark.parametrize("budget", [100, 2000])
def test_no_more_queries_than_the_card_says(model, method, budget):
    options = replace(BACKGROUND, budget=budget, max_steps=16)
    level = Level.TOKEN if method == "leave-one-out" else Level.LINE
    parts = {unit.at(level) for unit in model.encode(DIFF).units if unit is not None}
    answer(attribute(DIFF, model, method, options))
    assert 0 < model.queries <= METHODS[method].max_queries(len(parts), options)


def test_a_wrong_background_is_found(model):
    result = answer(attribute(DIFF, model, "integrated-gradients", BACKGROUND))
    other = replace(BACKGROUND, order_seed=5)
    fewer = replace(BACKGROUND, changes=OTHERS[:2])
    assert any("output at the baseline" in one for one in check(result, model, DIFF, background=other))
    assert any("is not a background of 2 changes" in one for one in check(result, model, DIFF, background=fewer))
    assert any("is none that this classifier has" in one for one in check(result, model, DIFF))
    flagging = Linear()
    flagging.predict = lambda diffs: tuple(replace(one, margin=1.0) for one in Linear.predict(flagging, diffs))
    assert "the model flags 4 of the changes of the background" in check(result, flagging, DIFF, background=BACKGROUND)


def test_only_unflagged_changes_are_taken_each_once_and_never_the_change_itself(model):
    given = [OTHERS[0], DIFF, OTHERS[1], OTHERS[0], OTHERS[2]]
    assert list(unflagged(given, model, but=OTHERS[2], batch=2)) == [OTHERS[0], OTHERS[1]]
    assert list(unflagged([DIFF], model, but=OTHERS[2], batch=2)) == []


def test_options_are_hashable_and_differ_by_their_changes():
    assert hash(BACKGROUND) == hash(replace(BACKGROUND, batch=16))
    assert replace(BACKGROUND, changes=OTHERS[:2]) != BACKGROUND
    assert without(BACKGROUND) == AttributionOptions(tolerance=1e-4)
    plain = AttributionOptions(baseline="pad")
    assert without(plain) is plain


def test_what_has_no_background_says_so(model):
    with pytest.raises(UsageError, match="Expected a change that the model does not flag for the background"):
        AgainstBackground()
    with pytest.raises(UsageError, match="Expected draws between 1 and 1000"):
        AgainstBackground(changes=OTHERS, draws=0)
    with pytest.raises(UsageError, match="Expected a model that reads tokens for a background"):
        attribute(DIFF, Size(), "occlusion", BACKGROUND)
    with pytest.raises(UsageError, match="Expected baseline to be one of mask, pad, reverted"):
        AttributionOptions(baseline="background")
    mute = replace(BACKGROUND, changes=(parse("--- a/q.py\n+++ b/q.py\n@@ -0,0 +1 @@\n+x\n"),))
    short = Calm(limit=3)
    with pytest.raises(UsageError, match="Expected text in the changes of the background"):
        blanks(short, Calm().encode(DIFF), mute)


def test_trust_is_measured_by_mask_and_deletion_and_tries_another_seed(model):
    result = answer(attribute(DIFF, model, "gradient", BACKGROUND))
    *_, found = trust(DIFF, model, result, BACKGROUND)
    assert found.complete
    assert [one.removal for one in found.faithfulness] == ["mask", "delete"]
    assert [one.other for one in found.stability][:1] == ["another seed"]
    assert [one.other for one in found.agreement] == ["integrated-gradients", "occlusion"]
