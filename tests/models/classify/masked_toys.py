"""Tiny masked language models as others save them: random weights, and a bias that says which tokens they like best."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForMaskedLM, BertConfig, ModernBertConfig, RobertaConfig

NAMES = ("safe", "danger", "count", "total", "value", "pool", "first", "second")
ENDS = ("tion", "able")
"""Pieces that end words and never begin one."""
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_()[]{}=+-*/.,:;<>!&|\"'#"
BEST = 60.0
"""The bias of the token liked best: more than random weights come to."""


def bert(folder: Path, likes: Sequence[str] = (), positions: int = 64) -> Path:
    """A BERT of whole words and of pieces that are marked as such; ``likes`` are tokens, the best first."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*special, *SIGNS, *(f"##{sign}" for sign in SIGNS), *NAMES, *(f"##{end}" for end in ENDS)]
    tokenizer = Tokenizer(models.WordPiece({token: n for n, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", tokens.index("[CLS]")), ("[SEP]", tokens.index("[SEP]"))]
    )
    tokenizer.add_special_tokens(special)
    return _save(folder, BertConfig(vocab_size=len(tokens), max_position_embeddings=positions, **SMALL), tokenizer, likes)


def roberta(folder: Path, likes: Sequence[str] = (), positions: int = 64) -> Path:
    """A RoBERTa, whose tokens hold the blank before them; a token without one may begin a word or go on with it."""
    tokenizer = _byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    start, end = (("<s>", tokenizer.token_to_id("<s>")), ("</s>", tokenizer.token_to_id("</s>")))
    tokenizer.post_processor = processors.RobertaProcessing(sep=end, cls_token=start)
    size = tokenizer.get_vocab_size()
    config = RobertaConfig(vocab_size=size, max_position_embeddings=positions, pad_token_id=1, **SMALL)
    return _save(folder, config, tokenizer, likes)


def modern(folder: Path, likes: Sequence[str] = (), positions: int = 64) -> Path:
    """A ModernBERT."""
    tokenizer = _byte_level(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    size = tokenizer.get_vocab_size()
    ids = {f"{name}_token_id": tokenizer.token_to_id(f"[{name.upper()}]") for name in ("pad", "cls", "sep")}
    ids |= {"bos_token_id": None, "eos_token_id": None}
    config = ModernBertConfig(vocab_size=size, max_position_embeddings=positions, decoder_bias=True, **ids, **SMALL)
    return _save(folder, config, tokenizer, likes)


KINDS = {"bert": bert, "roberta": roberta, "modernbert": modern}


def _byte_level(special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    words = [f"({name} {name}" for name in NAMES] * 9 + [f"{letter}{end}" for end in ENDS for letter in "bdfghklmnprstw"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, min_frequency=5, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(words, trainer)
    return tokenizer


def _save(folder: Path, config: Any, tokenizer: Tokenizer, likes: Sequence[str]) -> Path:
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(config)
    bias = model.get_output_embeddings().bias
    for rank, token in enumerate(likes):
        place = tokenizer.token_to_id(token)
        assert place is not None, token
        bias.data[place] = BEST - rank
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
