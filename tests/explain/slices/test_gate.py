"""Gates: what a text means, and that an interval, not a point, trips them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from explain.slices.gate import judge, parse, trips
from explain.slices.saved import read_saved, save, saved
from explain.slices.types import Column, Condition, Estimate, Labels, Table
from models.errors import UsageError


@pytest.mark.parametrize(
    ("text", "metric", "slice_", "sign", "bound"),
    [
        ("recall < 0.6", "recall", (), "<", 0.6),
        ("recall[language=Go] < 0.6", "recall", (("language", "Go"),), "<", 0.6),
        (" Recall [ language = Go , kind=fix ] >= 60 % ", "recall", (("kind", "fix"), ("language", "Go")), ">=", 0.6),
        ("fpr[component='a, [b]''s']>1e-1", "fpr", (("component", "a, [b]'s"),), ">", 0.1),
        ("mcc[lines_changed=10 to under 20] <= -0.5", "mcc", (("lines_changed", "10 to under 20"),), "<=", -0.5),
        ("recall[component=own/er:(root)] < .5", "recall", (("component", "own/er:(root)"),), "<", 0.5),
        ("recall[language=(not known)] < .5", "recall", (("language", ""),), "<", 0.5),
        ("average-precision[] < .5", "average-precision", (), "<", 0.5),
    ],
)
def test_what_a_gate_means(text: str, metric: str, slice_: tuple[tuple[str, str], ...], sign: str, bound: float) -> None:
    gate = parse(text)
    assert (gate.metric, gate.sign, gate.bound, gate.text) == (metric, sign, pytest.approx(bound), text.strip())
    assert gate.slice == tuple(Condition(*one) for one in slice_)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expected a gate"),
        ("recall", "Expected a gate"),
        ("recall = 0.6", "Expected a gate"),
        ("recall < ", "Expected a gate"),
        ("recall < much", "Expected a number"),
        ("recall < nan", "Expected a number"),
        ("recall[language] < 0.6", "Expected column=value"),
        ("recall[language=Go,,kind=fix] < 0.6", "Expected column=value"),
        ("recall[language='Go] < 0.6", "Expected column=value"),
        ("recall[a=1,a=2] < 0.6", "each column once"),
        ("recoil[language=Go] < 0.6", "Expected a metric among accuracy"),
        ("recall < 0.6; drop table", "Expected a gate"),
        ("recall[" + "a" * 3000 + "=1] < 0.6", "Expected a gate"),
    ],
)
def test_what_is_no_gate(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(text)


@pytest.mark.parametrize(("sign", "low", "high"), [("<", 0.59, 0.6), ("<=", 0.6, 0.61), (">", 0.6, 0.59), (">=", 0.6, 0.59)])
def test_all_of_the_interval_counts(sign: str, low: float, high: float) -> None:
    below = sign.startswith("<")
    tripping = Estimate(0.5, 0.1, low, 9) if below else Estimate(0.9, {">": 0.61}.get(sign, low), 0.99, 9)
    touching = Estimate(0.5, 0.1, high, 9) if below else Estimate(0.9, {">": 0.6}.get(sign, high), 0.99, 9)
    assert trips(sign, 0.6, tripping) is True
    assert trips(sign, 0.6, touching) is False
    for unknown in (Estimate(None, None, None, 0), Estimate(0.1, None, None, 1)):
        assert trips(sign, 0.6, unknown) is None


def table() -> Table:
    """Of 40 defective Go changes 12 are flagged, of 40 in C 36; none in Rust; half of the rows have a second label."""
    labels = np.ones(90, np.uint8)
    labels[80:] = 0
    flagged = np.r_[np.arange(40) < 12, np.arange(40) < 36, np.zeros(10, bool)]
    language = Column("language", ("Go", "C", "Rust", "Lua"), np.repeat(np.array([0, 1, 3], np.uint8), [40, 40, 10]))
    lengths = 1 + np.arange(90) % 2
    both = Labels(
        "tags", ("all", "odd"), np.r_[0, np.cumsum(lengths)], np.concatenate([np.arange(n) for n in lengths]).astype(np.uint8)
    )
    return Table("m", labels, flagged * 0.9, flagged, (language, both))


def test_gates_are_judged_by_the_interval() -> None:
    texts = (
        "recall[language=Go] < 0.5",
        "recall[language=Go] < 0.4",
        "recall[language=C] < 0.5",
        "recall[language=Rust] < 0.5",
        "recall[language=Lua] < 0.5",
        "recall[language=Cobol] < 0.5",
        "recall[language=Go, tags=odd] < 0.6",
        "recall < 0.9",
    )
    found = judge(table(), [parse(one) for one in texts])
    low, high = proportion_confint(12, 40, method="wilson")
    assert (found[0].estimate.value, found[0].estimate.n) == (pytest.approx(0.3), 40)
    assert (found[0].estimate.low, found[0].estimate.high) == (pytest.approx(low), pytest.approx(high))
    assert [one.tripped for one in found] == [True, False, False, None, None, None, True, True]
    assert found[0].sentence() == f"The gate recall[language=Go] < 0.5 trips: 0.300 [{low:.3f}, {high:.3f}], counted on 40."
    assert "was not judged, because recall is undefined there" in found[3].sentence()
    assert "does not trip" in found[1].sentence()


def test_slices_are_saved_by_name(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "slices.json"
    assert read_saved(file) == {}
    save(file, "Go, large", "language = 'Go'")
    save(file, "fixes", "kind = 'fix'")
    save(file, "fixes", "kind in ('fix')")
    assert read_saved(file) == {"Go, large": "language = 'Go'", "fixes": "kind in ('fix')"}
    assert saved(file, "fixes") == "kind in ('fix')"
    with pytest.raises(UsageError, match="only Go, large, fixes"):
        saved(file, "fix")
    assert [one.name for one in file.parent.iterdir()] == ["slices.json"]


def test_names_and_files_that_cannot_be(tmp_path: Path) -> None:
    for name in ("", " ", "x" * 81, "a\nb", "\u202ex"):
        with pytest.raises(UsageError, match="Expected a name"):
            save(tmp_path / "s.json", name, "x = 1")
    for text in ("no", "[]", "{}", '{"schema": "whydiff/slices/1", "slices": {"a": 1}}', "[" * 100_000, "\x00"):
        (tmp_path / "s.json").write_text(text, "utf-8")
        with pytest.raises(UsageError, match="list of slices"):
            read_saved(tmp_path / "s.json")
    with pytest.raises(UsageError, match="could not be"):
        save(tmp_path, "a", "x = 1")
