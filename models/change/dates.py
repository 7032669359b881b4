"""When a patch was written, as far as it says so itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from models.change.types import Diff

_DATE = re.compile(r"^(?:Author)?Date:[ \t]{1,12}(\S.{0,80})$", re.MULTILINE)


def written(diff: Diff) -> datetime | None:
    """The earliest date in the heads of the commits or mails that ``diff`` was read from; None where it has none."""
    heads = (diff.preamble, *(file.lead for file in diff.files))
    return min((one for head in heads for text in _DATE.findall(head) for one in _read(text)), default=None)


def _read(text: str) -> list[datetime]:
    """The date that ``text`` is, as git or a mail writes it, if it is one; one without a zone is taken for UTC."""
    try:
        date = parsedate_to_datetime(text.strip())
    except (ValueError, OverflowError, IndexError, TypeError):
        return []
    return [date if date.tzinfo else date.replace(tzinfo=UTC)]
