"""What a text is that is no unified diff: the name of its format and the way to a diff that can be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from models.errors import NotADiffError

_COMMIT = re.compile(r"commit [0-9a-f]")
_CONTEXT = re.compile(r"\*\*\* \d{1,9}(?:,\d{1,9})? \*\*\*\*")
_ED = re.compile(r"\d{1,9}(?:,\d{1,9})?[acd]")
_NORMAL = re.compile(r"\d{1,9}(?:,\d{1,9})?[acd]\d{1,9}(?:,\d{1,9})?")
_RCS = re.compile(r"[ad]\d{1,9} \d{1,9}")
_PREFIXED = re.compile(r"(?:\s+|\s*\S{1,20}\s?)(?:diff --git |@@ -\d)")
_LOOKED_AT = 2000

_ADVICE = {
    "a context diff": "re-create it with diff -u",
    "a diff in the normal format": "re-create it with diff -u",
    "an ed script": "re-create it with diff -u",
    "an RCS script": "re-create it with diff -u",
    "a Subversion diff of properties only": "pass a diff that changes lines",
    "a merge commit, of which git show prints no change": "use git show -m --first-parent, or pass its revision",
    "a diff with something before every line": "re-create it without a line prefix, graph or quotation",
}


def not_a_diff(lines: Sequence[str]) -> NotADiffError:
    """The error for ``lines``, in which no file was found."""
    name = _named([line.removesuffix("\r")[:500] for line in lines[:_LOOKED_AT]])
    if name:
        return NotADiffError(f"Expected a unified diff, but this is {name}; {_ADVICE[name]}.")
    return NotADiffError(
        "Expected a unified diff, but found no file header (diff --git or ---/+++ before @@); "
        "pass the output of git diff or git show."
    )


def _named(lines: Sequence[str]) -> str:
    if any(_COMMIT.match(line) and after.startswith("Merge: ") for line, after in pairwise(lines)):
        return "a merge commit, of which git show prints no change"
    if any(_CONTEXT.fullmatch(line) for line in lines):
        return "a context diff"
    if any(_NORMAL.fullmatch(line) for line in lines) and any(line.startswith(("< ", "> ")) for line in lines):
        return "a diff in the normal format"
    if any(_ED.fullmatch(line) for line in lines) and any(line == "." for line in lines):
        return "an ed script"
    if any(_RCS.fullmatch(line) for line in lines):
        return "an RCS script"
    if any(line.startswith("Property changes on: ") for line in lines):
        return "a Subversion diff of properties only"
    if any(_PREFIXED.match(line) for line in lines):
        return "a diff with something before every line"
    return ""
