"""Training of the diff transformer from end to end on rows with a rule in them, and what it promises of going on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from models.change.types import LineKind
from models.classify.diff_guesser import load_diff_guesser
from models.classify.differentiable import Differentiable
from models.classify.load import load
from models.data.dataset import to_diff
from models.encode.types import Side
from models.errors import ModelError, UsageError
from models.evaluate.bootstrap import once
from models.evaluate.ranking import auc, by_score
from models.train.config import Config
from models.train.loop import Loop
from models.train.options import DiffTransformerOptions
from models.train.run import train_checkpoint
from models.train.tiers import tier
from tests.models.train.toy_rows import dataset

OPTIONS = DiffTransformerOptions(
    max_length=256,
    segment=48,
    segments=2,
    vocabulary=420,
    width=32,
    layers=2,
    heads=2,
    inner=32,
    bits=10,
    least=2,
    c=1.0,
    pretrain_epochs=2.0,
    epochs=8.0,
    batch_tokens=600,
    learning_rate=3e-3,
    checkpoint_minutes=99.0,
    tune_share=0.1,
    average=0.9,
    seed=3,
)


def trained_in(folder: Path, options: DiffTransformerOptions = OPTIONS, init: Path | None = None) -> Path:
    data = folder / "data.parquet"
    if not data.exists():
        dataset().to_parquet(data)
    list(train_checkpoint([data], Config(tier("diff-transformer"), options), folder / "model", init))
    return folder / "model"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_in(tmp_path_factory.mktemp("diff-transformer"))


def scores(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    valid = dataset().query("split == 'valid'")
    diffs = [one for one in map(to_diff, valid["diff"], valid["message"]) if one is not None]
    return valid["label"].to_numpy(), np.array([one.logit for one in load(folder).predict(diffs)])


def test_it_learns_a_rule(trained: Path):
    labels, logits = scores(trained)
    assert auc(by_score(labels, logits))(once(len(labels)))[0] > 0.95


def test_its_embeddings_give_the_score_of_its_ids(trained: Path):
    classifier = load(trained)
    assert isinstance(classifier, Differentiable)
    for text, message in dataset().iloc[:3][["diff", "message"]].itertuples(index=False):
        diff = to_diff(text, message)
        assert diff is not None
        ids = classifier.encode(diff).ids
        by_ids = classifier.logits_of_ids([ids])[0]
        by_embedding = classifier.logit_of_embeddings(torch.cat([classifier.embed(ids)] * 2), ids).tolist()
        assert by_embedding == pytest.approx([by_ids, by_ids], abs=1e-5)


def test_neighbours_in_a_batch_change_nothing(trained: Path):
    classifier = load(trained)
    diffs = [one for one in map(to_diff, dataset()["diff"][:9], dataset()["message"][:9]) if one is not None]
    alone = [classifier.predict([one])[0].logit for one in diffs]
    assert [one.logit for one in classifier.predict(diffs)] == pytest.approx(alone, abs=1e-5)


def test_the_linear_part_is_a_part_of_the_score(trained: Path, tmp_path: Path):
    folder = Path(shutil.copytree(trained, tmp_path / "model"))
    tensors = load_file(folder / "model.safetensors")
    assert tensors["linear.weights"].abs().sum() > 0
    tensors["linear.weights"] *= 0
    save_file(tensors, folder / "model.safetensors")
    assert not np.allclose(scores(folder)[1], scores(trained)[1], atol=0.05)


def test_what_it_leaves_tells_how_it_was_made(trained: Path):
    record = json.loads((trained / "train.json").read_text())
    assert (record["kind"], record["parent"]) == ("diff-transformer", None)
    assert record["options"]["epochs"] == OPTIONS.epochs
    stages = {json.loads(line)["stage"] for line in (trained / "curves.jsonl").read_text().splitlines()}
    assert stages == {"pretrain", "labels"}


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("at", [3, 30])
def test_a_run_that_was_killed_gives_the_weights_of_a_whole_one(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
):
    real, taken = Loop._step, []

    def step(self: Loop, *arguments: object) -> float:
        taken.append(1)
        if len(taken) == at:
            self._save()
        if len(taken) == at + 2:
            raise Killed
        return real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Loop, "_step", step)
    with pytest.raises(Killed):
        trained_in(tmp_path)
    monkeypatch.undo()
    whole, gone_on = (load_file(folder / "model.safetensors") for folder in (trained, trained_in(tmp_path)))
    assert all(torch.equal(value, gone_on[name]) for name, value in whole.items())


def test_it_starts_from_another_checkpoint(trained: Path, tmp_path: Path):
    options = replace(OPTIONS, epochs=0.5, learning_rate=1e-7, warmup=0.0)
    folder = trained_in(tmp_path, options, init=trained)
    record = json.loads((folder / "train.json").read_text())
    assert record["parent"] == load(trained).digest
    assert (folder / "tokenizer.json").read_bytes() == (trained / "tokenizer.json").read_bytes()
    assert np.allclose(scores(folder)[1], scores(trained)[1], atol=0.02)


def test_the_size_can_be_switched_off(tmp_path: Path):
    folder = trained_in(tmp_path, replace(OPTIONS, metrics=False, epochs=1.0, pretrain_epochs=0.0))
    classifier = load(folder)
    diff = to_diff(dataset()["diff"][0], dataset()["message"][0])
    assert diff is not None
    assert Side.METRICS not in classifier.encode(diff).sides
    assert np.isfinite(classifier.predict([diff])[0].logit)


def test_bfloat16_is_used_only_where_it_pays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    asked: list[bool] = []
    for pays in (True, False):
        monkeypatch.setattr("models.train.loop.bfloat16_pays", lambda device, pays=pays: asked.append(pays) or pays)
        folder = tmp_path / str(pays)
        folder.mkdir()
        trained_in(folder, replace(OPTIONS, epochs=0.3, pretrain_epochs=0.0, bfloat16=True))
        assert json.loads((folder / "model" / "state.json").read_text())["bfloat16"] is pays
    assert asked == [True, False]


def test_a_finished_folder_is_left_alone(trained: Path):
    with pytest.raises(UsageError, match="holds a checkpoint already"):
        list(train_checkpoint([trained.parent / "data.parquet"], Config(tier("diff-transformer"), OPTIONS), trained))


def _edit(file: str, **values: object):
    def edit(folder: Path) -> None:
        held = json.loads((folder / file).read_text())
        for name, value in values.items():
            place = held["encode"] if name in held.get("encode", {}) else held
            place[name] = value
        (folder / file).write_text(json.dumps(held))

    return edit


def _weights(change: Callable[[dict[str, torch.Tensor]], object]):
    def edit(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")

    return edit


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_edit("config.json", model_type="bert"), "is not of a diff transformer"),
        (_edit("config.json", reach=0), "reach = 0, expected a whole number"),
        (_edit("config.json", width=30), "a width that its heads do not divide"),
        (_edit("config.json", bits=11), "lacks a linear part of"),
        (_edit("config.json", segment=20), "leaves no room in segments of 20"),
        (_edit("config.json", layers=3), "lacks the weight network.encoder.layers.2"),
        (_weights(lambda tensors: tensors.pop("linear.bias")), "lacks a linear part of"),
        (_weights(lambda tensors: tensors["network.outer.bias"].fill_(torch.nan)), "The weight network.outer.bias of the model"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_sentence(trained: Path, tmp_path: Path, damage, sentence: str):
    folder = tmp_path / "model"
    shutil.copytree(trained, folder)
    damage(folder)
    with pytest.raises(ModelError, match=sentence):
        load(folder)


def test_the_network_as_it_was_pretrained_stays_as_a_masked_language_model(trained: Path, tmp_path: Path) -> None:
    """It is what pre-training left, to 8 bits, and no score depends on it; what is broken in it is named."""
    kept = load_file(trained / "work" / "pretrain-best.safetensors")
    small = load_file(trained / "guesser.safetensors")
    assert not any(name.startswith(("network.outer", "network.query")) for name in small)
    for name, value in small.items():
        if not name.endswith(".scale"):
            scale = small.get(name + ".scale")
            read = value.float() if scale is None else value.float() * scale.unsqueeze(1)
            assert torch.allclose(read, kept[name].float(), atol=float(kept[name].abs().max()) / 120 + 1e-3)
    diff = to_diff(*dataset().iloc[0][["diff", "message"]])
    assert diff is not None
    added = [unit for unit, line in diff.lines() if line.kind is LineKind.ADDED]
    assert (load_diff_guesser(trained).likelihood(diff, added) or 0) < 0
    copy = Path(shutil.copytree(trained, tmp_path / "model"))
    save_file({name: value for name, value in small.items() if "hunks" not in name}, copy / "guesser.safetensors")
    assert load(copy).digest == load(trained).digest
    with pytest.raises(ModelError, match=r"lacks the weight network\.hunks"):
        load_diff_guesser(copy)
    (copy / "guesser.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="could not be read"):
        load_diff_guesser(copy)
    (copy / "guesser.safetensors").unlink()
    with pytest.raises(ModelError, match="could not be read"):
        load_diff_guesser(copy)
