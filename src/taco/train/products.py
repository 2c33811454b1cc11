"""Matrix products by the library that is fast on this processor.

torch's fp32 products on x86 are those of Intel's MKL. On an AMD EPYC oneDNN's make a training step of a small Llama 10 to
14 % faster (benchmarks/fused.py). The choice follows from the processor's maker, not from a trial, so that the same
machine always gets the same bits.
"""

from __future__ import annotations

import functools
import platform
from pathlib import Path

import torch
from torch.nn.functional import linear

from taco.model import onednn


def multiply(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """Return `rows @ weight.T + bias`, as `torch.nn.functional.linear` does, without a gradient of its own.

    Args:
        rows: [N, in].
        weight: [out, in]; a transposed view will do.
        bias: [out], or none.
    """
    if rows.dtype == torch.float32 and rows.device.type == "cpu" and prefers_onednn():
        return onednn.multiply(rows, weight, bias)
    return linear(rows, weight, bias)


@functools.cache
def prefers_onednn() -> bool:
    """Whether fp32 products go to oneDNN: on an x86 processor of another maker than Intel, where torch has it."""
    if not onednn.is_x86() or _read_maker() in ("", "GenuineIntel"):
        return False
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    rows, weight = torch.ones(2, 3), torch.ones(4, 3)
    return onednn.is_right(lambda: onednn.multiply(rows, weight, None), linear(rows, weight))


def _read_maker() -> str:
    """Return the processor's maker as it names itself, "AuthenticAMD" for instance; empty if unknown."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        # On Windows: "AMD64 Family 25 Model 33 Stepping 2, AuthenticAMD".
        return platform.processor().rpartition(",")[2].strip()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")), "")
