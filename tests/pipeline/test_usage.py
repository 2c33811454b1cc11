"""What a stage takes is measured: cores, those of children too, and memory since the meter was made."""

import subprocess
import sys
from pathlib import Path

import pytest

from taco.pipeline.usage import Meter

MEMORY = 64 * 2**20


def test_memory_is_that_since_the_meter_was_made() -> None:
    before = bytearray(4 * MEMORY)
    before[::4096] = b"x" * len(before[::4096])
    del before
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux can start the count anew")
    meter = Meter()
    start = meter.read().peak_mib
    block = bytearray(MEMORY)
    block[::4096] = b"x" * len(block[::4096])
    peak = meter.read().peak_mib
    del block
    assert 48 <= peak - start <= 128
    assert meter.read().peak_mib >= peak - 2  # the kernel counts pages in batches


def test_cores_of_child_processes_count_when_they_have_ended() -> None:
    meter = Meter()
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    used = meter.read()
    assert used.cpu_seconds > 0
    assert used.seconds > 0
