"""The folder that a command writes: its neighbours, and a lock against two commands that write it at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from taco.errors import PublishError
from taco.store.files import disk_faults

_NEIGHBOURS = (".taco-partial", ".taco-old")
"""Endings of the neighbours' names: they are emptied without a question, so nobody else may call a folder so."""


class OutFolder(NamedTuple):
    """A folder and its neighbours.

    Attributes:
        root: The folder, absolute.
        partial: NAME.taco-partial, where the new one is built.
        old: NAME.taco-old, the old one on its way out.
    """

    root: Path
    partial: Path
    old: Path


def name_folder(root: Path, *, what: str) -> OutFolder:
    """Name a folder's neighbours.

    Args:
        root: The folder.
        what: What it is, for messages: "an export".

    Raises:
        PublishError: It can have none, such as the root of the disk.
    """
    resolved = root.resolve()
    if not resolved.name:
        raise PublishError(f"{root} cannot be the folder of {what}.", hint="Choose another --out.")
    return OutFolder(resolved, *(resolved.with_name(resolved.name + ending) for ending in _NEIGHBOURS))


def is_hidden(name: str) -> bool:
    """Whether a file is none of what taco writes: `.git` and `.gitattributes` of a clone."""
    return name.startswith(".")


def put_in_place(folder: OutFolder) -> None:
    """Put what was built in the place of the old folder, whose hidden files it takes over; leave the old one beside it."""
    if folder.root.exists():
        folder.root.rename(folder.old)
        _move_hidden(folder.old, folder.partial)
    folder.partial.rename(folder.root)


def put_back(folder: OutFolder) -> None:
    """Put the old folder back, with its hidden files, where a killed process left nothing in its place."""
    if folder.old.exists() and not folder.root.exists():
        folder.old.rename(folder.root)
        if folder.partial.exists():
            _move_hidden(folder.partial, folder.root)


def _move_hidden(source: Path, target: Path) -> None:
    """Move what is not ours from one folder to another."""
    for path in source.iterdir():
        if is_hidden(path.name):
            path.rename(target / path.name)


@contextmanager
def lock_folder(root: Path, *, what: str) -> Iterator[None]:
    """Hold a folder for this process.

    Args:
        root: The folder; it need not be there, and the one that it lies in is made.
        what: What it is, for messages: "the export".

    Raises:
        PublishError: Another process writes it.
        StoreError: The lock beside it cannot be written.
    """
    path = root.with_name(root.name + ".taco-lock")
    with disk_faults(path):
        root.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(path, timeout=0)
        try:
            held.acquire()
        except Timeout as error:
            raise PublishError(
                f"Another process is writing {what} {root}.", hint="Wait for it, or choose another --out."
            ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: whoever opened it meanwhile finds it gone and tries again
        held.release()
