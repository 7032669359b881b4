"""Operators, options, ranking, counting and wording."""

from __future__ import annotations

import dataclasses
import random
from itertools import combinations
from typing import Any

import pytest

from explain.counterfactual.effects import Effect
from explain.counterfactual.operators import OPERATORS, Registry, apply, effect_of
from explain.counterfactual.ranking import extend_beam, order_pairs, order_units
from explain.counterfactual.scoring import CountingClassifier
from explain.counterfactual.search import search
from explain.counterfactual.types import OPERATOR_NAMES, Certificate, Edit, Minimality, SearchOptions
from explain.counterfactual.wording import sentence
from models.change.edit import changed_units
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, Level, Unit
from models.classify.protocol import Classifier
from models.errors import UsageError
from tests.explain.counterfactual.toys import Toy, diff_of, linear, lines_of, predicted, result_of, run

EXTRAS = parse(
    "diff --git a/old.c b/new.c\nsimilarity index 90%\nrename from old.c\nrename to new.c\nindex 1111111..2222222 100644\n"
    "--- a/old.c\n+++ b/new.c\n@@ -1 +1,2 @@\n one\n+two\n"
    "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\nindex 1111111..2222222\n"
    "--- a/run.sh\n+++ b/run.sh\n@@ -1 +1 @@\n-x\n+y\n"
    "diff --git a/p.png b/p.png\nindex 1111111..2222222 100644\nBinary files a/p.png and b/p.png differ\n"
    "diff --git a/n.c b/n.c\nnew file mode 100644\nindex 0000000..2222222\n--- /dev/null\n+++ b/n.c\n@@ -0,0 +1,2 @@\n+a\n+b\n"
    "diff --git a/d.c b/d.c\ndeleted file mode 100644\nindex 1111111..0000000\n"
    "--- a/d.c\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n"
    "diff --git a/m.c b/m.c\nindex 1111111..2222222 100644\n"
    "--- a/m.c\n+++ b/m.c\n@@ -1 +1 @@\n-q\n\\ No newline at end of file\n+r\n"
)
SIDES = "--- a/{0}\n+++ b/{1}\n@@ -1 +1 @@\n-x\n+y\n"
ODD_HEADERS = parse(
    "diff --git a/o b/n\nnew file mode 100644\nsimilarity index 90%\ncopy from o\ncopy to n\n" + SIDES.format("o", "n")
    + "diff --git a/p b/q\nsimilarity index 90%\nrename old p\nrename new q\n" + SIDES.format("p", "q")
    + "diff --git a/r b/r\nold mode 100644\nnew mode 100755\n" + SIDES.format("r", "r")
    + "diff --git a/s b/s\n" + SIDES.format("s", "s") + "@@ -9 +9 @@\n z\n"
)  # fmt: skip


def every_edit(diff: Diff) -> list[Edit]:
    return [edit for operator in OPERATORS for edit in operator.offers(diff)]


def test_the_registry_offers_its_operators_and_refuses_duplicates() -> None:
    cards = [operator.card for operator in OPERATORS]
    assert tuple(card.name for card in cards) == OPERATOR_NAMES
    assert all(card.summary and card.guarantee and card.paper for card in cards)
    with pytest.raises(ValueError, match="revert-line"):
        Registry([*OPERATORS, OPERATORS.get("revert-line")])
    with pytest.raises(UsageError, match=r"revert-line, revert-run, .*cut-message, but got 'x'"):
        OPERATORS.get("x")


@pytest.mark.parametrize("units", [1, 2, 4, 5])
def test_the_cost_on_the_card_is_what_exhausting_costs(units: int) -> None:
    card = OPERATORS.get("revert-line").card
    toy = linear({}, 1.0)
    result = result_of(lines_of(*"abcdef"[:units]), toy, SearchOptions(operators=("revert-line",), budget=10_000))
    assert result.queries == len(toy.seen) == card.max_queries(units) - 1  # all but "everything taken back"


@pytest.mark.parametrize("diff", [EXTRAS, ODD_HEADERS, diff_of({"a.c": [["+a"], ["-b", "+c"]], "b.c": [["+d"]]})])
def test_the_same_effect_gives_the_same_text_and_taking_back_other_lines_another(diff: Diff) -> None:
    by_effect: dict[Effect | None, set[tuple[str, str]]] = {}

    def note(*some: Edit) -> Diff:
        edited = apply(diff, some)
        by_effect.setdefault(effect_of(diff, some), set()).add((render(edited), edited.message))
        return edited

    edits = every_edit(diff)
    for one, other in [*((edit, edit) for edit in edits), *combinations(edits, 2)]:
        if effect_of(diff, (one, other)) is not None:
            edited = note(one, other)
            assert not edited.files or parse(render(edited), edited.message) == edited
    for name in ("drop-hunk", "drop-file", "revert-line", "delete-word"):
        note(*(edit for edit in edits if edit.operator == name))
    assert all(len(texts) == 1 for texts in by_effect.values())
    texts = [text for effect, (text,) in by_effect.items() if text[0] and effect and not effect.words]
    assert len(texts) == len(set(texts))


