"""What a file of predictions holds for every change: the contract of ``whydiff score``, and of the rows a card was made of."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from models.change.types import clean
from models.classify.protocol import Classifier, Prediction

SCHEMA = "whydiff/score/1"
COLUMNS = pa.schema(
    [
        ("schema", pa.string()),
        ("id", pa.string()),
        ("diff_id", pa.string()),
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        ("flagged", pa.bool_()),
        ("tokens_read", pa.int64()),
        ("tokens_total", pa.int64()),
    ]
)
MODEL = pa.schema([("model", pa.string()), ("model_kind", pa.string()), ("model_digest", pa.string())])
"""What Parquet holds besides: which model it was; the same in every row."""
Record = dict[str, Any]


def record(name: str, diff_id: str, prediction: Prediction) -> Record:
    """One line of the contract."""
    return {
        "schema": SCHEMA,
        "id": clean(name),
        "diff_id": diff_id,
        "score": prediction.score,
        "threshold": prediction.threshold,
        "flagged": prediction.flagged,
        "tokens_read": prediction.tokens_read,
        "tokens_total": prediction.tokens_total,
    }


def unscored(name: str) -> Record:
    """The line of a change that cannot be read."""
    return dict.fromkeys(COLUMNS.names) | {"schema": SCHEMA, "id": clean(name)}


def about(classifier: Classifier) -> Record:
    """The values of the columns ``MODEL``."""
    kind = getattr(getattr(classifier, "settings", None), "kind", "")
    return {"model": clean(classifier.name), "model_kind": str(kind), "model_digest": classifier.digest}
