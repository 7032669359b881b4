"""The size tier: boosted trees over change metrics that a diff alone tells. Reads no code. Needs xgboost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from models.change.types import METRICS_FILE, Diff, Unit
from models.classify.additive import AVERAGE, Contribution, Contributions
from models.classify.checkpoint import SIZE, Settings, check_folder, digest_folder, read_json, read_settings, unfinished
from models.classify.features import NAMES, described, measure
from models.classify.layered import check_stages, copy_digest
from models.classify.protocol import Prediction
from models.classify.settled import Settled
from models.classify.trees import Forest, document, forest, permuted_leaves, shapley
from models.encode.types import Side
from models.encode.words import reading
from models.errors import ModelError

TREES = "trees.json"


class SizeClassifier(Settled):
    """The sum of boosted trees over ``models.classify.features``, in logits, as xgboost computes it in float32.

    xgboost's predictions are safe to ask for from several threads (gbtree); each uses one thread.
    """

    def __init__(self, model: Forest, settings: Settings, digest: str) -> None:
        super().__init__(settings, digest)
        self._forest = model
        self._booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(document(model)))

    @property
    def stages(self) -> tuple[str, ...]:
        """One: the values of the leaves."""
        return ("leaves",)

    def randomised(self, stages: int, seed: int) -> SizeClassifier:
        """A copy whose leaves have each other's values, over all trees, see ``Layered``; its splits stay."""
        check_stages(stages, 1)
        digest = copy_digest(self.digest, stages, seed)
        return SizeClassifier(permuted_leaves(self._forest, seed) if stages else self._forest, self.settings, digest)

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """One prediction a diff, in order; all words count as read, because a metric leaves none out."""
        if not diffs:
            return ()
        logits = self._booster.inplace_predict(rows(diffs), predict_type="margin").tolist()
        totals = [reading(diff).total for diff in diffs]
        return tuple(self.verdict(logit, total, total) for logit, total in zip(logits, totals, strict=True))

    def contributions(self, diff: Diff) -> Contributions:
        """The mean output over the training rows, and the exact Shapley value of each metric (TreeSHAP, Lundberg 2020)."""
        row = rows([diff])
        *values, base = self._booster.predict(xgboost.DMatrix(row, nthread=1), pred_contribs=True)[0].tolist()
        return _contributions(base, values, row)

    def recounted(self, diff: Diff) -> Contributions:
        """The same values leaf by leaf in closed form, without xgboost."""
        row = rows([diff])
        base, values = shapley(self._forest, row[0].tolist())
        return _contributions(base, values, row)


def _contributions(base: float, values: Sequence[float], row: NDArray[np.float32]) -> Contributions:
    parts = (Contribution(Unit(METRICS_FILE, -1, n), Side.METRICS, value) for n, value in enumerate(values))
    return Contributions(AVERAGE, base, tuple(parts), described(row[0].tolist()))


def rows(diffs: Sequence[Diff]) -> NDArray[np.float32]:
    """The metrics of ``diffs``, shape (diffs, features)."""
    return np.array([measure(diff) for diff in diffs], dtype=np.float32).reshape(len(diffs), len(NAMES))


def load_size(folder: Path, settings: Settings | None = None) -> SizeClassifier:
    """The trees in ``folder``; ``settings`` stand in for those of the folder.

    Raises ModelError for a folder that is unsafe or incomplete, or whose trees are none for the metrics of this version.
    """
    check_folder(folder, SIZE)
    data: dict[str, Any] = read_json(folder / TREES)
    try:
        model = forest(data, NAMES)
        settings = settings or read_settings(folder)
        if settings is None:
            raise unfinished(folder)
        classifier = SizeClassifier(model, settings, digest_folder(folder))
        (first,) = classifier.predict([Diff(())])
    except (ValueError, RecursionError, xgboost.core.XGBoostError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{TREES} of {folder} holds no trees that can be used ({reason}); train or copy it again.") from error
    if not math.isfinite(first.logit):
        raise ModelError(f"The trees in {folder} give scores that are not finite; train or copy the checkpoint again.")
    return classifier
