"""The verifier accepts what the search finds and catches every kind of forgery."""

from __future__ import annotations

import dataclasses

import pytest

from explain.counterfactual.operators import OPERATORS, Operator, apply
from explain.counterfactual.types import Certificate, Counterfactual, Edit, Minimality, SearchOptions
from explain.counterfactual.verify import verify
from models.change.render import render
from models.change.types import Diff, Hunk, Unit
from tests.explain.counterfactual.toys import Toy, diff_of, linear, lines_of, predicted, result_of

DIFF = diff_of({"a.c": [["+a", "+b", "-c"], ["+d"]], "b.c": [["+e"]]})
WEIGHTS = {"a": 1.0, "d": 1.0, "e": 0.3}


def toy() -> Toy:
    """Flagged with both a and d gone, or not: needs exactly the pair at line level."""
    return linear(WEIGHTS, -0.9)


def genuine() -> Counterfactual:
    found = result_of(DIFF, toy(), SearchOptions(operators=("revert-line",))).counterfactuals[0]
    assert found.certificate == Certificate(Minimality.CARDINALITY, "revert-line", 2, 6)
    return found


def forged(edits: tuple[Edit, ...], minimality: Minimality, operator: str, checked: int) -> Counterfactual:
    """A counterfactual that is right but for what the certificate says."""
    edited = apply(DIFF, edits)
    before, after = toy().predict([DIFF, edited])
    return Counterfactual(edits, edited, before, after, Certificate(minimality, operator, len(edits), checked))


def reasons(claim: Counterfactual, diff: Diff = DIFF) -> str:
    outcome = verify(diff, claim, toy())
    assert outcome.ok == (not outcome.reasons)
    return " ".join(outcome.reasons)


def line(*address: int, operator: str = "revert-line") -> Edit:
    return Edit(operator, Unit(*address))


A, B, C, D, E = (line(*address) for address in ((0, 0, 1), (0, 0, 2), (0, 0, 3), (0, 1, 1), (1, 0, 1)))


def test_what_the_search_finds_holds() -> None:
    outcome = verify(DIFF, genuine(), toy())
    assert outcome.reasons == ()
    assert outcome.checked == 6


@pytest.mark.parametrize("operator", list(OPERATORS), ids=lambda operator: operator.card.name)
def test_every_operator_is_known_to_the_verifier(operator: Operator) -> None:
    diff = diff_of({"a.c": [["-old", "+take lock2", "+more"]], "b.c": [["+other"]]})
    before = render(diff), diff.message
    edit = next(iter(operator.offers(diff)))
    edited = apply(diff, (edit,))
    after = render(edited), edited.message
    flips = Toy(lambda there: 0.0)
    margins = {before: 1.0, after: -1.0}
    flips.predict = lambda diffs: tuple(predicted(margins.get((render(one), one.message), 0.5)) for one in diffs)  # type: ignore[method-assign]
    (found,) = result_of(diff, flips, SearchOptions(operators=(operator.card.name,))).counterfactuals
    assert (found.edits, found.certificate.operator, found.certificate.size) == ((edit,), operator.card.name, 1)
    assert verify(diff, found, flips).reasons == ()


def test_a_certificate_of_one_minimality_costs_its_drops_only() -> None:
    asked = toy()
    claim = dataclasses.replace(genuine(), certificate=Certificate(Minimality.ONE, "revert-line", 2, 2))
    assert verify(DIFF, claim, asked).ok
    assert len(asked.seen) == 4


def test_a_redundant_edit_under_one_minimality() -> None:
    assert "smaller set flip" in reasons(forged((A, B, D), Minimality.ONE, "revert-line", 3))


def test_a_smaller_flip_under_cardinality_minimality() -> None:
    claim = forged((A, B, D), Minimality.CARDINALITY, "revert-line", 16)
    assert reasons(claim) == "1 smaller set flip the verdict too."
    hunks = (line(0, 0, operator="drop-hunk"), line(1, 0, operator="drop-hunk"), line(0, 1, operator="drop-hunk"))
    assert "Nothing is left" in reasons(forged(hunks, Minimality.CARDINALITY, "drop-hunk", 7))


@pytest.mark.parametrize("checked", [0, 1, 5, 7])
def test_a_wrong_count(checked: int) -> None:
    assert "it takes 6" in reasons(forged((A, D), Minimality.CARDINALITY, "revert-line", checked))


def test_no_claim_with_a_count_of_checks() -> None:
    assert "it takes 0" in reasons(forged((A, D), Minimality.NONE, "revert-line", 2))
    assert reasons(forged((A, D), Minimality.NONE, "revert-line", 0)) == ""


def test_a_certificate_about_another_number_of_edits() -> None:
    claim = genuine()
    certificate = dataclasses.replace(claim.certificate, size=1)
    assert "speaks of 1 edits" in reasons(dataclasses.replace(claim, certificate=certificate))


def test_a_certificate_about_another_level() -> None:
    assert "revert-line is not drop-hunk" in reasons(forged((A, D), Minimality.CARDINALITY, "drop-hunk", 4))


