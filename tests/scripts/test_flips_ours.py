"""whydiff's own search at the same games: counted as the others are, and judged as they are."""

from __future__ import annotations

import pytest

from explain.counterfactual.hints import first_order
from explain.counterfactual.types import SearchOptions
from models.classify.protocol import Prediction
from scripts.flips.game import Game, Memory
from scripts.flips.measure import Outcome, Record, Settings, exhaust, judged, others, own, run, searching
from scripts.flips.ours import Played, hint_cost, play, timed
from scripts.flips.peers import PEERS
from tests.explain.attribution.attribution_toys import DIFF, Linear
from tests.explain.counterfactual.toys import Toy, linear, lines_of

LINES = SearchOptions(operators=("revert-line",), batch=8)
DIFF_OF_SIX = lines_of("a", "bb", "ccc", "dddd", "eeeee", "ffffff")


def test_a_single_edit_costs_the_original_and_the_first_batch() -> None:
    """Long lines are tried first, four at once."""
    game = Game(DIFF_OF_SIX, "revert-line", linear({"dddd": 2.0}, -1.0))
    assert play(game, LINES) == Played(frozenset({3}), 1 + 4, 2, 5, 5)


def test_a_pair_costs_all_singles_and_the_best_pairs() -> None:
    """Singles in calls of four and two, then pairs by the sum of their effects, the right one among the first four."""
    game = Game(DIFF_OF_SIX, "revert-line", linear({"a": 0.6, "ccc": 0.5}, -0.05))
    assert play(game, LINES) == Played(frozenset({0, 2}), 1 + 6 + 4, 1 + 2 + 1, 11, 11)


def test_without_a_flip_everything_is_asked_for_up_to_the_budget() -> None:
    game = Game(DIFF_OF_SIX, "revert-line", linear({}, 1.0))
    played = play(game, LINES)
    assert played.answer == played.queries == 1 + 6 + 15 + 20 + 15 + 6  # all sets but the one that leaves nothing
    assert play(game, SearchOptions(operators=("revert-line",), budget=20)).queries == 20


def test_hints_are_counted() -> None:
    assert hint_cost(Linear()) == (3, 1)
    assert hint_cost(linear({})) == (0, 0)
    game = Game(DIFF_OF_SIX, "revert-line", linear({"dddd": 2.0}, -1.0))
    values = {edit.unit: float(n == 3) for n, edit in enumerate(game.edits)}
    played = play(game, LINES, lambda units: [values[unit] for unit in units], (3, 1))
    assert played == Played(frozenset({3}), 3 + 1 + 4, 1 + 2, 3 + 5, 3 + 5)


def test_what_one_asked_for_is_not_scored_again_for_another() -> None:
    toy = linear({"dddd": 2.0}, -1.0)
    game = Game(DIFF_OF_SIX, "revert-line", toy)
    play(game, LINES)
    for _, method in PEERS.values():
        run(game, method, 2000)
    assert len(toy.seen) == len(set(toy.seen))


def test_the_memory_asks_once_for_a_text_and_thirty_two_at_once() -> None:
    toy = linear({})
    memory = Memory(toy)
    diffs = [lines_of(f"line {n}") for n in range(40)]
    assert memory.predict([*diffs, diffs[0]]) == memory.predict([*diffs, diffs[0]])
    assert toy.batches == [32, 8]
    assert (memory.name, memory.digest, memory.threshold) == (toy.name, toy.digest, toy.threshold)


@pytest.mark.parametrize(
    ("needed", "limits", "found"),
    [
        ({"a"}, (40, 12), (1, 1)),
        ({"a", "bb"}, (40, 12), (2, 2)),
        ({"a", "bb", "ccc"}, (40, 12), (3, 3)),
        ({"a", "bb", "ccc", "dddd"}, (40, 12), (0, 3)),
        ({"a", "bb", "ccc"}, (40, 5), (0, 2)),
        ({"a", "bb"}, (5, 5), (0, 1)),
    ],
)
def test_small_sets_are_looked_through_while_there_are_few(
    needed: set[str], limits: tuple[int, int], found: tuple[int, int]
) -> None:
    toy = Toy(lambda there: 1.0 if there & needed else -1.0)
    assert exhaust(Game(DIFF_OF_SIX, "revert-line", toy), *limits) == found


