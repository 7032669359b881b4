"""``whydiff``: the entrance. Exit codes: 0 done; 1 done, and a gate that was asked for failed; 2 it could not be done.

Besides, as for every well-behaved program: 130 after Ctrl-C and 141 when the reader of the output went away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TextIO

import typer

from app.cli import app as app_verb
from app.cli import describe, doctor, explain, flip, score, train
from app.cli.console import say
from app.cli.flags import command
from models.errors import WhydiffError

INTERRUPTED, NO_READER = 130, 141
DEBUG = "WHYDIFF_DEBUG"

VERBS: dict[str, Callable[..., int | None]] = {
    "describe": describe.describe,
    "explain": explain.explain,
    "flip": flip.flip,
    "score": score.score,
    "train": train.train,
    "app": app_verb.app,
    "doctor": doctor.doctor,
}
"""Every verb, in the order of the help page."""

cli = typer.Typer(
    name="whydiff",
    help="Why did the model flag this diff, and what is the smallest change that would unflag it?",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _verb in VERBS.items():
    cli.command(_name)(command(_verb))


def _print_version(wanted: bool) -> None:
    if wanted:
        from app.cli.doctor import own_version

        print(f"whydiff {own_version()}")
        raise typer.Exit


@cli.callback()
def _start(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Why did the model flag this diff, and what is the smallest change that would unflag it?"""


def main() -> None:
    """The ``whydiff`` program."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises, never prints a traceback."""
    for stream in (sys.stdout, sys.stderr):
        _forgive(stream)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
        return NO_READER
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        say(_explained(error))
        return 2
    return code


def _run(arguments: Sequence[str]) -> int:
    parsed: Any = typer.main.get_command(cli)(args=list(arguments), prog_name="whydiff", standalone_mode=False)
    if callable(parsed):
        parsed = parsed()
    return int(parsed or 0)


def _explained(error: Exception) -> str:
    """One sentence for whatever went wrong."""
    if isinstance(error, WhydiffError):
        return str(error)
    if isinstance(error, typer.TyperException):
        return f"{error.format_message().rstrip('.')}; whydiff --help and whydiff VERB --help tell more."
    if isinstance(error, OSError):
        return f"The system refused: {error}; check the place that is named and the space that is left."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this input; pass fewer files or commits."
    kind = type(error).__name__
    return f"whydiff has a fault of its own ({kind}: {str(error)[:300]}); set {DEBUG}=1 for the details and report it."


def _forgive(stream: TextIO | None) -> None:
    """What the terminal's encoding lacks is spelled out instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _silence(stream: TextIO) -> None:
    """Let the interpreter flush into nothing on its way out."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    main()
