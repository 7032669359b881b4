"""Sequence classifiers with a decoder (T5, BART and their kin) as functions of embeddings, which they refuse. Needs torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from models.errors import ModelError


def has_decoder(model: Any) -> bool:
    """Whether ``model`` reads a change twice: with an encoder, and with a decoder that reads it one place later."""
    return bool(getattr(model.config, "is_encoder_decoder", False))


def decoded_logits(model: Any, embeddings: Tensor, ids: tuple[int, ...]) -> Tensor:
    """Logits, shape (batch, labels), of embeddings (batch, len(ids), width) without padding.

    As the architectures themselves do it from ids: the decoder reads the same row behind a start token, and the head what stands
    at the last end token. ``ids`` tell where that is. Raises ModelError for a row without one.
    """
    ends = [i for i, one in enumerate(ids) if one == model.config.eos_token_id]
    if not ends:
        raise ModelError("A row ends without the model's end token; mend eos_token_id in config.json or tokenizer.json.")
    start = model.get_input_embeddings()(torch.tensor([model.config.decoder_start_token_id]))
    later = torch.cat((start.expand(len(embeddings), 1, -1), embeddings[:, :-1]), dim=1)
    mask = torch.ones(embeddings.shape[:2], dtype=torch.long)
    states = model.base_model(inputs_embeds=embeddings, attention_mask=mask, decoder_inputs_embeds=later).last_hidden_state
    logits: Tensor = model.classification_head(states[:, ends[-1]])
    return logits
