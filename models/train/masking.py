"""Masked content in rows of ids: what stands there is hidden, the structure stays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.encode.segments import Ints


def masked(ids: Ints, share: float, mask: int, structure: Sequence[int], random: np.random.Generator) -> Ints:
    """``ids`` with ``mask`` in place of about ``share`` of the tokens that are not ``structure``."""
    return np.where((random.random(len(ids)) < share) & ~np.isin(ids, structure), mask, ids)
