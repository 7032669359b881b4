"""``whydiff report``: one file that needs nothing else, with the numbers of ``whydiff slice``, whatever the data is called."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.export.pack_html import LARGEST

HOSTILE = (
    '<script>alert("x")</script>',
    "</table></svg><img src=http://evil.example/x onerror=alert(1)>",
    "[click](https://evil.example) ![i](//evil.example) `code` | cell",
    "\x1b[2J\u202egnirts\x00\x7f",
    "--><!-- ]]> &lt;b&gt; 'q' \"q\"",
    "# heading\n- item\n---",
    "",
    "plain",
)
COLUMN = "<b>c</b> [x](https://evil.example) |\x1b"
NOTES = '# Notes\n```\n</pre><script src="https://evil.example/x.js"></script>\n````\n\x1b[31m@everyone http://evil.example\n'


def rows(dated: bool = True) -> list[dict[str, Any]]:
    random = np.random.default_rng(11)
    found = []
    for n in range(1600):
        value = HOSTILE[n % 8 if n % 3 else 7]
        label = int(random.random() < 0.4)
        score = float(np.clip(0.5 + (0.25 if value != HOSTILE[0] else -0.1) * (2 * label - 1) + random.normal(0, 0.2), 0, 1))
        date = {"date": datetime(2024, 3, 1, tzinfo=UTC) + timedelta(n % 140)} if dated else {}
        found.append(
            {
                "id": f"r{n}",
                "label": label,
                "score": score,
                "threshold": 0.5,
                "flagged": score >= 0.5,
                "model": '<i onload="x">m</i>',
                "model_kind": "bag",
                "model_digest": "feed",
                "project": f"p{n % 10}",
                "component": f"core/{value}",
                "language": value,
                "kind": ["fix", "feature"][n % 2],
                COLUMN: "ab"[n % 2],
                **date,
            }
        )
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a <b> & 'c'.parquet"
    pq.write_table(pa.Table.from_pylist(rows()), file)
    return file


class Page(HTMLParser):
    """What of a page could act: tags and attributes; and its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[tuple[str, str | None]]]] = []
        self.words, self.open = [], []
        self._cell: list[str] | None = None
        self._exact: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell, self._exact = [], dict(attrs).get("data-exact")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append(("".join(self._cell), self._exact))
            self._cell = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)


def made(whydiff: Any, path: Path, form: str, *more: object) -> str:
    out = path.parent / f"out.{form}"
    result = whydiff("report", path, "--format", form, "-o", out, *more)
    assert (result.code, result.out) == (0, "")
    return out.read_text("utf-8")


@pytest.fixture
def page(whydiff: Any, path: Path) -> str:
    notes = path.parent / "notes.md"
    notes.write_text(NOTES)
    words = ("--title", f"Title {HOSTILE[0]}", "--decision", HOSTILE[1], "--decision", "Label more.", "--notes", notes)
    return made(whydiff, path, "html", "--discover", "--threshold-cost", 3, *words)


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "section", "p", "ol", "li", "div", "table", "thead", "tbody",
    "tr", "td", "th", "pre", "svg", "g", "line", "text", "rect", "circle", "polyline", "polygon",
}  # fmt: skip


