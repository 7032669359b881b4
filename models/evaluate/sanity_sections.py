"""What sanity checks of explanations found, in words and tables, made from their JSON alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.evaluate.sections import Section, estimate

Json = Mapping[str, Any]

_RANDOM = (
    "Absolute rank correlation of each method's values with those of the model itself, when the parameters of a stage and of "
    "all before it have changed places at random (Adebayo et al. 2018). The mean over changes, for the last stage with its "
    "95 % bootstrap interval. Values that hang on what the model learnt keep no more than chance; sizes alone, without signs, "
    "show what the structure of a change decides."
)
_LOT = "The same correlation with a model that learnt labels drawn by lot."
_PLANTED = (
    "Small models of the same kind learnt made-up changes whose label a rule decides; of a diff transformer the network alone "
    "had to learn it, its linear part being held to what nearly every change has. Share of the causes among a method's k "
    "highest values, k being the number of causes, with Wilson's 95 % interval; equal values are taken at their worst. Only "
    "changes count that the model gets right with and without their causes. Of a rule that was not learnt (accuracy below "
    "95 %) the figures would say nothing."
)
LEARNT = 0.95
"""Below this accuracy a planted model has not learnt its rule, and what is found in it says nothing."""


def sanity_sections(data: Json) -> Iterator[Section]:
    """All of it."""
    options = data["options"]
    yield Section("Sanity of explanations", f"Rankings are compared on {data['about']}. Seed {options['seed']}.")
    if data["stages"]:
        yield _stages(data["stages"])
    yield from _by_lot(data["relabelled"])
    yield _planted(data["planted"])


def _stages(stages: Sequence[Json]) -> Section:
    names = [one["name"] for one in stages]
    last = stages[-1]["agreements"]
    rows = tuple(
        (
            one["method"],
            one["level"],
            *(_number(stage["agreements"][n]["rho"]["value"]) for stage in stages[:-1]),
            estimate(one["rho"], percent=False),
            _number(one["chance"]),
            _number(one["size"]),
        )
        for n, one in enumerate(last)
    )
    return Section("Sanity, random parameters", _RANDOM, ("method", "level", *names, "by chance", "sizes alone"), rows)


def _by_lot(relabelled: Sequence[Json]) -> Iterator[Section]:
    for number, one in enumerate(relabelled, 1):
        rows = tuple(
            (each["method"], each["level"], estimate(each["rho"], percent=False), _number(each["chance"]), _number(each["size"]))
            for each in one["agreements"]
        )
        text = f"{_LOT} {one['about']}. It tells those labels apart with an area under the ROC curve of {one['fitted']:.3f}."
        yield Section(
            f"Sanity, labels by lot, {number}", text, ("method", "level", "correlation", "by chance", "sizes alone"), rows
        )


def _planted(planted: Sequence[Json]) -> Section:
    kinds = list(dict.fromkeys((one["method"], one["level"]) for rule in planted for one in rule["found"]))
    rows = [("accuracy of the model", "", *(estimate(one["accuracy"], percent=True) for one in planted))]
    rows.append(("changes that count", "", *(f"{one['diffs']:,} of {one['asked']:,}" for one in planted)))
    for level in dict.fromkeys(level for _, level in kinds):
        rows.append(("random order", level, *(_chance(one, level) for one in planted)))
        rows += [(method, level, *(_recall(one, method, level) for one in planted)) for method, at in kinds if at == level]
    told = " ".join(f"{one['rule'].capitalize()}: the label is 1 where {one['about']}." for one in planted)
    return Section(
        "Sanity, planted causes", f"{_PLANTED} {told}", ("method", "level", *(one["rule"] for one in planted)), tuple(rows)
    )


def _chance(rule: Json, level: str) -> str:
    values = [one["chance"] for one in rule["found"] if one["level"] == level]
    return f"{sum(values) / len(values):.1%}" if values else "undefined"


def _recall(rule: Json, method: str, level: str) -> str:
    found = next((one for one in rule["found"] if (one["method"], one["level"]) == (method, level)), None)
    if found is None:
        return "undefined"
    if rule["accuracy"]["value"] < LEARNT:
        return "not learnt"
    return estimate(found["recall"], percent=True)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
