from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

UNIT = {"level", "file", "path", "hunk", "line", "kind", "old_line", "new_line", "text", "value"}
OCCLUSION = ("--method", "occlusion")


def explained(whydiff, path: Path, *arguments: object) -> str:
    result = whydiff("explain", path, *OCCLUSION, *arguments)
    assert (result.code, result.err) == (0, "")
    return result.out


def test_json_is_the_contract(whydiff, planted, two_files: Path) -> None:
    data = json.loads(explained(whydiff, two_files, "--format", "json"))
    assert set(data) == {"schema", "model", "diff_id", "prediction", "truncation", "attribution", "trust"}
    assert data["schema"] == "whydiff/explain/1"
    assert set(data["model"]) == {"id", "path"}
    assert data["model"]["id"] == planted.digest
    assert set(data["prediction"]) == {"score", "threshold", "flagged"}
    assert data["prediction"]["flagged"] is True
    assert data["truncation"] == {"tokens_read": 7, "tokens_total": 7, "unread_units": []}
    assert set(data["attribution"]) == {"method", "target", "baseline", "level", "completeness_gap", "units"}
    assert all(set(unit) == UNIT for unit in data["attribution"]["units"])


def test_the_planted_line_has_all_the_weight(whydiff, planted, two_files: Path) -> None:
    units = json.loads(explained(whydiff, two_files, "--format", "json"))["attribution"]["units"]
    (guilty,) = [unit for unit in units if unit["value"]]
    assert guilty == {
        "level": "line", "file": 0, "path": "src/fast.py", "hunk": 0, "line": 2, "kind": "added", "old_line": None, "new_line": 2,
        "text": "    danger()", "value": 2.0,
    }  # fmt: skip


def test_values_gap_and_special_sum_to_the_change_of_the_output(whydiff, planted, hostile: Path) -> None:
    data = json.loads(explained(whydiff, hostile, "--format", "json"))
    values = sum(unit["value"] for unit in data["attribution"]["units"]) + data["trust"]["special_tokens"]
    change = data["trust"]["output"] - data["trust"]["baseline_output"]
    assert values + data["attribution"]["completeness_gap"] == change


@pytest.mark.parametrize("level", ["line", "hunk", "file"])
def test_levels(whydiff, planted, two_files: Path, level: str) -> None:
    attribution = json.loads(explained(whydiff, two_files, "--format", "json", "--level", level))["attribution"]
    assert attribution["level"] == level
    assert sum(unit["value"] for unit in attribution["units"]) == 2.0


def test_text_has_verdict_method_heat_and_table(whydiff, planted, two_files: Path) -> None:
    text = explained(whydiff, two_files)
    assert text.startswith("Flagged: the model gives this change a 73.1 % chance")
    assert "flags from 50.0 % on" in text
    assert "occlusion against the baseline “reverted”" in text
    assert "Read: all of it, 7 tokens." in text
    assert re.search(r"\+2\.000 ████ +2 \+    danger\(\)", text)
    assert re.search(r"\+2\.000 +src/fast.py:2 +added +danger\(\)", text)


def test_text_to_a_file_is_the_same(whydiff, planted, two_files: Path, tmp_path: Path) -> None:
    direct = explained(whydiff, two_files)
    assert explained(whydiff, two_files, "-o", tmp_path / "out") == ""
    assert (tmp_path / "out").read_text() == direct


@pytest.mark.parametrize("form", ["text", "json", "html", "markdown", "sarif", "rdjsonl", "github"])
def test_nothing_in_a_diff_reaches_the_terminal(whydiff, planted, hostile: Path, form: str) -> None:
    out = explained(whydiff, hostile, "--format", form)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", out)
    if form != "json":
        assert "U+202E" in out


def test_markup_of_rich_is_shown_as_it_is(whydiff, planted, hostile: Path) -> None:
    assert "[bold]no[/bold]" in explained(whydiff, hostile)
    assert "[red]x[/red]" in explained(whydiff, hostile)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        values = dict(attrs)
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""


