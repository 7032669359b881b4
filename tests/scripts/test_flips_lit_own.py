"""LIT's own class beside whydiff: what LIT is told of the lines of a diff, what is measured, and what the table says.

lit-nlp itself is not needed: a small class with the same interface takes its place.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from models.change.types import Diff
from scripts.flips import lit_own
from scripts.flips.game import Game
from scripts.flips.lit_own import LINES, MARGIN, Beside, Lines, Rivals, Side, ask_lit, ask_whydiff, load_lit, report
from scripts.flips.measure import Settings, searching
from tests.explain.counterfactual.toys import Toy, diff_of, linear, lines_of

MODULES = ("lit_nlp.api.types", "lit_nlp.components.ablation_flip")
OPTIONS = searching(Settings("", "line"))


class StandIn:
    """Leaves out single items, each in a call of its own, until as many of them as asked for come below the threshold."""

    def generate(self, example: dict[str, Any], model: Any, dataset: None, config: dict[str, Any]) -> list[dict[str, Any]]:
        (field,), limit, most = config["fields"], float(config["threshold"]), int(config.get("most", 10))
        assert model.output_spec() == {config["key"]: "score"}
        assert model.input_spec() == {field: "list, required False"}
        (before,) = model.predict([example])
        assert before[config["key"]] > limit
        found: list[dict[str, Any]] = []
        for item in example[field]:
            less = {**example, field: [one for one in example[field] if one != item]}
            (after,) = model.predict([less])
            if after[config["key"]] <= limit and len(found) < most:
                found.append(less)
        return found


@pytest.fixture
def lit(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Modules in the place of LIT's two, with its names for the options."""
    types, flip = (ModuleType(name) for name in MODULES)
    types.__dict__.update(
        SparseMultilabel=lambda required: f"list, required {required}",
        RegressionScore=lambda: "score",
    )
    names = {
        "PREDICTION_KEY": "key",
        "REGRESSION_THRESH_KEY": "threshold",
        "FIELDS_TO_ABLATE_KEY": "fields",
        "NUM_EXAMPLES_KEY": "most",
    }
    flip.__dict__.update(names, AblationFlip=StandIn)
    monkeypatch.setitem(sys.modules, MODULES[0], types)
    monkeypatch.setitem(sys.modules, MODULES[1], flip)
    return flip


def lines(diff: Diff, toy: Toy) -> Lines:
    return Lines(Game(diff, "revert-line", linear({}, 1.0)), toy, SimpleNamespace())


def test_left_out_items_are_lines_that_are_taken_back() -> None:
    toy = linear({"a": 0.5, "bb": 0.25, "-old": 2.0}, -0.125)
    model = lines(diff_of({"a.c": [["+a", "-old", "+bb"]], "b.c": [["+c"]]}), toy)
    assert model.example == {LINES: ["0", "1", "2", "3"]}
    kept = [["0", "1", "2", "3"], ["0", "2", "3"], ["3"], ["0", "1"]]
    margins = [2.625, 0.625, -0.125, 2.375]
    assert model.predict([{LINES: one} for one in kept]) == [{MARGIN: margin} for margin in margins]
    assert toy.batches == [4]  # what LIT asks for at once is scored at once, and nothing besides


def test_every_set_has_the_margin_of_the_edited_diff() -> None:
    """The second derivation: the lines that the edited diff still has, summed by hand."""
    weights = {"a": 0.5, "bb": -0.25, "ccc": 1.0}
    model = lines(lines_of("a", "bb", "ccc"), linear(weights, 0.125))
    for mask in range(1, 8):
        kept = [n for n in range(3) if mask >> n & 1]
        (answer,) = model.predict([{LINES: [str(n) for n in kept]}])
        assert answer[MARGIN] == 0.125 + sum(list(weights.values())[n] for n in kept)


def test_leaving_everything_out_is_no_edit() -> None:
    toy = Toy(lambda there: 1.0 if there else -1.0)
    assert lines(lines_of("a", "bb"), toy).predict([{LINES: []}]) == [{MARGIN: 1.0}]


def test_nothing_is_remembered_for_lit() -> None:
    toy = linear({"a": 1.0})
    model = lines(lines_of("a", "bb"), toy)
    for _ in range(2):
        model.predict([{LINES: ["1"]}])
    assert toy.batches == [1, 1]


