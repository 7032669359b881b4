"""An attribution added up by features: nothing is lost, nothing counts twice, and words are as spelt."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain.attribution.grid import balanced
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution
from explain.overall.parts import COMPONENT, ENDING, LANGUAGE, LEFT, SIDE, SPECIAL, WORDS, parts
from explain.overall.record import Explained
from explain.overall.run import explain_each, explain_one
from explain.survey.feature import Feature
from explain.survey.record import Passed, Reason, Row
from models.change.parse import parse
from models.change.types import METRICS_FILE, Unit
from models.encode.types import Side
from tests.explain.overall.overall_toys import bag, explained, row, rows
from tests.explain.survey.survey_toys import Planted

DIFF = parse(
    "--- a/src/net/tcp_out.c\n+++ b/src/net/tcp_out.c\n@@ -1,2 +1,3 @@ int f(void)\n"
    " same()\n-old_name = 1;\n+new_name = 12 + new_name;\n+  \n",
    "Mind THE gap\nmind it",
)
A, D, S, P, M = Side.ADDED, Side.REMOVED, Side.SPECIAL, Side.PATH, Side.MESSAGE


def attribution(*tokens: tuple[Unit | None, Side, float], output: float = 10.0, names: tuple[str, ...] = ()) -> Attribution:
    start = Attribution(method="toy", baseline="mask", output=output, baseline_output=1.0, names=names)
    return balanced(start, list(tokens), 1)


def found(*tokens: tuple[Unit | None, Side, float], **more: object) -> dict[tuple[str, str], float]:
    return {(one.feature.where, one.feature.text): one.value for one in parts(DIFF, attribution(*tokens, **more))}


def test_pieces_of_a_name_are_one_word():
    """new, _, name = 12 + new_name: what tokens cut in pieces is put together."""
    line = (0, 0, 2)
    got = found(
        (Unit(*line, 0, 3), A, 1.0), (Unit(*line, 3, 4), A, 2.0), (Unit(*line, 4, 8), A, 4.0),
        (Unit(*line, 8, 10), A, 8.0), (Unit(*line, 10, 13), A, 16.0), (Unit(*line, 15, 19), A, 32.0), (Unit(*line), A, 64.0),
    )  # fmt: skip
    assert {text: value for (where, text), value in got.items() if where == "added"} == {
        "new_name": 39.0, "=": 8.0, "12": 16.0, "(as such)": 64.0,
    }  # fmt: skip
    assert got["side", "added"] == 127.0


def test_a_token_of_several_words_counts_for_the_one_it_covers_most_of():
    got = found((Unit(0, 0, 1, 6, 12), D, 1.0), (Unit(0, 0, 3, 0, 2), A, 2.0), (Unit(0, 0, 1, 12, 14), D, 3.0))
    assert got["removed", "old_name"] == 1.0  # "me = 1" covers two of the name, one of "=", one of "1"
    assert got["added", "(blank)"] == 2.0
    assert got["removed", ";"] == 3.0


def test_paths_are_folders_and_names_and_their_ending_once_more():
    got = found(
        (Unit(0, -1, -1, 0, 3), P, 1.0), (Unit(0, -1, -1, 3, 7), P, 2.0), (Unit(0, -1, -1, 7, 8), P, 4.0),
        (Unit(0, -1, -1, 8, 15), P, 8.0), (Unit(0, -1, -1, 15, 17), P, 16.0), (Unit(0), P, 32.0),
    )  # fmt: skip
    assert {text: value for (where, text), value in got.items() if where == "path"} == {
        "src/": 1.0, "net/": 6.0, "tcp_out.c": 24.0, "(as such)": 32.0,
    }  # fmt: skip
    assert {text: value for (where, text), value in got.items() if where == ENDING} == {"*.c": 16.0}


def test_message_sections_and_sizes():
    got = found(
        (Unit(-1, -1, 0, 0, 4), M, 1.0), (Unit(-1, -1, 1, 0, 4), M, 2.0), (Unit(-1, -1, 0, 5, 8), M, 4.0),
        (Unit(0, 0, -1, 4, 5), Side.CONTEXT, 8.0), (Unit(METRICS_FILE), Side.METRICS, 16.0),
        (Unit(METRICS_FILE, -1, 1), Side.METRICS, 32.0), (None, S, 64.0), names=("files: 1", "lines added: 2"), output=1.0,
    )  # fmt: skip
    assert (got["message", "mind"], got["message", "the"], got["context", "f"]) == (3.0, 4.0, 8.0)
    assert (got["metrics", "(size)"], got["metrics", "lines added"]) == (16.0, 32.0)
    assert (got[SIDE, SPECIAL], got[SIDE, LEFT]) == (64.0, -127.0)
    assert (got[LANGUAGE, "C"], got[LANGUAGE, "(in no file)"], got[COMPONENT, "src"]) == (8.0, 55.0, 8.0)


def test_the_place_is_where_most_of_it_stands():
    got = parts(DIFF, attribution((Unit(0, 0, 1), D, -5.0), (Unit(0, 0, 2), A, 1.0), (Unit(0, 0, 3), A, -2.0)))
    places = {(one.feature.where, one.feature.text): one.place for one in got}
    assert (places["side", "added"], places["side", "removed"]) == ("src/net/tcp_out.c:3", "src/net/tcp_out.c:2 (old)")
    assert places["language", "C"] == "src/net/tcp_out.c:2 (old)"


UNITS = [Unit(0, 0, 2, a, a + size) for a in range(20) for size in (0, 1, 5)] + [Unit(0), Unit(-1, -1, 0, 2, 9), None]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(UNITS), st.floats(-100, 100)), max_size=30), st.floats(-50, 50))
def test_every_way_of_adding_up_keeps_the_sum_exactly(tokens: list[tuple[Unit | None, float]], output: float):
    sides = {None: S, Unit(0): P, Unit(-1, -1, 0, 2, 9): M}
    whole = attribution(*((unit, sides.get(unit, A), value) for unit, value in tokens), output=output)
    got = parts(DIFF, whole)
    shift = Fraction(whole.output) - Fraction(whole.baseline_output)
    for where in (SIDE, LANGUAGE, COMPONENT):
        assert sum(Fraction(one.value) for one in got if one.feature.where == where) == shift
    rest = Fraction(whole.special) + Fraction(whole.completeness_gap)
    assert sum(Fraction(one.value) for one in got if one.feature.where in WORDS) + rest == shift


@pytest.mark.parametrize("method", ["exact", "occlusion"])
def test_the_model_s_own_words_add_up_exactly(tmp_path: Path, method: str):
    model = bag(tmp_path)
    for one in rows()[:8]:
        got = explain_one(one, model, METHODS[method], AttributionOptions())
        assert isinstance(got, Explained)
        for where in (SIDE, LANGUAGE, COMPONENT):
            values = [Fraction(part.value) for part in got.parts if part.feature.where == where]
            assert sum(values) == Fraction(got.output) - Fraction(got.baseline_output) == Fraction(got.shift)


def test_words_have_the_weights_of_the_bag_however_often_they_stand_there(tmp_path: Path):
    got = explained(row(1, "danger(x);", "danger(x); // dangerous"), bag(tmp_path))
    values = {(one.feature.where, one.feature.text): one.value for one in got.parts}
    assert values["added", "danger"] == pytest.approx(1.5)
    assert values["added", "x"] == pytest.approx(0.3)
    assert values["removed", "calm"] == pytest.approx(-0.5)
    assert values["message", "mind"] == pytest.approx(0.25)
    assert values["path", "net/"] == pytest.approx(0.125)
    assert ("added", "dangerous") not in values
    assert values["metrics", "lines added"] == pytest.approx(0.5 * 1.0986122886681098)


def test_an_independent_count_of_sides_agrees(tmp_path: Path):
    """Sums by hand from the attribution as it is, by the address of each token alone."""
    model = bag(tmp_path)
    for one in rows():
        assert one.diff is not None
        whole = answer(attribute(one.diff, model))
        sums: dict[str, float] = {}
        for token in whole.tokens:
            unit = token.unit
            where = "message" if unit.file == -1 else "metrics" if unit.file == -2 else "path" if unit.hunk < 0 else ""
            where = where or one.diff.files[unit.file].hunks[unit.hunk].lines[unit.line].kind.value
            sums[where] = sums.get(where, 0.0) + token.value
        got = {part.feature.text: part.value for part in explained(one, model).parts if part.feature.where == SIDE}
        assert got == sums | {SPECIAL: whole.special, LEFT: whole.completeness_gap}


def test_rows_that_cannot_be_explained_are_passed_over(tmp_path: Path):
    broken = Row("b", DIFF.__class__(DIFF.files, message="broken"))
    each = explain_each([Row("a", None), broken], Planted(), METHODS["occlusion"], AttributionOptions())
    assert [outcome for _, outcome in each] == [Passed("a", Reason.UNREADABLE), Passed("b", Reason.NO_NUMBER)]


def test_what_a_record_says_of_its_row(tmp_path: Path):
    one = row(3, "danger(x);", project="p", language="C++", split="valid", label=1)
    got = explained(one, bag(tmp_path))
    assert (got.id, got.project, got.language, got.components) == ("p@003", "p", "C++", ("src",))
    assert (got.split, got.label) == ("valid", 1)
    assert (got.method, got.baseline, got.converged, got.diff_id) == ("exact", "empty change", True, one.diff.id)
    assert explained(row(3, "y;"), bag(tmp_path)).language == "C"
    assert got.mass == pytest.approx(sum(abs(part.value) for part in got.parts if part.feature.where in WORDS))


def test_hostile_words_are_kept_short():
    line = parse("--- a/x.c\n+++ b/x.c\n@@ -0,0 +1 @@\n+" + "y" * 30_000 + "\n")
    got = parts(line, attribution((Unit(0, 0, 0, 0, 5), A, 1.0), (Unit(0, 0, 0, 29_000, 29_500), A, 2.0)))
    assert {(one.feature, one.value) for one in got if one.feature.where == "added"} == {
        (Feature("added", "y" * 60), 1.0), (Feature("added", "(blank)"), 2.0),
    }  # fmt: skip