def test_a_file_that_outlives_its_lines_is_left_out_apart_from_them() -> None:
    toy = Toy(lambda there: 1.0)
    toy.predict = lambda diffs: tuple(predicted(1.0 if "copy to" in render(diff) else -1.0) for diff in diffs)  # type: ignore[method-assign]
    best = result_of(ODD_HEADERS, toy).counterfactuals[0]
    assert best.edits == (Edit("drop-file", Unit(0)),)


def test_applying_leaves_the_original_as_it_was() -> None:
    text = render(EXTRAS)
    for edit in every_edit(EXTRAS):
        assert render(apply(EXTRAS, (edit,))) != text
    assert render(EXTRAS) == text


@pytest.mark.parametrize("edit", [Edit("revert-line", Unit(0, 0)), Edit("drop-file", Unit(0), "x"), Edit("magic", Unit(0))])
def test_edits_that_cannot_be_applied(edit: Edit) -> None:
    with pytest.raises(UsageError):
        apply(EXTRAS, (edit,))


def test_options_carry_their_help_and_bounds() -> None:
    for option in dataclasses.fields(SearchOptions):
        assert option.metadata["help"]
        if "choices" not in option.metadata and option.name != "protect":
            assert option.metadata["min"] <= option.default <= option.metadata["max"]


@pytest.mark.parametrize(
    "wrong",
    [{"budget": 0}, {"max_edits": 0}, {"max_edits": 501}, {"batch": 0}, {"seconds": -1.0}, {"seconds": float("nan")},
     {"operators": ()}, {"operators": ("drop-file", "drop-file")}],
)  # fmt: skip
def test_options_out_of_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        SearchOptions(**wrong)


def test_counting_is_a_classifier_around_a_classifier() -> None:
    counting = CountingClassifier(linear({}, 1.0))
    assert isinstance(counting, Classifier)
    counting.predict([lines_of("a"), lines_of("b")])
    counting.predict([lines_of("c")])
    assert (counting.queries, counting.calls, counting.name, counting.digest, counting.threshold) == (3, 2, "toy", "00", 0.5)


def test_units_are_ordered_by_values_then_hints_then_bulk() -> None:
    diff = diff_of({"a.c": [["-long removed line", "+ab", "+abc"]], "b.c": [["+z"]]})
    units = changed_units(diff, Level.LINE)
    assert order_units(diff, units, {}, None) == [2, 1, 3, 0]
    assert order_units(diff, units, {Unit(0): 0.1, Unit(1): 0.2}, None) == [3, 2, 1, 0]
    assert order_units(diff, units, {Unit(1): 0.2, Unit(0, 0): 0.3}, None) == [2, 1, 0, 3]
    assert order_units(diff, units, {Unit(1): 9.0}, [3.0, 1.0, 0.0, 2.0]) == [0, 3, 1, 2]


def test_pairs_come_by_the_sum_of_their_gains() -> None:
    gains = {(0,): -3.0, (1,): 1.0, (2,): 0.5, (1, 2): 9.0}
    assert list(order_pairs(gains)) == [(1, 2), (0, 1), (0, 2)]


@pytest.mark.parametrize("seed", range(20))
def test_pairs_come_in_the_order_of_sorting_them_all(seed: int) -> None:
    rng = random.Random(seed)
    gains = {(n,): rng.choice([-2.0, -1.0, 0.0, 0.5, float("-inf")]) for n in rng.sample(range(40), 15)}
    pairs = combinations(sorted(members[0] for members in gains), 2)
    assert list(order_pairs(gains)) == sorted(pairs, key=lambda pair: -(gains[(pair[0],)] + gains[(pair[1],)]))


def test_the_first_pair_of_very_many_comes_without_the_others() -> None:
    asked = 0

    class Counted(dict[tuple[int, ...], float]):
        def __getitem__(self, key: tuple[int, ...]) -> float:
            nonlocal asked
            asked += 1
            return super().__getitem__(key)

    gains = Counted({(n,): float(n % 7) for n in range(3000)})
    assert next(order_pairs(gains)) == (6, 13)
    assert asked < 20_000


@pytest.mark.parametrize("seed", range(20))
def test_the_surrogate_is_exact_for_functions_of_second_order(seed: int) -> None:
    rng = random.Random(seed)
    single = [rng.gauss(0, 1) for _ in range(7)]
    pair = {both: rng.gauss(0, 1) for both in combinations(range(7), 2)}

    def gain(members: tuple[int, ...]) -> float:
        return -2.0 + sum(single[n] for n in members) + sum(pair[both] for both in combinations(members, 2))

    gains = {members: gain(members) for size in (1, 2) for members in combinations(range(7), size)}
    parents = sorted((members for members in gains if len(members) == 2), key=lambda members: -gains[members])[:8]
    children = {tuple(sorted((*parent, n))) for parent in parents for n in range(7) if n not in parent}
    assert extend_beam(gains, -2.0, 3, 4) == sorted(children, key=lambda members: -gain(members))[:4]


