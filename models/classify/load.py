"""One way in to every checkpoint: ``whydiff.json`` names its kind, and a table says who loads that kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from models.classify.checkpoint import BAG, DIFF_TRANSFORMER, SIZE, TRANSFORMER, read_kind
from models.classify.guesses import MASKED_VARIABLE, MaskedModel
from models.classify.protocol import Classifier
from models.errors import ModelError


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
    return guesser_in(shipped())


def guesser_in(folder: Path) -> MaskedModel:
    """The masked language model in ``folder``: the encoder of a diff transformer as it was pre-trained, or a Hugging Face one.

    Raises ModelError with what is wrong and the mend.
    """
    kind = read_kind(folder)
    if kind == DIFF_TRANSFORMER:
        from models.classify.diff_guesser import load_diff_guesser

        return load_diff_guesser(folder)
    if kind != TRANSFORMER:
        raise ModelError(f"{folder} holds a model of kind {kind}, which is no masked language model; pass a folder with one.")
    from models.classify.masked_transformer import load_masked_transformer

    return load_masked_transformer(folder)


def masked_folder() -> Path | None:
    """Where the masked language model in use lies, as the environment names it; None for the one that comes with whydiff."""
    name = os.environ.get(MASKED_VARIABLE)
    return Path(name).absolute() if name else None


def masked_model() -> MaskedModel:
    """The masked language model in use: all of a process propose and judge words by this one. Raises ModelError."""
    folder = masked_folder()
    return shipped_guesser() if folder is None else _guesser(folder.resolve())


@contextmanager
def masked_by(folder: Path | None) -> Iterator[None]:
    """Within, the masked language model in use is that of ``folder``, which is loaded at once; None changes nothing.

    It is the process's environment that says so: threads see it too. Raises ModelError.
    """
    before = os.environ.get(MASKED_VARIABLE)
    try:
        if folder is not None:
            os.environ[MASKED_VARIABLE] = str(folder)
            masked_model()
        yield
    finally:
        os.environ.pop(MASKED_VARIABLE, None)
        if before is not None:
            os.environ[MASKED_VARIABLE] = before


@lru_cache(maxsize=2)
def _guesser(folder: Path) -> MaskedModel:
    return guesser_in(folder)


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
