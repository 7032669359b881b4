"""Where the training of a transformer starts: from random weights, or from any local checkpoint. Needs torch."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import ModernBertConfig, ModernBertForSequenceClassification, PreTrainedModel

from models.classify.checkpoint import read_json, read_settings, validate_folder
from models.classify.transformer import plain_settings, positions, read_model, read_tokenizer
from models.encode.vocabulary import ADDED, CLS, HUNK, MARKERS, MASK, PAD, SEP, UNK, token_id
from models.train.options import TransformerOptions
from models.train.prepare import Reading, kept_tokenizer, own_reading

_TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Start:
    """A model to train, how rows are read for it, and ids: of masks (None: it has none), of padding, and those never masked."""

    model: PreTrainedModel
    reading: Reading
    mask: int | None
    pad: int
    structure: tuple[int, ...]


def fresh(rows: pd.DataFrame, options: TransformerOptions, folder: Path) -> Start:
    """Random weights and a vocabulary learnt from ``rows``, kept in ``folder``."""
    tokenizer = kept_tokenizer(rows, options.vocabulary, options.seed, folder)
    mask, padding = token_id(tokenizer, MASK), token_id(tokenizer, PAD)
    return Start(build(tokenizer, options), own_reading(tokenizer, options.encode()), mask, padding, _marks(tokenizer))


def begun(init: Path, options: TransformerOptions, folder: Path) -> Start:
    """The weights and the vocabulary of the checkpoint ``init``, with a new head of two labels where it has none.

    Raises ModelError for a folder that is unsafe or incomplete.
    """
    config = validate_folder(init)
    torch.manual_seed(options.seed)
    model: PreTrainedModel = read_model(init, headless=True)
    if not (folder / _TOKENIZER).exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(init / _TOKENIZER, folder / _TOKENIZER)
    tokenizer, _, (mask, padding) = read_tokenizer(init, config)
    special = tuple(number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special)
    reading = _reading(init, tokenizer, options)
    return Start(model, reading, mask, padding, _marks(tokenizer) if reading.options.markers else special)


def build(tokenizer: Tokenizer, options: TransformerOptions) -> ModernBertForSequenceClassification:
    """A fresh model of the options' shape, without dropout (mean pooling, two labels: 1 is "flagged")."""
    torch.manual_seed(options.seed)
    config = ModernBertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=options.width,
        intermediate_size=options.inner,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        max_position_embeddings=options.max_length,
        pad_token_id=tokenizer.token_to_id(PAD),
        cls_token_id=tokenizer.token_to_id(CLS),
        bos_token_id=tokenizer.token_to_id(CLS),
        sep_token_id=tokenizer.token_to_id(SEP),
        eos_token_id=tokenizer.token_to_id(SEP),
        classifier_pooling="mean",
        id2label={0: "not flagged", 1: "flagged"},
        label2id={"not flagged": 0, "flagged": 1},
    )
    model = ModernBertForSequenceClassification(config)
    nn.init.zeros_(model.classifier.weight)
    return model


def reading_of(folder: Path, options: TransformerOptions) -> Reading:
    """How rows are read for the model in ``folder``, by its vocabulary and its configuration."""
    tokenizer, _, _ = read_tokenizer(folder, read_json(folder / "config.json"))
    return _reading(folder, tokenizer, options)


def _reading(folder: Path, tokenizer: Tokenizer, options: TransformerOptions) -> Reading:
    config = read_json(folder / "config.json")
    most = positions(config)
    if tokenizer.token_to_id(ADDED) is not None:
        return own_reading(tokenizer, replace(options.encode(), max_length=min(options.max_length, most)))
    settings = read_settings(folder, most) or plain_settings(folder, config, tokenizer)
    bare, frame, _ = read_tokenizer(folder, config)
    length = min(options.max_length, settings.encode.max_length)
    return Reading(bare.to_str(), replace(settings.encode, max_length=length), frame)


def _marks(tokenizer: Tokenizer) -> tuple[int, ...]:
    return tuple(token_id(tokenizer, token) for token in (PAD, CLS, SEP, MASK, UNK, HUNK, *MARKERS.values()))