def test_statements_say_what_the_certificate_says() -> None:
    statements = {
        (Minimality.CARDINALITY, 1, 1): "No set of line edits is smaller: without an edit the verdict does not flip.",
        (Minimality.CARDINALITY, 2, 6): "No set of fewer than 2 line edits flips the verdict (all 6 smaller sets scored).",
        (Minimality.ONE, 2, 2): "None of the 2 line edits can be left out alone (2 smaller sets scored); "
        "a smaller set of others is not ruled out.",
        (Minimality.ONE, 3, 3): "None of the 3 line edits can be left out alone (3 smaller sets scored); "
        "a smaller set, also of these, is not ruled out.",
    }
    for (minimality, size, checked), statement in statements.items():
        assert Certificate(minimality, "revert-line", size, checked).statement == statement
    assert "No minimality is claimed" in Certificate(Minimality.NONE, "drop-file", 2, 0).statement


def test_the_sentence_of_a_flip() -> None:
    text = sentence(result_of(diff_of({"a.c": [["+a", "-b"], ["+c"]]}), linear({"c": 2.0}, -1.0)))
    assert text == (
        "The change would not be flagged if you were to take back the added line 25 of a.c (c): score 0.731 to 0.269, "
        "threshold 0.500. No set of line edits is smaller: without an edit the verdict does not flip."
    )


def test_the_sentence_of_an_exhausted_search() -> None:
    text = sentence(result_of(diff_of({"a.c": [["+a"]], "b.c": [["+b"]]}), linear({"a": 1.0}, 1.0)))
    assert text.startswith(
        "Nothing was found under which the change would be not flagged: every set of the 2 lines, every set of the 2 hunks "
        "and every set of the 2 files were scored, short of taking the whole change back (3 queries). The closest was to "
    )
    assert text.endswith("score 0.881 to 0.731, threshold 0.500.")


def test_the_sentence_says_which_limit_was_met() -> None:
    diff, toy = lines_of(*"abcdef"), linear({}, 1.0)
    assert "the budget of 9 queries was spent after 9 queries; every single one of the 6 lines was scored." in sentence(
        result_of(diff, toy, SearchOptions(operators=("revert-line", "drop-file"), budget=9))
    )
    assert "the time was over after 1 query" in sentence(result_of(diff, toy, SearchOptions(seconds=0.0)))
    assert "the search was cancelled" in sentence(run(search(diff, toy, cancelled=lambda: True))[1])
    for text in (sentence(result_of(part, toy, SearchOptions(operators=("drop-hunk",)))) for part in (diff, Diff(()))):
        assert text.endswith("be not flagged: by drop-hunk, no part of the change could be taken back alone.")


@pytest.mark.parametrize(("start", "end", "verdict"), [(1.0, -0.0008, "not flagged"), (-1.0, 0.0, "flagged")])
def test_the_sentence_of_a_miss_on_the_other_side_of_the_threshold(start: float, end: float, verdict: str) -> None:
    text = sentence(result_of(lines_of("a", "b"), Toy(lambda there: start if len(there) == 2 else end)))
    assert text.startswith(f"Nothing was found under which the change would clearly be {verdict}: every set of ")
    assert text.endswith(f"threshold 0.500. That is {verdict}, but within 0.001 of the threshold in logits: too close to count.")


def test_the_sentence_does_not_take_what_is_no_number_for_a_miss_on_the_other_side() -> None:
    text = sentence(result_of(lines_of("a", "b"), Toy(lambda there: 1.0 if len(there) == 2 else float("nan"))))
    assert "clearly" not in text
    assert "too close" not in text


def test_the_sentence_names_files_hunks_and_many_edits() -> None:
    files = {"a.c": [["+a", "+b"], ["+c"]], "b.c": [["+d"]]}
    hunk, file = linear({"a": 1.0, "b": 1.0}, -0.5), Toy(lambda there: 1.0 if "d" in there else -1.0)
    assert "take back hunk 1 of a.c (+2, -0)" in sentence(
        result_of(diff_of(files), hunk, SearchOptions(operators=("drop-hunk",)))
    )
    assert "leave b.c out of the change" in sentence(result_of(diff_of(files), file, SearchOptions(operators=("drop-file",))))
    many = Toy(lambda there: 1.0 if len(there) > 2 else -1.0)
    assert "and make 1 more edit:" in sentence(result_of(lines_of(*"abcdef"), many))


def test_the_sentence_counts_other_ways() -> None:
    toy = Toy(lambda there: 1.0 if {"a", "b"} <= there else -1.0)
    assert sentence(result_of(lines_of("a", "b", "c"), toy)).endswith("1 other way to get there was found.")