def test_the_page_needs_nothing_and_runs_nothing(page: str) -> None:
    found = Page(page)
    assert {tag for tag, _ in found.tags} == ALLOWED
    names = {name for _, attributes in found.tags for name in attributes}
    assert not [
        name for name in names if name.startswith("on") or name in ("src", "href", "xlink:href", "action", "srcset", "style")
    ]
    assert not re.search(r"https?://|url\(|@import|<script|javascript:", page)
    policy = next(attributes for tag, attributes in found.tags if attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert len(page.encode()) < LARGEST
    assert page.count("</style>") == 1
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", page)


def test_what_is_hostile_is_shown_as_it_is(page: str) -> None:
    text = "".join(Page(page).words)
    for value in (HOSTILE[0], HOSTILE[1], HOSTILE[4], "https://evil.example/x.js", "@everyone", "<U+001B>[2J<U+202E>gnirts"):
        assert value in text
    assert "(not known)" in text
    assert '<i onload="x">m</i>' in text


def test_numbers_are_those_of_slice(whydiff: Any, path: Path, page: str) -> None:
    result = whydiff("slice", path, "--by", "language", "--format", "json")
    data = json.loads(result.out)
    table = next(one for one in Page(page).tables if one[0][0][0] == "language" and one[0][1][0] == "changes")
    assert [cell for cell, _ in table[0][2:]] == ["Recall", "n", "Precision", "n", "False-positive rate", "n"]
    assert len(table) == 2 + len(data["slices"])
    for row, one in zip(table[1:], [data["all"], *data["slices"]], strict=True):
        assert json.loads(row[1][1] or "") == [one["rows"]]
        for place, metric in enumerate(data["metrics"]):
            own = one["metrics"][metric]
            (shown, exact), (n, _) = row[2 + 2 * place : 4 + 2 * place]
            if own["value"] is None:
                assert (shown, exact) == ("undefined", None)
                continue
            assert json.loads(exact or "") == [own["value"], own["low"], own["high"]]
            assert shown.replace("\xa0", " ") == f"{own['value']:.3f} [{own['low']:.3f}, {own['high']:.3f}]"
            assert n == f"{own['n']:,.0f}"


def test_the_heat_map_holds_what_a_slice_by_two_columns_has(whydiff: Any, path: Path, page: str) -> None:
    data = json.loads(whydiff("slice", path, "--by", "component,language", "--format", "json").out)
    expected = sorted([own["value"], own["low"], own["high"]] for one in data["slices"] if (own := one["metrics"]["recall"])["n"])
    heat = next(one for one in Page(page).tables if one[0][0][0] == "component" and one[0][1][0] != "changes")
    assert sorted(json.loads(exact) for row in heat[1:] for _, exact in row if exact) == expected


def test_thresholds_and_weak_slices_are_those_of_slice(whydiff: Any, path: Path, page: str) -> None:
    data = json.loads(whydiff("slice", path, "--threshold-cost", 3, "--by", "language", "--format", "json").out)["thresholds"]
    table = next(one for one in Page(page).tables if one[0][0][0] == "choice")
    for row, name in zip(table[1:], ("present", "common", "mixed"), strict=True):
        parts = [data[name][part] for part in ("flags", "needless", "misses", "cost")]
        assert [json.loads(exact or "") for _, exact in row[1:]] == [[one["value"], one["low"], one["high"]] for one in parts]
    found = json.loads(whydiff("slice", path, "--discover", "--format", "json").out)["discovery"]["found"]
    assert found
    weak = next(one for one in Page(page).tables if one[0][-1][0] == "what to do")
    assert [json.loads(row[5][1] or "") for row in weak[1:]] == [[one["p"]] for one in found]
    assert all(one["reason"] in row[6][0] for row, one in zip(weak[1:], found, strict=True))


def test_every_drawing_has_a_sentence_and_a_table(page: str) -> None:
    found = Page(page)
    labels = [attributes["aria-label"] for tag, attributes in found.tags if tag == "svg"]
    captions = re.findall(r'<p class="caption">', page)
    assert len(labels) == 7  # language, component, both, kind; gate, reliability, cost
    assert len(captions) >= len(labels)
    for part in re.findall(r'<section id="figure-\d+">.*?</section>', page, re.DOTALL):
        assert "<table" in part
        assert '<p class="caption">' in part
    assert all(label and re.search(r"\d", label) for label in labels)


def test_the_file_and_its_hashes_are_named(page: str, path: Path) -> None:
    text = "".join(Page(page).words)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in text
    assert "feed" in text
    assert "2024-03-01 to 2024-07-18 (20.0 weeks)" in text


def test_the_command_makes_the_page_again(whydiff: Any, page: str, path: Path) -> None:
    said = "".join(Page(page).words)
    command = next(one for one in said.split("\n") if one.startswith("whydiff report"))
    program, *arguments = shlex.split(command)
    assert program == "whydiff"
    out = path.parent / "out.html"
    out.unlink()
    assert whydiff(*arguments).code == 0
    assert out.read_text("utf-8") == page


def test_markdown_reads_nothing_from_the_data(whydiff: Any, path: Path) -> None:
    notes = path.parent / "notes.md"
    notes.write_text(NOTES)
    text = made(whydiff, path, "markdown", "--discover", "--threshold-cost", 3, "--decision", HOSTILE[2], "--notes", notes)
    fenced = re.compile(r"^(`{3,})text\n.*?^\1$", re.MULTILINE | re.DOTALL)
    assert [len(one) for one in fenced.findall(text)] == [5, 3]
    plain = fenced.sub("", text)
    assert not re.search(r"[<>]|\]\(|https?://|\x1b|^---|`", plain, re.MULTILINE)
    assert plain.count("\n# ") == 0
    assert "\x1b" not in text
    data = json.loads(whydiff("slice", path, "--by", "kind", "--format", "json").out)
    own = data["slices"][0]["metrics"]["recall"]
    assert f"{own['value']:.3f}" in plain
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in plain.splitlines() if line.startswith("|")]
    assert min(widths) >= 3


