"""The flags of a verb that only a dataset has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

import typer

from models.errors import UsageError

SEED = 1


@dataclass(frozen=True, slots=True)
class SetFlags:
    """Which rows of a dataset; None where a flag was not given."""

    rows: Annotated[
        int | None,
        typer.Option(help="Of a dataset: how many changes to take, of flip flagged ones; all by default.", min=1, metavar="N"),
    ] = None
    split: Annotated[str | None, typer.Option(help="Of a dataset: only rows with this split, such as valid.")] = None
    seed: Annotated[
        int | None, typer.Option(help=f"Of a dataset: seed of the order of its rows; {SEED} by default.", min=0, metavar="N")
    ] = None

    def refuse(self, name: str) -> None:
        """Raise UsageError when one of these flags was given for the single change ``name``."""
        given = next((field.name for field in fields(self) if getattr(self, field.name) is not None), None)
        if given is not None:
            raise UsageError(
                f"Expected a dataset, a .parquet file, with --{given}, but got {name:.200}; leave --{given} out for one change."
            )
