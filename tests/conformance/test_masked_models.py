"""What every masked language model promises, the one that ships and foreign ones alike."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from models.change.parse import parse
from models.change.types import MESSAGE_FILE, Diff, Level, LineKind, Unit
from models.classify.guesses import MaskedModel
from models.classify.load import guesser_in, shipped
from tests.models.classify.masked_toys import KINDS

LOOP = parse(
    "--- a/a.c\n+++ b/a.c\n@@ -1,3 +1,5 @@\n int total = 0;\n-while (count)\n+for (i = 0; i < count; i++) {\n"
    "+    total += values[i];\n+}\n return total;\n",
    "Sum the values\n\nIn a loop.",
)
STRANGE = parse(
    "--- a/\u202e.py\n+++ b/\u202e.py\n@@ -1 +1,3 @@\n-\udcff\x00\n+\U0001f600\u200b [MASK] <mask>\n+\n+\udcfe\r\n", "\udcfe"
)
TOTAL, VALUES = Unit(0, 0, 3, 4, 9), Unit(0, 0, 3, 13, 19)
BEYOND = Unit(0, 0, 3, 90, 99)
NOWHERE = (BEYOND, Unit(0, 0, 99, 0, 1), Unit(7, 0, 0, 0, 1), Unit(0, 7, 0, 0, 1), Unit(MESSAGE_FILE, -1, 99, 0, 1))


@pytest.fixture(scope="module", params=["shipped", *KINDS])
def masked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MaskedModel:
    """Each masked model, loaded from its folder."""
    name: str = request.param
    return guesser_in(shipped() if name == "shipped" else KINDS[name](tmp_path_factory.mktemp(name)))


def lines(diff: Diff) -> list[Unit]:
    return [unit for unit, _ in diff.lines()]


def test_proposals_are_other_names_and_no_more_than_asked_for(masked: MaskedModel) -> None:
    for most in (1, 3, 5):
        found = masked.fill(LOOP, [TOTAL, VALUES], most)
        assert len(found) == 2
        for names, own in zip(found, ("total", "values"), strict=True):
            assert 0 < len(names) <= most
            assert len(set(names)) == len(names)
            assert all(name.isidentifier() and len(name) > 1 for name in names)
            assert own not in names


def test_the_likeliest_come_first(masked: MaskedModel) -> None:
    assert masked.fill(LOOP, [TOTAL], 5)[0][:2] == masked.fill(LOOP, [TOTAL], 2)[0]


def test_what_a_vocabulary_writes_for_blanks_is_no_name(masked: MaskedModel) -> None:
    """Byte-level vocabularies write letters for bytes that are none."""
    assert all(name.isascii() for names in masked.fill(LOOP, [TOTAL, VALUES], 20_000) for name in names)


def test_a_word_that_is_not_there_gets_nothing(masked: MaskedModel) -> None:
    assert masked.fill(LOOP, NOWHERE, 3) == ((),) * len(NOWHERE)
    assert masked.fill(LOOP, [], 3) == ()
    assert masked.fill(LOOP, [NOWHERE[0], TOTAL, NOWHERE[1]], 3) == ((), masked.fill(LOOP, [TOTAL], 3)[0], ())


def test_likelihood_is_a_mean_of_log_probabilities(masked: MaskedModel) -> None:
    for some in ([unit] for unit in lines(LOOP)):
        value = masked.likelihood(LOOP, some)
        assert value is not None
        assert math.isfinite(value)
        assert value <= 0
    assert (masked.likelihood(LOOP, [Unit(MESSAGE_FILE, -1, 0)]) or 1) <= 0


def test_what_is_not_read_has_no_likelihood(masked: MaskedModel) -> None:
    assert masked.likelihood(LOOP, []) is None
    assert masked.likelihood(LOOP, [unit.at(Level.LINE) for unit in NOWHERE if unit != BEYOND]) is None
    assert masked.likelihood(Diff(()), [Unit(0, 0, 0)]) is None


def test_the_same_question_has_the_same_answer_in_every_thread(masked: MaskedModel) -> None:
    once = masked.fill(LOOP, [TOTAL, VALUES], 4), masked.likelihood(LOOP, lines(LOOP))
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(lambda _: (masked.fill(LOOP, [TOTAL, VALUES], 4), masked.likelihood(LOOP, lines(LOOP))), range(4)))
    assert again == [once] * 4


def test_text_that_nobody_writes_is_read_as_text(masked: MaskedModel) -> None:
    words = [Unit(0, 0, n, 0, 3) for n in range(4)]
    assert all(name.isidentifier() for names in masked.fill(STRANGE, words, 3) for name in names)
    value = masked.likelihood(STRANGE, [*lines(STRANGE), Unit(MESSAGE_FILE, -1, 0)])
    assert value is None or value <= 0


def test_removed_lines_are_read_too(masked: MaskedModel) -> None:
    (removed,) = (unit for unit, line in LOOP.lines() if line.kind is LineKind.REMOVED)
    assert masked.likelihood(LOOP, [removed]) is not None


def test_asked_again_it_does_not_read_again(masked: MaskedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    found = masked.fill(LOOP, [TOTAL, VALUES], 4)
    monkeypatch.setattr(torch.nn.Module, "__call__", None)
    assert masked.fill(LOOP, [TOTAL, VALUES], 4) == found
