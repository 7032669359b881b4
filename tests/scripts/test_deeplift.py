from __future__ import annotations

import pytest
import torch

from scripts.deeplift import KNOWN, SHAPES, asked, known, main, transformer


def test_it_is_complete_where_it_sees_every_nonlinearity():
    deeplift, integrated, slope = zip(*(asked(known(seed), seed).gaps() for seed in range(3)), strict=True)
    assert max(deeplift) < 1e-3
    assert max(integrated) < 0.02
    assert max(slope) > 0.1  # a slope alone would not do


@pytest.mark.parametrize("shape", ["GPT-2", "ModernBERT"])
def test_in_transformers_it_sees_none_and_is_the_slope(shape):
    values = asked(transformer(shape, 0), 0)
    assert torch.allclose(values.deeplift, values.slope, atol=1e-5)
    assert values.gaps()[0] > 0.05 > values.gaps()[1]


def test_the_table(capsys):
    assert main(["--seeds", "1"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == [f"| {name}" for name in (*SHAPES, KNOWN)]
