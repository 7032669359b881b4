"""Copies of torch modules with random parameters, and the stages of a transformer. Needs torch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import deepcopy
from typing import TypeVar
from zlib import crc32

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)
Stage = tuple[str, tuple[str, ...]]
"""A name for people, and the names of the parameters."""


def permuted(module: Module, names: Collection[str], seed: int) -> Module:
    """A copy of ``module`` in which the values of every parameter in ``names`` change places within it.

    Which place a value gets depends on the seed and the parameter's name only.
    """
    copy = deepcopy(module)
    with torch.no_grad():
        for name, parameter in copy.named_parameters():
            if name in names:
                generator = torch.Generator().manual_seed(crc32(f"{seed} {name}".encode()))
                order = torch.randperm(parameter.numel(), generator=generator)
                parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return copy


def first(stages: Sequence[Stage], count: int) -> frozenset[str]:
    """The names of all parameters of the first ``count`` stages."""
    return frozenset(name for _, names in stages[:count] for name in names)


def transformer_stages(model: nn.Module) -> tuple[Stage, ...]:
    """The head, the layers from the last to the first, the embeddings, of any stack of layers.

    The layers are the list of modules that holds the most parameters. What the model registers after them is the head (with
    final norms and poolers), what it registers before them the embeddings. A model without such a list is one stage.
    """
    names = [name for name, _ in model.named_parameters()]
    stack = _stack(model)
    if stack is None:
        return (("all parameters", tuple(names)),)
    inside = [i for i, name in enumerate(names) if name.startswith(stack)]
    numbers = {int(names[i].removeprefix(stack).split(".")[0]) for i in inside}
    layers = [
        (f"layer {n}", tuple(one for one in names if one.startswith(f"{stack}{n}."))) for n in sorted(numbers, reverse=True)
    ]
    before, after = names[: inside[0]], [one for one in names[inside[0] :] if not one.startswith(stack)]
    return tuple(one for one in (("head", tuple(after)), *layers, ("embeddings", tuple(before))) if one[1])


def _stack(model: nn.Module) -> str | None:
    """How the names of the parameters begin that are in the largest list of modules."""
    sizes = {
        f"{name}.": sum(parameter.numel() for parameter in module.parameters())
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList)
    }
    largest = max(sizes, key=lambda name: sizes[name], default="")
    return largest if sizes.get(largest) else None
