"""Made-up changes, a bag of words with known weights, and what comes out for them."""

from __future__ import annotations

from pathlib import Path

from explain.attribution.options import AttributionOptions
from explain.attribution.registry import default_method
from explain.overall.record import Explained
from explain.overall.run import explain_one
from explain.overall.tally import Tally
from explain.survey.record import Row
from models.change.parse import parse
from models.classify.bag import BagClassifier, load_bag
from tests.models.classify.light_toys import write_bag

WEIGHTS = {"+danger": 1.5, "-calm": -0.5, "mmind": 0.25, "pnet": 0.125, "+x": 0.3}


def bag(folder: Path) -> BagClassifier:
    """A bag of five words; those of sizes are of ``light_toys``."""
    return load_bag(write_bag(folder / "bag", WEIGHTS))


def patch(n: int, *added: str, path: str = "src/net/a.c") -> str:
    """A patch that takes a line away and adds others."""
    body = "".join(f"+{line}\n" for line in added)
    return f"--- a/{path}\n+++ b/{path}\n@@ -1,2 +1,{1 + len(added)} @@\n top\n-calm({n});\n{body}"


def row(n: int, *added: str, message: str = "Mind the change", path: str = "src/net/a.c", **more: object) -> Row:
    """A row of such a patch."""
    return Row(f"p@{n:03}", parse(patch(n, *added, path=path), message), **more)  # type: ignore[arg-type]


def rows() -> list[Row]:
    """Forty changes of eight projects; half of them add danger, some of them twice."""
    found = []
    for n in range(40):
        lines = ["x = 1;", *(["danger(x);"] * (1 + n % 3) if n % 2 else [])]
        path = "src/net/a.c" if n % 4 else "doc/net.py"
        found.append(row(n, *lines, project=f"q{n % 8}", language="C" if n % 4 else "Python", path=path, label=n % 2))
    return found


def explained(one: Row, model: BagClassifier) -> Explained:
    """What comes out for a row that can be read."""
    found = explain_one(one, model, default_method(model), AttributionOptions())
    assert isinstance(found, Explained)
    return found


def tally_of(found: list[Explained], **more: object) -> Tally:
    """All of them counted."""
    tally = Tally(**more)  # type: ignore[arg-type]
    for one in found:
        tally.add(one)
    return tally
