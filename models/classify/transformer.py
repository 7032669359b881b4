"""Any Hugging Face sequence classifier on disk, ours included, as a differentiable classifier of diffs."""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before transformers is imported: a folder never asks a hub

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel
from transformers.utils import logging as transformers_logging

from models.change.types import Diff
from models.classify.attentive import Attention
from models.classify.checkpoint import Settings, digest_folder, read_json, read_settings, validate_folder
from models.classify.eager import attention_of, has_attention
from models.classify.layered import check_stages, copy_digest
from models.classify.protocol import Prediction
from models.classify.randomised import first, permuted, transformer_stages
from models.classify.scores_only import ScoresOnly
from models.classify.seq2seq import decoded_logits, has_decoder
from models.classify.settled import Settled
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.types import EncodedDiff
from models.encode.vocabulary import ADDED
from models.errors import ModelError

_BATCH_TOKENS = 8192
_LONGEST = 512
_SAME = 1e-3
"""How far two scorings of one input may differ, as a share of its logit (at least of 1 logit)."""
_loading = threading.Lock()
"""transformers keeps its verbosity in one place for all threads."""


class TransformerClassifier(Settled):
    """Scores diffs with a frozen sequence-classification model in float32.

    Two labels: the logit is label 1 less label 0 (label 1 is "flagged"); one label: its logit. Stateless once built:
    no hooks, no gradients on parameters, so that threads may share it.
    """

    def __init__(
        self, model: PreTrainedModel, encoder: DiffEncoder, settings: Settings, special: tuple[int | None, int], digest: str
    ) -> None:
        """``special``: the ids of the mask (or None) and of the padding token."""
        nn.Module.eval(model).requires_grad_(False)
        self._model = model
        self._body: nn.Module = model.get_encoder() if has_decoder(model) else model.base_model
        self._embeddings: nn.Module = model.get_input_embeddings()
        self._encoder = encoder
        super().__init__(settings, digest)
        self._mask_id, self._pad_id = special

    @property
    def mask_id(self) -> int | None:
        """The id of the mask token, or None."""
        return self._mask_id

    @property
    def pad_id(self) -> int:
        """The id of the padding token."""
        return self._pad_id

    def encode(self, diff: Diff) -> EncodedDiff:
        """The ids that the model reads of ``diff``."""
        return self._encoder.encode(diff)

    @property
    def stages(self) -> tuple[str, ...]:
        """Head, layers from the last to the first, embeddings."""
        return tuple(name for name, _ in transformer_stages(self._model))

    def randomised(self, stages: int, seed: int) -> TransformerClassifier:
        """A copy with random parameters in its first stages, see ``Layered``."""
        found = transformer_stages(self._model)
        check_stages(stages, len(found))
        model = permuted(self._model, first(found, stages), seed)
        special, digest = (self._mask_id, self._pad_id), copy_digest(self.digest, stages, seed)
        return TransformerClassifier(model, self._encoder, self.settings, special, digest)

    def row(self, length: int) -> tuple[int, ...]:
        """A row of ``length`` ids, or of the fewest there are, framed as those of a change are."""
        before, after = self._encoder.frame
        return (*before, *[0 if self.pad_id else 1] * max(1, length - len(before) - len(after)), *after)

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """One prediction a diff, in order, scored in batches of similar length."""
        encoded = [self.encode(diff) for diff in diffs]
        logits = self.logits_of_ids([one.ids for one in encoded])
        return tuple(self.verdict(logit, len(one.ids), one.total, one.unread) for logit, one in zip(logits, encoded, strict=True))

    def embed(self, ids: tuple[int, ...]) -> Tensor:
        """Input embeddings, float32, shape (1, len(ids), width), detached."""
        with torch.no_grad():
            rows: Tensor = self._embeddings(torch.tensor([ids]))
        return rows.detach()

    def logit_of_embeddings(self, embeddings: Tensor, ids: tuple[int, ...]) -> Tensor:
        """Logits, shape (batch,), of embeddings (batch, length, width), without padding; ``ids`` matter to decoders only."""
        if has_decoder(self._model):
            return _difference(decoded_logits(self._model, embeddings, ids))
        mask = torch.ones(embeddings.shape[:2], dtype=torch.long)
        return _difference(self._model(inputs_embeds=embeddings, attention_mask=mask).logits)

    def logits_of_ids(self, rows: list[tuple[int, ...]]) -> list[float]:
        """The raw logit of every row of ids; rows of equal ids are scored once, and one of no ids as one of padding."""
        rows = [row or (self._pad_id,) for row in rows]
        unique = sorted(set(rows), key=len)
        known: dict[tuple[int, ...], float] = {}
        start = 0
        while start < len(unique):
            end = start + 1
            while end < len(unique) and len(unique[end]) * (end + 1 - start) <= _BATCH_TOKENS:
                end += 1
            known.update(zip(unique[start:end], self._score(unique[start:end]), strict=True))
            start = end
        return [known[row] for row in rows]

    @property
    def attends(self) -> bool:
        """See ``Attentive``."""
        return has_attention(self._model.config)

    def attention(self, ids: tuple[int, ...]) -> Attention:
        """See ``Attentive``."""
        return attention_of(self._model, self.embed(ids))

    def vectors(self, diffs: Sequence[Diff]) -> NDArray[np.float32]:
        """The mean of the last hidden states of each diff's tokens, shape (diffs, width).

        Not the first token's: which token a head pools, and what it makes of it, differs between architectures.
        """
        with torch.inference_mode():
            found = [self._mean(self.encode(diff).ids) for diff in diffs]
        if not found:
            return np.zeros((0, self.embed((self._pad_id,)).shape[-1]), dtype=np.float32)
        return torch.stack(found).numpy()

    def _mean(self, ids: tuple[int, ...]) -> Tensor:
        """One row at a time: without padding, nothing hangs on neighbours, and long rows gain nothing from batches."""
        row = torch.tensor([ids])
        states: Tensor = self._body(input_ids=row, attention_mask=torch.ones_like(row)).last_hidden_state
        return states[0].mean(dim=0)

    def _score(self, rows: list[tuple[int, ...]]) -> list[float]:
        longest = max(map(len, rows))
        ids = torch.tensor([[*row, *[self._pad_id] * (longest - len(row))] for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        with torch.inference_mode():
            values: list[float] = _difference(self._model(input_ids=ids, attention_mask=mask).logits).double().tolist()
        return values


def _difference(logits: Tensor) -> Tensor:
    return logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]


def load_transformer(folder: Path, settings: Settings | None = None) -> TransformerClassifier | ScoresOnly:
    """Load a checkpoint: safetensors only, no remote code, no network.

    One that refuses input embeddings, or makes something else of them than of the ids, can be asked for scores only.

    ``settings`` stand in for those of the folder. Without either, the model is taken for one that reads plain patches,
    and a folder with the vocabulary of our own encoder is refused: its training was never finished.
    Raises ModelError when the folder is unsafe, incomplete, without a trained head of one or two labels, or when a
    weight or a first score (of a short and a longest input in one batch) cannot be computed or is not finite.
    """
    config = validate_folder(folder)
    model = read_model(folder)
    labels = int(model.config.num_labels)
    if labels not in {1, 2}:
        raise ModelError(
            f"The model in {folder} has {labels} labels, expected two (label 1 is flagged) or one; fine-tune such a head."
        )
    check_finite(folder, model)
    tokenizer, frame, special = read_tokenizer(folder, config)
    settings = settings or read_settings(folder, positions(config)) or plain_settings(folder, config, tokenizer)
    classifier = TransformerClassifier(
        model, DiffEncoder(tokenizer, settings.encode, frame), settings, special, digest_folder(folder)
    )
    _try(classifier, folder)
    return classifier if _embeds(classifier) else ScoresOnly(settings, classifier.digest, classifier.predict)


def plain_settings(folder: Path, config: dict[str, Any], tokenizer: Tokenizer) -> Settings:
    """How a model that knows nothing of our marks reads patches.

    Raises ModelError for one that knows them, but was not finished.
    """
    if tokenizer.token_to_id(ADDED) is not None:
        raise ModelError(
            f"{folder} lacks whydiff.json, so its training was not finished; run whydiff train again with -o {folder}."
        )
    # RoBERTa-shaped models keep two positions for padding.
    length = max(16, min(_LONGEST, positions(config) - 2))
    return Settings(folder.resolve().name, EncodeOptions(max_length=length, markers=False, metrics=False, context=3))


def _try(classifier: TransformerClassifier, folder: Path) -> None:
    """Score two rows as a batch; raises ModelError when that fails or gives no finite number."""
    try:
        first, second = classifier.logits_of_ids([classifier.row(1), classifier.row(classifier.settings.encode.max_length)])
    except Exception as error:  # whatever a foreign architecture raises, the user gets one sentence
        raise ModelError(
            f"The model in {folder} could not score a batch ({reason(error)}); mend its configuration, such as its padding token."
        ) from error
    if not (math.isfinite(first) and math.isfinite(second)):
        raise ModelError(f"The model in {folder} gives scores that are not finite; copy or train the checkpoint again.")


def _embeds(classifier: TransformerClassifier) -> bool:
    """Whether the embeddings of a short row have the logit of its ids."""
    row = classifier.row(1)
    try:
        with torch.no_grad():
            found = float(classifier.logit_of_embeddings(classifier.embed(row), row).item())
    except Exception:  # as above: an architecture may refuse embeddings in any way it likes
        return False
    (expected,) = classifier.logits_of_ids([row])
    return abs(found - expected) <= _SAME * max(1.0, abs(expected))


def check_finite(folder: Path, model: nn.Module) -> None:
    """Raise ModelError for the first weight that is not finite."""
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ModelError(f"The weight {name} of the model in {folder} is not finite; copy or train the checkpoint again.")


def read_model(folder: Path, headless: bool = False) -> Any:
    """The model in ``folder``, float32; with ``headless`` one of two labels whose head may be new. Raises ModelError."""
    if headless:
        model, missing = read_pretrained(folder, AutoModelForSequenceClassification, body_only=True, num_labels=2)
    else:
        model, missing = read_pretrained(folder, AutoModelForSequenceClassification)
    if missing:
        raise ModelError(f"The model in {folder} lacks the weight {missing[0]}; fine-tune and save it whole.")
    return model


def read_pretrained(folder: Path, auto: Any, body_only: bool = False, **options: int) -> tuple[Any, list[str]]:
    """(the model in ``folder`` as the class ``auto`` makes it, float32; the weights that the folder lacks, in order).

    With ``body_only`` the weights of a head may be missing or others. Raises ModelError for a folder that cannot be loaded,
    and for weights that do not fit the configuration.
    """
    with _loading:
        model, report = _loaded(folder, auto, options)
    missing, other = sorted(map(str, report["missing_keys"])), sorted(report["mismatched_keys"])
    if body_only:
        body = f"{model.base_model_prefix}."
        missing, other = [name for name in missing if name.startswith(body)], [one for one in other if one[0].startswith(body)]
    if other:
        name, stored, built = other[0]
        raise ModelError(
            f"In {folder} the weight {name} has the shape {tuple(stored)}, but config.json makes it {tuple(built)}; "
            "copy the config.json that belongs to the weights."
        )
    return model, missing


def _loaded(folder: Path, auto: Any, options: dict[str, int]) -> tuple[Any, dict[str, Any]]:
    quiet: Any = transformers_logging
    level = quiet.get_verbosity()
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    try:
        model, report = auto.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are reported, and refused
            dtype=torch.float32,
            **options,
        )
    except Exception as error:  # whatever a broken folder raises, the user gets one sentence
        said = f"The model in {folder} could not be loaded ({reason(error)}); save it again with save_pretrained."
        raise ModelError(said) from error
    finally:
        quiet.set_verbosity(level)
    return model, report


