"""Options as data: the fields of a dataclass become the flags of a verb."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import partial
from typing import Annotated, Any, get_origin, get_type_hints

import typer
from rich.markup import escape

Verb = Callable[..., int | None]
Call = Callable[[], int | None]


def command(verb: Verb) -> Callable[..., Call]:
    """``verb``, whose parameters are dataclasses, as a function that typer reads: one flag a field.

    The function only puts the dataclasses together and returns the call, so that the verb itself runs outside of the
    parser, which has its own ideas about broken pipes and interrupts.
    """
    hints = get_type_hints(verb, include_extras=True)
    bundles: dict[str, Any] = {name: hints[name] for name in inspect.signature(verb).parameters}

    def parsed(**values: Any) -> Call:
        return partial(verb, **{name: _built(bundle, values) for name, bundle in bundles.items()})

    parameters = [parameter for bundle in bundles.values() for parameter in _parameters(bundle)]
    parsed.__dict__["__signature__"] = inspect.Signature(parameters)
    parsed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    parsed.__name__, parsed.__doc__ = verb.__name__, verb.__doc__
    return parsed


def _built(bundle: Any, values: Mapping[str, Any]) -> Any:
    return bundle(**{field.name: _value(field, values[field.name]) for field in fields(bundle)})


def _value(field: Field[Any], value: Any) -> Any:
    """Lists become tuples; items of an option that is a tuple by default may be separated by commas as well."""
    if isinstance(field.default, tuple):
        return tuple(part for one in value for part in one.split(",") if part)
    return tuple(value) if isinstance(value, list) else value


def _parameters(bundle: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(bundle, include_extras=True)
    return [_parameter(field, hints[field.name]) for field in fields(bundle)]


def _parameter(field: Field[Any], hint: Any) -> inspect.Parameter:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    if get_origin(hint) is not Annotated:
        hint = _annotated(field, hint)
    if isinstance(default, tuple):
        default = list(default)
    empty = inspect.Parameter.empty
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=empty if default is MISSING else default, annotation=hint
    )


def _annotated(field: Field[Any], hint: Any) -> Any:
    """The flag of a field that knows nothing of the command line but its ``help`` and bounds."""
    about = field.metadata
    text = str(about.get("help", ""))
    if about.get("choices"):
        text += f" [{', '.join(map(str, about['choices']))}]"
    low, high = about.get("low", about.get("min")), about.get("high", about.get("max"))
    if hint is bool:
        return Annotated[bool, typer.Option("--" + field.name.replace("_", "-"), help=escape(text))]
    kind: Any = list[str] if get_origin(hint) is tuple else hint
    return Annotated[kind, typer.Option(help=escape(text), min=low, max=high)]


@dataclass(frozen=True, slots=True)
class NoFlags:
    """For a verb without flags."""
