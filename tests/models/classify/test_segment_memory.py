"""What is remembered of segments changes no logit, and spares reading them again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.change.edit import revert
from models.change.parse import parse
from models.change.types import Unit
from models.classify import segment_memory
from models.classify.network import DiffNetwork, Shape, batch_of
from models.classify.segment_memory import SegmentMemory
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.segments import lay_out, marks_of
from models.encode.vocabulary import CLS, SEP, token_id, train_tokenizer

TEXT = "".join(
    f"--- a/{name}.c\n+++ b/{name}.c\n@@ -1,2 +1,10 @@ int {name}(void)\n int x;\n-free({name});\n"
    + "".join(f"+take(x, {name}, {n});\n" for n in range(9))
    for name in ("lock", "queue", "table")
)
DIFF = parse(TEXT, "Take the lock, the queue and the table")
TOKENIZER = train_tokenizer([TEXT] * 4, 400)
MARKS = marks_of(TOKENIZER)
ENCODER = DiffEncoder(
    TOKENIZER, EncodeOptions(max_length=2048, path_length=8), ((token_id(TOKENIZER, CLS),), (token_id(TOKENIZER, SEP),))
)
VERSIONS = [DIFF, *(revert(DIFF, [unit]) for unit in (Unit(0, 0, 2), Unit(1, 0, 1), Unit(2, 0, 5), Unit(1)))]


class Counting(DiffNetwork):
    """Counts the segments it reads."""

    segments = 0

    def hidden(self, batch):
        self.segments += sum(len(group) for group in batch.groups)
        return super().hidden(batch)


def network() -> Counting:
    torch.manual_seed(5)
    made = Counting(Shape(TOKENIZER.get_vocab_size(), 16, 2, 2, 16, 32, 64))
    torch.nn.init.normal_(made.outer.weight)
    return made.eval().requires_grad_(False)


def rows():
    ids = [np.array(ENCODER.encode(diff).ids) for diff in VERSIONS]
    return ids, [lay_out(one, MARKS, 32) for one in ids]


def plainly(made: DiffNetwork, ids, layouts) -> list[float]:
    with torch.inference_mode():
        return [
            made(batch_of(made.embeddings(torch.from_numpy(row)), [layout])).item()
            for row, layout in zip(ids, layouts, strict=True)
        ]


def test_logits_are_those_of_the_network():
    made = network()
    memory = SegmentMemory(made)
    ids, layouts = rows()
    expected = plainly(made, ids, layouts)
    assert len(set(np.round(expected, 4))) == len(expected)
    assert memory.logits(ids, layouts) == pytest.approx(expected, abs=1e-5)
    assert memory.logits(ids[::-1], layouts[::-1]) == pytest.approx(expected[::-1], abs=1e-5)
    assert memory.logits(ids[2:3], layouts[2:3]) == pytest.approx(expected[2:3], abs=1e-5)


def test_only_what_an_edit_touches_is_read_again():
    made = network()
    memory = SegmentMemory(made)
    ids, layouts = rows()
    memory.logits(ids[:1], layouts[:1])
    whole = made.segments
    assert whole == len(layouts[0].segments) > 8
    memory.logits(ids[3:4], layouts[3:4])  # a line of the last file
    assert 0 < made.segments - whole <= whole // 3
    read = made.segments
    memory.logits(ids[:1] * 3, layouts[:1] * 3)
    assert made.segments == read


def test_the_same_words_elsewhere_are_another_segment():
    made = network()
    memory = SegmentMemory(made)
    twice = parse(TEXT.replace("queue", "lock").replace("table", "lock"), "m")
    ids = np.array(ENCODER.encode(twice).ids)
    layout = lay_out(ids, MARKS, 32)
    assert memory.logits([ids], [layout]) == pytest.approx(plainly(made, [ids], [layout]), abs=1e-5)


def test_it_forgets_in_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(segment_memory, "_REMEMBERED", 5)
    made = network()
    memory = SegmentMemory(made)
    ids, layouts = rows()
    for row, layout, expected in zip(ids, layouts, plainly(made, ids, layouts), strict=True):
        assert memory.logits([row], [layout]) == pytest.approx([expected], abs=1e-5)
    assert len(memory._known) <= max(len(layout.segments) for layout in layouts)
