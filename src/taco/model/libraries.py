"""The heavy libraries of the extra [train]: checked for, kept quiet, and given their CPU threads."""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taco.errors import ModelError

NEEDED = ("torch", "transformers", "peft", "accelerate", "safetensors")
"""Modules that loading, training and generating import."""


def require_libraries() -> None:
    """Check that the libraries of the extra [train] are installed, without importing them.

    Call it before anything imports torch: it tells OpenMP that a thread which waits for the others gives its core away
    (`OMP_WAIT_POLICY`, unless that is set). Otherwise threads spin, and on a machine that does something else too, each
    step takes as long as the unluckiest thread is kept waiting.

    Raises:
        ModelError: One of them is missing.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"Working with a model needs {', '.join(missing)}, not installed here.",
            hint="Install taco-llm[train]: pip install 'taco-llm[train]'",
        )


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep transformers' own bars, notes and warnings off the terminal; errors still come through.

    `Progress` shows what a user needs to see, and two writers garble each other's lines.
    """
    from transformers.utils import logging

    bars_were_on, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars_were_on:
            logging.enable_progress_bar()


def set_threads(threads: int | None) -> int:
    """Set the number of CPU threads of torch where one is asked for; return the number in use."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    return int(torch.get_num_threads())


def device_name() -> str:
    """Return where models run: "cuda" where torch sees a GPU, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def find_free_memory() -> int:
    """Return the bytes of memory that are free where models run: the GPU's, or the machine's."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
