"""What holds for all tests."""

from __future__ import annotations

import os

# Read by torch when it is first imported: tests run side by side, and small models gain nothing from more threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
