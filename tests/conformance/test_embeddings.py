"""What every classifier with vectors promises: of a change, alone and whatever stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from models.change.parse import parse
from models.change.types import Diff
from models.classify.embedded import Embedding
from models.classify.load import load, shipped
from tests.models.classify.light_toys import write_bag, write_size
from tests.models.conftest import tiny_folder  # noqa: F401 - a fixture

SMALL = parse("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a = value\n+a = retry(b)\n", "Retry")
LARGE = parse("--- a/y.c\n+++ b/y.c\n@@ -0,0 +1,60 @@\n" + "".join(f"+retry(value, {n});\n" for n in range(60)))
STRANGE = parse("--- a/\u202e.py\n+++ b/\u202e.py\n@@ -1 +1 @@\n-\udcff\x00\n+\U0001f600\u200b\n", "\udcfe\n\n\x1b[2J")
DIFFS = (SMALL, LARGE, STRANGE, Diff(()))


@pytest.fixture(params=["transformer", "diff-transformer"])
def model(request: pytest.FixtureRequest) -> Embedding:
    """Both kinds of networks: a tiny Hugging Face one, and the shipped one."""
    found = load(shipped() if request.param == "diff-transformer" else request.getfixturevalue("tiny_folder"))
    assert isinstance(found, Embedding)
    return found


def test_a_vector_does_not_depend_on_its_neighbours(model: Embedding) -> None:
    alone = [model.vectors([one])[0] for one in DIFFS]
    for order in permutations(range(len(DIFFS))):
        together = model.vectors([DIFFS[n] for n in order])
        assert together.dtype == np.float32
        assert together == pytest.approx(np.stack([alone[n] for n in order]), abs=1e-4)


def test_vectors_are_finite_and_differ(model: Embedding) -> None:
    found = model.vectors(DIFFS)
    assert found.shape == (len(DIFFS), model.vectors([]).shape[1])
    assert np.isfinite(found).all()
    assert len({row.tobytes() for row in found.round(3)}) == len(DIFFS)
    assert np.linalg.norm(found, axis=1).min() > 0


def test_asking_changes_nothing_of_the_model(model: Embedding) -> None:
    before = [one.logit for one in model.predict(DIFFS)]
    first = model.vectors(DIFFS)
    assert [one.logit for one in model.predict(DIFFS)] == before
    assert model.vectors(DIFFS) == pytest.approx(first, abs=0)


def test_the_shipped_head_judges_these_vectors() -> None:
    """The last layer on the vectors and the linear part are the logit: the vectors are what the verdict is made of."""
    model = load(shipped())
    outer = model._network.outer  # type: ignore[attr-defined]
    weight, bias = outer.weight.numpy()[0], outer.bias.item()
    for diff in DIFFS:
        ids = np.array(model.encode(diff).ids)  # type: ignore[attr-defined]
        linear = model._linear  # type: ignore[attr-defined]
        rest = linear.logit(linear.features(ids, model._layout(ids).sides, model._marks))  # type: ignore[attr-defined]
        head = float(model.vectors([diff])[0] @ weight) + bias  # type: ignore[attr-defined]
        assert head + rest == pytest.approx(model.predict([diff])[0].logit, abs=1e-4)


@pytest.mark.parametrize("write", [write_bag, write_size])
def test_models_without_a_network_have_no_vectors(write: Callable[[Path], Path], tmp_path: Path) -> None:
    assert not isinstance(load(write(tmp_path / "model")), Embedding)
