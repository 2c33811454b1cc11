"""What a stage takes: time, time on processors, memory."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
"""Written to clear_refs, it makes the peak what is in use now; see proc(5), Linux 4.0 and later."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What something took.

    Attributes:
        seconds: Wall-clock time.
        cpu_seconds: Time on processor cores, those of ended child processes included; of an accelerator nothing.
        peak_mib: The most memory that this process held at once, without child processes. Where the system cannot start
            the count anew, it is the most since the process began.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float


class Meter:
    """Measures from when it is made."""

    def __init__(self) -> None:
        _reset_peak()
        self._seconds, self._cpu_seconds = time.monotonic(), _read_cpu_seconds()

    def read(self) -> Usage:
        """Return what was taken so far.

        >>> Meter().read().peak_mib > 1
        True
        """
        return Usage(
            seconds=round(time.monotonic() - self._seconds, 3),
            cpu_seconds=round(_read_cpu_seconds() - self._cpu_seconds, 2),
            peak_mib=round(_read_peak_bytes() / 2**20, 1),
        )


def _read_cpu_seconds() -> float:
    return sum(os.times()[:4])


def _reset_peak() -> None:
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return  # no Linux, or not allowed: the peak since the process began is what there is


def _read_peak_bytes() -> int:
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration, ValueError, IndexError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
