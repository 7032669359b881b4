"""The two models every figure stands beside: size alone, and a bag of words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[^\sA-Za-z_0-9]")
_SIZE = ["lines_added", "lines_deleted", "files_changed"]


def size_scores(train: pd.DataFrame, rows: pd.DataFrame, seed: int) -> NDArray[np.float64]:
    """Scores of ``rows`` by gradient boosting over lines added, lines deleted and files changed of ``train``."""
    model = HistGradientBoostingClassifier(max_depth=4, learning_rate=0.05, max_iter=200, random_state=seed)
    model.fit(train[_SIZE].to_numpy(), train["label"].to_numpy())
    scores: NDArray[np.float64] = model.predict_proba(rows[_SIZE].to_numpy())[:, 1]
    return scores


def bag_scores(train: pd.DataFrame, rows: pd.DataFrame, seed: int) -> NDArray[np.float64]:
    """Scores of ``rows`` by logistic regression over which words are added, removed, in paths and in the message."""
    words = CountVectorizer(analyzer=bag, binary=True, min_df=10, max_features=150_000)
    seen, new = words.fit_transform(_texts(train)), words.transform(_texts(rows))
    sizes = [csr_matrix(np.log1p(frame[_SIZE].to_numpy(dtype=float))) for frame in (train, rows)]
    model = LogisticRegression(C=0.02, solver="liblinear", random_state=seed)
    model.fit(hstack([seen, sizes[0]]).tocsr(), train["label"].to_numpy())
    scores: NDArray[np.float64] = model.decision_function(hstack([new, sizes[1]]).tocsr())
    return scores


def _texts(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    return zip(frame["diff"], frame["message"], strict=True)


def bag(text: tuple[str, str]) -> Iterator[str]:
    """The words of a diff and its message, each marked by where it stands."""
    diff, message = text
    for line in diff.split("\n"):
        if line.startswith(("+++ ", "diff --git", "index ", "@@ ", " ")):
            continue
        side = "p" if line.startswith("--- ") else line[:1]
        if side in {"+", "-", "p"}:
            yield from (side + word for word in _WORD.findall(line[1:]))
    yield from ("m" + word.lower() for word in _WORD.findall(message))
