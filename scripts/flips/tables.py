"""The records of one kind of unit as Markdown: what was found, what it cost, and where whydiff is not the best."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

import numpy as np

from models.classify.bands import wilson
from models.evaluate.bootstrap import estimate, resamples
from models.evaluate.markdown import escaped
from scripts.flips.measure import OURS, Record
from scripts.flips.peers import PEERS

NAMES = {**OURS, **{key: name for key, (name, _) in PEERS.items()}}
_BESIDE = ("lit", "sedc", "beam")
_DRAWS, _SEED = 2000, 7


def report(title: str, records: Sequence[Record], times: Sequence[tuple[float | None, float]]) -> str:
    """A section; ``times`` are whydiff's processor seconds until a flip was shown, None without one, and until it ended."""
    if not records:
        return f"### {title}\n\nNo flagged diff has so many units.\n"
    parts = [_about(records), found_table(records), cost_table(records), ratio_table(records), _seconds(times), losses(records)]
    return f"### {title}\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def _about(records: Sequence[Record]) -> str:
    languages = Counter(one.language for one in records)
    sizes = Counter(one.best for one in records if one.best)
    units = [one.n for one in records]
    known = ", ".join(f"{many} of {size}" for size, many in sorted(sizes.items()))
    return (
        f"{len(records)} flagged diffs ({', '.join(f'{escaped(name)} {many}' for name, many in languages.most_common())}) "
        f"of {min(units)} to {max(units)} units, {statistics.mean(units):.1f} in the mean. Something turns {sizes.total()} of "
        f"them; the fewest edits known are {known or 'none'}; for {sum(one.proven for one in records)} it is proven that no "
        "fewer do."
    )


def found_table(records: Sequence[Record]) -> str:
    """What every method found, over the diffs that anything flips."""
    flippable = [one for one in records if one.best]
    proven = [one for one in records if one.proven]
    rows = []
    for key, name in NAMES.items():
        flipped = [one for one in records if one.outcomes[key].size]
        own = [one.outcomes[key] for one in flipped]
        rows.append(
            (
                name,
                share(len(own), len(flippable)),
                mean([one.size for one in own], 2),
                mean([one.outcomes[key].size - one.best for one in flipped], 2),
                share(sum(one.outcomes[key].size == one.best for one in flippable), len(flippable)),
                share(sum(one.outcomes[key].size == one.best for one in proven), len(proven)),
                share(sum(one.one_minimal for one in own), len(own)),
                share(sum(one.parses for one in own), len(own)),
            )
        )
    heads = (
        "method",
        "flips found",
        "mean size",
        "edits too many",
        "smallest known",
        "smallest, where proven",
        "one-minimal",
        "reads back",
    )
    return table(heads, rows)


def cost_table(records: Sequence[Record]) -> str:
    """What every method asked for, over all diffs, those without a flip included."""
    rows = []
    for key, name in NAMES.items():
        outcomes = [one.outcomes[key] for one in records]
        queries = [one.queries for one in outcomes]
        rows.append(
            (
                name,
                mean(queries),
                f"{statistics.median(queries):g}",
                mean([one.answer for one in outcomes]),
                mean([one.first for one in outcomes if one.first]),
                mean([one.calls for one in outcomes]),
            )
        )
    return table(("method", "queries, mean", "median", "to the answer", "to the first flip", "calls, mean"), rows)


def ratio_table(records: Sequence[Record]) -> str:
    """What whydiff asks for beside others: in all with its proofs, and until it had scored what it answers with."""
    rows = []
    for other in _BESIDE:
        whole = [(one.outcomes["whydiff"].queries, one.outcomes[other].queries) for one in records]
        answer = [(one.outcomes["whydiff"].answer, one.outcomes[other].queries) for one in records]
        calls = [(one.outcomes["whydiff"].calls, one.outcomes[other].calls) for one in records]
        rows.append((NAMES[other], ratio(whole), ratio(answer), ratio(calls)))
    return table(("whydiff ÷", "queries", "queries to the answer", "calls"), rows)


def ratio(pairs: Sequence[tuple[float, float]], places: int = 2) -> str:
    """The mean of the first numbers divided by that of the second, with the paired bootstrap's 95 % interval."""
    mine, theirs = np.array(pairs, dtype=np.float64).T
    groups = np.zeros(len(pairs), dtype=np.int64)
    drawn = np.concatenate([(counts @ mine) / (counts @ theirs) for counts in resamples(groups, _DRAWS, _SEED)])
    found = estimate(float(mine.sum() / theirs.sum()), drawn)
    value, low, high = (f"{one:.{places}f}" for one in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def _seconds(times: Sequence[tuple[float | None, float]]) -> str:
    shown = [first for first, _ in times if first is not None]
    if not times:
        return ""
    first = f"{statistics.median(shown):.2f} in the median of {len(shown)} diffs that it flips" if shown else "never"
    whole = statistics.median(whole for _, whole in times)
    return (
        f"Processor seconds until whydiff shows its first flip, from a freshly loaded model: {first}; "
        f"until its search ends: {whole:.2f} in the median of {len(times)}."
    )


def losses(records: Sequence[Record]) -> str:
    """The diffs where whydiff found nothing though something flips, or more edits than the fewest known."""
    lines = []
    for one in records:
        mine = one.outcomes["whydiff"].size
        if one.best and mine != one.best:
            better = [NAMES[key] for key, other in one.outcomes.items() if other.size and (not mine or other.size < mine)]
            got = f"{mine} edits" if mine else "no flip"
            lines.append(f"- {escaped(one.row)} ({one.n} units): {got}, known {one.best}, by {', '.join(better) or 'exhaustion'}")
    return "\n".join([f"whydiff is not the best on {len(lines)}:", "", *lines]) if lines else "whydiff is the best on every one."


def mean(values: Sequence[float], places: int = 1) -> str:
    """The mean of numbers; "" of none."""
    return f"{statistics.mean(values):.{places}f}" if values else ""


def share(part: int, whole: int) -> str:
    """``part`` of ``whole`` in per cent, with Wilson's 95 % interval; "" of nothing."""
    if not whole:
        return ""
    low, high = wilson(part, whole)
    return f"{part} of {whole}, {part / whole:.1%} ({low:.0%} to {high:.0%})"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of cells that are escaped already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
