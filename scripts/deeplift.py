"""Whether Captum's DeepLift is sound for transformers: how much of the output's change its values leave unexplained.

``python -m scripts.deeplift [--seeds 5]`` asks it about tiny models with random weights in the shape of BERT, GPT-2 and
ModernBERT, beside integrated gradients and the slope times the difference, and about a network of modules that it knows
besides, where it must leave nothing. DeepLift replaces the gradients of nonlinear modules by hooks; what a model computes
by functions (softmax inside attention, products of queries and keys, norms) or by activation classes of its own goes unseen.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from captum.attr import DeepLift, IntegratedGradients
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, BertConfig, GPT2Config, ModernBertConfig, PretrainedConfig
from transformers.utils import logging

LENGTH, WIDTH, VOCABULARY, SMALLEST = 40, 32, 300, 0.05
_BODY: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 80,
    "initializer_range": 0.15,
    "pad_token_id": 1,
}
_ENDS: dict[str, Any] = {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
SHAPES: Mapping[str, Callable[[], PretrainedConfig]] = {
    "BERT": lambda: BertConfig(**_BODY),
    "GPT-2": lambda: GPT2Config(
        vocab_size=VOCABULARY, n_embd=WIDTH, n_layer=2, n_head=2, n_positions=80, initializer_range=0.15, pad_token_id=1
    ),
    "ModernBERT": lambda: ModernBertConfig(**_BODY, **_ENDS),
}
KNOWN = "modules that it knows"


class Scored(nn.Module):
    """A sequence classifier as a function of its input embeddings, shape (batch, length, width), to one logit a row."""

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        auto: Any = AutoModelForSequenceClassification
        self.model = auto.from_config(config)

    def forward(self, embedded: Tensor) -> Tensor:
        """Label 1 less label 0, shape (batch,)."""
        logits: Tensor = self.model(inputs_embeds=embedded, attention_mask=torch.ones(embedded.shape[:2])).logits
        return logits[:, 1] - logits[:, 0]


def known(seed: int) -> nn.Module:
    """A network of modules alone, every one of which DeepLift knows."""
    torch.manual_seed(seed)
    layers = (nn.Flatten(), nn.Linear(LENGTH * WIDTH, 64), nn.Tanh(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1))
    return nn.Sequential(*layers, nn.Flatten(0)).eval()


def transformer(shape: str, seed: int) -> nn.Module:
    """A tiny model of ``shape`` with random weights."""
    torch.manual_seed(seed)
    return Scored(SHAPES[shape]()).eval()


@dataclass(frozen=True, slots=True)
class Values:
    """The values of three methods, summed by place, shape (length,), and the output's change that they should sum to."""

    deeplift: Tensor
    integrated: Tensor
    slope: Tensor
    change: float

    def gaps(self) -> tuple[float, float, float]:
        """What each leaves over, as a share of the change, of at least ``SMALLEST`` logits."""
        size = max(abs(self.change), SMALLEST)
        deeplift, integrated, slope = (
            abs(self.change - one.sum().item()) / size for one in (self.deeplift, self.integrated, self.slope)
        )
        return deeplift, integrated, slope


def asked(network: nn.Module, seed: int) -> Values:
    """The values for a random input against one token in all places but the first and the last."""
    torch.manual_seed(seed)
    table = torch.randn(VOCABULARY, WIDTH) * 0.15
    ids = torch.randint(5, VOCABULARY, (LENGTH,))
    blank = torch.where((torch.arange(LENGTH) % (LENGTH - 1)) == 0, ids, torch.tensor(4))
    x, b = table[ids].unsqueeze(0), table[blank].unsqueeze(0)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(leaf).sum(), leaf)
    with torch.no_grad():
        output, baseline = network(torch.cat((x, b))).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Captum warns of its own hooks
        deeplift = DeepLift(network).attribute(x.clone(), b)
    integrated = IntegratedGradients(network).attribute(x, b, n_steps=64)
    return Values(_places(deeplift), _places(integrated), _places(gradient * (x - b)), output - baseline)


def _places(values: Tensor) -> Tensor:
    return values.detach().sum(dim=-1).flatten()


def main(arguments: list[str]) -> int:
    """Print the gaps, as the median over seeds and the largest."""
    parser = argparse.ArgumentParser(prog="scripts.deeplift", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args(arguments).seeds)
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    print("| network | DeepLift | integrated gradients | slope times difference | DeepLift less that, at most |")
    print("| --- | --- | --- | --- | --- |")
    for name in (*SHAPES, KNOWN):
        found = [asked(known(seed) if name == KNOWN else transformer(name, seed), seed) for seed in seeds]
        gaps = zip(*(one.gaps() for one in found), strict=True)
        cells = [f"{median(some):.1%} (at most {max(some):.1%})" for some in gaps]
        apart = max((one.deeplift - one.slope).abs().max().item() for one in found)
        print(f"| {name} | {' | '.join(cells)} | {apart:.4f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