def reason(error: Exception) -> str:
    """What ``error`` says, on one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def read_tokenizer(
    folder: Path, config: dict[str, Any]
) -> tuple[Tokenizer, tuple[tuple[int, ...], tuple[int, ...]], tuple[int | None, int]]:
    """(tokenizer that keeps leading blanks in its offsets, ids before and after the content, (mask id, pad id))."""
    data = read_json(folder / "tokenizer.json")
    try:
        framed = Tokenizer.from_file(str(folder / "tokenizer.json"))
        framed.no_padding()
        framed.no_truncation()
        bare, whole = framed.encode("a", add_special_tokens=False).ids, framed.encode("a").ids
        data.update(post_processor=None, padding=None, truncation=None)
        tokenizer = Tokenizer.from_str(json.dumps(data, ensure_ascii=False))
    except Exception as error:  # the tokenizers library raises plain Exception
        raise ModelError(f"tokenizer.json of {folder} could not be read ({error}); save the fast tokenizer again.") from error
    if max(tokenizer.get_vocab().values(), default=0) >= int(config.get("vocab_size", 0)):
        raise ModelError(
            f"tokenizer.json of {folder} knows more tokens than the model embeds; copy the tokenizer that belongs to it."
        )
    at = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
    frame = (tuple(whole[:at]), tuple(whole[at + len(bare) :])) if len(whole) > len(bare) else _own_frame(tokenizer)
    mask = next((i for i in map(tokenizer.token_to_id, ("[MASK]", "<mask>")) if i is not None), None)
    pad = config.get("pad_token_id")
    return tokenizer, frame, (mask, int(pad) if pad is not None else 0)


def _own_frame(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    start, end = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    return ((start,) if start is not None else ()), ((end,) if end is not None else ())


def positions(config: dict[str, Any]) -> int:
    """How many positions the architecture has, as far as its configuration says."""
    known = [config[name] for name in ("max_position_embeddings", "n_positions") if isinstance(config.get(name), int)]
    return int(known[0]) if known else _LONGEST + 2
