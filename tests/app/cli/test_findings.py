"""What review tools are told: which findings there are, where they stand, and that they are known again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from app.cli.explanation import Explanation
from app.cli.findings import Finding, findings, joined
from explain.attribution.types import Attribution, UnitValue
from models.change.parse import parse
from models.change.types import Level, Unit
from models.classify.protocol import Prediction
from models.encode.types import Side

OCCLUSION = ("--method", "occlusion")
FILE = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n"
TWO_HUNKS = (
    FILE.format("a.py")
    + "@@ -1,2 +1,4 @@ def f():\n x\n+one\n+two\n y\n@@ -20,3 +22,3 @@\n p\n-gone\n+three\n q\n@@ -40,2 +42 @@\n-last\n z\n"
    + "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-all\n"
    + "diff --git a/s b/t\nsimilarity index 100%\nrename from s\nrename to t\n"
)


def explanation(text: str, values: dict[Unit, float], level: Level = Level.LINE, flagged: bool = True) -> Explanation:
    margin = 1.0 if flagged else -1.0
    prediction = Prediction(margin, 0.73 if flagged else 0.27, 0.5, margin, 1, 1)
    tokens = tuple(UnitValue(unit, value, Side.CONTEXT) for unit, value in values.items())
    attribution = Attribution(method="m", baseline="b", output=1.0, baseline_output=0.0, tokens=tokens)
    return Explanation(parse(text), {"id": "1", "path": "p"}, "model", prediction, attribution, level)


def spans(found: list[Finding]) -> list[tuple[str, int, int, float]]:
    return [(one.path, one.start, one.end, one.value) for one in found]


VALUES = {
    Unit(-1, -1, 0): 9.0, Unit(0): 0.5, Unit(0, 0): 0.25, Unit(0, 0, 1): 1.0, Unit(0, 0, 2): 2.0, Unit(0, 1, 1): 8.0,
    Unit(0, 1, 2): 3.0, Unit(0, 2, 0): 1.0, Unit(0, 2, 1): -0.5, Unit(1, 0, 0): 7.0, Unit(2): 0.125,
}  # fmt: skip


def test_lines_of_the_new_side_that_push_towards_flagged() -> None:
    found = findings(explanation(TWO_HUNKS, VALUES))
    assert spans(found) == [("a.py", 23, 23, 3.0), ("a.py", 3, 3, 2.0), ("a.py", 2, 2, 1.0)]
    assert [one.text for one in found] == ["three", "two", "one"]


def test_hunks_and_files_span_their_new_side() -> None:
    assert spans(findings(explanation(TWO_HUNKS, VALUES, Level.HUNK))) == [
        ("a.py", 22, 24, 11.0), ("a.py", 1, 4, 3.25), ("a.py", 42, 42, 0.5)
    ]  # fmt: skip
    assert spans(findings(explanation(TWO_HUNKS, VALUES, Level.FILE))) == [("a.py", 1, 42, 15.25), ("t", 1, 1, 0.125)]


def test_tokens_count_as_their_lines() -> None:
    values = {Unit(0, 0, 1, 0, 1): 1.0, Unit(0, 0, 1, 1, 3): 0.5}
    assert spans(findings(explanation(TWO_HUNKS, values, Level.TOKEN))) == [("a.py", 2, 2, 1.5)]


def test_lines_that_follow_one_another_are_one_remark() -> None:
    found = joined(findings(explanation(TWO_HUNKS, VALUES)))
    assert spans(found) == [("a.py", 2, 3, 3.0), ("a.py", 23, 23, 3.0)]
    assert found[0].message == "Lines 2 to 3 push the model towards flagged by +3.000 logits: two"
    hunks = findings(explanation(FILE.format("a") + "@@ -1 +1 @@\n-a\n+b\n@@ -2 +2 @@\n-a\n+b\n",
                                 {Unit(0, 0): 1.0, Unit(0, 1): 1.0}, Level.HUNK))  # fmt: skip
    assert joined(hunks) == hunks


def test_at_most_ten() -> None:
    text = FILE.format("a") + "@@ -1 +1,12 @@\n x\n" + "".join(f"+{n}\n" for n in range(11))
    assert len(findings(explanation(text, {Unit(0, 0, n): 1.0 + n for n in range(1, 12)}))) == 10


def marks(text: str, level: Level = Level.LINE) -> dict[str, list[str]]:
    diff = parse(text)
    values = {unit: 1.0 for unit, _ in diff.lines()}
    found: dict[str, list[str]] = {}
    for one in sorted(findings(explanation(text, values, level)), key=lambda one: one.start):
        found.setdefault(one.text.strip(), []).append(one.mark)
    return found


def test_a_line_is_known_again_wherever_it_stands_and_whatever_else_changes() -> None:
    first = marks(FILE.format("a.py") + "@@ -1 +1,3 @@\n x\n+same\n+other\n")
    moved = marks(FILE.format("a.py") + "@@ -90,3 +95,4 @@\n w\n+more\n x\n+  same\n-gone\n")
    assert first["same"] == moved["same"]
    assert first["same"] != first["other"]
    elsewhere = marks(FILE.format("b.py") + "@@ -1 +1,2 @@\n x\n+same\n")
    assert first["same"] != elsewhere["same"]


def test_the_same_line_twice_is_two_findings() -> None:
    twice = marks(FILE.format("a.py") + "@@ -1 +1,3 @@\n x\n+same\n+same\n")["same"]
    assert len(set(twice)) == 2
    assert marks(FILE.format("a.py") + "@@ -1 +1,2 @@\n x\n+same\n")["same"] == twice[:1]


def test_a_hunk_is_known_by_what_it_changes() -> None:
    first = list(marks(FILE.format("a.py") + "@@ -1,3 +1,3 @@\n x\n-a\n+b\n y\n", Level.HUNK).values())
    moved = list(marks(FILE.format("a.py") + "@@ -51,3 +61,3 @@ def g\n z\n-a\n+b\n z\n", Level.HUNK).values())
    other = list(marks(FILE.format("a.py") + "@@ -1,3 +1,3 @@\n x\n-a\n+c\n y\n", Level.HUNK).values())
    assert first == moved != other


# --- SARIF -----------------------------------------------------------------------------------------------------------

TEXT = {"type": "string", "minLength": 1}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": required | optional, "additionalProperties": False}


LINE = {"type": "integer", "minimum": 1}
MESSAGE = closed({"text": TEXT})
RULE = closed(
    {"id": TEXT}, name=TEXT, shortDescription=MESSAGE, fullDescription=MESSAGE,
    defaultConfiguration=closed({}, level={"enum": ["none", "note", "warning", "error"]}),
)  # fmt: skip
LOCATION = closed(
    {
        "physicalLocation": closed(
            {"artifactLocation": closed({"uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~%-][A-Za-z0-9._~%/-]*$"}})},
            region=closed({"startLine": LINE, "endLine": LINE}),
        )
    }
)
RESULT = closed(
    {"message": MESSAGE, "ruleId": {"const": "whydiff/attribution"}},
    ruleIndex={"type": "integer", "minimum": -1},
    level={"enum": ["none", "note", "warning", "error"]},
    rank={"type": "number", "minimum": -1, "maximum": 100},
    locations={"type": "array", "items": LOCATION},
    partialFingerprints={
        "type": "object",
        "propertyNames": {"pattern": r"^[^/]+/v\d+$"},
        "additionalProperties": {"type": "string", "pattern": r"^[0-9a-f]{32}:\d+$"},
    },
    properties={"type": "object"},
)
INVOCATION = closed(
    {"executionSuccessful": {"type": "boolean"}},
    toolExecutionNotifications={
        "type": "array",
        "items": closed({"message": MESSAGE}, level={"enum": ["none", "note", "warning", "error"]}),
    },
)
LOG = closed(
    {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": closed(
                {"tool": closed({"driver": closed({"name": TEXT}, version=TEXT, rules={"type": "array", "items": RULE})})},
                columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                invocations={"type": "array", "items": INVOCATION},
                results={"type": "array", "items": RESULT},
                properties={"type": "object"},
            ),
        },
    },
    **{"$schema": {"type": "string", "format": "uri"}},
)
"""The part of SARIF 2.1.0 that whydiff writes: what the standard requires of it, and nothing beside it."""


def log(whydiff: Any, path: Path, *arguments: str) -> dict[str, Any]:
    data = json.loads(whydiff("explain", path, *OCCLUSION, "--format", "sarif", *arguments).out)
    jsonschema.Draft202012Validator(LOG).validate(data)
    (run,) = data["runs"]
    for one in run["results"]:
        assert one["ruleId"] == run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"]
        region = one["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] <= region["endLine"]
        assert 0 < one["rank"] <= 100
    return dict(run)


@pytest.mark.parametrize("level", ["line", "hunk", "file"])
def test_sarif_keeps_to_the_standard_at_every_level(whydiff, planted, two_files: Path, hostile: Path, level: str) -> None:
    for path in (two_files, hostile):
        results = log(whydiff, path, "--level", level)["results"]
        assert [one["rank"] for one in results] == sorted((one["rank"] for one in results), reverse=True)
        assert results[0]["rank"] == 100


def test_sarif_follows_the_level(whydiff, planted, two_files: Path) -> None:
    found = {}
    for level in ("line", "hunk", "file"):
        (result,) = log(whydiff, two_files, "--level", level)["results"]
        region = result["locations"][0]["physicalLocation"]["region"]
        found[level] = (region["startLine"], region["endLine"], result["properties"]["kind"])
    assert found == {"line": (2, 2, "added"), "hunk": (1, 4, "hunk"), "file": (1, 4, "file")}


def test_sarif_says_how_far_to_believe_it(whydiff, planted, two_files: Path) -> None:
    believed = json.loads(whydiff("explain", two_files, *OCCLUSION, "--format", "json").out)["trust"]
    run = log(whydiff, two_files)
    ((notification,),) = [one["toolExecutionNotifications"] for one in run["invocations"]]
    assert run["properties"]["trust"]["verdict"] == believed["verdict"]
    assert notification["level"] == ("note" if believed["verdict"] == "usable" else "warning")
    assert all(reason in notification["message"]["text"] for reason in believed["reasons"])


def test_sarif_without_trust_claims_none(whydiff, planted, two_files: Path) -> None:
    run = log(whydiff, two_files, "--no-trust")
    assert "invocations" not in run
    assert "trust" not in run["properties"]


def test_the_schema_of_the_test_refuses_what_is_wrong(whydiff, planted, two_files: Path) -> None:
    validator = jsonschema.Draft202012Validator(LOG)
    for spoil in (
        lambda one: one.pop("message"),
        lambda one: one.update(rank=101),
        lambda one: one.update(level="info"),
        lambda one: one.update(lines=3),
        lambda one: one["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda one: one["locations"][0]["physicalLocation"]["artifactLocation"].update(uri="//host/x"),
    ):
        data = json.loads(whydiff("explain", two_files, *OCCLUSION, "--format", "sarif").out)
        validator.validate(data)
        spoil(data["runs"][0]["results"][0])
        assert list(validator.iter_errors(data))


def test_sarif_reads_no_link_or_placeholder_from_a_change(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "links.diff"
    path.write_text("--- a/a\n+++ b/a\n@@ -0,0 +1,3 @@\n+danger {0} }\n+danger [x](http://evil) [y\\](z) a[0]\n+danger a[0]\n")
    texts = [one["message"]["text"].partition("logits: ")[2] for one in log(whydiff, path)["results"]]
    assert texts == ["danger {{0}} }}", r"danger \[x\](http://evil) \[y\\\](z) a\[0\]", "danger a[0]"]


def test_a_path_names_no_host(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "host.diff"
    path.write_text("diff --git a///host/x y b///host/x y\n--- a///host/x y\n+++ b///host/x y\n@@ -0,0 +1 @@\n+danger\n")
    (result,) = log(whydiff, path)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "%2Fhost/x%20y"


# --- reviewdog and GitHub --------------------------------------------------------------------------------------------

DIAGNOSTIC = closed(
    {
        "message": TEXT,
        "location": closed({"path": TEXT, "range": closed({"start": closed({"line": LINE}), "end": closed({"line": LINE})})}),
    },
    severity={"enum": ["ERROR", "WARNING", "INFO"]},
    source=closed({"name": {"const": "whydiff"}}),
    code=closed({"value": TEXT}),
)
NASTY = "x%0A::error::%25 a:b,c\x1b[2J\u202e\r::error title=owned::boo"
NASTY_PATH = "d,r/a:b%0A::error::c.py"


@pytest.fixture
def nasty(tmp_path: Path) -> Path:
    quoted = NASTY_PATH + "\\n::error::\\033[2J"
    path = tmp_path / "nasty.diff"
    head = f'diff --git "a/{quoted}" "b/{quoted}"\n--- "a/{quoted}"\n+++ "b/{quoted}"\n'
    path.write_bytes(f"{head}@@ -1 +1,2 @@\n x\n+danger {NASTY}\n".encode())
    return path


def diagnostics(text: str) -> list[dict[str, Any]]:
    data = [json.loads(line) for line in text.splitlines()]
    for one in data:
        jsonschema.Draft202012Validator(DIAGNOSTIC).validate(one)
    return data


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """What GitHub's runner reads: one command a line, properties up to the second "::", escapes undone."""

    def plain(value: str) -> str:
        for code, sign in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            value = value.replace(code, sign)
        return value

    found = []
    for line in re.split(r"\r\n|\r|\n", text.removesuffix("\n")):
        assert line.startswith("::")
        head, _, message = line[2:].partition("::")
        name, _, listed = head.partition(" ")
        pairs = [pair.partition("=") for pair in listed.split(",")]
        found.append((name, {key: plain(value) for key, _, value in pairs}, plain(message)))
    return found


