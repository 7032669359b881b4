"""What a commit message says about its commit: a fix, a fix of performance, a revert.

Keywords count in the subject only: bodies of squashed pull requests list side works ("* fix lint") that are no purpose.
Rules are for precision: a fix that goes unnoticed costs one label, a wrong one blames several commits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FLAGS = re.IGNORECASE | re.VERBOSE
_FIX = re.compile(
    r"""\b(?: fix(?:e[sd]|ing)? | bug-?fix(?:e[sd])? | hot-?fix(?:e[sd])? | bugs? | defects? | faulty | regress(?:ions?|ed)
    | crash(?:e[sd]|ing)? | segfaults? | dead-?locks? | data[ ]races? | race[ ]conditions? | leak(?:s|ed|ing)? | broken
    | incorrect(?:ly)? | wrong(?:ly)? )\b""",
    _FLAGS,
)
_TRIVIAL = r"""(?: typos? | spellings? | misspell\w* | grammar | wording | lint(?:er|ers|ing|s)? | flake8 | pep-?8 | pycodestyle
    | pylint | mypy | pyright | ruff | go-?lint | go[ ]?vet | golangci(?:-lint)? | eslint | tslint | clippy | checkstyle
    | errcheck | staticcheck | shellcheck | warnings
    | pre-commit | format(?:ting)? | gofmt | indent(?:s|ation|ing)? | whitespaces? | spacing | (?:code[ ])?styles? | comments?
    | docs? | documentation | docstrings? | javadocs? | godocs? | doxygen | readme(?:\.md)? | change-?logs? | release[ ]notes?
    | licen[sc]es? | copyright | tests? | unit-?tests? | test-?cases? | test-?suite | testing | coverage | specs? | benchmarks?
    | ci | travis | appveyor | circleci | jenkins | github[ ]actions? | workflows? | builds? | links? | urls? | examples?
    | imports? | merge(?:[ ]conflicts?)? | rebase | deps? | dependenc(?:y|ies) | requirements | type[ -]?hints? | annotations?
    | typing | types | naming | (?:variable|function|method)[ ]names? | (?:deprecation|compiler)[ ]warnings?
    | version(?:[ ]number)?s? | nits? )"""
_SMALL_WORD = r"(?:when|if|in|on|for|with|by|due|while|after|that|where|of|from|to|not|and)\b"
_BETWEEN = r"""[\s:()\[\]'"`/,-]+"""
_SIDE_WORK = re.compile(
    rf"""\b(?: fix(?:e[sd]|ing)? | bug-?fix | broken | incorrect | wrong )\b
         (?: {_BETWEEN} (?!{_SMALL_WORD}) [\w.\#]+ ){{0,3}}? {_BETWEEN} {_TRIVIAL}\b
    | \b(?: in | of | for | to )[ ](?: (?:the|a|an|some)[ ] )? (?: [\w.]+[ ] )? {_TRIVIAL}
         (?: [ ](?:files?|pages?|sections?|code) )? (?= \W*$ | \s*[(\#,;.] )
    | \bfixed[- ](?: width | size | length | point | position )
    | \b(?: the | auto | typos? | docs? | docstring | lint | style | tests? | spelling )[ ]fix(?:es)?\b
    | \b(?: bug | issue | crash )[ ]?(?: reports? | reporting | tracker | template )\b
    | \bregression[ ]tests?\b | \b(?: bump | upgrade )(?:s|ed|d)?\b | \btests?[ ](?: for | that )\b | \bTODO\b | \bFIXME\b""",
    _FLAGS,
)
_OTHER_TYPE = re.compile(
    r"""^\W*(?: (?: docs? | tests? | ci | style | build | chore | refactor | bench | release | feat | typo | lint | types?
      | typing )\W* (?: \([^)]*\) )?
    | \w+\((?: docs? | tests? | ci | deps(?:-dev)? | lint | style | readme | build | examples )\) )!?:""",
    _FLAGS,
)
_NEW_WORK = re.compile(
    r"""^(?: \[[^\]]*\]\s* )? (?: \w+ly\s | now\s )?
    (?: feat(?:ure)? | add(?:s|ed|ing)? | implement(?:s|ed)? | support(?:s|ed)? | introduce[sd]? | allow(?:s|ed)? | new
      | create[sd]? | release | updates?[ ](?:docs?|readme|changelog) | document(?:s|ed)? | clean | remove | rename | refactor
      | move | deprecate | expose | make )\b""",
    _FLAGS,
)
_NUMBER = r"""\s{0,3}:?\s{1,3} (?: (?: issue | bug | ticket | gh )[\s-]{0,3} )?
    (?: (?: [\w.-]{1,50}/[\w.-]{1,100} )? \# | gh- | https?://[\w./-]{1,150}/(?:issues|pull)/ )\d+"""
_FIXES_ISSUE = re.compile(rf"\bfix(?:e[sd])?{_NUMBER}", _FLAGS)
_CLOSES_ISSUE = re.compile(rf"\b(?:close[sd]?|resolve[sd]?){_NUMBER}", _FLAGS)
_TRACKER = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d+\b")
_FIXES_COMMIT = re.compile(r"^fixes:?[ \t]{1,3}[0-9a-f]{7,64}\b", re.IGNORECASE | re.MULTILINE)
_PERFORMANCE = re.compile(
    r"""\b(?: perf(?:ormance)? | speed(?:s|ed|ing)?[- ]?ups? | sped[ ]up | slow(?:s|er|ness|[- ]?downs?)? | faster | latency
    | throughput | memory[ ](?:leaks?|usage|consumption|bloat) | leak(?:s|ed|ing)?[ ]memory | regression[ ]in[ ](?:time|speed)
    | bottlenecks? | quadratic )\b""",
    _FLAGS,
)
_NO_PERFORMANCE = re.compile(r"\b(?:tests?|benchmarks?|docs?|documentation|readme|comments?|typos?)\b", re.IGNORECASE)
_REVERT = re.compile(r"^\W*(?:revert(?:s|ed|ing)?|back ?out|reapply|re-?land)\b", re.IGNORECASE)
_REVERTS_COMMIT = re.compile(r"^This reverts commit\b", re.IGNORECASE | re.MULTILINE)
_LONGEST_SUBJECT, _LONGEST_BODY = 500, 20_000


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says. A revert is no ``fix``; ``performance`` is of a fix, or of a revert that gives it as its reason."""

    fix: bool
    performance: bool
    revert: bool


def judge(message: str) -> Message:
    """Judge a whole commit message."""
    subject, _, body = message.partition("\n")
    subject, body = subject[:_LONGEST_SUBJECT], body[:_LONGEST_BODY]
    if _REVERT.search(subject) or _REVERTS_COMMIT.search(body):
        return Message(False, bool(_PERFORMANCE.search(body)), True)
    if _is_side_work(subject):
        return Message(False, False, False)
    slow = bool(_PERFORMANCE.search(subject)) and not _NO_PERFORMANCE.search(subject)
    unlinked = _FIXES_ISSUE.sub("", subject)
    fix = bool(_FIX.search(unlinked)) or _is_linked_fix(subject, body)
    # Faults of performance are seldom called bugs (Zaman et al. 2012, "A qualitative study on performance bugs"), so a
    # subject that speaks of speed is enough; in a body it is not.
    return Message(fix, slow or (fix and bool(_PERFORMANCE.search(body))), False)


def _is_side_work(subject: str) -> bool:
    """Whether the subject speaks of documentation, tests, style, builds, versions: nothing a defect lives in."""
    return bool(_OTHER_TYPE.match(subject) or _SIDE_WORK.search(subject))


def _is_linked_fix(subject: str, body: str) -> bool:
    """Whether the message links an issue as fixed, and the subject does not announce new work (issues ask for that too)."""
    if _FIXES_COMMIT.search(body):
        return True
    if _NEW_WORK.match(subject):
        return False
    message = f"{subject}\n{body}"
    linked = _CLOSES_ISSUE.search(message) or _TRACKER.search(subject)
    return bool(_FIXES_ISSUE.search(message) or (linked and _FIX.search(body)))