def test_lit_is_asked_through_its_own_class(lit: ModuleType) -> None:
    game = Game(lines_of("a", "bb", "ccc", "dddd"), "revert-line", linear({}, 1.0))
    toy = linear({"ccc": 2.0, "dddd": 2.0, "a": 0.2}, -2.9)
    members, seconds = ask_lit(load_lit(), game, toy, None)
    assert members == {2}
    assert seconds > 0
    assert len(toy.seen) == 1 + 4
    assert ask_lit(load_lit(), game, linear({}, 1.0), 1)[0] == frozenset()


def test_a_flip_needs_the_margin_that_whydiff_asks_for(lit: ModuleType) -> None:
    """Just below the threshold is no flip: of 0.0005 neither makes one, of 0.002 both do."""
    for below, members in ((0.0005, frozenset[int]()), (0.002, frozenset({0}))):
        toy = linear({"a": 1.0}, -below)
        game = Game(lines_of("a", "bb"), "revert-line", toy)
        assert ask_lit(load_lit(), game, toy, None)[0] == members
        assert ask_whydiff(game, OPTIONS, toy).members == members


def test_the_answer_is_shown_after_the_first_flip_and_before_the_end() -> None:
    game = Game(lines_of("a", "bb", "ccc"), "revert-line", linear({}, 1.0))
    found = ask_whydiff(game, OPTIONS, linear({"bb": 2.0}, -1.0))
    assert found.members == {1}
    assert 0 < found.first <= found.answer <= found.whole
    nothing = ask_whydiff(game, OPTIONS, linear({}, 1.0))
    assert nothing.members == frozenset()
    assert nothing.first == nothing.answer == nothing.whole > 0


def test_both_are_asked_with_a_model_of_their_own(lit: ModuleType) -> None:
    loaded: list[Toy] = []

    def load() -> Toy:
        loaded.append(linear({"bb": 2.0}, -1.0))
        return loaded[-1]

    rivals = Rivals(load_lit(), load, linear({"bb": 2.0}, -1.0), OPTIONS, None)
    one = rivals.beside(lines_of("a", "bb", "ccc"))
    assert (one.units, one.lit.size, one.whydiff.size) == (3, 1, 1)
    assert one.lit.one_minimal
    assert one.whydiff.one_minimal
    assert len(loaded) == 2
    assert all(toy.seen for toy in loaded)


def test_the_table_is_of_the_given_seconds() -> None:
    rows = [
        Beside(8, Side(1, True, 10.0), Side(1, True, 2.0), 0.5, 1.0),
        Beside(4, Side(0, False, 30.0), Side(2, False, 4.0), 1.5, 3.0),
    ]
    text = report(rows)
    assert text.startswith("2 flagged diffs of 4 to 8 changed lines, 6.0 in the mean.\n")
    cells = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in text.split("\n")[4:]}
    assert cells["LIT's own class"][0].startswith("1 of 2, 50.0%")
    assert cells["LIT's own class"][1:] == ["1.00", "1 of 1, 100.0% (21% to 100%)", "20.00", "20.00", "1"]
    assert cells["whydiff, the whole search"][1] == "1.50"
    assert cells["whydiff, the whole search"][2].startswith("1 of 2")
    assert cells["whydiff, the whole search"][3:] == ["3.00", "3.00", "0.150 (0.133 to 0.200)"]
    assert cells["whydiff, until its answer is shown"][3:] == ["2.00", "2.00", "0.100 (0.100 to 0.100)"]
    assert cells["whydiff, until its first flip is shown"][3:] == ["1.00", "1.00", "0.050 (0.050 to 0.050)"]
    assert report([]) == "No flagged diff has so many units."


@pytest.mark.parametrize("missing", MODULES)
def test_without_lit_a_sentence_says_how_to_install_it(
    missing: str, lit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert lit_own.main(["--rows", "1"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "pip install --no-deps lit-nlp absl-py attrs etils" in shown.err
    assert missing in shown.err


def test_a_run_prints_the_table(lit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(lit_own, "load", lambda _: Toy(lambda there: len(there) - 1.5))
    assert lit_own.main(["--rows", "2", "--sizes", "2-6"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("2 flagged diffs of ")
    assert [line.split(":")[0] for line in shown.err.splitlines()] == ["1 of 2", "2 of 2"]


@pytest.mark.parametrize(("option", "value"), [("--sizes", "9-4"), ("--flips", "0")])
def test_wrong_options_are_refused(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        lit_own.main([option, value])
    assert f"but got '{value}'" in capsys.readouterr().err


def test_a_dataset_that_is_none_ends_with_a_sentence(lit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lit_own.main([str(tmp_path / "gone.parquet")]) == 2
    assert "gone.parquet" in capsys.readouterr().err
