from __future__ import annotations

import pytest

from explain.attribution.options import AttributionOptions
from explain.attribution.run import answer, attribute
from models.change.parse import parse
from models.change.types import Level, Unit
from models.encode.types import Side
from tests.explain.attribution.attribution_toys import DIFF, PATCH, Attention, Bag, Linear, Size


def run(model, **options):
    return answer(attribute(DIFF, model, "occlusion", AttributionOptions(**options)))


def test_of_a_linear_model_lines_equal_integrated_gradients_at_line_level():
    model = Linear()
    integrated = {one.unit: one.value for one in answer(attribute(DIFF, model)).at(Level.LINE)}
    occluded = {one.unit: one.value for one in run(model).at(Level.LINE)}
    assert occluded == pytest.approx({unit: integrated[unit] for unit in occluded}, abs=1e-4)
    assert all(integrated[unit] == 0 for unit in integrated.keys() - occluded.keys())


def test_a_value_is_what_the_output_loses():
    model = Attention()
    encoded = model.encode(DIFF)
    result = run(model)
    line = Unit(0, 0, 3)
    ids = tuple(
        model.mask_id if unit is not None and unit.start >= 0 and unit.at(Level.LINE) == line else one
        for one, unit in zip(encoded.ids, encoded.units, strict=True)
    )
    (value,) = [one.value for one in result.tokens if one.unit == line]
    assert value == pytest.approx(model.logits_of_ids([encoded.ids])[0] - model.logits_of_ids([ids])[0], abs=1e-5)


def test_the_finest_level_is_the_line():
    result = run(Bag())
    assert result.at(Level.TOKEN) == result.at(Level.LINE) == result.tokens
    assert {one.unit.level for one in result.tokens} == {Level.LINE, Level.HUNK, Level.FILE}


def test_what_does_not_add_up_is_the_gap():
    result = run(Bag())
    assert abs(result.completeness_gap) > 0.1
    assert result.total + result.completeness_gap == result.output - result.baseline_output


def test_the_batch_size_does_not_matter():
    one, many = run(Attention(), batch=1), run(Attention(), batch=64)
    assert [v.value for v in one.tokens] == pytest.approx([v.value for v in many.tokens], abs=1e-5)


def test_partial_results_grow_and_only_the_last_is_converged():
    results = list(attribute(DIFF, Bag(), "occlusion", AttributionOptions(batch=5)))
    assert [one.steps for one in results] == [5, 10, 14]
    assert [one.converged for one in results] == [False, False, True]
    assert results[0].tokens == results[2].tokens[:5]


def test_a_classifier_without_tokens_is_explained_by_reverting_lines():
    result = run(Size())
    found = [(one.unit, one.value, one.side) for one in result.tokens]
    assert found == [
        (Unit(0, 0, 1), 1.0, Side.REMOVED),
        (Unit(0, 0, 2), 2.0, Side.ADDED),
        (Unit(0, 0, 3), 2.5, Side.ADDED),
        (Unit(1, 0, 0), 1.0, Side.REMOVED),
        (Unit(1, 0, 1), 2.0, Side.ADDED),
    ]
    assert (result.baseline, result.output, result.baseline_output, result.completeness_gap) == ("reverted", 5.5, -3.0, 0.0)


def test_values_come_in_reading_order_also_of_a_file_without_lines():
    diff = parse(f"diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n{PATCH}", message="")
    found = [one.unit for one in answer(attribute(diff, Size(), "occlusion")).tokens]
    assert found == sorted(found)
    assert found[0] == Unit(0)


@pytest.mark.parametrize("model", [Size(), Linear()])
def test_a_diff_without_lines_has_an_answer(model):
    diff = parse("diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n", message="")
    result = answer(attribute(diff, model, "occlusion"))
    assert result.converged
    assert [one.unit for one in result.tokens if one.unit.file >= 0] == [Unit(0)]
