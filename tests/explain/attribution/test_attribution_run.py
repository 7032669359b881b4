from __future__ import annotations

import subprocess
import sys

import pytest

from explain.attribution import registry
from explain.attribution.options import AttributionOptions
from explain.attribution.run import attribute
from models.errors import UsageError
from tests.explain.attribution.attribution_toys import DIFF, Linear, Size


def test_a_wrong_name_is_answered_with_the_right_ones():
    with pytest.raises(UsageError, match=r"integrated-gradients, occlusion, .*gradient.*'lime'"):
        attribute(DIFF, Linear(), "lime")


@pytest.mark.parametrize("name", ["integrated-gradients", "gradient"])
def test_a_classifier_without_gradients_is_refused_before_the_first_result(name):
    with pytest.raises(UsageError, match="size is none; use occlusion"):
        attribute(DIFF, Size(), name)


def test_a_name_is_registered_once():
    card = registry.method("gradient")
    with pytest.raises(ValueError, match="registered twice"):
        registry.indexed([card, card])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"baseline": "zero"}, "one of mask, pad, reverted, but got 'zero'"),
        ({"tolerance": 0.0}, "between 1e-06 and 1.0, but got 0.0"),
        ({"tolerance": float("nan")}, "but got nan"),
        ({"max_steps": 0}, "between 1 and 4096, but got 0"),
        ({"batch": 1025}, "between 1 and 1024, but got 1025"),
    ],
)
def test_options_outside_their_bounds_are_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        AttributionOptions(**wrong)


def test_the_registry_and_the_verifier_load_without_torch():
    code = (
        "import sys, explain.attribution.run, explain.attribution.check; sys.exit(bool({'torch', 'captum'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
