"""From trained weights to a checkpoint that ships: calibration, threshold, and a card with measured figures.

``python -m models.train.card DATASET FOLDER`` measures the checkpoint in FOLDER again and prints its card.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classify.checkpoint import Settings, write_settings
from models.classify.transformer import TransformerClassifier, load_transformer
from models.data.dataset import read, to_diff
from models.encode.encoder import EncodeOptions
from models.files import write_whole
from models.train.baselines import bag_scores, size_scores
from models.train.evaluate import Figures, best_threshold, calibrate, figures, held_out_error

Tick = Callable[[str, float], None]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the card states: figures by model, and at the threshold of the checkpoint."""

    figures: dict[str, Figures]
    base_rate: float
    flagged: float
    precision: float
    recall: float
    calibration_error: float
    threshold: float
    read_share: float


def finish(frame: pd.DataFrame, folder: Path, encode: EncodeOptions, name: str, tick: Tick) -> Measured:
    """Calibrate the weights in ``folder`` on the valid rows, choose the threshold, write settings and card.

    Calibration error is measured on the half of the valid rows that its fit did not see. The settings are written
    last: until then the folder is refused as unfinished. Raises DataError when the model ranks the valid rows no
    better than chance.
    """
    valid = frame[frame["split"] == "valid"].reset_index(drop=True)
    rows, logits, shares = score_rows(load_transformer(folder, Settings(name, encode)), valid, tick)
    labels = rows["label"].to_numpy(dtype=np.int64)
    calibration = calibrate(labels, logits)
    threshold = best_threshold(labels, np.array([calibration.score(x) for x in logits]))
    settings = Settings(name, encode, calibration, threshold)
    train = frame[frame["split"] == "train"].reset_index(drop=True)
    measured = _measured(train, rows, (logits, shares), settings, tick)
    write_card(folder, name, measured, train, rows)
    write_settings(folder, settings)
    return measured


def score_rows(classifier: TransformerClassifier, frame: pd.DataFrame, tick: Tick) -> tuple[pd.DataFrame, Floats, Floats]:
    """(readable rows, raw logits, share of each row's tokens that was read), in the order of ``frame``."""
    kept, logits, shares = [], [], []
    for start in range(0, len(frame), 64):
        part = frame.iloc[start : start + 64]
        pairs = [(i, to_diff(text, message)) for i, text, message in zip(part.index, part["diff"], part["message"], strict=True)]
        read_pairs = [(i, diff) for i, diff in pairs if diff is not None]
        for (i, _), prediction in zip(read_pairs, classifier.predict([diff for _, diff in read_pairs]), strict=True):
            kept.append(i)
            logits.append(prediction.logit)
            shares.append(prediction.tokens_read / prediction.tokens_total)
        tick("scoring the valid rows", (start + len(part)) / len(frame))
    return frame.loc[kept].reset_index(drop=True), np.array(logits), np.array(shares)


def _measured(train: pd.DataFrame, rows: pd.DataFrame, scored: tuple[Floats, Floats], settings: Settings, tick: Tick) -> Measured:
    logits, shares = scored
    labels = rows["label"].to_numpy(dtype=np.int64)
    tick("fitting the size-only and the bag-of-words model", 0.0)
    others = {"size only": size_scores(train, rows, 1), "bag of words": bag_scores(train, rows, 1)}
    tick("fitting the size-only and the bag-of-words model", 1.0)
    table = {name: figures(labels, values, rows["project"]) for name, values in {**others, "transformer": logits}.items()}
    flagged = logits >= settings.calibration.logit(settings.threshold)
    hits = int((flagged & (labels == 1)).sum())
    return Measured(
        figures=table,
        base_rate=float(labels.mean()),
        flagged=float(flagged.mean()),
        precision=hits / max(1, int(flagged.sum())),
        recall=hits / int(labels.sum()),
        calibration_error=held_out_error(labels, logits),
        threshold=settings.threshold,
        read_share=float(shares.mean()),
    )


