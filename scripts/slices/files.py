"""What a large file of predictions costs to load, slice and search: ``python -m scripts.slices.files --rows 10000000``.

The predictions that ship with whydiff, repeated under ids of their own until there are so many rows, are written to a temporary
folder. Each command is a process of its own; its largest memory is what the system counted.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scripts.flips.tables import table

SHIPPED = Path(__file__).resolve().parents[2] / "sample_diffs" / "predictions.parquet"
MODEL = "whydiff-default"
COMMANDS = (
    ("--by", "component,language", "--metrics", "accuracy,precision,recall,fpr,f1,mcc"),
    ("--by", "component,language", "--where", "lines_added > 10 and language != 'Java'"),
    ("--discover",),
)
_MEASURED = """
import resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""
"""Run by a small process, because a process that a large one starts is counted with the memory of that one at first."""


def write(path: Path, rows: int) -> None:
    """So many predictions of one model."""
    shipped = pq.read_table(SHIPPED)
    own = shipped.filter(pc.equal(shipped.column("model").cast(pa.string()), MODEL))
    place = own.schema.get_field_index("id")
    names = own.column("id").cast(pa.string())
    with pq.ParquetWriter(path, own.schema.set(place, pa.field("id", pa.string())), compression="zstd") as writer:
        for n in range(math.ceil(rows / len(names))):
            part = own.set_column(place, "id", pc.binary_join_element_wise(names, f"#{n}", ""))
            writer.write_table(part.slice(0, rows - n * len(names)))


def measured(path: Path, arguments: Sequence[str]) -> tuple[float, float, float]:
    """(seconds, processor seconds, largest memory in GB) of ``whydiff slice`` with these arguments. Raises RuntimeError."""
    command = [sys.executable, "-m", "app.cli.main", "slice", str(path), "--model", MODEL, *arguments, "--format", "json"]
    found = subprocess.run([sys.executable, "-c", _MEASURED, *command], stdout=subprocess.PIPE, text=True, check=True)
    code, seconds, processor, kilobytes = found.stdout.split()
    if code != "0":
        raise RuntimeError(f"whydiff slice ended with {code}")
    return float(seconds), float(processor), float(kilobytes) / 1e6


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.slices.files", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.parquet"
        write(path, given.rows)
        print(f"{given.rows:,} rows, a file of {path.stat().st_size / 1e6:,.0f} MB.\n")
        rows = []
        for one in COMMANDS:
            seconds, processor, memory = measured(path, one)
            rows.append(("`" + " ".join(one) + "`", f"{seconds:.1f} s", f"{processor:.1f} s", f"{memory:.2f} GB"))
    print(table(("whydiff slice", "took", "processor time", "most memory"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
