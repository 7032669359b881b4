from __future__ import annotations

import inspect
from dataclasses import dataclass, field, fields
from typing import Annotated

import pytest
import typer

from app.cli.flags import command
from app.cli.main import VERBS, cli
from explain.attribution.options import AttributionOptions
from explain.counterfactual.types import SearchOptions


@dataclass(frozen=True)
class Bundle:
    name: Annotated[str, typer.Argument()]
    size: int = field(default=3, metadata={"help": "how [many]", "low": 1, "high": 5})
    parts: tuple[str, ...] = ("a", "b")


def verb(bundle: Bundle) -> int:
    """Does it."""
    return bundle.size


def test_one_flag_a_field() -> None:
    parameters = inspect.signature(command(verb)).parameters
    assert list(parameters) == ["name", "size", "parts"]
    assert parameters["size"].default == 3
    assert parameters["name"].default is inspect.Parameter.empty


def test_the_call_gets_the_dataclass() -> None:
    call = command(verb)(name="x,y", size=4, parts=["a,b", "c"])
    assert call.keywords == {"bundle": Bundle("x,y", 4, ("a", "b", "c"))}
    assert call() == 4


@pytest.mark.parametrize(("name", "options"), [("explain", AttributionOptions), ("flip", SearchOptions)])
def test_every_option_is_a_flag_with_its_default(name: str, options: type) -> None:
    found = {one.name: one for one in typer.main.get_command(cli).commands[name].params}
    for one in fields(options):
        default = found[one.name].default
        assert (tuple(default) if isinstance(one.default, tuple) else default) == one.default
        assert f"--{one.name.replace('_', '-')}" in found[one.name].opts


def test_every_verb_and_option_has_help() -> None:
    for name in VERBS:
        assert typer.main.get_command(cli).commands[name].help
