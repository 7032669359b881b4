"""Games whose answers are known, with the queries of every method counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb

import pytest

from models.change.types import Diff
from scripts.flips.game import AT_ONCE, Game, Members, Player, SpentError
from scripts.flips.measure import run
from scripts.flips.ours import Played
from scripts.flips.peers import PEERS, ablation_flip, beam, ddmin, greedy_rounds, sedc, word_importance
from tests.explain.counterfactual.toys import Toy, lines_of

NEVER = 10_000


def game(n: int, margin: Callable[[Members], float]) -> Game:
    """A flagged diff of ``n`` added lines; ``margin`` is that of the lines that were taken back."""
    names = [f"line{k}" for k in range(n)]
    gone = {name: k for k, name in enumerate(names)}
    return Game(
        lines_of(*names), "revert-line", Toy(lambda there: margin(frozenset(k for name, k in gone.items() if name not in there)))
    )


def additive(n: int, weights: Mapping[int, float], start: float = 1.0) -> Game:
    return game(n, lambda gone: start - sum(weights.get(k, 0.0) for k in gone))


def pair(n: int, one: int, other: int, toward: float = 0.0) -> Game:
    """Flips exactly when both are gone; each alone helps by ``toward``."""
    return game(n, lambda gone: -1.0 if {one, other} <= gone else 1.0 - toward * len(gone & {one, other}))


def nobody(n: int) -> Game:
    """Nothing flips; every unit alone helps a little, the first the most, so that the order is known."""
    return additive(n, {k: 0.01 * (n - k) / n for k in range(n)})


def every(one: Game) -> dict[str, Played]:
    return {key: run(one, method, NEVER) for key, (_, method) in PEERS.items()}


def counted(members: Members, queries: int, calls: int, first: int) -> Played:
    """Others do not go on after their answer."""
    return Played(members, queries, calls, first, queries)


def test_ablation_flip_without_a_flip_asks_for_all_singles_and_637_sets_less_the_ten_it_knows() -> None:
    subsets = sum(comb(10, size) for size in range(1, 6))
    assert subsets == 637
    played = run(nobody(14), ablation_flip, NEVER)
    assert played == counted(frozenset(), 1 + 14 + subsets - 10, 1 + 1 + subsets - 10, 0)


def test_ablation_flip_counts_calls_of_thirty_two_for_what_it_asks_at_once() -> None:
    assert AT_ONCE == 32
    played = run(nobody(33), ablation_flip, NEVER)
    assert (played.queries, played.calls) == (1 + 33 + 627, 1 + 2 + 627)


def test_ablation_flip_finds_the_pair_in_the_order_of_its_ranking() -> None:
    """Ranked 3, 7, then the rest in order: the pair (3, 7) is the first of two."""
    played = run(pair(12, 3, 7, toward=0.1), ablation_flip, NEVER)
    assert played == counted(frozenset({3, 7}), 1 + 12 + 1, 1 + 1 + 1, 14)


def test_ablation_flip_looks_no_further_than_the_ten_that_do_most_alone() -> None:
    """The pair's own effects are nothing, and ten other lines help: it is never tried."""
    weights = {k: 0.01 for k in range(10)}

    def margin(gone: Members) -> float:
        return -1.0 if {10, 11} <= gone else 1.0 - sum(weights.get(k, 0.0) for k in gone)

    assert run(game(12, margin), ablation_flip, NEVER).members == frozenset()


def test_sedc_without_a_flip_meets_all_sets_of_a_small_diff() -> None:
    played = run(additive(2, {0: 0.1, 1: 0.1}), sedc, NEVER)
    assert played == counted(frozenset(), 1 + 2, 1 + 1, 0)  # both gone is no change at all, and so no set
    played = run(additive(4, {0: 0.1, 1: 0.05, 2: 0.02, 3: 0.01}), sedc, NEVER)
    assert played.queries == 1 + 4 + 6 + 4  # all sets but the one that leaves nothing, within thirty expansions


def test_sedc_goes_straight_down_where_effects_add_up() -> None:
    """Five of ten lines are needed: singles, then nine, eight, seven and six children of the best."""
    played = run(additive(10, {k: 0.21 for k in range(5)}), sedc, NEVER)
    assert played == counted(frozenset(range(5)), 1 + 10 + 9 + 8 + 7 + 6, 1 + 5, 41)


def test_sedc_stops_after_its_expansions() -> None:
    """Ten are needed, each a step down: with four expansions only sets of five are met."""
    hard = additive(30, {k: 0.101 for k in range(10)})
    assert run(hard, lambda player: sedc(player, expansions=4), NEVER) == counted(frozenset(), 1 + 30 + 29 + 28 + 27 + 26, 6, 0)
    assert run(hard, lambda player: sedc(player, expansions=9), NEVER).members == frozenset(range(10))


def test_word_importance_goes_down_its_ranking_and_leaves_out_what_does_not_help() -> None:
    """Ranked 4, 2, 0 and the rest; the first of them is known from the ranking."""
    played = run(additive(6, {4: 0.5, 2: 0.4, 0: 0.3}), word_importance, NEVER)
    assert played == counted(frozenset({4, 2, 0}), 1 + 6 + 2, 1 + 1 + 2, 9)
    hindered = game(6, lambda gone: 1.0 - 0.6 * (1 in gone) - 0.5 * (2 in gone) + 0.5 * ({1, 2} <= gone) - 0.45 * (3 in gone))
    assert run(hindered, word_importance, NEVER).members == frozenset({1, 3})


def test_word_importance_without_a_flip_asks_twice_for_every_unit_but_one() -> None:
    """The last deletion would leave nothing and is not asked for."""
    played = run(nobody(8), word_importance, NEVER)
    assert (played.members, played.queries) == (frozenset(), 1 + 8 + 6)


