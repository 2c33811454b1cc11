"""How much of freed memory a process gives back to the system while small blocks lie between the large ones."""

import os
import subprocess
import sys
from pathlib import Path

from taco.model.allocator import LARGE


def measure_given_back() -> float:
    """Take and free 256 MiB in this process; return how many MiB went back."""
    bytearray(b"x") * (4 * LARGE)  # freed at once, by which glibc's limit rises
    large, small = [], []
    for _ in range(32):
        large.append(bytearray(b"x") * (4 * LARGE))
        small.append(bytearray(b"x") * 100_000)
    before = _read_mib()
    large.clear()
    return before - _read_mib()


def measure_after(prepare: str, **variables: str) -> float:
    """Measure it in a new process, after lines of Python and with environment variables of its own."""
    own = ("MALLOC_", "GLIBC_", "ONEDNN_", "DNNL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", f"{prepare}\nfrom given_back import measure_given_back\nprint(measure_given_back())"],
        env={**kept, "PYTHONPATH": path, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _read_mib() -> float:
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
