"""The byte-level BPE vocabulary of our own models, with one special token a structure of the diff."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from models.encode.types import Side
from models.errors import ModelError

PAD, CLS, SEP, MASK, UNK = "[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]"
MESSAGE, FILE, HUNK, ADDED, REMOVED, CONTEXT = "[MSG]", "[FILE]", "[HUNK]", "[ADD]", "[DEL]", "[CTX]"
MARKERS = {Side.MESSAGE: MESSAGE, Side.PATH: FILE, Side.ADDED: ADDED, Side.REMOVED: REMOVED, Side.CONTEXT: CONTEXT}
BUCKETS = 12


def size_tokens(added: int, removed: int, files: int) -> tuple[str, str, str]:
    """The size of a change as three tokens, each the floor of log2(1 + n), at most 11."""
    counts = (("A", added), ("D", removed), ("F", files))
    a, d, f = (f"[{name}{min(BUCKETS - 1, (n + 1).bit_length() - 1)}]" for name, n in counts)
    return a, d, f


def special_tokens() -> list[str]:
    """All special tokens in the order of their ids."""
    sizes = [f"[{name}{k}]" for name in "ADF" for k in range(BUCKETS)]
    return [PAD, CLS, SEP, MASK, UNK, MESSAGE, FILE, HUNK, ADDED, REMOVED, CONTEXT, *sizes]


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of a token that the vocabulary must have; raises ModelError."""
    found: int | None = tokenizer.token_to_id(token)
    if found is None:
        raise ModelError(
            f"The vocabulary lacks the token {token}, which this checkpoint's settings need; copy its own tokenizer.json."
        )
    return found


def train_tokenizer(texts: Iterable[str], size: int) -> Tokenizer:
    """Byte-level BPE (Sennrich et al. 2016) of ``size`` tokens, special ones first; offsets keep leading blanks."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=special_tokens(),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
