"""Large blocks go back to the system when they are freed, whatever lies between them."""

import os
import platform
import subprocess
import sys

import pytest

from taco.model.allocator import LARGE

SCRIPT = f"""
import sys
from pathlib import Path
from taco.model.allocator import give_back_large_blocks

def read_mib():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024

if sys.argv[1] == "True":
    give_back_large_blocks()
bytearray(b"x") * (4 * {LARGE})  # freed at once, by which glibc's limit rises
large, small = [], []
for _ in range(32):
    large.append(bytearray(b"x") * (4 * {LARGE}))
    small.append(bytearray(b"x") * 100_000)
before = read_mib()
large.clear()
print(before - read_mib())
"""


def measure_given_back(*, is_asked: bool, **more: str) -> float:
    """Return how many of 256 MiB a process gave back."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(is_asked)],
        env={**variables, **more},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such limit")
def test_what_lies_between_large_blocks_does_not_hold_them() -> None:
    assert measure_given_back(is_asked=True) > 250
    assert measure_given_back(is_asked=False) < 50


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such limit")
def test_a_users_limit_stays() -> None:
    assert measure_given_back(is_asked=True, MALLOC_MMAP_THRESHOLD_=str(2**25)) < 50
