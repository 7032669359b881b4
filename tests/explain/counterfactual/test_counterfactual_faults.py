"""Faults of the counterfactual engine and its check, each as small as it can be said."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from explain.counterfactual.core import Core, CoreResult, find_core
from explain.counterfactual.operators import OPERATORS, apply
from explain.counterfactual.search import search
from explain.counterfactual.types import Minimality, SearchOptions
from explain.counterfactual.verify import verify, verify_core
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, Unit
from models.classify.protocol import Prediction
from models.errors import ModelError
from tests.explain.counterfactual.toys import Toy, lines_of, predicted, result_of


def by_text(margin: Callable[[str], float]) -> Toy:
    """A classifier that reads the text of the patch."""

    class Reader(Toy):
        def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
            return tuple(predicted(margin(render(diff))) for diff in diffs)

    return Reader(lambda there: 0.0)


def core_of(diff: Diff, toy: Toy) -> Core:
    *_, last = find_core(diff, toy)
    assert isinstance(last, CoreResult)
    assert last.core is not None
    return last.core


def added(line: str) -> Diff:
    return parse(f"--- a/a\n+++ b/a\n@@ -1 +1,3 @@\n x\n+{line}\n+calm\n", "")


@pytest.mark.parametrize("ask", [search, find_core])
def test_an_original_whose_score_is_no_number_stops_with_a_sentence_that_names_it(ask: Callable[..., object]) -> None:
    diff = lines_of("a", "b")
    with pytest.raises(ModelError, match=diff.id):
        list(ask(diff, Toy(lambda there: math.nan if len(there) == 2 else 1.0)))  # type: ignore[call-overload]


@pytest.mark.parametrize("form", ["text", "json", "patch"])
def test_the_program_stops_at_a_score_that_is_no_number(form: str, tmp_path: Path) -> None:
    told = _flipped(tmp_path, "[math.nan] * len(changes)", form)
    assert told.returncode == 2
    assert "fault of its own" not in told.stderr
    assert told.stderr.count("\n") == 1


def test_json_of_a_search_whose_edits_have_no_score_is_written(tmp_path: Path) -> None:
    told = _flipped(tmp_path, "[0.9 if 'danger' in p and 'calm' in p and 'see' in m else math.nan for p, m in changes]", "json")
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout)["counterfactuals"] == []


def _flipped(tmp_path: Path, answer: str, form: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "nan_judge.py").write_text(f"import math\ndef judge(changes):\n    return {answer}\n")
    (tmp_path / "a.diff").write_text("Subject: see\n\n" + render(added("danger")))
    command = [sys.executable, "-m", "app.cli.main", "flip", "a.diff", "--model", "python:nan_judge:judge", "--format", form]
    root = str(Path(__file__).resolve().parents[3])
    environment = os.environ | {"PYTHONPATH": root}
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["AB\u00aa", "AB\u0138", "\U0001d400\U0001d401\U0001d402", "\U0001d400bc", "\u03d2\u03d2\u03d2"])
def test_a_rename_in_a_script_without_both_cases_is_accepted_by_the_verifier(name: str) -> None:
    diff, toy = added(name), by_text(lambda text: 1.0 if name in text else -1.0)
    flips = result_of(diff, toy, SearchOptions(("rename",))).counterfactuals
    assert flips
    assert verify(diff, flips[0], toy).reasons == ()


@pytest.mark.parametrize("known", [" name1", "-name1"])
def test_a_plain_name_is_none_that_the_files_have_already(known: str) -> None:
    diff = parse(f"--- a/a\n+++ b/a\n@@ -1,2 +1,{3 - (known[0] == '-')} @@\n x\n{known}\n+take(lock)\n", "")
    plain = {str(edit.replacement) for edit in OPERATORS.get("rename").offers(diff)}
    assert plain
    assert "name1" not in plain


MODE_THEN_LINES = (
    "commit " + "a" * 40 + "\n\n    one\n\ndiff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
    "--- a/run\n+++ b/run\n@@ -1 +1 @@\n-x\n+y\n\ncommit " + "b" * 40 + "\n\n    two\n\n"
    "diff --git a/run b/run\n--- a/run\n+++ b/run\n@@ -1 +1,3 @@\n y\n+danger\n+calm\n"
)  # fmt: skip


def test_what_must_stay_of_a_file_that_two_commits_change_is_accepted_by_the_verifier() -> None:
    diff, toy = parse(MODE_THEN_LINES), by_text(lambda text: 1.0 if "+danger" in text else -1.0)
    core = core_of(diff, toy)
    assert core.kept == (Unit(1, 0, 1),)
    assert verify_core(diff, core, toy).reasons == ()


def test_what_must_stay_of_a_renamed_file_is_proved_where_all_that_leaves_something_was_scored() -> None:
    header = "diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n--- a/x\n+++ b/y\n"
    diff, toy = (
        parse(header + "@@ -1 +1,3 @@\n k\n+danger\n+calm\n", ""),
        by_text(lambda text: 1.0 if "+danger" in text else -1.0),
    )
    core = core_of(diff, toy)
    assert core.kept == (Unit(0), Unit(0, 0, 1))
    assert core.minimality is Minimality.CARDINALITY


TAKES_A_PLACE = {
    "file to link": (
        "diff --git a/f b/f\ndeleted file mode 100644\n--- a/f\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-1\n"
        "diff --git a/f b/f\nnew file mode 120000\n--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+g\n\\ No newline at end of file\n"
    ),
    "renamed and made anew": (
        "diff --git a/f b/g\nsimilarity index 100%\nrename from f\nrename to g\n"
        "diff --git a/f b/f\nnew file mode 100644\n--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+new\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TAKES_A_PLACE)
def test_every_edit_applies_where_one_file_takes_the_place_of_another(kind: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x\n1\n")
    diff = parse(TAKES_A_PLACE[kind], "")
    for operator in OPERATORS:
        for edit in operator.offers(diff):
            left = apply(diff, (edit,))
            git = ["git", "apply", "--check", "-"]
            if left.files:
                done = subprocess.run(git, input=render(left).encode(), cwd=tmp_path, capture_output=True, check=False)
                assert done.returncode == 0, (edit, done.stderr)