def test_rdjsonl(whydiff, planted, two_files: Path) -> None:
    (one,) = diagnostics(whydiff("explain", two_files, *OCCLUSION, "--format", "rdjsonl").out)
    assert one == {
        "message": "Pushes the model towards flagged by +2.000 logits: danger()",
        "location": {"path": "src/fast.py", "range": {"start": {"line": 2}, "end": {"line": 2}}},
        "severity": "WARNING",
        "source": {"name": "whydiff"},
        "code": {"value": "whydiff/attribution"},
    }


def test_github(whydiff, planted, two_files: Path) -> None:
    text = whydiff("explain", two_files, *OCCLUSION, "--format", "github").out
    assert text == (
        "::warning file=src/fast.py,line=2,endLine=2,title=whydiff%3A flagged%2C 73.1 %25 (flags from 50.0 %25)"
        "::Pushes the model towards flagged by +2.000 logits: danger()\n"
    )


def test_runs_and_hunks_are_one_remark(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "run.diff"
    path.write_text("--- a/a\n+++ b/a\n@@ -1,2 +1,4 @@\n x\n+danger 1\n+danger 2\n y\n")
    for level, lines in (("line", (2, 3)), ("hunk", (1, 4)), ("file", (1, 4))):
        arguments = ("explain", path, *OCCLUSION, "--level", level, "--format")
        (one,) = diagnostics(whydiff(*arguments, "rdjsonl").out)
        assert tuple(one["location"]["range"][end]["line"] for end in ("start", "end")) == lines
        ((_, properties, _),) = commands(whydiff(*arguments, "github").out)
        assert (int(properties["line"]), int(properties["endLine"])) == lines


def test_a_change_that_is_not_flagged_gets_no_warning(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "undone.diff"
    path.write_text("--- a/a\n+++ b/a\n@@ -1,2 +1 @@\n-danger\n-danger\n+danger\n")
    (one,) = diagnostics(whydiff("explain", path, *OCCLUSION, "--format", "rdjsonl").out)
    assert one["severity"] == "INFO"
    assert whydiff("explain", path, *OCCLUSION, "--format", "github").out.startswith("::notice ")


def test_nothing_to_say_is_nothing_written(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "good.diff"
    path.write_text("--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n")
    for form in ("rdjsonl", "github"):
        result = whydiff("explain", path, *OCCLUSION, "--format", form)
        assert (result.code, result.out, result.err) == (0, "", "")


def test_hostile_text_is_one_line_and_one_command(whydiff, planted, nasty: Path) -> None:
    (one,) = diagnostics(whydiff("explain", nasty, *OCCLUSION, "--format", "rdjsonl").out)
    ((name, properties, message),) = commands(whydiff("explain", nasty, *OCCLUSION, "--format", "github").out)
    assert name == "warning"
    assert set(properties) == {"file", "line", "endLine", "title"}
    for path in (one["location"]["path"], properties["file"]):
        assert path == NASTY_PATH + "<U+000A>::error::<U+001B>[2J"
    for said in (one["message"], message):
        assert said.endswith("x%0A::error::%25 a:b,c<U+001B>[2J<U+202E><U+000D>::error title=owned::boo")
    assert unquote("%0A") not in message
