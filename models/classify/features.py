"""Change metrics that a diff alone tells: what the size tier judges by, without reading a line of code."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from models.change.language import language
from models.change.trailers import without_trailers
from models.change.types import Diff, FileDiff, FileStatus

FEATURES: Mapping[str, str] = MappingProxyType(
    {
        "lines added": "lines added (la of Kamei et al. 2013)",
        "lines deleted": "lines deleted (ld)",
        "files": "files changed (nf)",
        "hunks": "runs of changed lines with their context, as the diff has them",
        "directories": "folders of the changed files (nd)",
        "subsystems": "first folders of the changed files (ns)",
        "entropy": "Shannon entropy of the changed lines over the files, in bits",
        "share of added lines": "lines added, of lines added and deleted; a half where none is",
        "largest file": "share of the changed lines that is in the file with the most",
        "files added": "files that the change makes",
        "files deleted": "files that the change removes",
        "files renamed": "files that the change moves or copies",
        "languages": "different languages of the files, by their names",
        "test files": "share of the files that are tests, by their paths",
        "docs and config files": "share of the files that are documentation or configuration, by their names",
        "message words": "words of the commit message without its trailers",
        "says fix": "1 if the message's first line speaks of a fix or bug, else 0",
    }
)
"""Every metric by the name that users see, in the order of the model's features."""
NAMES = tuple(FEATURES)
_WHOLE = {"entropy", "share of added lines", "largest file", "test files", "docs and config files"}
"""Not whole: names of the metrics that are shares or bits."""
_TEST = re.compile(
    r"(?:^|/)(?:_*tests?_*|testing|testdata|specs?|__tests__|__mocks__|fixtures?|e2e)/"
    r"|(?:^|/)(?:test_[^/]*|conftest\.py)$|[_.-](?:tests?|spec)\.\w+$|[a-z0-9](?:Tests?|TestCase|IT|Spec)\.\w+$"
)
_FIX = re.compile(r"\b(?:(?:bug|hot)?-?fix(?:e[sd]|ing)?|bugs?|defects?|regressions?|crash(?:e[sd])?)\b", re.IGNORECASE)
_SUPPORT = {"Docs", "Config", "YAML", "JSON", "TOML", "XML", "Properties", "HTML", "CSV"}


def measure(diff: Diff) -> tuple[float, ...]:
    """The metrics of ``diff`` in the order of ``FEATURES``; all are finite and not negative.

    What needs the history of a project (how old the code is, who changed it, the author's experience: age, nuc, ndev,
    exp, rexp, sexp and lt of Kamei et al. 2013) is not among them.
    """
    files = diff.files
    changed = [file.added + file.removed for file in files]
    added, removed, total = diff.added, diff.removed, sum(changed)
    statuses = [file.status for file in files]
    title = diff.message.lstrip().partition("\n")[0]
    values = {
        "lines added": added,
        "lines deleted": removed,
        "files": len(files),
        "hunks": sum(len(file.hunks) for file in files),
        "directories": len({file.path.rpartition("/")[0] for file in files}),
        "subsystems": len({file.path.partition("/")[0] if "/" in file.path else "" for file in files}),
        "entropy": entropy(changed),
        "share of added lines": added / total if total else 0.5,
        "largest file": max(changed) / total if total else 1.0,
        "files added": statuses.count(FileStatus.ADDED),
        "files deleted": statuses.count(FileStatus.DELETED),
        "files renamed": statuses.count(FileStatus.RENAMED) + statuses.count(FileStatus.COPIED),
        "languages": len({language(file.path) for file in files}),
        "test files": _share(bool(_TEST.search(file.path)) for file in files),
        "docs and config files": _share(_is_support(file) for file in files),
        "message words": len(without_trailers(diff.message).split()),
        "says fix": bool(_FIX.search(title)),
    }
    return tuple(float(values[name]) for name in FEATURES)


def described(values: Iterable[float]) -> tuple[str, ...]:
    """``values`` of ``measure`` in words, such as "lines added: 12"."""
    pairs = zip(FEATURES, values, strict=True)
    return tuple(f"{name}: {value:.2f}" if name in _WHOLE else f"{name}: {value:,.0f}" for name, value in pairs)


def entropy(counts: Iterable[int]) -> float:
    """Shannon entropy of the shares of ``counts``, in bits; 0 where nothing is counted."""
    some = [count for count in counts if count]
    total = sum(some)
    return -sum(count / total * math.log2(count / total) for count in some) + 0.0


def _share(marks: Iterable[bool]) -> float:
    found = list(marks)
    return sum(found) / len(found) if found else 0.0


def _is_support(file: FileDiff) -> bool:
    return language(file.path) in _SUPPORT
