"""``whydiff``: the entrance. Exit codes: 0 done; 1 done, and a gate that was asked for failed; 2 it could not be done.

Besides, as for every well-behaved program: 130 after Ctrl-C and 141 when the reader of the output went away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TextIO

try:
    import typer

    from app.cli import app as app_verb
    from app.cli import data, describe, doctor, evaluate, explain, flip, mine, models_verbs, report, sanity, score, train
    from app.cli import slice as slice_verb
    from app.cli.console import ClosedOutput, say
    from app.cli.flags import command
    from app.cli.interrupts import noted_interrupts
    from models.errors import WhydiffError
except KeyboardInterrupt:  # loading takes long enough for a Ctrl-C
    raise SystemExit(130) from None

INTERRUPTED, NO_READER = 130, 141
DEBUG = "WHYDIFF_DEBUG"
_MOST = 300

VERBS: dict[str, Callable[..., int | None]] = {
    "describe": describe.describe,
    "explain": explain.explain,
    "flip": flip.flip,
    "score": score.score,
    "evaluate": evaluate.evaluate,
    "slice": slice_verb.slice_predictions,
    "report": report.report,
    "mine": mine.mine,
    "train": train.train,
    "app": app_verb.app,
    "doctor": doctor.doctor,
}
"""Every verb, in the order of the help page."""

GROUPS: dict[str, tuple[str, dict[str, Callable[..., int | None]]]] = {
    "data": (
        "What a dataset holds, and datasets made from it.",
        {"describe": data.describe, "split": data.split, "sample": data.sample},
    ),
    "models": (
        "The registry of models: validated before use, with expiry and retirement.",
        {
            "list": models_verbs.list_models,
            "show": models_verbs.show_model,
            "add": models_verbs.add,
            "validate": models_verbs.validate,
            "retire": models_verbs.retire,
            "sanity": sanity.sanity,
        },
    ),
}
"""Verbs of two words: what the first is about, and the second ones; they follow the others on the help page."""

cli = typer.Typer(
    name="whydiff",
    help="Why did the model flag this diff, and what is the smallest change that would unflag it?",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _verb in VERBS.items():
    cli.command(_name)(command(_verb))
for _name, (_help, _verbs) in GROUPS.items():
    _group = typer.Typer(name=_name, help=_help)
    for _second, _verb in _verbs.items():
        _group.command(_second)(command(_verb))
    cli.add_typer(_group)


def _print_version(wanted: bool) -> None:
    if wanted:
        from app.release import own_version

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
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    for stream in (sys.stdout, sys.stderr):
        _forgive(stream)
    with noted_interrupts() as interrupts:
        return _guarded(arguments, interrupts)


def _guarded(arguments: Sequence[str], interrupts: Sequence[int]) -> int:
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # typer ends with the latter where the reader of a help page went away
        _silence(sys.stdout)
        return NO_READER
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if interrupts:
            return INTERRUPTED
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
        said = _cut(error.format_message().replace("Value error, ", "").rstrip("."))
        return f"{said}; whydiff --help and whydiff VERB --help tell more."
    if isinstance(error, OSError):
        return f"The system refused: {_cut(str(error))}; check the place that is named and the space that is left."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this input; pass fewer files or commits."
    kind = type(error).__name__
    return f"whydiff has a fault of its own ({kind}: {_cut(str(error))}); set {DEBUG}=1 for the details and report it."


def _cut(text: str) -> str:
    """``text`` at a length that leaves a sentence readable."""
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def _forgive(stream: TextIO | ClosedOutput | None) -> None:
    """What the terminal's encoding lacks is spelled out instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _silence(stream: TextIO | ClosedOutput) -> None:
    """Let the interpreter flush into nothing on its way out."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    main()
