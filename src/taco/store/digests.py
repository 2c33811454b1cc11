"""Digests of large files that are not read again while size and time of change stay the same."""

from __future__ import annotations

import json
import time
from pathlib import Path

from taco.store.files import digest_file, disk_faults, write_atomically

_SETTLED_NS = 2_000_000_000
"""A file that changed less than this before its digest was noted may change again without a sign of it: file systems keep
times in steps of up to two seconds (FAT). Its digest is not trusted, as git does not trust such a file either."""

_Entry = tuple[int, int, int, str]


class DigestCache:
    """SHA-256 of files by path, size and time of change.

    Args:
        path: Where they are kept from one run to the next; a damaged file counts as empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, _Entry] = {}
        self._is_changed = False
        try:
            found = json.loads(path.read_bytes())
            self._entries = {str(key): (int(a), int(b), int(c), str(d)) for key, (a, b, c, d) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return

    def digest(self, file: Path) -> str:
        """Return a file's SHA-256 as 64 hex digits, read anew only if the file may have changed.

        Raises:
            StoreError: The file cannot be read.
        """
        with disk_faults(file, "read"):
            stat = file.stat()
        key = str(file.resolve())
        size, changed_at, noted_at, digest = self._entries.get(key, (-1, 0, 0, ""))
        if (size, changed_at) == (stat.st_size, stat.st_mtime_ns) and noted_at - changed_at > _SETTLED_NS:
            return digest
        noted_at = time.time_ns()
        digest = digest_file(file)
        self._entries[key] = (stat.st_size, stat.st_mtime_ns, noted_at, digest)
        self._is_changed = True
        return digest

    def save(self) -> None:
        """Keep what was found out.

        Raises:
            StoreError: The file cannot be written.
        """
        if self._is_changed:
            write_atomically(self._path, [json.dumps(self._entries, indent=0).encode(), b"\n"])
            self._is_changed = False
