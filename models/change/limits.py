"""How much is read: a change above these limits is refused with a sentence, never half read."""

MAX_BYTES = 50_000_000
"""Most bytes of one diff."""

MAX_HEADER_LINE = 8192
"""Most characters of one header line: longer than any path, short enough that no pattern takes long on it."""

MAX_NUMBER = 999_999_999
"""Largest line number that is kept; git reads larger ones, no file has them."""