def test_edits_that_do_not_flip() -> None:
    assert "not turned" in reasons(forged((A,), Minimality.CARDINALITY, "revert-line", 1))


def test_no_edit_at_all() -> None:
    assert "no edit" in reasons(forged((), Minimality.NONE, "revert-line", 0))


def test_an_edit_twice() -> None:
    assert "twice" in reasons(forged((A, D, D), Minimality.NONE, "revert-line", 0))


@pytest.mark.parametrize("unit", [Unit(0, 0, 0), Unit(0, 0, 99), Unit(7, 0, 0), Unit(-1, -1, 0), Unit(0, 0, 1, 0, 1)])
def test_units_that_are_no_changed_line(unit: Unit) -> None:
    claim = dataclasses.replace(genuine(), edits=(A, Edit("revert-line", unit)))
    assert "revert-line offers no edit of" in reasons(claim)


def test_an_operator_that_is_none_or_has_a_replacement() -> None:
    claim = genuine()
    assert "magic is not revert-line" in reasons(dataclasses.replace(claim, edits=(A, line(0, 1, 1, operator="magic"))))
    assert "to 'x' in" in reasons(dataclasses.replace(claim, edits=(A, dataclasses.replace(D, replacement="x"))))


def test_another_diff_than_the_edits_lead_to() -> None:
    claim = dataclasses.replace(genuine(), diff=apply(DIFF, (A, B, D)))
    assert "give another text" in reasons(claim)


def test_a_patch_that_does_not_parse() -> None:
    claim = genuine()
    file = claim.diff.files[0]
    hunk = file.hunks[0]
    broken = Hunk(hunk.header.replace("@@ -1,3", "@@ -1,30"), hunk.old_start, hunk.new_start, hunk.section, hunk.lines)
    files = (dataclasses.replace(file, hunks=(broken, *file.hunks[1:])), *claim.diff.files[1:])
    assert "no valid diff" in reasons(dataclasses.replace(claim, diff=dataclasses.replace(claim.diff, files=files)))


def test_another_message() -> None:
    claim = genuine()
    assert "message" in reasons(dataclasses.replace(claim, diff=dataclasses.replace(claim.diff, message="other")))


def test_another_original() -> None:
    other = diff_of({"a.c": [["+a", "+b", "-c"], ["+d"]], "b.c": [["+f"]]})
    assert "another text" in reasons(genuine(), other)


@pytest.mark.parametrize("side", ["before", "after"])
def test_predictions_that_the_classifier_does_not_give(side: str) -> None:
    claim = genuine()
    prediction = getattr(claim, side)
    wrong = dataclasses.replace(prediction, margin=prediction.margin * 2)
    assert "scores differently" in reasons(dataclasses.replace(claim, **{side: wrong}))


def test_a_flip_too_close_to_the_threshold() -> None:
    close = Toy(lambda there: 1.0 if "a" in there else -0.0005)
    edited = apply(DIFF, (A,))
    before, after = close.predict([DIFF, edited])
    claim = Counterfactual((A,), edited, before, after, Certificate(Minimality.CARDINALITY, "revert-line", 1, 1))
    assert "too close" in " ".join(verify(DIFF, claim, close).reasons)


@pytest.mark.parametrize("margin", [0.0005, 0.0])
def test_a_smaller_set_too_close_to_the_threshold(margin: float) -> None:
    close = Toy(lambda there: {3: 1.0, 2: margin}.get(len(there), -1.0))
    diff = lines_of("a", "b", "c")
    edits = (line(0, 0, 1), line(0, 0, 2))
    edited = apply(diff, edits)
    before, after = close.predict([diff, edited])
    claim = Counterfactual(edits, edited, before, after, Certificate(Minimality.ONE, "revert-line", 2, 2))
    assert verify(diff, claim, close).reasons == ("2 smaller sets come too close to the threshold.",)


def test_a_claim_over_very_many_sets_of_few_texts_is_checked() -> None:
    same = lines_of(*["x"] * 101)
    sizes: list[int] = []

    def margin(there: Diff) -> float:
        sizes.append(there.added)
        return 1.0 if there.added > 98 else -1.0

    asked = Toy(lambda there: 0.0)
    asked.predict = lambda diffs: tuple(predicted(margin(diff)) for diff in diffs)  # type: ignore[method-assign]
    found = result_of(same, asked, SearchOptions(operators=("revert-line",))).counterfactuals[0]
    assert found.certificate == Certificate(Minimality.CARDINALITY, "revert-line", 3, 1 + 101 + 5050)
    sizes.clear()
    assert verify(same, found, asked).reasons == ()
    assert sorted(sizes) == [98, 99, 100, 101, 101]


def test_a_claim_over_more_sets_than_the_limit_is_refused_not_counted() -> None:
    outcome = verify(DIFF, genuine(), toy(), most=5)
    assert not outcome.ok
    assert "more than 5" in outcome.reasons[0]