def test_html_holds_no_script_and_loads_nothing(whydiff, planted, hostile: Path) -> None:
    text = explained(whydiff, hostile, "--format", "html")
    page = Page()
    page.feed(text)
    assert page.policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert not page.tags & {"script", "img", "link", "iframe", "a", "form", "b"}
    assert not page.attributes & {"src", "href", "onclick", "onload"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "url(" not in text


BREAKOUT = "</td></table></style></title><script src=//evil.example></script><img src=x onerror=y>"


@pytest.mark.parametrize("level", ["line", "hunk", "file"])
def test_html_escapes_paths_sections_and_messages_too(whydiff, planted, tmp_path: Path, level: str) -> None:
    name = f"x{BREAKOUT}y.py"
    path = tmp_path / "breakout.diff"
    path.write_text(
        f"From: a\nSubject: {BREAKOUT}\n\ndiff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n"
        f"@@ -1 +1,2 @@ {BREAKOUT}\n x\n+danger {BREAKOUT}\n"
    )
    text = explained(whydiff, path, "--format", "html", "--level", level)
    page = Page()
    page.feed(text)
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "span", "table", "tr", "th", "td",
    }  # fmt: skip
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "style"}
    assert page.policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert text.count("</style>") == 1
    assert "@import" not in text
    assert "&lt;script src=//evil.example&gt;" in text


