"""What a model with a planted rule leans on comes out by name, with the right counts."""

from __future__ import annotations

import pytest

from explain.survey.aggregate import Share, Tally, _quartiles
from explain.survey.record import Reason, Row
from explain.survey.wording import caution, shortcuts
from models.classify.bands import wilson
from tests.explain.survey.survey_toys import Planted, patch, plain, row, tally_of


def named(found) -> str:
    return "\n".join(shortcuts(found))


@pytest.fixture(scope="module")
def mixed():
    """Twelve changes with the word in code, six in a comment, three in the message, two calm, one unreadable."""
    code = [row(f"code{n}", plain(n, "danger(zone);"), project="a", language="C", label=n % 2) for n in range(12)]
    comments = [row(f"comment{n}", plain(n, "// danger"), project="b", language="C", label=0) for n in range(6)]
    messages = [row(f"message{n}", plain(n), "the danger", project="b", language="C") for n in range(3)]
    calm = [row(f"calm{n}", plain(n)) for n in range(2)]
    return tally_of([*code, *comments, *messages, *calm, Row("none", None)]).aggregates()


def test_counts(mixed) -> None:
    assert (mixed.flips, mixed.fine, mixed.unverified) == (Share(21, 21), 21, 0)
    assert mixed.passed == ((Reason.NOT_FLAGGED, 2), (Reason.UNREADABLE, 1))
    assert mixed.sizes == ((1, 21),)
    assert {one.operator: (one.share.count, one.lines) for one in mixed.kinds} == {"revert-line": (18, 1), "cut-message": (3, 1)}
    assert dict(mixed.aside) == {
        "comment and blank lines": Share(6, 21),
        "the message": Share(3, 21),
        "tests": Share(0, 21),
        "documentation": Share(0, 21),
    }
    assert mixed.stopped == ()


def test_robustness(mixed) -> None:
    found = {one.name: (one.have, one.share.count, one.share.rows, one.open) for one in mixed.robustness}
    assert found == {
        "one comment or blank line": (6, 6, 21, 0),
        "one word of the message": (21, 3, 21, 0),
        "all comment and blank lines": (6, 6, 21, 0),
        "the whole message": (21, 3, 21, 0),
        "all tests": (0, 0, 21, 0),
        "all documentation": (0, 0, 21, 0),
        "one changed line": (21, 18, 21, 0),
        "one edit of any kind": (21, 21, 21, 0),
    }
    assert mixed.robustness[0].share.interval == wilson(6, 21)


def test_the_planted_word_is_the_top_one(mixed) -> None:
    first = mixed.lifts[0]
    assert (first.feature.where, first.feature.text, first.flips, first.flagged) == ("added", "danger", 18, 18)
    assert first.expected == pytest.approx(18 / 9)
    assert first.lift == pytest.approx(9.0)
    assert first.p < 1e-9
    assert not {one.feature.text for one in mixed.lifts} & {"alpha", "theta"}


def test_shortcuts_are_called_by_name(mixed) -> None:
    said = named(mixed)
    assert "6 of 21 (28.6 % [13.8, 50.0]) of the flagged changes would not be flagged without one comment or blank line" in said
    assert "would not be flagged with an empty message" in said
    assert "Flips touch these words of added lines more often than lots would: danger (9.0 times), zone (9.0 times)." in said
    assert "tests" not in said
    assert caution(mixed).startswith("21 flagged changes are few")


def test_distances_by_slice(mixed) -> None:
    by = {name: {one.group: one for one in groups} for name, groups in mixed.distances}
    assert {group: one.found for group, one in by["project"].items()} == {"a": Share(12, 12), "b": Share(9, 9)}
    assert set(by["component"]) == {"a: src", "b: src"}
    assert {group: one.found.rows for group, one in by["label"].items()} == {"0": 12, "1": 6, "(none)": 3}
    assert by["language"]["C"].edits == (1, 1, 1)


def test_a_part_of_a_path_is_called_by_name() -> None:
    """A model that flags whatever adds more than one line to a generated file."""

    class Generated(Planted):
        def predict(self, diffs):
            flagged = [any("gen/" in file.path and file.added > 1 for file in diff.files) for diff in diffs]
            said = [row("", plain(0, "danger" if one else "safe")).diff for one in flagged]
            return super().predict(said)

    rows = [row(f"r{n}", plain(n) + patch(f"gen/x{n}.c", "one();", "two();")) for n in range(8)]
    found = tally_of(rows, Generated()).aggregates()
    top = next(one for one in found.lifts if one.feature.where == "path")
    assert (top.feature.text, top.flips) == ("gen/", 8)
    assert top.expected == pytest.approx(8 * 2 / 10)
    assert "files with these parts of paths more often than lots would: gen/ (5.0 times)" in named(found)


def test_a_change_without_a_flip_is_farthest() -> None:
    assert _quartiles([2, 1], 2) == (1, 2, None)
    assert _quartiles([], 1) == (None, None, None)
    assert _quartiles([4, 1, 2, 3], 0) == (1, 2, 3)


def test_nothing_is_undefined_not_zero() -> None:
    found = Tally().aggregates()
    assert (found.flips.value, found.flips.interval, found.lifts, found.kinds) == (None, None, (), ())
    assert named(found) == ""


def test_enough_changes_are_not_called_few() -> None:
    found = tally_of([row(f"r{n}", plain(n, "danger();")) for n in range(30)]).aggregates()
    assert found.flips == Share(30, 30)
    assert caution(found).startswith("These are hints")
