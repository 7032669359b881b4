"""One record a change: what the flip touches, and the questions asked besides."""

from __future__ import annotations

import pytest

from explain.counterfactual.types import SearchOptions
from explain.survey.questions import MOST_SINGLES
from explain.survey.record import Answer, Passed, Question, Reason, Row
from explain.survey.run import examine, survey
from tests.explain.survey.survey_toys import Planted, patch, plain, row, surveyed


def answers(one) -> dict[Question, Answer]:
    return {answer.question: answer for answer in one.answers}


def flips(one) -> set[Question]:
    return {question for question, answer in answers(one).items() if answer.flips}


def test_a_line_of_code() -> None:
    text = plain(0, "danger(zone);")
    one = surveyed(row("r", text, project="a/b", language="C", split="valid", label=1))
    assert (one.id, one.project, one.language, one.split, one.label) == ("r", "a/b", "C", "valid", 1)
    assert (one.languages, one.components, one.stopped) == (("C",), ("src",), "found")
    assert one.score > one.threshold > one.flip.score
    assert (one.flip.operator, len(one.flip.edits), one.flip.minimality) == ("revert-line", 1, "cardinality-minimal")
    assert one.flip.verified is True
    touched = one.flip.touched
    assert (touched.lines, touched.characters) == (1, len("danger(zone);"))
    assert (touched.words, touched.paths) == (("danger", "zone"), ("src/part0.c",))
    assert (touched.comments, touched.message, touched.tests, touched.docs) == (False,) * 4
    assert flips(one) == set()
    assert answers(one)[Question.COMMENT_LINE] == Answer(Question.COMMENT_LINE, 0, 0, False)
    assert answers(one)[Question.MESSAGE_WORD] == Answer(Question.MESSAGE_WORD, 2, 2, False)
    assert (one.one_line, one.one_edit) == (True, True)


def test_a_comment_line() -> None:
    one = surveyed(row("r", plain(0, "// danger ahead", "")))
    assert one.flip.touched.comments is True
    assert flips(one) == {Question.COMMENT_LINE, Question.COMMENTS}
    assert answers(one)[Question.COMMENT_LINE].offered == 2


def test_the_message() -> None:
    one = surveyed(row("r", plain(0), "fix the danger here"))
    assert one.flip.operator == "cut-message"
    assert one.flip.touched.words == ("danger",)
    assert (one.flip.touched.message, one.flip.touched.paths, one.flip.touched.tests) == (True, (), False)
    assert flips(one) == {Question.MESSAGE_WORD, Question.MESSAGE}
    assert (one.one_line, one.one_edit) == (False, True)


@pytest.mark.parametrize(
    ("path", "question", "name"),
    [("src/tests/a.c", Question.TESTS, "tests"), ("docs/a.c", Question.DOCS, "docs"), ("README.md", Question.DOCS, "docs")],
)
def test_tests_and_documentation(path: str, question: Question, name: str) -> None:
    one = surveyed(row("r", plain(0) + patch(path, "danger();", "danger();")))
    assert flips(one) == {question}
    assert getattr(one.flip.touched, name) is True


def test_taking_the_whole_change_back_is_no_answer() -> None:
    one = surveyed(row("r", patch("tests/a.c", "// danger")))
    for question in (Question.TESTS, Question.COMMENTS, Question.COMMENT_LINE):
        assert answers(one)[question] == Answer(question, 0, 0, False)


def test_what_was_not_tried_is_open() -> None:
    many = [f"// danger {n}" for n in range(2 * MOST_SINGLES)]
    one = surveyed(row("r", plain(0, *many)))
    answer = answers(one)[Question.COMMENT_LINE]
    assert (answer.offered, answer.tried, answer.flips, answer.settled) == (2 * MOST_SINGLES, MOST_SINGLES, False, False)
    assert answers(one)[Question.COMMENTS].flips is True
    hurried = examine(row("r", plain(0, "danger();", "danger();")), Planted(), SearchOptions(budget=3, batch=2))
    assert (hurried.flip, hurried.one_line, hurried.one_edit, hurried.stopped) == (None, None, None, "budget")


def test_a_file_without_lines_is_no_line() -> None:
    rename = "diff --git a/x.c b/danger.c\nsimilarity index 100%\nrename from x.c\nrename to danger.c\n"

    class Path(Planted):
        def _one(self, diff):
            flagged = any("danger" in file.path for file in diff.files)
            return super()._one(row("", plain(0, "danger" if flagged else "safe")).diff)

    one = surveyed(row("r", plain(0) + rename), Path())
    assert (one.flip.operator, one.one_line, one.one_edit) == ("drop-file", False, True)


def test_rows_that_are_passed_over() -> None:
    rows = [Row("none", None), row("calm", plain(0)), row("odd", plain(0, "danger"), "broken")]
    (_, none), (_, calm), (_, odd) = survey(rows, Planted())
    assert none == Passed("none", Reason.UNREADABLE)
    assert odd == Passed("odd", Reason.NO_NUMBER)
    assert (calm.id, calm.reason) == ("calm", Reason.NOT_FLAGGED)
    assert calm.score == pytest.approx(0.2689, abs=1e-4)


def test_the_language_of_most_lines_where_the_dataset_has_none() -> None:
    assert surveyed(row("r", plain(0, "danger();") + patch("a.py", "x = 1"))).language == "C"