def test_markdown_cannot_be_broken_out_of(whydiff, planted, hostile: Path) -> None:
    text = explained(whydiff, hostile, "--format", "markdown")
    prose, fence, block = re.split(r"^(`{3,})text\n", text, maxsplit=1, flags=re.MULTILINE)
    assert len(fence) == 5
    assert block.endswith(f"\n{fence}\n\n</details>\n")
    assert block.count(fence) == 1
    assert "<script" not in prose
    assert "@maintainers" not in prose
    assert "http:" not in prose
    rows = [line for line in prose.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {5}


def test_markdown_is_a_comment_with_the_diff_folded_up(whydiff, planted, two_files: Path) -> None:
    text = explained(whydiff, two_files, "--format", "markdown")
    assert text.startswith("### whydiff: flagged\n\nFlagged: the model gives this change a 73.1 % chance")
    head, summary, diff = re.split(r"<details>\n<summary>(.*)</summary>\n\n", text)
    assert "| +2.000 | <code>src/fast.py&#58;2</code> | added | <code>    danger&#40;&#41;</code> |" in head
    assert head.index("Strongest units") < head.index("How far to believe it")
    assert "Left unexplained" in head
    assert "Read: all of it" in head
    assert summary == "The change, with the value of every line"
    assert "  +2.000 ████ +    danger()" in diff.splitlines()
    assert "Cut after" not in text


LONG = "danger" + "x" * 250
TICKS = "danger " + "`" * 399


@pytest.mark.parametrize(("line", "count"), [(LONG, 30), (LONG, 3000), (TICKS, 400), ("x", 400), ("\u202e" * 400, 60)])
def test_markdown_always_fits_into_a_comment(whydiff, planted, tmp_path: Path, line: str, count: int) -> None:
    path = tmp_path / "long.diff"
    one = "diff --git a/d{0}/f.py b/d{0}/f.py\n--- a/d{0}/f.py\n+++ b/d{0}/f.py\n@@ -0,0 +1,30 @@\n" + f"+{line}\n" * 30
    path.write_text("".join(one.format(n) for n in range(count // 30)) or one.format(0), "utf-8")
    trust = ("--no-trust",) if count > 1000 else ()  # it would take a minute, and has a few lines to say
    text = explained(whydiff, path, "--format", "markdown", "--level", "file", *trust)
    assert len(text) < 65_536
    fence = re.findall(r"^(`{3,})text$", text, re.MULTILINE)[0]
    assert text.count(f"\n{fence}\n") == 1
    assert text.endswith("</details>\n")
    listed = text.partition("text\n")[2].partition(f"\n{fence}\n")[0].splitlines()
    said = re.findall(r"^Cut after ([\d,]+) of ([\d,]+) lines: a comment holds 65,536 characters", text, re.MULTILINE)
    assert [int(kept.replace(",", "")) for kept, _ in said] in ([], [len(listed)])
    assert bool(said) == (len(text) > 60_000)


def test_sarif(whydiff, planted, two_files: Path) -> None:
    log = json.loads(explained(whydiff, two_files, "--format", "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
    place = result["locations"][0]["physicalLocation"]
    assert (unquote(place["artifactLocation"]["uri"]), place["region"]["startLine"]) == ("src/fast.py", 2)
    assert (result["rank"], result["level"]) == (100.0, "warning")
    assert result["partialFingerprints"]


def test_sarif_names_no_removed_line(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "removed.diff"
    path.write_text("--- a/a b.py\n+++ b/a b.py\n@@ -1,2 +1,2 @@\n-danger\n x\n+danger()\n")
    results = json.loads(explained(whydiff, path, "--format", "sarif"))["runs"][0]["results"]
    assert [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results] == ["a%20b.py"]


def test_what_was_not_read_is_told(whydiff, planted, many_files: Path, tmp_path: Path) -> None:
    path = tmp_path / "sixty.diff"
    path.write_text("".join(many_files.read_text().splitlines(keepends=True)[: 60 * 6]))
    text = explained(whydiff, path)
    assert "Read: 40 of 120 tokens; 80 lines and headers were not read to their end, 80 of them changed lines." in text
    data = json.loads(explained(whydiff, path, "--format", "json"))
    assert len(data["truncation"]["unread_units"]) == 80


@pytest.mark.parametrize("form", ["text", "html", "markdown", "sarif", "rdjsonl", "github"])
def test_a_line_of_ten_megabytes_is_cut_for_people(whydiff, planted, long_line: Path, form: str) -> None:
    assert len(explained(whydiff, long_line, "--format", form)) < 20_000


def test_wrong_method_level_and_options(refused, planted, two_files: Path) -> None:
    assert "occlusion, shapley, owen, leave-one-out, erasure, gradient" in refused("explain", two_files, "--method", "magic")
    assert "line or coarser" in refused("explain", two_files, *OCCLUSION, "--level", "token")
    assert "use occlusion" in refused("explain", two_files, "--method", "gradient")
    assert "line or coarser for occlusion" in refused("explain", two_files, "--level", "token")
    assert "--max-steps" in refused("explain", two_files, "--max-steps", "0")
    assert "baseline" in refused("explain", two_files, "--baseline", "zero")


def test_output_that_cannot_be_written(refused, planted, two_files: Path, tmp_path: Path) -> None:
    assert "does not exist" in refused("explain", two_files, *OCCLUSION, "-o", tmp_path / "no" / "x")
    assert "is a folder" in refused("explain", two_files, *OCCLUSION, "-o", tmp_path)
    assert planted.asked == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["two.diff"]


def test_attention_is_shown_as_shares_and_never_as_findings(whydiff, refused, checkpoint: Path, two_files: Path) -> None:
    asked = ("explain", two_files, "--model", checkpoint, "--method", "attention-rollout")
    text = whydiff(*asked).out
    assert "Where it looks: attention-rollout. Values are shares of attention that sum to 1." in text
    assert "By its nature it is a hint at most" in text
    assert "pushes" not in text
    for form in ("markdown", "html"):
        assert "pushes" not in whydiff(*asked, "--no-trust", "--format", form).out
    data = json.loads(whydiff(*asked, "--no-trust", "--format", "json").out)
    shares = [unit["value"] for unit in data["attribution"]["units"]]
    assert min(shares) >= 0
    assert sum(shares) + data["trust"]["special_tokens"] == pytest.approx(1.0, abs=1e-6)
    for form in ("sarif", "rdjsonl", "github"):
        assert "Expected a method whose values have a sign" in refused(*asked, "--format", form)
    assert "Expected a method whose values have a sign" in refused(*asked, "--against", checkpoint)
