"""How the C library hands memory out, where a process lives for long."""

from __future__ import annotations

import ctypes
import os

LARGE = 2 * 2**20
"""Bytes from which a block is one of its own, given back to the system when it is freed."""

_MMAP_THRESHOLD = -3
"""`M_MMAP_THRESHOLD` of glibc's malloc.h."""

_OWN = ("MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
"""Variables by which users set it themselves."""


def give_back_large_blocks() -> None:
    """Let glibc give large blocks back when they are freed; nothing happens with other C libraries.

    By default glibc raises its limit to the largest block that was freed, up to 32 MiB. Keys and values of batches that
    come and go are smaller than that and of all sizes, so they are laid out between what stays, and a server's memory grows
    to twice what it uses (docs/serve.md). What a user has set is left alone.
    """
    if any(name in os.environ for name in _OWN):
        return
    try:
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)
    except (AttributeError, OSError, TypeError):  # no glibc
        return
