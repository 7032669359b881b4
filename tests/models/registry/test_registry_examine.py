"""Every refusal with a checkpoint, or a classifier, that was made to deserve it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from models.change.render import render
from models.change.types import Diff
from models.classify.checkpoint import digest_folder
from models.classify.protocol import Prediction
from models.errors import ModelError
from models.registry.examine import check_answers, examine
from models.registry.examples import examples
from tests.models.registry.registry_shelf import copied

FOLDER = Path("folder")


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        call()
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


def test_the_examples_are_what_they_are_called():
    changes = examples()
    assert max(len(line.text) for _, line in changes["a huge line"].lines()) > 100_000
    assert [file.status.value for file in changes["rename only"].files] == ["renamed"]
    assert [file.status.value for file in changes["deletion"].files] == ["deleted"]
    assert list(changes["mode only"].lines()) == []
    assert len(changes["many files"].files) == 40
    assert all(render(diff) for diff in changes.values())


def test_a_sound_checkpoint_passes(tiny_folder: Path):
    found = examine(tiny_folder)
    assert (found.digest, found.kind, found.name) == (digest_folder(tiny_folder), "transformer", "tiny")
    assert len(found.tokenizer) == 64


def test_links_may_stay_inside_but_not_lead_out(tiny_folder: Path, tmp_path: Path):
    folder = copied(tiny_folder, tmp_path / "model")
    (folder / "tokenizer.json").rename(folder / "tokenizer-1.json")
    (folder / "tokenizer.json").symlink_to("tokenizer-1.json")
    assert examine(folder).name == "tiny"
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").symlink_to(tiny_folder / "tokenizer.json")
    assert "tokenizer.json is a link that leads out of the model folder" in refusal(lambda: examine(folder))
    (tmp_path / "alias").symlink_to(tiny_folder)
    assert examine(tmp_path / "alias").name == "tiny"


def test_a_pipe_is_not_waited_for(tiny_folder: Path, tmp_path: Path):
    folder = copied(tiny_folder, tmp_path / "model")
    os.mkfifo(folder / "extra.safetensors")
    assert "extra.safetensors is no regular file" in refusal(lambda: examine(folder))


def poison(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = math.inf
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def reshape(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))


PLANTED: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickle": (lambda folder: (folder / "model.pkl").write_bytes(b"\x80\x04."), "may run code when loaded"),
    "pickle in disguise": (lambda folder: (folder / "model.safetensors").write_bytes(b"\x80\x04cos\nsystem\n."), "be loaded"),
    "code": (lambda folder: (folder / "setup.py").write_text("raise SystemExit"), "setup.py"),
    "infinite": (poison, "not finite"),
    "shape": (reshape, "has the shape"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json"),
    "threshold": (lambda folder: (folder / "whydiff.json").write_text("{}"), "whydiff.json"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_checkpoint_is_refused(tiny_folder: Path, tmp_path: Path, name: str):
    plant, said = PLANTED[name]
    folder = copied(tiny_folder, tmp_path / "model")
    plant(folder)
    assert said in refusal(lambda: examine(folder))


def test_a_folder_that_is_none_is_refused(tmp_path: Path):
    assert "does not exist" in refusal(lambda: examine(tmp_path / "none"))
    (tmp_path / "file").touch()
    assert "is a file" in refusal(lambda: examine(tmp_path / "file"))


@dataclass
class Toy:
    """Answers by the length of a change, and lets ``twist`` change what it says of a batch."""

    twist: Callable[[Sequence[Diff], list[Prediction]], object] = lambda _diffs, answers: answers
    threshold: float = 0.5
    name: str = "toy"
    digest: str = "0"

    def predict(self, diffs: Sequence[Diff]) -> object:
        logits = [len(render(diff)) % 7 / 7 for diff in diffs]
        return self.twist(diffs, [Prediction(logit, 1 / (1 + math.exp(-logit)), 0.5, logit, 1, 2) for logit in logits])


def first(**values: float) -> Callable[[Sequence[Diff], list[Prediction]], object]:
    return lambda _diffs, answers: [replace(answers[0], **values), *answers[1:]]


def shifted(by: float) -> Callable[[Sequence[Diff], list[Prediction]], object]:
    """Adds ``by`` times its place in the batch to every logit."""
    return lambda _diffs, answers: [replace(one, logit=one.logit + by * n) for n, one in enumerate(answers)]


def failing(*_: object) -> object:
    raise RuntimeError("index out of\nrange")


TWISTS: dict[str, tuple[Callable[..., object], str]] = {
    "nan": (first(logit=math.nan), "a score that is not finite"),
    "infinite": (first(logit=math.inf), "a score that is not finite"),
    "margin": (first(margin=math.nan), "a score that is not finite"),
    "score above": (first(score=1.5), "the score 1.5, expected 0 to 1"),
    "score below": (first(score=-0.1), "the score -0.1, expected 0 to 1"),
    "score nan": (first(score=math.nan), "the score nan, expected 0 to 1"),
    "tokens": (first(tokens_read=3), "read 3 of 2 tokens"),
    "one too few": (lambda _diffs, answers: answers[1:], "9 answers to 10 changes"),
    "no predictions": (lambda _diffs, answers: [one.score for one in answers], "expected one prediction each"),
    "order": (shifted(0.1), "depending on the changes beside it"),
    "neighbours": (
        lambda diffs, answers: [replace(one, logit=one.logit + len(diffs)) for one in answers], "depending on the changes"
    ),
    "error": (failing, "fails on made-up changes (index out of range)"),
}  # fmt: skip


@pytest.mark.parametrize("name", TWISTS)
def test_answers_that_break_a_promise_are_refused(name: str):
    twist, said = TWISTS[name]
    assert said in refusal(lambda: check_answers(Toy(twist), FOLDER))


def test_rounding_is_no_reason():
    check_answers(Toy(), FOLDER)
    check_answers(Toy(shifted(1e-5)), FOLDER)


@pytest.mark.parametrize("threshold", [0.0, 1.0, math.nan])
def test_a_threshold_lies_between(threshold: float):
    assert "expected one between 0 and 1" in refusal(lambda: check_answers(Toy(threshold=threshold), FOLDER))