def test_forms_hold_the_same(whydiff: Any, path: Path) -> None:
    data = json.loads(made(whydiff, path, "json", "--by", "kind", "--by", "kind,language", "--metrics", "mcc,brier"))
    assert data["schema"] == "whydiff/report/1"
    assert [one["by"] for one in data["views"]] == [["kind"], ["kind", "language"]]
    assert (data["thresholds"], data["discovery"], data["decisions"]) == (None, None, [])
    one = json.loads(whydiff("slice", path, "--by", "kind", "--metrics", "mcc,brier", "--format", "json").out)
    assert data["views"][0]["slices"] == one["slices"]
    odd = made(whydiff, path, "markdown", "--by", COLUMN)
    assert not re.search(r"<b>|\]\(|\x1b", odd[: odd.index("## How to make")])
    assert "<b>c</b> [x](https://evil.example) |<U+001B>" in "".join(Page(made(whydiff, path, "html", "--by", COLUMN)).words)
    text = made(whydiff, path, "html", "--by", "kind", "--metrics", "mcc,brier")
    assert "None were written down." in text
    assert "What thresholds cost" not in text


def test_rows_of_one_class_and_without_dates(whydiff: Any, tmp_path: Path) -> None:
    file = tmp_path / "one.parquet"
    pq.write_table(pa.Table.from_pylist([one | {"label": 0} for one in rows(dated=False)[:60]]), file)
    text = "".join(Page(made(whydiff, file, "html")).words)
    assert "Recall is undefined over all changes." in text
    assert "No change is defective, so nothing can be caught." in text
    assert re.search(r"dates\s*not known", text)


def test_wrong_input(refused: Any, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "one or two different attributes" in refused("report", path, "--by", "kind,language,project")
    assert "choose of" in refused("report", path, "--by", "langauge")
    assert "could not be read as notes" in refused("report", path, "--notes", tmp_path / "none.md")
    big = tmp_path / "big.md"
    big.write_text("x" * 200_001)
    assert "at most 200,000" in refused("report", path, "--notes", big)
    assert "Expected a metric" in refused("report", path, "--metrics", "recal")
    assert "is a folder" in refused("report", path, "-o", tmp_path)
    monkeypatch.setattr("app.export.pack_html.LARGEST", 1000)
    assert "more than 1,000 bytes" in refused("report", path, "-o", tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()
