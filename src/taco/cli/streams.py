"""The command line's own output: a narrow terminal, an old encoding, a full disk or a reader gone is no fault of taco."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

TABLE_WIDTH = 80
"""Columns of the tables of figures, see `taco.report.terminal`."""


def prepare_output() -> None:
    r"""Let standard output take every character: what its encoding lacks, and half characters in paths, are written as \u2212.

    Not as "?", which would hide the sign of a number.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def flush_output() -> None:
    """Write what is printed; at the interpreter's exit a full disk or a reader gone would have no exit code of taco's."""
    if sys.stdout is not None:
        sys.stdout.flush()


def drop_output() -> None:
    """Let go of what standard output does not take: a flush at exit would complain once more."""
    try:
        flush_output()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_console() -> Console:
    """Open a console at least as wide as the tables: a narrower terminal breaks their lines, and no figure is cut off."""
    from rich.console import Console

    console = Console()
    return console if console.width >= TABLE_WIDTH else Console(width=TABLE_WIDTH)
