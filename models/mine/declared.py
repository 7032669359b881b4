"""Labels that developers declare: a later commit names this one as what it mends or takes back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

from models.mine.history import Commit, History

_HASH = r"""[`'"\[(<]{0,2}(?:https?://[\w./-]{1,150}/commit/)?(?P<hash>[0-9a-f]{7,64})(?![\w.-]*\w)"""
_BLANK = r"\s{1,3}"
_DEFECT = (
    r"^[>\t]{0,8}fixes:? (?:commit )?HASH",
    r"(?<!test\s)(?<!tests\s)\b(?:introduced|broken|caused) (?:in|by|with|since|from) (?:commit |change )?HASH",
    r"\b(?:regression|regressed|bug) (?:introduced )?(?:in|from|since|by|of) (?:commit )?HASH",
)
_REVERT = (r"\bthis reverts commit HASH", r"\Areverts?:? (?:commit )?HASH")
_DEFECTS, _REVERTS = (
    tuple(re.compile(text.replace("HASH", _HASH).replace(" ", _BLANK), re.IGNORECASE | re.MULTILINE) for text in texts)
    for texts in (_DEFECT, _REVERT)
)
_NO_DEFECT = re.compile(
    r"\b(?:inadvertent(?:ly)?|accidental(?:ly)?|by (?:mistake|accident)|wrong (?:tree|branch|version)|(?:intended|meant|only) for"
    r"|premature(?:ly)?|too early|not ready)\b",
    re.IGNORECASE,
)
_LONGEST = 100_000


def named(message: str) -> tuple[str, ...]:
    """The hashes, as written and in lower case, of commits that ``message`` blames, in order and without repeats.

    A revert blames, unless it says that the change had only come too early, or to the wrong place.
    """
    message = message[:_LONGEST]
    patterns = _DEFECTS if _NO_DEFECT.search(message) else (*_DEFECTS, *_REVERTS)
    found = [match for pattern in patterns for match in pattern.finditer(message)]
    found.sort(key=lambda match: match.start("hash"))
    return tuple(dict.fromkeys(match["hash"].lower() for match in found))


def blamed(
    history: History, commit: Commit, names: Collection[str], reverts: Collection[str], left_out: Counter[str]
) -> Iterator[str]:
    """The full hashes of the earlier changes that ``commit`` names.

    A name counts when it stands for one commit of the history, which is no merge and came before. A revert of a revert
    blames nobody: the change comes back, and the first revert (one of ``reverts``) was no defect. What does not count is
    counted in ``left_out``.
    """
    for name in names:
        found = history.matching(name)
        culprit = history.get(found[0]) if len(found) == 1 else None
        if culprit is None:
            left_out["names of commits that the history does not hold" if not found else "ambiguous names of commits"] += 1
        elif history.position[culprit.id] >= history.position[commit.id]:
            left_out["names of later commits"] += 1
        elif len(culprit.parents) > 1:
            left_out["names of merges"] += 1
        elif culprit.id in reverts:
            left_out["reverts of reverts"] += 1
        else:
            yield culprit.id
