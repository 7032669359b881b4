"""What sort of work a change is, by its message and its paths: a feature, a fix, refactoring, tests, documentation, the build.

Rules, in this order; the first that speaks decides:

1. All paths are tests, all are documentation, or all are build files and settings: that is what the change is, whatever it says.
2. A type that the subject begins with, as in Conventional Commits ("feat: ...", "chore(deps): ...").
3. A fix, as ``models.mine.messages`` judges messages; a revert is nothing of the kind and stays "other".
4. What the subject is about ("tests", "README", "bump"), else its first telling word: "add" is a feature, "remove" refactoring.
5. "other".

Performance work is refactoring: the program does the same, otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.mine.code import is_code, is_docs, is_test
from models.mine.messages import judge

FEATURE, FIX, REFACTOR, TEST, DOCS, BUILD, OTHER = KINDS = ("feature", "fix", "refactor", "test", "docs", "build", "other")

_BUILD_PATH = re.compile(
    r"""(?:^|/)(?: \.github | \.gitlab | \.circleci | \.ci | \.zuul\.d | zuul\.d | playbooks | ci | cmake )/
      | (?:^|/)(?: Makefile[^/]* | [^/]*\.mk | CMakeLists\.txt | [^/]*\.cmake | configure(?:\.ac|\.in)? | [^/]*\.m4 | meson[^/]*
      | BUILD(?:\.bazel)? | [^/]*\.bzl | Dockerfile[^/]* | Jenkinsfile | tox\.ini | setup\.(?:py|cfg) | pyproject\.toml
      | [^/]*requirements[^/]*\.txt | package(?:-lock)?\.json | yarn\.lock | pnpm-lock\.yaml | Cargo\.(?:toml|lock)
      | go\.(?:mod|sum) | pom\.xml | [^/]*\.gradle(?:\.kts)? | gradle[^/]* | \.[^/]*(?:ignore|rc|\.ya?ml) | vendor\.conf | VERSION
      | MAINTAINERS )$
      | (?:^|/)(?: vendor | third[_-]party )/""",
    re.VERBOSE,
)
_FLAGS = re.IGNORECASE | re.VERBOSE
_TYPES = {
    "feat": FEATURE, "feature": FEATURE, "new": FEATURE, "fix": FIX, "bugfix": FIX, "hotfix": FIX, "update": FEATURE,
    "enhancement": FEATURE, "perf": REFACTOR, "refactor": REFACTOR, "style": REFACTOR, "types": REFACTOR, "test": TEST,
    "tests": TEST, "doc": DOCS, "docs": DOCS, "readme": DOCS, "build": BUILD, "ci": BUILD, "chore": BUILD, "deps": BUILD,
    "release": BUILD, "upgrade": BUILD, "breaking": FEATURE,
}  # fmt: skip
_TYPE = re.compile(r"^\W{0,2}([a-z]{2,11})\W?(?:\([^)]{0,80}\))?!?:\s", re.IGNORECASE)
_LABEL = re.compile(r"^(?:\s*(?:\[[^\]]{1,60}\]|\([^)]{1,60}\)|[\w./,*{}+-]{1,60}(?:[ ,&][\w./,*{}+-]{1,30}){0,2}:(?=\s)))+\s*")
_TEST_TOPIC = r"(?:unit-?|e2e-?|functional[ ])?tests? | test-?cases? | testing | coverage | mocks? | flaky | tempest"
_DOCS_TOPIC = r"""docs? | documentation | document(?:s|ed|ing)? | docstrings? | readme | comments? | typos? | spelling | grammar
    | release[ -]?notes? | change-?logs? | man[ ]pages? | licen[sc]es? | copyright | guide | wording"""
_BUILD_TOPIC = r"""bump(?:s|ed|ing)? | upgrade(?:s|d)? | requirements | dependenc(?:y|ies) | deps | CI | travis
    | appveyor | jenkins | github[ ]actions? | zuul | make-?files? | cmake | meson | pom | rpm | maintainers
    | vendoring | vendor(?=[ ](?:of|in)\b)
    | clippy | rustfmt | eslint(?=[ ](?:rules?|warnings?|errors?)\b) | pep-?8 | hacking | submodules? | \.?git-?ignore
    | import(?:ed)?[ ]translations? | imported | prepare[ ](?:for[ ])?(?:release|next) | next[ ]development
    | (?:fix(?:e[sd])?|repair|broken)[ ](?:\w+[ ])?(?:builds?|compil\w+)
    | builds?[ ](?:scripts?|system|errors?|failures?|warnings?) | compil\w+[ ](?:errors?|warnings?|failures?)
    | (?:new|next|update|set|increase)[ ]\w*[ ]?version | version[ ]v?\d[\w.]* | release[ ]v?\d[\w.]*"""
_TOPICS = tuple(
    (name, re.compile(rf"\b(?:{words})\b", _FLAGS))
    for name, words in ((TEST, _TEST_TOPIC), (DOCS, _DOCS_TOPIC), (BUILD, _BUILD_TOPIC))
)
_WORDS = {
    FEATURE: """
        accept add allow change configure configurable create default deprecate detect display emit enable enhance
        enhancement experimental export expose extend first generate give implement implementation improve include
        increase initial introduce let limit log make new offload option optional parse print provide register report
        require restrict retry return send set show stabilize stabilise support update validate verify wait warn
    """,
    FIX: """
        always avoid check correct correctly disable disallow don't ensure error fail failure fallback forbid guard
        handle ignore invalid issue missing mitigate never null only overflow prevent problem properly protect race
        repair resolve restore sanitize skip stop tolerate workaround
    """,
    REFACTOR: """
        abstract adapt adjust align cache call clean cleanup consolidate convert dead deduplicate delete drop
        duplicate encapsulate extract factor faster format generalize generalise hide inline internal merge migrate
        minor modernize modernise move narrow normalize normalise obsolete optimize optimise optimization pass perf
        performance polish port privatize rearrange reduce redundant refactor refactoring remove removal rename
        reorder reorganize reorganise replace restructure reuse re-use rewrite rework separate share shorten simplify
        speed split style switch tidy transform trivial tweak type typing unify unnecessary unneeded unused use
    """,
}


def _forms(word: str) -> set[str]:
    """``word`` as a subject may put it: adds, added, adding, removes, removing, splitting, simplifies."""
    endings = {
        word,
        word + "s",
        word + "es",
        word + "ed",
        word + "d",
        word + "ing",
        word + word[-1] + "ed",
        word + word[-1] + "ing",
    }
    return endings | ({word[:-1] + "ing"} if word.endswith("e") else set()) | ({word[:-1] + "ies", word[:-1] + "ied"} - {word})


_TELLING = {form: name for name, words in _WORDS.items() for word in words.split() for form in _forms(word)}
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
_LONGEST = 300


def kind(message: str, paths: Sequence[str]) -> str:
    """One of ``KINDS``, by the rules at the top of this module."""
    return _by_paths(paths) or _by_message(message)


def _by_paths(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    if all(map(is_docs, paths)):
        return DOCS
    if all(is_test(path) for path in paths if not is_docs(path)):
        return TEST
    return BUILD if all(map(_is_build, paths)) else ""


def _is_build(path: str) -> bool:
    return _BUILD_PATH.search(path) is not None and (not is_code(path) or path.endswith("setup.py"))


def _by_message(message: str) -> str:
    subject = message.lstrip().partition("\n")[0][:_LONGEST]
    said = judge(message)
    if said.revert:
        return OTHER
    typed = _TYPE.match(subject)
    if typed and typed[1].lower() in _TYPES:
        return _TYPES[typed[1].lower()]
    return FIX if said.fix else _by_words(_LABEL.sub("", subject) or subject)


def _by_words(subject: str) -> str:
    topic = next((name for name, words in _TOPICS if words.search(subject)), "")
    return topic or next((_TELLING[word] for word in map(str.lower, _WORD.findall(subject)) if word in _TELLING), OTHER)
