"""Writing files so that a reader never sees half of one, and disk faults as errors that say what to do."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from taco.errors import StoreError

_HINTS = {
    errno.ENOSPC: "The disk is full. Free some space and run the same command again; what is done is kept.",
    errno.EDQUOT: "Your disk quota is used up. Free some space and run the same command again; what is done is kept.",
    errno.EROFS: "The folder is read-only. Choose another one with --runs or --out, or TACO_CACHE for the cache.",
    errno.EACCES: "The folder may not be written. Choose another one with --runs or --out, or TACO_CACHE for the cache.",
    errno.EPERM: "The folder may not be written. Choose another one with --runs or --out, or TACO_CACHE for the cache.",
    errno.ENOTDIR: "A part of this path is a file, not a folder. Choose another one with --runs, --out or TACO_CACHE.",
    errno.EEXIST: "A file stands where a folder must be. Choose another one with --runs, --out or TACO_CACHE.",
}


FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What a disk says that takes no more, in whichever library it is met."""


@contextmanager
def disk_faults(path: Path, doing: str = "write") -> Iterator[None]:
    """Turn an `OSError` inside the context into a `StoreError` that names the file and says what to do."""
    try:
        yield
    except OSError as error:
        code = error.errno or 0
        raise StoreError(
            f"Cannot {doing} {error.filename or path}: {error.strerror or error}.", hint=_HINTS.get(code, "")
        ) from error


def write_atomically(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file through a temporary neighbour, so that it is there whole or as it was before.

    Raises:
        StoreError: The disk is full, read-only or otherwise refuses.
    """
    partial = path.with_name(path.name + ".partial")
    with disk_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as out:
                out.writelines(pieces)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    with disk_faults(path, "read"), path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
