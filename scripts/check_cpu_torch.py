"""Fail, and take torch out again, when pip chose a build with CUDA that nobody asked for.

Reads the build's own version file instead of importing torch, whose dependencies are not installed yet.
"""

import runpy
import subprocess
import sys
import sysconfig
from pathlib import Path


def cuda_version(site: Path) -> str | None:
    """The CUDA version that the torch in ``site`` was built for; None for a CPU build."""
    found = runpy.run_path(str(site / "torch" / "version.py")).get("cuda")
    return None if found is None else str(found)


def main() -> int:
    """Return 0 for a CPU build; otherwise uninstall torch, say what to do and return 1."""
    cuda = cuda_version(Path(sysconfig.get_path("platlib")))
    if cuda is None:
        return 0
    subprocess.run([sys.executable, "-m", "pip", "uninstall", "-q", "-y", "torch"], check=False)
    print(
        f"Expected a CPU build of torch, but pip chose one for CUDA {cuda} and it was taken out again; run make with "
        "TORCH_INDEX=URL, the index of CPU wheels that PyTorch's installation page names, or with GPU=1 to accept CUDA.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
