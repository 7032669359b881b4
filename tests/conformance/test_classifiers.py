"""What every kind of checkpoint promises once it is loaded, and how its kind is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import pytest

from models.change.parse import parse
from models.change.types import Diff
from models.classify.checkpoint import BAG, FILES, SETTINGS, SIZE, TRANSFORMER, read_kind
from models.classify.load import LOADERS, load, shipped
from models.classify.protocol import Classifier
from models.errors import ModelError
from tests.models.classify.light_toys import write_bag, write_size
from tests.models.conftest import tiny_folder  # noqa: F401 - a fixture

SMALL = parse("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a = value\n+a = retry(b)\n", "Retry")
LARGE = parse("--- a/y.c\n+++ b/y.c\n@@ -0,0 +1,30 @@\n" + "+retry(value);\n" * 30)
STRANGE = parse("--- a/\u202e.py\n+++ b/\u202e.py\n@@ -1 +1 @@\n-\udcff\x00\n+\U0001f600\u200b\n", "\udcfe\n\n\x1b[2J")
DIFFS = (SMALL, LARGE, STRANGE, Diff(()))


@pytest.fixture(params=[TRANSFORMER, SIZE, BAG])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A checkpoint of every kind that can be made in a moment."""
    if request.param == TRANSFORMER:
        return Path(shutil.copytree(request.getfixturevalue("tiny_folder"), tmp_path / "model"))
    return {SIZE: write_size, BAG: write_bag}[request.param](tmp_path / "model")


def test_every_kind_has_files_and_a_loader() -> None:
    assert set(LOADERS) == set(FILES)
    assert read_kind(shipped()) in LOADERS


def test_a_loaded_checkpoint_is_a_classifier(folder: Path) -> None:
    classifier = load(folder)
    assert isinstance(classifier, Classifier)
    assert classifier.name
    int(classifier.digest, 16)
    assert 0 < classifier.threshold < 1


def test_answers_keep_the_order_and_do_not_depend_on_neighbours(folder: Path) -> None:
    classifier = load(folder)
    alone = [classifier.predict([one])[0] for one in DIFFS]
    for order in permutations(range(len(DIFFS))):
        together = classifier.predict([DIFFS[n] for n in order])
        for one, n in zip(together, order, strict=True):
            assert one.logit == pytest.approx(alone[n].logit, abs=1e-4)
            assert (one.tokens_read, one.tokens_total, one.unread) == (
                alone[n].tokens_read,
                alone[n].tokens_total,
                alone[n].unread,
            )
    assert classifier.predict([]) == ()


def test_score_threshold_and_margin_agree(folder: Path) -> None:
    classifier = load(folder)
    for one in classifier.predict(DIFFS):
        assert 0 <= one.score <= 1
        assert one.threshold == classifier.threshold
        assert one.flagged == (one.margin >= 0)
        assert (one.margin > 1e-9) <= (one.score >= one.threshold)
        assert 0 <= one.tokens_read <= one.tokens_total


def test_what_was_read_whole_has_nothing_unread(folder: Path) -> None:
    (prediction,) = load(folder).predict([SMALL])
    assert prediction.unread == ()
    assert prediction.tokens_read == prediction.tokens_total > 0


def test_threads_may_share_one(folder: Path) -> None:
    classifier = load(folder)
    alone = [one.logit for one in classifier.predict(DIFFS)]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: classifier.predict(DIFFS), range(8)):
            assert [one.logit for one in found] == pytest.approx(alone, abs=1e-4)


def test_the_digest_changes_with_every_file_that_decides(folder: Path) -> None:
    first = load(folder).digest
    deciding = [SETTINGS, *(path.name for name in FILES[read_kind(folder)] for path in folder.glob(name))]
    for name in deciding:
        path = folder / name
        before = path.read_bytes()
        path.write_bytes(before.replace(b" ", b"  ", 1) if path.suffix == ".json" else before)
        if path.suffix == ".json":
            assert load(folder).digest != first, name
            path.write_bytes(before)
    (folder / "CARD.md").write_text("words for people")
    assert load(folder).digest == first


def test_the_kind_is_a_transformer_where_nothing_is_said(tiny_folder: Path, tmp_path: Path) -> None:  # noqa: F811
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "model"))
    path = folder / SETTINGS
    data = json.loads(path.read_text())
    assert data.pop("kind") == TRANSFORMER
    path.write_text(json.dumps(data))
    assert read_kind(folder) == TRANSFORMER
    assert load(folder).predict([SMALL])


@pytest.mark.parametrize("kind", ["magic", "", None, 7, ["bag"], {"a": 1}, "../bag", "x" * 5000, "\n\x1b"])
def test_an_unknown_kind_is_refused_with_those_there_are(tmp_path: Path, kind: object) -> None:
    folder = write_bag(tmp_path / "bag")
    data = json.loads((folder / SETTINGS).read_text()) | {"kind": kind}
    (folder / SETTINGS).write_text(json.dumps(data))
    with pytest.raises(ModelError) as caught:
        load(folder)
    said = str(caught.value)
    assert f"expected one of {', '.join(FILES)}" in said
    assert said.isprintable()
    assert len(said) < 500


@pytest.mark.parametrize("make", [write_bag, write_size])
def test_a_kind_that_the_files_do_not_bear_out_is_refused(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    folder = make(tmp_path / "model")
    other = SIZE if make is write_bag else BAG
    data = json.loads((folder / SETTINGS).read_text()) | {"kind": other}
    (folder / SETTINGS).write_text(json.dumps(data))
    with pytest.raises(ModelError, match=f"lacks .*, so it is no {other} checkpoint"):
        load(folder)


def test_settings_of_a_light_kind_say_nothing_of_tokens(tmp_path: Path) -> None:
    for folder in (write_bag(tmp_path / "bag"), write_size(tmp_path / "size")):
        assert "encode" not in json.loads((folder / SETTINGS).read_text())


def test_no_score_hangs_on_a_trailer_of_the_message(folder: Path) -> None:
    said = [
        parse("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n", text)
        for text in ("Retry", "Retry\nChange-Id: I0f", "Cc: x\nRetry")
    ]
    assert len({one.logit for one in load(folder).predict(said)}) == 1
