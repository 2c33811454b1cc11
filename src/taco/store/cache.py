"""The cache folder: downloaded models and the translation memory, shared by all runs."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the cache folder, without making it.

    `TACO_CACHE` if set, else `$XDG_CACHE_HOME/taco`, else `~/.cache/taco`.
    """
    if chosen := os.environ.get("TACO_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "taco"
