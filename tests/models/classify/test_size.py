"""The size tier: metrics counted by hand, TreeSHAP against Shapley values by enumeration, and broken trees."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from models.change.parse import parse
from models.change.types import METRICS_FILE, Diff, Unit
from models.classify.additive import Additive
from models.classify.features import FEATURES, NAMES, described, entropy, measure
from models.classify.load import load
from models.classify.size import load_size
from models.classify.trees import Forest, Tree, document, forest, shapley
from models.errors import ModelError
from tests.models.classify.light_toys import STUMPS, stump, tree, trees, trees_json, write_size

PATCH = """\
diff --git a/src/app/a.py b/src/app/a.py
--- a/src/app/a.py
+++ b/src/app/a.py
@@ -1,2 +1,4 @@
 one
-two
+three
+four
+five
@@ -20,1 +22,1 @@
-x
+y
diff --git a/tests/test_a.py b/tests/test_a.py
new file mode 100644
--- /dev/null
+++ b/tests/test_a.py
@@ -0,0 +1,2 @@
+one
+two
diff --git a/README.md b/docs/README.md
similarity index 100%
rename from README.md
rename to docs/README.md
"""
DIFF = parse(PATCH, "Fix a crash of the parser\n\nIt was wrong.\nCc: somebody")


def test_the_metrics_are_what_they_are_said_to_be() -> None:
    assert dict(zip(NAMES, measure(DIFF), strict=True)) == pytest.approx(
        {
            "lines added": 6,
            "lines deleted": 2,
            "files": 3,
            "hunks": 3,
            "directories": 3,
            "subsystems": 3,
            "entropy": -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25)),
            "share of added lines": 0.75,
            "largest file": 0.75,
            "files added": 1,
            "files deleted": 0,
            "files renamed": 1,
            "languages": 2,
            "test files": 1 / 3,
            "docs and config files": 1 / 3,
            "message words": 9,
            "says fix": 1,
        }
    )


def test_no_change_has_metrics_too() -> None:
    values = measure(Diff(()))
    assert all(math.isfinite(one) and one >= 0 for one in values)
    assert len(values) == len(FEATURES)
    assert entropy([]) == entropy([5]) == 0.0
    assert entropy([1, 1, 0, 1, 1]) == 2.0


def test_metrics_are_told_with_their_names() -> None:
    told = described(measure(DIFF))
    assert told[0] == "lines added: 6"
    assert told[NAMES.index("entropy")] == "entropy: 0.81"


@pytest.mark.parametrize("title", ["Fix it", "fixes #12", "Bug 7: x", "hotfix", "avoid a crash", "fixing y"])
def test_a_fix_is_known_by_its_title(title: str) -> None:
    assert measure(parse(PATCH, title))[-1] == 1.0


@pytest.mark.parametrize("title", ["", "Add a prefix", "suffixes", "New debugger", "Add x\n\nfix y"])
def test_what_only_looks_like_a_fix_is_none(title: str) -> None:
    assert measure(parse(PATCH, title))[-1] == 0.0


def test_the_logit_is_the_base_rate_and_one_leaf_a_tree(tmp_path: Path) -> None:
    classifier = load_size(write_size(tmp_path / "size", share=0.25))
    small = parse("--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+x\n")
    logits = [one.logit for one in classifier.predict([DIFF, small])]
    assert logits == pytest.approx([math.log(1 / 3) + 1.0 + 0.75, math.log(1 / 3) - 1.0 - 0.5], abs=1e-6)
    assert classifier.predict([]) == ()
    assert classifier.predict([DIFF])[0].tokens_read == classifier.predict([DIFF])[0].tokens_total > 0
    assert isinstance(classifier, Additive)


def test_contributions_of_two_stumps_are_known(tmp_path: Path) -> None:
    classifier = trees(tmp_path)
    for found in (classifier.contributions(DIFF), classifier.recounted(DIFF)):
        values = {part.unit: part.value for part in found.parts}
        assert (found.baseline, found.names) == ("average change", described(measure(DIFF)))
        assert found.base == pytest.approx((30 * -1.0 + 10 * 1.0) / 40 + 0.125, abs=1e-6)
        assert values[Unit(METRICS_FILE, -1, NAMES.index("lines added"))] == pytest.approx(1.5, abs=1e-6)
        assert values[Unit(METRICS_FILE, -1, NAMES.index("files"))] == pytest.approx(0.625, abs=1e-6)
        assert sum(map(abs, values.values())) == pytest.approx(2.125, abs=1e-6)


GROWN = tree(
    [
        (1, 2, "lines added", 5.0, 100.0),
        (3, 4, "files", 2.0, 60.0),
        (5, 6, "hunks", 3.0, 40.0),
        (-1, -1, "", -1.5, 35.0),
        (7, 8, "lines added", 2.0, 25.0),
        (-1, -1, "", 0.25, 10.0),
        (-1, -1, "", 2.0, 30.0),
        (-1, -1, "", 0.5, 5.0),
        (-1, -1, "", -0.75, 20.0),
    ]
)
"""Three features, one of them twice on a path."""


def output(one: Tree, row: Sequence[float], known: Iterable[int], node: int = 0) -> float:
    """The path-dependent expectation of a tree when only the features in ``known`` are known, by its definition."""
    left, right, feature = one.left[node], one.right[node], one.feature[node]
    if left < 0:
        return one.cut[node]
    if feature in known:
        return output(one, row, known, left if row[feature] < one.cut[node] else right)
    sides = [one.cover[child] * output(one, row, known, child) for child in (left, right)]
    return sum(sides) / (one.cover[left] + one.cover[right])


def enumerated(model: Forest, row: Sequence[float], features: Sequence[int]) -> dict[int, float]:
    """Shapley values (Shapley 1953) by going through all coalitions of ``features``."""

    def value(known: Iterable[int]) -> float:
        return sum(output(one, row, set(known)) for one in model.trees)

    n = len(features)
    found = {}
    for feature in features:
        rest = [one for one in features if one != feature]
        gains = [(size, value((*some, feature)) - value(some)) for size in range(n) for some in combinations(rest, size)]
        found[feature] = sum(gain / (n * math.comb(n - 1, size)) for size, gain in gains)
    return found


@pytest.mark.parametrize("row", [(1, 1, 1), (3, 1, 5), (3, 4, 1), (9, 1, 1), (9, 4, 7), (1, 9, 9)])
def test_shapley_values_are_those_of_all_coalitions(row: tuple[int, int, int]) -> None:
    model = forest(trees_json([GROWN, STUMPS[0]]), NAMES)
    features = [NAMES.index(name) for name in ("lines added", "files", "hunks")]
    numbers = [0.0] * len(NAMES)
    for feature, value in zip(features, row, strict=True):
        numbers[feature] = float(value)
    expected = enumerated(model, numbers, features)
    base, values = shapley(model, numbers)
    assert base == pytest.approx(sum(output(one, numbers, ()) for one in model.trees), abs=1e-12)
    assert {feature: values[feature] for feature in features} == pytest.approx(expected, abs=1e-12)
    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(document(model)))
    matrix = xgboost.DMatrix(np.array([numbers], dtype=np.float32), nthread=1)
    theirs = booster.predict(matrix, pred_contribs=True)[0]
    assert theirs[:-1] == pytest.approx(values, abs=1e-5)
    assert theirs[-1] == pytest.approx(base, abs=1e-5)
    assert base + sum(values) == pytest.approx(float(booster.predict(matrix, output_margin=True)[0]), abs=1e-5)


@pytest.mark.parametrize("cut", [0.7, 0.6, 0.1])
def test_a_number_on_a_split_goes_the_same_way_for_all(tmp_path: Path, cut: float) -> None:
    """0.7 is less than itself, once one of them is rounded to float32."""
    (data,) = trees_json([stump("test files", cut, (-1.0, 1.0), (3.0, 2.0))])["learner"]["gradient_booster"]["model"]["trees"]
    model = forest(trees_json([data]), NAMES)
    row = np.zeros((1, len(NAMES)), dtype=np.float32)
    row[0, NAMES.index("test files")] = cut
    base, values = shapley(model, row[0].tolist())
    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(document(model)))
    assert float(booster.inplace_predict(row, predict_type="margin")[0]) == base + sum(values) == 1.0


def test_threads_get_the_same_answers(tmp_path: Path) -> None:
    classifier = load_size(write_size(tmp_path / "size", [GROWN] * 50))
    alone = classifier.predict([DIFF]), classifier.contributions(DIFF)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: (classifier.predict([DIFF]), classifier.contributions(DIFF)), range(40)))
    assert answers == [alone] * 40


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(folder)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for name in parents:
            data = data[int(name) if name.isdigit() else name]
        data[last] = value

    return change


TREE = "learner.gradient_booster.model.trees.0."
BROKEN = [
    (_set(TREE + "left_children", [1, -1]), "different lengths"),
    (_set(TREE + "left_children", [3, -1, -1]), "out of range"),
    (_set(TREE + "left_children", [0, -1, -1]), "out of range"),
    (_set(TREE + "left_children", [2, -1, -1]), "another's"),
    (_set(TREE + "left_children", [-1, -1, -1]), "out of range"),
    (_set(TREE + "left_children", [1.0, -1, -1]), "no whole number"),
    (_set(TREE + "left_children", [True, -1, -1]), "no whole number"),
    (_set(TREE + "left_children", None), "another type"),
    (_set(TREE + "split_indices", [len(NAMES), 0, 0]), "does not exist"),
    (_set(TREE + "split_indices", [-1, 0, 0]), "does not exist"),
    (_set(TREE + "split_conditions", [2.0, math.nan, 1.0]), "not finite"),
    (_set(TREE + "split_conditions", [2.0, 1e300, 1.0]), "not finite"),
    (_set(TREE + "split_conditions", [2.0, "x", 1.0]), "x"),
    (_set(TREE + "sum_hessian", [2.0, 0.0, 1.0]), "not positive"),
    (_set(TREE + "sum_hessian", [2.0, math.inf, 1.0]), "not positive"),
    (_set(TREE + "split_type", [1, 0, 0]), "by category"),
    (_set("learner.gradient_booster.model.trees", []), "1 to"),
    (_set("learner.gradient_booster.model.trees", {"a": 1}), "1 to"),
    (_set("learner.gradient_booster.model.trees", [[]]), "another type"),
    (_set("learner.gradient_booster.name", "dart"), "boosted trees"),
    (_set("learner.objective.name", "reg:squarederror"), "logistic"),
    (_set("learner.feature_names", list(NAMES)[:-1]), "features are not"),
    (_set("learner.learner_model_param.base_score", "[1.5]"), "base score"),
    (_set("learner.learner_model_param.base_score", "NaN"), "base score"),
    (_set("learner", 7), "another type"),
]


@pytest.mark.parametrize(("change", "reason"), BROKEN, ids=range(len(BROKEN)))
def test_trees_that_are_none_are_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None], reason: str) -> None:
    folder, data = write_size(tmp_path / "size"), trees_json(STUMPS)
    change(data)
    (folder / "trees.json").write_text(json.dumps(data))
    said = refusal(folder)
    assert reason in said
    assert "trees.json" in said


def _chain(length: int) -> dict[str, Any]:
    """A tree whose nodes 0, 2, 4, … each have a leaf to the left and the next one to the right."""
    pairs = [[(2 * n + 1, 2 * n + 2, "files", float(n), 2.0), (-1, -1, "", 0.5, 1.0)] for n in range(length)]
    return tree([*chain.from_iterable(pairs), (-1, -1, "", 0.5, 1.0)])


def test_a_tree_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    assert load_size(write_size(tmp_path / "deep", [_chain(16)])).predict([DIFF])[0].logit == pytest.approx(0.5)
    assert "deeper than 16" in refusal(write_size(tmp_path / "size", [_chain(17)]))


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[]", ""])
def test_json_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    folder = write_size(tmp_path / "size")
    (folder / "trees.json").write_text(text)
    assert "trees.json" in refusal(folder)


def test_too_many_trees_are_refused(tmp_path: Path) -> None:
    assert "1 to 5000 trees" in refusal(write_size(tmp_path / "size", [stump("files", 1.0, (0.0, 1.0), (1.0, 1.0))] * 5001))


def test_files_that_are_missing_or_unsafe_are_refused(tmp_path: Path) -> None:
    folder = write_size(tmp_path / "size")
    (folder / "x.PKL").touch()
    assert "may run code" in refusal(folder)
    (folder / "x.PKL").unlink()
    (folder / "whydiff.json").unlink()
    assert "training was not finished" in refusal(folder)
    write_size(folder)
    (folder / "trees.json").unlink()
    assert "lacks trees.json" in refusal(folder)


def test_the_digest_knows_the_trees(tmp_path: Path) -> None:
    first = load_size(write_size(tmp_path / "a")).digest
    assert load_size(write_size(tmp_path / "b")).digest == first
    assert load_size(write_size(tmp_path / "c", STUMPS[:1])).digest != first
