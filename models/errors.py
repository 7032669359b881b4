"""The one error tree of whydiff.

    WhydiffError               anything the user can mend; printed as one sentence, exit code 2
    ├── InputError             the change could not be read
    │   ├── NotADiffError      no file of a unified diff was found
    │   ├── MalformedDiffError a diff, but broken: truncated hunk, wrong counts, combined diff
    │   └── RevisionError      a git revision or repository could not be read
    │       └── UnknownRevisionError  nothing has that name
    ├── ModelError             a checkpoint is missing, broken or unsafe
    ├── DataError              a dataset or a predictions file is missing or lacks columns
    └── UsageError             options that do not fit together

A message says what was expected, what came and what to do, in one sentence.
"""


class WhydiffError(Exception):
    """Base of everything that the user can mend."""


class InputError(WhydiffError):
    """The change could not be read."""


class NotADiffError(InputError):
    """No file of a unified diff was found in the text."""


class MalformedDiffError(InputError):
    """The text is a diff, but a broken one."""


class RevisionError(InputError):
    """A git revision or repository could not be read."""


class UnknownRevisionError(RevisionError):
    """Nothing in the repository, if there is one, has that name."""


class ModelError(WhydiffError):
    """A checkpoint is missing, broken or unsafe to load."""


class DataError(WhydiffError):
    """A dataset or a predictions file is missing or lacks columns."""


class UsageError(WhydiffError):
    """Options that do not fit together."""