def write_card(folder: Path, name: str, measured: Measured, train: pd.DataFrame, valid: pd.DataFrame) -> None:
    """``README.md`` for people and ``card.json`` for machines, from the same figures."""
    data, text = json.dumps(asdict(measured), indent=1) + "\n", card_text(folder, name, measured, train, valid)
    write_whole(folder / "card.json", lambda path: path.write_text(data, encoding="utf-8"))
    write_whole(folder / "README.md", lambda path: path.write_text(text, encoding="utf-8"))


def card_text(folder: Path, name: str, measured: Measured, train: pd.DataFrame, valid: pd.DataFrame) -> str:
    """The model card as Markdown (Mitchell et al. 2019)."""
    options = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    passes = state["tokens"] / state["tokens_in_epoch"]
    size, minutes = (folder / "model.safetensors").stat().st_size / 1e6, state["seconds"] / 60
    table = "\n".join(f"| {model} | {f.pooled:.3f} | {f.within:.3f} |" for model, f in measured.figures.items())
    one = measured.figures["transformer"]
    shape = f"{options['layers']} layers of {options['width']}, byte-level BPE of {options['vocabulary']} tokens"
    return f"""# {name}

Flags code changes that are likely to introduce a defect. Reads the commit message, paths, changed lines, one line of
context around them and the size of the change; {options["max_length"]} tokens at most, the rest is listed as never read.

- Shape: ModernBERT, {shape}, {size:.1f} MB.
- Data: {len(train):,} labelled changes of {train["project"].nunique()} projects to train on (split `train`),
  and the next {len(valid):,} in time to measure on (split `valid`).
- Training: {state["tokens"] / 1e6:.1f} million tokens in {state["step"]:,} steps ({passes:.2f} passes over the train rows),
  {minutes:.0f} minutes, seed {options["seed"]}.
- Made by `whydiff train DATASET --kind transformer -o FOLDER`; measured again by `python -m models.train.card DATASET FOLDER`.

Area under the ROC curve on the valid split ({one.rows:,} rows, {one.projects} projects, {measured.base_rate:.1%} defective),
over all rows and as the mean of the AUCs within each project, because a model can gain on pooled rows by recognising the project:

| model | pooled AUC | mean within-project AUC |
| --- | --- | --- |
{table}

"size only" is gradient boosting over lines added, lines deleted and files changed; "bag of words" is logistic regression
over the words added, removed, in paths and in the message, with the logarithm of the size. Both were fitted on all train
rows, and all three are measured on the same valid rows.

- Threshold {measured.threshold:.3f} (highest F1 on valid): flags {measured.flagged:.1%} of the valid changes,
  precision {measured.precision:.3f}, recall {measured.recall:.3f}.
- Calibration: Platt scaling; expected calibration error {measured.calibration_error:.3f}, measured on the half of valid that
  was not used to fit it.
- Read: on average {measured.read_share:.1%} of a change's tokens.

Limits: labels come from later fixes and are noisy; silence is no proof of health. Threshold and calibration are chosen on
the split that the table is measured on (the AUCs depend on neither). A score is a reason to look, not a verdict on a person.
"""


def main(arguments: list[str]) -> int:
    """Print the card's figures, measured again; exit code 2 on wrong usage."""
    if len(arguments) != 2:
        print("usage: python -m models.train.card DATASET FOLDER", file=sys.stderr)
        return 2
    frame, folder = read([Path(arguments[0])]), Path(arguments[1])
    classifier = load_transformer(folder)
    valid = frame[frame["split"] == "valid"].reset_index(drop=True)
    rows, logits, shares = score_rows(classifier, valid, lambda what, done: None)
    train = frame[frame["split"] == "train"].reset_index(drop=True)
    measured = _measured(train, rows, (logits, shares), classifier.settings, lambda what, done: None)
    print(card_text(folder, classifier.name, measured, train, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
