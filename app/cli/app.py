"""``whydiff app``: the pages in a browser, on this machine only."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

import app as package
from app.cli.console import say
from app.cli.options import MaskedChoice, ModelChoice
from models.classify.guesses import MASKED_VARIABLE
from models.errors import UsageError
from models.registry import MODEL_VARIABLE

ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class How:
    """Flags of app."""

    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8501
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False


def app(choice: ModelChoice, masked: MaskedChoice, how: How) -> int:
    """Open the pages in a browser; Ctrl-C ends it."""
    script = page()
    if not script.is_file():
        raise UsageError(f"The pages of whydiff are missing ({script}); install whydiff again.")
    say(f"The pages are at http://{ADDRESS}:{how.port}; end with Ctrl-C.")
    named = {MODEL_VARIABLE: choice.model or "", MASKED_VARIABLE: str(masked.masked_model or "")}
    done = subprocess.run(arguments(script, how), check=False, env={**os.environ, **named})
    if done.returncode > 0:
        raise UsageError(f"Streamlit ended with code {done.returncode}; is port {how.port} free? Choose another one with --port.")
    return 0


def page() -> Path:
    """The script that Streamlit runs."""
    return Path(str(package.__file__)).with_name("main.py")


def arguments(script: Path, how: How) -> list[str]:
    """The command line of Streamlit: this machine only, no telemetry."""
    options = {
        "--server.address": ADDRESS,
        "--server.port": str(how.port),
        "--server.headless": str(how.headless).lower(),
        "--browser.gatherUsageStats": "false",
    }
    return [sys.executable, "-m", "streamlit", "run", str(script), *(part for pair in options.items() for part in pair)]
