"""One way in to every checkpoint: ``whydiff.json`` names its kind, and a table says who loads that kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from models.classify.checkpoint import BAG, DIFF_TRANSFORMER, SIZE, TRANSFORMER, read_kind
from models.classify.guesses import MaskedModel
from models.classify.protocol import Classifier


def shipped() -> Path:
    """The folder of the checkpoint that comes with whydiff."""
    return Path(str(resources.files("models"))) / "default"


def load(folder: Path | None = None) -> Classifier:
    """The classifier in ``folder``, or the shipped one; raises ModelError with what is wrong and the mend.

    Who needs more than scores asks for it: ``isinstance(x, Differentiable)`` or ``isinstance(x, Additive)``.
    """
    folder = folder or shipped()
    return LOADERS[read_kind(folder)](folder)


@cache
def shipped_guesser() -> MaskedModel:
    """The masked language model that comes with whydiff: the encoder of the shipped checkpoint as it was pre-trained."""
    from models.classify.diff_guesser import load_diff_guesser

    return load_diff_guesser(shipped())


def _transformer(folder: Path) -> Classifier:
    from models.classify.transformer import load_transformer

    return load_transformer(folder)


def _diff_transformer(folder: Path) -> Classifier:
    from models.classify.diff_transformer import load_diff_transformer

    return load_diff_transformer(folder)


def _size(folder: Path) -> Classifier:
    from models.classify.size import load_size

    return load_size(folder)


def _bag(folder: Path) -> Classifier:
    from models.classify.bag import load_bag

    return load_bag(folder)


LOADERS: Mapping[str, Callable[[Path], Classifier]] = MappingProxyType(
    {TRANSFORMER: _transformer, DIFF_TRANSFORMER: _diff_transformer, SIZE: _size, BAG: _bag}
)
"""Who loads which kind; a new kind also goes into ``FILES`` in ``checkpoint.py``. Packages are imported on use."""
