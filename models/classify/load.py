"""One way in to every checkpoint."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.classify.differentiable import Differentiable


def shipped() -> Path:
    """The folder of the checkpoint that comes with whydiff."""
    return Path(str(resources.files("models"))) / "default"


def load(folder: Path | None = None) -> Differentiable:
    """The classifier in ``folder``, or the shipped one; raises ModelError with what is wrong and the mend."""
    from models.classify.transformer import load_transformer

    return load_transformer(folder or shipped())