def test_all_small_sets_are_scored() -> None:
    toy = linear({}, 1.0)
    exhaust(Game(DIFF_OF_SIX, "revert-line", toy), 40, 12)
    assert len(toy.seen) == 1 + 6 + 15 + 20


def test_an_answer_is_looked_at_afresh() -> None:
    game = Game(DIFF_OF_SIX, "revert-line", linear({"dddd": 2.0}, -1.0))
    assert judged(game, Played(frozenset({3}), 9, 3, 8, 7)) == Outcome(1, (3,), 9, 3, 8, 7, True, True)
    assert judged(game, Played(frozenset({2, 3}), 9, 3, 8, 7)) == Outcome(2, (2, 3), 9, 3, 8, 7, False, True)
    assert judged(game, Played(frozenset(), 9, 3, 0, 9)) == Outcome(0, (), 9, 3, 0, 9, False, False)
    with pytest.raises(ValueError, match=r"\[1, 2\], which does not turn"):
        judged(game, Played(frozenset({1, 2}), 9, 3, 8, 9))


def test_a_record_knows_the_best_and_whether_it_is_proven() -> None:
    def record(exhausted: int, optimum: int, *sizes: int) -> Record:
        outcomes = {str(n): Outcome(size, tuple(range(size)), 9, 3, 8, 9, True, True) for n, size in enumerate(sizes)}
        return Record("row", "C", 9, exhausted, optimum, outcomes)

    assert (record(2, 2, 3, 0).best, record(2, 2, 3, 0).proven) == (2, True)
    assert (record(2, 0, 3, 0).best, record(2, 0, 3, 0).proven) == (3, True)
    assert (record(2, 0, 4, 5).best, record(2, 0, 4, 5).proven) == (4, False)
    assert (record(2, 0, 0, 0).best, record(2, 0, 0, 0).proven) == (0, False)


def test_one_diff_is_measured_by_all() -> None:
    game, settings = Game(DIFF, "delete-word", Linear()), Settings(Linear().digest, "word")
    outcomes = own(game, settings) | others(game, settings)
    assert list(outcomes) == ["whydiff", "whydiff-plain", *PEERS]
    assert all(outcome.parses for outcome in outcomes.values() if outcome.size)
    assert all(0 < outcome.first <= outcome.answer <= outcome.queries for outcome in outcomes.values() if outcome.size)


def test_the_answer_may_have_been_scored_long_before_the_search_ends() -> None:
    """Any three lines; then all pairs are asked for, to prove it."""
    toy = Toy(lambda there: 1.0 if len(there) > 3 else -1.0)
    played = play(Game(DIFF_OF_SIX, "revert-line", toy), LINES)
    assert len(played.members) == 3
    assert 1 + 6 < played.first <= played.answer < played.queries


def test_a_flip_is_timed_until_it_is_shown() -> None:
    settings = searching(Settings("", "line"))
    shown, whole = timed(DIFF_OF_SIX, settings, linear({"dddd": 2.0}, -1.0))
    assert shown is not None
    assert 0 < shown <= whole
    assert timed(DIFF_OF_SIX, settings, linear({}, 1.0))[0] is None


def test_an_answer_that_is_no_number_is_no_flip() -> None:
    toy = Toy(lambda there: 1.0 if len(there) == 6 else float("nan"))
    game = Game(DIFF_OF_SIX, "revert-line", toy)
    assert all(not run(game, method, 2000).members for _, method in PEERS.values())
    assert isinstance(game.before, Prediction)


def test_hints_take_as_many_calls_as_they_are_counted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    toy, asked = Linear(), []
    monkeypatch.setattr(
        toy, "logit_of_embeddings", lambda rows, ids: asked.append(len(rows)) or Linear.logit_of_embeddings(toy, rows, ids)
    )
    assert first_order(DIFF, toy) is not None
    assert asked == [1]
    assert hint_cost(toy) == (3, len(asked))
