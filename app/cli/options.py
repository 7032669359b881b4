"""The flags that verbs share, as dataclasses for ``app.cli.flags``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from models.classify.guesses import MASKED_VARIABLE
from models.registry import MODEL_VARIABLE


class TextOrJson(StrEnum):
    """Formats of a verb for people and for programs."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Source:
    """Which change."""

    input: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="A patch file, - for standard input, a git revision or range, or :staged.",
            show_default=False,
        ),
    ]
    repo: Annotated[Path, typer.Option(help="The repository of a revision.", metavar="DIR")] = Path()


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which classifier."""

    model: Annotated[
        str | None,
        typer.Option(
            help="A checkpoint folder, the name or the beginning of the hash of a registered model, or a function as "
            "python:module:function; by default the model that comes with whydiff.",
            metavar="MODEL",
            envvar=MODEL_VARIABLE,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the verdict decides the exit code."""

    fail_if_flagged: Annotated[bool, typer.Option("--fail-if-flagged", help="Exit with 1 if a change is flagged.")] = False

    def code(self, flagged: bool) -> int:
        """The exit code: 1, for "done, and a gate that was asked for failed", or 0."""
        return int(self.fail_if_flagged and flagged)


@dataclass(frozen=True, slots=True)
class MaskedChoice:
    """Which masked language model."""

    masked_model: Annotated[
        Path | None,
        typer.Option(
            help="A folder with a masked language model, which proposes words and says how plausible an edit is; by default the "
            "encoder that comes with whydiff.",
            metavar="DIR",
            envvar=MASKED_VARIABLE,
        ),
    ] = None
