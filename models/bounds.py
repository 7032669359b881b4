"""Options as data: a field's metadata states its bounds, and this is where they are held."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from models.errors import UsageError


def validate(options: Any) -> None:
    """Hold the fields of an options dataclass to their metadata: ``choices``, or ``min`` and ``max`` (inclusive).

    Raises UsageError for the first value outside them; NaN is outside. A tuple of choices is left to who looks them up.
    """
    for field in fields(options):
        value, about = getattr(options, field.name), field.metadata
        choices = about.get("choices")
        if choices is not None and not isinstance(value, tuple) and value not in choices:
            raise UsageError(f"Expected {field.name} to be one of {', '.join(map(str, choices))}, but got {value!r}.")
        if "min" in about and not about["min"] <= value <= about["max"]:
            raise UsageError(f"Expected {field.name} between {about['min']} and {about['max']}, but got {value!r}.")
