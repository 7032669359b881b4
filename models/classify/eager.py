"""The attention weights of a Hugging Face sequence classifier, which the fast kernels never write down. Needs torch."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from models.classify.attentive import Attention
from models.errors import ModelError


def has_attention(config: Any) -> bool:
    """Whether a model with ``config`` is a stack of layers that attend: one that has a decoder besides is none."""
    return not getattr(config, "is_encoder_decoder", False) and int(getattr(config, "num_attention_heads", 0) or 0) > 0


def attention_of(model: PreTrainedModel, embedded: Tensor) -> Attention:
    """The attention over ``embedded``, shape (1, length, width), of input embeddings.

    Asked of a copy that shares the weights but computes attention step by step ("eager"); the copy is dropped. Which places the
    head reads is found by the gradient of its output: those where it is not 0 share evenly. Raises ModelError for an
    architecture that does not give its weights.
    """
    with torch.inference_mode(False), torch.enable_grad():
        row = embedded.clone().requires_grad_()
        mask = torch.ones(row.shape[:2], dtype=torch.long)
        found = _eager(model)(inputs_embeds=row, attention_mask=mask, output_attentions=True, output_hidden_states=True)
        if not found.attentions or any(one is None for one in found.attentions):
            raise ModelError(f"The model ({model.config.model_type}) does not give its attention; use another method.")
        (slope,) = torch.autograd.grad(found.logits.pow(2).sum(), found.hidden_states[-1], allow_unused=True)
    weights = torch.cat([one.detach() for one in found.attentions]).float()
    return Attention(weights.numpy(), _read(slope, row.shape[1]).numpy())


def _read(slope: Tensor | None, length: int) -> Tensor:
    """The share of every place in what the head reads; all of them where no gradient tells."""
    read = torch.ones(length) if slope is None else (slope[0].abs().amax(dim=-1) > 0).float()
    return read / read.sum() if read.sum() > 0 else torch.full((length,), 1 / length)


def _eager(model: PreTrainedModel) -> Any:
    """A copy of ``model`` with its own modules and configuration around the same weights."""
    shared = {id(one): one for one in (*model.parameters(), *model.buffers())}
    twin: Any = copy.deepcopy(model, shared)
    twin.set_attn_implementation("eager")
    return twin
