from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel

from models.change.parse import parse
from models.change.types import Diff, Unit
from models.classify.load import MASKED_VARIABLE, guesser_in, masked_by, masked_folder, masked_model, shipped, shipped_guesser
from models.classify.masked_transformer import MaskedTransformer
from models.errors import ModelError
from tests.models.classify.light_toys import write_bag
from tests.models.classify.masked_toys import KINDS, bert, roberta

CODE = parse("--- a/a.c\n+++ b/a.c\n@@ -1 +1,3 @@\n-old = 1\n+new = count + 1\n+use(count)\n+count\n", "")
BLANK, BRACKET, FIRST = Unit(0, 0, 1, 6, 11), Unit(0, 0, 2, 4, 9), Unit(0, 0, 3, 0, 5)


def opened(folder: Path) -> MaskedTransformer:
    found = guesser_in(folder)
    assert isinstance(found, MaskedTransformer)
    return found


def watch(masked: MaskedTransformer, monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The ids of every batch that the model reads from now on."""
    seen: list[torch.Tensor] = []
    network: Any = masked._model
    forward: Callable[..., Any] = network.forward

    def noted(input_ids: torch.Tensor, **rest: Any) -> Any:
        seen.append(input_ids)
        return forward(input_ids=input_ids, **rest)

    monkeypatch.setattr(network, "forward", noted)
    return seen


def test_a_bert_proposes_what_it_likes_best(tmp_path: Path) -> None:
    masked = opened(bert(tmp_path / "m", ["safe", "count", "pool"]))
    assert masked.fill(CODE, [BLANK, BRACKET, FIRST], 2) == (("safe", "pool"),) * 3


def test_a_byte_level_model_proposes_tokens_with_the_blank_that_stands_there(tmp_path: Path) -> None:
    masked = opened(roberta(tmp_path / "m", ["Ġsafe", "pool", "Ġcount", "count", "Ġtotal", "value"]))
    assert masked.fill(CODE, [BLANK, BRACKET, FIRST], 2) == (("safe", "total"), ("pool", "value"), ("pool", "value"))


def test_pieces_of_words_are_never_proposed(tmp_path: Path) -> None:
    for folder, likes in ((bert, ["##tion", "##able", "##a", "safe"]), (roberta, ["tion", "able", "safe", "Ġsafe"])):
        masked = opened(folder(tmp_path / folder.__name__, likes))
        for names in masked.fill(CODE, [BLANK, BRACKET, FIRST], 5):
            assert names[0] == "safe"
            assert not {"tion", "able"} & set(names)


def test_a_word_of_several_tokens_stands_behind_one_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masked = opened(bert(tmp_path / "m"))
    diff = parse("--- a/a.c\n+++ b/a.c\n@@ -0,0 +1 @@\n+a = countable;\n", "")
    seen = watch(masked, monkeypatch)
    masked.fill(diff, [Unit(0, 0, 0, 4, 13)], 1)
    tokenizer = Tokenizer.from_file(str(tmp_path / "m" / "tokenizer.json"))
    assert [tokenizer.id_to_token(i) for i in seen[0][0].tolist()] == ["[CLS]", "a", "=", "[MASK]", ";", "[SEP]"]


def test_a_model_reads_the_lines_of_one_side_without_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masked = opened(bert(tmp_path / "m"))
    tokenizer = Tokenizer.from_file(str(tmp_path / "m" / "tokenizer.json"))
    diff = parse("--- a/a.c\n+++ b/a.c\n@@ -1,3 +1,3 @@\n first\n-pool\n+total\n value\n", "")
    seen = watch(masked, monkeypatch)
    masked.fill(diff, [Unit(0, 0, 2, 0, 5)], 1)
    masked.likelihood(diff, [Unit(0, 0, 1)])
    told = [" ".join(tokenizer.id_to_token(i) for i in batch[0].tolist()) for batch in seen]
    assert told == ["[CLS] first [MASK] value [SEP]"] * 2
    assert masked.likelihood(diff, [Unit(0, 0, 1)]) != masked.likelihood(diff, [Unit(0, 0, 2)])


def test_special_tokens_that_a_change_spells_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for make, mask in ((bert, "[MASK]"), (roberta, "<mask>")):
        masked = opened(make(tmp_path / mask[1]))
        tokenizer = Tokenizer.from_file(str(tmp_path / mask[1] / "tokenizer.json"))
        diff = parse(f"--- a/a.c\n+++ b/a.c\n@@ -0,0 +1 @@\n+count {mask} total\n", "")
        seen = watch(masked, monkeypatch)
        masked.fill(diff, [Unit(0, 0, 0, 0, 5)], 1)
        assert seen[0][0].tolist().count(tokenizer.token_to_id(mask)) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("positions", [40, 5000])
def test_what_is_read_at_once_is_bounded(kind: str, positions: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of 5,000 tokens, far more than there are positions: words at its beginning, in its middle and at its end."""
    masked = opened(KINDS[kind](tmp_path / "m", positions=positions))
    text = "count + " * 2500
    diff = parse(f"--- a/a.c\n+++ b/a.c\n@@ -0,0 +1 @@\n+{text}\n", "")
    seen = watch(masked, monkeypatch)
    words = [Unit(0, 0, 0, at, at + 5) for at in (0, 8 * 1200, 8 * 2499)]
    assert all(masked.fill(diff, words, 3))
    assert masked.likelihood(diff, [Unit(0, 0, 0)]) is not None
    assert max(batch.shape[1] for batch in seen) <= min(positions - 2, 256)
    assert max(batch.shape[1] for batch in seen) >= min(positions - 2, 256) - 2


def test_a_word_in_the_middle_has_text_on_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masked = opened(bert(tmp_path / "m", positions=42))
    diff = parse(f"--- a/a.c\n+++ b/a.c\n@@ -0,0 +1 @@\n+{'count ' * 500}\n", "")
    seen = watch(masked, monkeypatch)
    masked.fill(diff, [Unit(0, 0, 0, 1500, 1505)], 3)
    mask = Tokenizer.from_file(str(tmp_path / "m" / "tokenizer.json")).token_to_id("[MASK]")
    assert abs(seen[0][0].tolist().index(mask) - 20) <= 1


def test_a_batch_holds_a_bounded_number_of_logits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most, folder = 40_000, bert(tmp_path / "m")
    alone = opened(folder)
    monkeypatch.setattr("models.classify.masked_transformer._NUMBERS", most)
    masked = opened(folder)
    text = "".join("+count + total\n" for _ in range(60))
    diff = parse(f"--- a/a.c\n+++ b/a.c\n@@ -0,0 +1,60 @@\n{text}", "")
    seen = watch(masked, monkeypatch)
    words = [Unit(0, 0, n, 0, 5) for n in range(60)]
    together = masked.fill(diff, words, 3)
    size = json.loads((folder / "config.json").read_text())["vocab_size"]
    assert any(len(batch) > 1 for batch in seen)
    assert all(batch.numel() * size <= most for batch in seen)
    assert [alone.fill(diff, [word], 3)[0] for word in words] == list(together)


def test_answers_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operator, verifier and output ask the same; a foreign model is too slow to answer each time anew."""
    masked = opened(bert(tmp_path / "m"))
    seen = watch(masked, monkeypatch)
    first = masked.fill(CODE, [BLANK, BRACKET], 3)
    asked = len(seen)
    assert masked.fill(CODE, [BLANK, BRACKET], 3) == first
    assert len(seen) == asked > 0
    masked.fill(CODE, [BLANK], 2)
    assert len(seen) > asked


def test_the_likelihood_is_that_of_the_tokens_at_their_places(tmp_path: Path) -> None:
    """A model of no layers but its bias: the same distribution at every place."""
    masked = opened(bert(tmp_path / "m", ["safe"]))
    network: Any = masked._model
    torch.nn.init.zeros_(network.cls.predictions.transform.LayerNorm.weight)
    torch.nn.init.zeros_(network.cls.predictions.transform.LayerNorm.bias)
    bias = network.get_output_embeddings().bias.log_softmax(-1)
    tokenizer = Tokenizer.from_file(str(tmp_path / "m" / "tokenizer.json"))
    diff = parse("--- a/a.c\n+++ b/a.c\n@@ -0,0 +1,2 @@\n+safe + safe + pool\n+other\n", "")
    tokens = ["safe", "+", "safe", "+", "pool"]
    told = masked.likelihood(diff, [Unit(0, 0, 0)])
    assert told == pytest.approx(sum(float(bias[tokenizer.token_to_id(token)]) for token in tokens) / 5, rel=1e-5)


def test_a_folder_as_older_libraries_wrote_it_is_read(tmp_path: Path) -> None:
    """Other names for the norms, weights of heads that are not used, positions, and no remark on the format."""
    now, old = bert(tmp_path / "now", ["safe"]), bert(tmp_path / "old", ["safe"])
    weights = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in load_file(old / "model.safetensors").items()
    }
    unused = {"bert.pooler.dense.weight": torch.zeros(16, 16), "bert.embeddings.position_ids": torch.arange(64).unsqueeze(0)}
    save_file(weights | unused, old / "model.safetensors")
    assert "bert.embeddings.LayerNorm.gamma" in weights
    assert opened(old).fill(CODE, [BLANK, BRACKET], 5) == opened(now).fill(CODE, [BLANK, BRACKET], 5)


def setting(key: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, key: value}))

    return change


def without_mask(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace("[MASK]", "[HIDE]"))


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")


def poisoned(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["cls.predictions.transform.dense.weight"][0, 0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def classifier(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    config = BertConfig.from_pretrained(folder)
    BertForSequenceClassification(config).save_pretrained(folder)


def generator(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    GPT2LMHeadModel(GPT2Config(vocab_size=200, n_embd=16, n_layer=1, n_head=2)).save_pretrained(folder)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickle only": (pickled, r"pytorch_model\.bin"),
    "code": (lambda f: (f / "modeling.py").write_text("raise SystemExit"), r"modeling\.py"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "no weights"),
    "broken weights": (lambda f: (f / "model.safetensors").write_bytes(b"nonsense"), "could not be loaded"),
    "not finite": (poisoned, "not finite"),
    "no fast tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "fast tokenizer"),
    "broken tokenizer": (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer.json"),
    "no mask": (without_mask, "no mask token"),
    "a classifier": (classifier, "no masked language model"),
    "a generator": (generator, "no masked language model"),
    "a nameless kind": (setting("model_type", ["bert"]), "no masked language model"),
    "foreign code": (setting("auto_map", {"AutoModel": "x.Y"}), "auto_map"),
    "few positions": (lambda f: bert(f, positions=10), "expected 16 or more"),
    "other positions": (setting("max_position_embeddings", 128), "has the shape"),
    "no config": (lambda f: (f / "config.json").unlink(), r"config\.json"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_folder_that_is_unsafe_or_no_masked_model_is_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    folder = bert(tmp_path / "m")
    change, said = BROKEN[name]
    change(folder)
    with pytest.raises(ModelError, match=said) as caught:
        guesser_in(folder)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_missing_folder_and_light_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        guesser_in(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="no masked language model"):
        guesser_in(write_bag(tmp_path / "bag"))


def test_the_shipped_encoder_can_be_named_too() -> None:
    assert guesser_in(shipped()).fill(CODE, [BLANK], 3) == shipped_guesser().fill(CODE, [BLANK], 3)


def test_the_model_in_use_is_the_shipped_one_unless_another_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MASKED_VARIABLE, raising=False)
    mine, other = bert(tmp_path / "mine", ["safe"]), bert(tmp_path / "other", ["pool"])
    assert masked_model() is shipped_guesser()
    assert masked_folder() is None
    with masked_by(mine):
        assert masked_folder() == mine
        assert masked_model().fill(CODE, [BLANK], 1) == (("safe",),)
        with masked_by(other):
            assert masked_model().fill(CODE, [BLANK], 1) == (("pool",),)
        with masked_by(None):
            assert masked_folder() == mine
    assert masked_model() is shipped_guesser()
    monkeypatch.setenv(MASKED_VARIABLE, str(other))
    assert masked_model().fill(CODE, [BLANK], 1) == (("pool",),)


def test_a_model_that_cannot_be_used_is_refused_at_once_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"), masked_by(tmp_path / "nowhere"):
        raise AssertionError("not reached")
    assert masked_folder() is None


def test_another_file_is_another_digest(tmp_path: Path) -> None:
    one, other = opened(bert(tmp_path / "one", ["safe"])), opened(bert(tmp_path / "other", ["pool"]))
    assert one.digest != other.digest
    assert opened(bert(tmp_path / "again", ["safe"])).digest == one.digest
    assert guesser_in(shipped()).digest != one.digest


def test_a_line_longer_than_the_window_counts_as_far_as_it_is_read(tmp_path: Path) -> None:
    masked = opened(bert(tmp_path / "m", positions=42))
    lines = ["count " * 30, "count " * 5000]
    diffs = [parse(f"--- a/a.c\n+++ b/a.c\n@@ -0,0 +1 @@\n+{line}\n", "") for line in lines]
    assert all(math.isfinite(masked.likelihood(diff, [Unit(0, 0, 0)]) or math.nan) for diff in diffs)


def test_lines_that_follow_each_other_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masked = opened(bert(tmp_path / "m"))
    tokenizer = Tokenizer.from_file(str(tmp_path / "m" / "tokenizer.json"))
    text = "+first\n-pool\n+second\n" + " value\n" * 4 + "+total\n"
    diff = parse(f"--- a/a.c\n+++ b/a.c\n@@ -1,5 +1,7 @@\n{text}", "")
    seen = watch(masked, monkeypatch)
    masked.likelihood(diff, [Unit(0, 0, n) for n in (0, 1, 2, 7)])
    rows = [[tokenizer.id_to_token(i) for i in row.tolist() if i] for batch in seen for row in batch]
    assert [" ".join(row) for row in rows] == [
        "[CLS] [MASK] second value value value [SEP]",
        "[CLS] first [MASK] value value value [SEP]",
        "[CLS] [MASK] value value value [SEP]",
        "[CLS] value value value [MASK] [SEP]",
    ]
    seen.clear()
    masked.likelihood(diff, [Unit(0, 0, 0), Unit(0, 0, 2)])
    assert sum(map(len, seen)) == 2


def test_an_empty_change_is_read(tmp_path: Path) -> None:
    masked = opened(bert(tmp_path / "m"))
    assert masked.fill(Diff(()), [BLANK], 2) == ((),)
