"""Checkpoints that are either whole or not used: each is sealed with the digests of its files, written last."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from taco.progress import Progress
from taco.store.files import digest_file, disk_faults, write_atomically

SEAL = "taco-checkpoint.json"
"""Name of the file that makes a checkpoint complete."""

_FOLDER = re.compile(r"checkpoint-(\d+)")


def seal_checkpoint(folder: Path, *, plan: str) -> None:
    """Mark a checkpoint as complete.

    Args:
        folder: The checkpoint's folder, "checkpoint-STEP".
        plan: Digest of all that decides the training, see `find_checkpoint`.
    """
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != SEAL)
    files = {path.relative_to(folder).as_posix(): digest_file(path) for path in found}
    text = json.dumps({"plan": plan, "step": read_step(folder), "files": files}, indent=1)
    write_atomically(folder / SEAL, [text.encode(), b"\n"])


def find_checkpoint(folder: Path, *, plan: str, progress: Progress) -> Path | None:
    """Return the newest whole checkpoint of this very training; others that are newer are removed.

    Args:
        folder: The folder of all checkpoints.
        plan: Digest of all that decides the training; a checkpoint of another training is not used.
        progress: Where to say which are passed over.
    """
    candidates = list_checkpoints(folder)
    for checkpoint in reversed(candidates):
        fault = find_fault(checkpoint, plan=plan)
        if fault is None:
            return checkpoint
        progress.say(f"{checkpoint} is passed over: {fault}.")
        with disk_faults(checkpoint, "remove"):
            shutil.rmtree(checkpoint)
    if candidates:
        progress.say("No checkpoint can be used; training starts at step 0.")
    return None


def find_fault(checkpoint: Path, *, plan: str) -> str | None:
    """Return what is wrong with a checkpoint, or None."""
    try:
        seal = json.loads((checkpoint / SEAL).read_bytes())
        found, files = seal["plan"], dict(seal["files"])
        damaged = [name for name, digest in files.items() if not _has_digest(checkpoint / name, digest)]
    except FileNotFoundError:
        return "it was not finished"
    except (OSError, ValueError, KeyError, TypeError):
        return "its seal is damaged"
    if found != plan:
        return "it belongs to a training with other rows or settings"
    return f"{damaged[0]} is damaged" if damaged else None


def _has_digest(path: Path, digest: str) -> bool:
    return path.is_file() and digest_file(path) == digest


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, whole or not, by step."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted((path for path in found if _FOLDER.fullmatch(path.name)), key=read_step)


def remove_old_checkpoints(folder: Path, *, keep: int) -> None:
    """Remove all checkpoints but the newest `keep`."""
    found = list_checkpoints(folder)
    for checkpoint in found[: max(0, len(found) - keep)]:
        with disk_faults(checkpoint, "remove"):
            shutil.rmtree(checkpoint)


def read_step(checkpoint: Path) -> int:
    """Return the step that a checkpoint's folder is named after.

    >>> read_step(Path("checkpoints/checkpoint-40"))
    40
    """
    return int(checkpoint.name.rpartition("-")[2])
