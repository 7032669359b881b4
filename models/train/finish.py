"""From trained weights to a checkpoint that ships: calibration, threshold, risk bands, and a card with measured figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.classify.checkpoint import SETTINGS, Settings, digest_folder, write_settings
from models.classify.protocol import Classifier, Prediction
from models.data.dataset import to_diff
from models.evaluate.bands import fit_bands
from models.evaluate.calibrate import apply, choose
from models.evaluate.card import card_data, checkpoint_facts, write_card
from models.evaluate.contract import COLUMNS, MODEL, record
from models.evaluate.predictions import Rows, Scored, align, read_predictions, size_only
from models.evaluate.report import EvaluateOptions, evaluate
from models.files import write_whole
from models.train.evaluate import best_threshold

Tick = Callable[[str, float], None]
Floats = NDArray[np.float64]
PREDICTIONS = "predictions.parquet"
_KEPT = (
    "id",
    "project",
    "author_date",
    "language",
    "lines_added",
    "lines_deleted",
    "files_changed",
    "label",
    "label_kind",
    "split",
    "weight",
)
"""Columns of the dataset that predictions keep: nothing that holds texts of changes."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The readable rows, and for each the id of its diff and what the model said, uncalibrated."""

    rows: pd.DataFrame
    diff_ids: tuple[str, ...]
    predictions: tuple[Prediction, ...]

    @property
    def logits(self) -> Floats:
        """The raw logits, shape (rows,)."""
        return np.array([one.logit for one in self.predictions])


def finish(frame: pd.DataFrame, folder: Path, load: Callable[[], Classifier], settings: Settings, tick: Tick) -> None:
    """Make the weights in ``folder`` a checkpoint, by the rows of ``frame`` with the split valid.

    ``load`` gives the classifier of any kind, whose raw logits are used; ``settings`` its name, kind and encoding. Chosen
    are calibration (by loss on rows not fitted on), threshold (highest F1) and risk bands. Written are the predictions
    (without texts), the card, and the settings last: until then the folder is refused as unfinished.
    Raises DataError when the model ranks the valid rows no better than chance.
    """
    valid = frame[frame["split"] == "valid"].reset_index(drop=True)
    answers = score_rows(load(), valid, tick)
    settings = settled(answers, settings)
    with tempfile.TemporaryDirectory() as whole:
        shadow = _shadow(folder, settings, Path(whole))
        _write_predictions(folder, answers, settings, digest_folder(shadow))
        write_card(folder, _card(frame, folder, shadow, tick))
    write_settings(folder, settings)


def score_rows(classifier: Classifier, frame: pd.DataFrame, tick: Tick) -> Answers:
    """What ``classifier`` says of every row whose diff can be read, in the order of ``frame``."""
    kept: list[int] = []
    diff_ids: list[str] = []
    predictions: list[Prediction] = []
    for start in range(0, len(frame), 64):
        part = frame.iloc[start : start + 64]
        pairs = [(i, to_diff(text, message)) for i, text, message in zip(part.index, part["diff"], part["message"], strict=True)]
        read = [(i, diff) for i, diff in pairs if diff is not None]
        kept += [i for i, _ in read]
        diff_ids += [diff.id for _, diff in read]
        predictions += classifier.predict([diff for _, diff in read]) if read else ()
        tick("scoring the valid rows", (start + len(part)) / len(frame))
    return Answers(frame.loc[kept].reset_index(drop=True), tuple(diff_ids), tuple(predictions))


def settled(answers: Answers, settings: Settings) -> Settings:
    """``settings`` with calibration, threshold and bands chosen on these answers."""
    labels = answers.rows["label"].to_numpy(dtype=np.int64)
    calibration = choose(labels, answers.logits).calibration
    scores = apply(calibration, answers.logits)
    bands = fit_bands(list(map(str, answers.rows["id"])), labels, scores).bands
    return replace(settings, calibration=calibration, threshold=best_threshold(labels, scores), bands=bands)


def _shadow(folder: Path, settings: Settings, place: Path) -> Path:
    """The folder as it will be, in links, so that its digest and facts are known before it is one."""
    for path in folder.iterdir():
        if path.is_file() and path.name != SETTINGS:
            (place / path.name).symlink_to(path.resolve())
    write_settings(place, settings)
    return place


def _write_predictions(folder: Path, answers: Answers, settings: Settings, digest: str) -> None:
    model = {"model": settings.name, "model_kind": settings.kind, "model_digest": digest}
    cut = settings.calibration.logit(settings.threshold)
    records = []
    for name, diff_id, raw in zip(answers.rows["id"], answers.diff_ids, answers.predictions, strict=True):
        score = settings.calibration.score(raw.logit)
        said = replace(raw, score=score, threshold=settings.threshold, margin=raw.logit - cut)
        records.append(record(str(name), diff_id, said) | model)
    kept = [name for name in _KEPT if name in answers.rows and not answers.rows[name].isna().all()]
    table = pa.Table.from_pandas(answers.rows[kept], preserve_index=False)
    ours = pa.Table.from_pylist(records, schema=pa.schema([*COLUMNS, *MODEL]))
    for column in ours.schema:
        if column.name not in kept:
            table = table.append_column(column, ours.column(column.name))
    write_whole(folder / PREDICTIONS, lambda path: pq.write_table(table, path))


def _card(frame: pd.DataFrame, folder: Path, shadow: Path, tick: Tick) -> dict[str, object]:
    train = frame[frame["split"] == "train"].reset_index(drop=True)
    rows, models, _ = align(read_predictions(folder / PREDICTIONS))
    report = evaluate(rows, [*models, *_lines(rows, models)], EvaluateOptions(), tick=lambda done: tick("measuring", done))
    known = {"train_rows": len(train), "train_projects": int(train["project"].nunique())}
    return card_data(checkpoint_facts(shadow), report, known)


def _lines(rows: Rows, models: Sequence[Scored]) -> list[Scored]:
    extra = size_only(rows, models)
    return [] if extra is None else [extra]
