"""Made-up labelled changes with a rule in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.models.conftest import SMALL


def dataset(rows: int = 120) -> pd.DataFrame:
    """Changes whose label is whether they take the lock away: a rule that a working trainer must find."""
    safe = SMALL.replace("-        with self.lock:\n-            return self.items.pop()\n", "-        x = 1\n-        y = 2\n")
    label = np.random.default_rng(5).permutation(np.arange(rows) % 2)
    return pd.DataFrame(
        {
            "id": [f"p@{i}" for i in range(rows)],
            "project": np.where(np.arange(rows) % 4 < 2, "p", "q"),
            "author_date": pd.Timestamp("2024-01-01", tz="UTC"),
            "language": "Python",
            "message": [f"change {i}" for i in range(rows)],
            "lines_added": 3 + label,
            "lines_deleted": 2,
            "files_changed": 1,
            "diff": np.where(label == 1, SMALL, safe),
            "label": label.astype("int8"),
            "split": np.where(np.arange(rows) < rows * 0.7, "train", "valid"),
        }
    )