def test_beam_without_a_flip_asks_for_four_levels() -> None:
    """Of six lines all sets of one to four fit into a beam of twenty."""
    played = run(nobody(6), lambda player: beam(player, width=20), NEVER)
    assert (played.members, played.queries) == (frozenset(), 1 + 6 + 15 + 20 + 15)


def test_beam_of_one_is_a_walk_down() -> None:
    played = run(nobody(6), lambda player: beam(player, width=1), NEVER)
    assert (played.queries, played.calls) == (1 + 6 + 5 + 4 + 3, 1 + 4)


def test_delta_debugging_halves_down_to_the_one_that_matters() -> None:
    """Everything (nothing is left, but it is asked for); then the half with line 0: of 8, 4, 2, 1."""
    played = run(additive(8, {0: 2.0}), ddmin, NEVER)
    assert played == counted(frozenset({0}), 1 + 1 + 3, 1 + 1 + 3, 3)


def test_delta_debugging_has_nowhere_to_start_where_everything_keeps_the_verdict() -> None:
    one = game(6, lambda gone: -1.0 if len(gone) == 1 else 1.0)
    assert run(one, ddmin, NEVER) == counted(frozenset(), 2, 2, 0)
    assert run(one, sedc, NEVER).members != frozenset()


def test_delta_debugging_never_answers_with_the_whole_change() -> None:
    whole = game(4, lambda gone: -1.0 if len(gone) == 4 else 1.0)
    assert run(whole, ddmin, NEVER) == counted(frozenset(), 1 + 1 + 2 + 4 + 4, 1 + 1 + 2 + 4 + 4, 0)
    assert all(played.members == frozenset() for played in every(whole).values())


def test_rounds_grow_one_set_each_and_do_not_stop_at_a_flip() -> None:
    """Six singles; five with the best of them, of which one flips; then the four left in the pool with the next best."""
    one = pair(6, 1, 4, toward=0.1)
    played = run(one, lambda player: greedy_rounds(player, 3), NEVER)
    assert played == counted(frozenset({1, 4}), 1 + 6 + 5 + 4, 1 + 3, 12)


def test_rounds_miss_a_pair_behind_lines_that_help_more() -> None:
    weights = {0: 0.3, 1: 0.29, 2: 0.28}

    def margin(gone: Members) -> float:
        return -1.0 if {4, 5} <= gone else 1.0 - sum(weights.get(k, 0.0) for k in gone)

    assert run(game(6, margin), lambda player: greedy_rounds(player, 3), NEVER).members == frozenset()


def test_every_method_finds_one_line_that_is_enough() -> None:
    one = additive(9, {5: 2.0})
    assert {played.members for played in every(one).values()} == {frozenset({5})}
    assert {
        key: played.queries for key, played in every(one).items() if key in {"lit", "sedc", "greedy", "beam"}
    } == dict.fromkeys(("lit", "sedc", "greedy", "beam"), 10)


def test_of_redundant_causes_both_have_to_go() -> None:
    """Flagged while either of two lines is there: alone neither does anything."""
    one = game(8, lambda gone: -1.0 if {2, 6} <= gone else 1.0)
    found = {key: played.members for key, played in every(one).items()}
    assert found["lit"] == found["sedc"] == found["beam"] == found["ddmin"] == frozenset({2, 6})
    assert found["greedy"] == frozenset()  # no first step brings it nearer, so none is kept


def test_a_flip_that_a_third_line_undoes_is_missed_from_above() -> None:
    """Lines 0 and 1 gone flip it, unless line 2 is gone too: not monotone."""
    one = game(7, lambda gone: -1.0 if {0, 1} <= gone and 2 not in gone else 1.0)
    found = {key: played.members for key, played in every(one).items()}
    assert found["lit"] == found["sedc"] == found["beam"] == frozenset({0, 1})
    assert found["ddmin"] == frozenset()


def test_nobody_finds_what_is_not_there() -> None:
    assert all(played.members == frozenset() and played.first == 0 for played in every(nobody(5)).values())


@pytest.mark.parametrize("key", PEERS)
def test_a_method_asks_for_no_more_than_it_may_and_then_answers_with_what_it_saw(key: str) -> None:
    method = PEERS[key][1]
    assert run(nobody(14), method, 9).queries <= 9
    enough = run(additive(9, {0: 2.0}), method, 5)
    assert enough.queries <= 5
    assert enough.members == frozenset({0})


def test_what_is_asked_for_twice_is_counted_once_and_what_others_asked_for_counts_too() -> None:
    toy = Toy(lambda there: float(len(there)))
    shared = Game(lines_of("a", "b", "c", "d"), "revert-line", toy)
    singles = [frozenset({n}) for n in range(4)]
    first, second = Player(shared, NEVER), Player(shared, NEVER)
    for player in (first, second):
        player.ask(singles)
        player.ask(singles)
        assert (player.queries, player.calls) == (5, 2)
    assert len(toy.seen) == len(set(toy.seen)) == 5
    with pytest.raises(SpentError):
        Player(shared, 3).ask(singles)


def test_two_sets_of_one_text_are_one_query() -> None:
    """Of two equal neighbours it does not matter which one goes."""
    shared = Game(lines_of("same", "same", "other"), "revert-line", Toy(lambda there: 1.0))
    player = Player(shared, NEVER)
    player.ask([frozenset({0}), frozenset({1}), frozenset({2})])
    assert player.queries == 1 + 2


def test_the_other_way_round_a_diff_that_is_not_flagged_is_turned_too() -> None:
    one = game(6, lambda gone: -1.0 + 2.0 * (3 in gone))
    assert {played.members for played in every(one).values()} == {frozenset({3})}
    assert isinstance(one.diff, Diff)
