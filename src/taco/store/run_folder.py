"""One run's folder: where each stage writes, and a lock against two runs in one folder."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from taco.errors import StoreError
from taco.store.digests import DigestCache
from taco.store.files import disk_faults
from taco.store.manifest import Manifest, read_manifest, write_manifest


class RunFolder:
    """A run folder.

    Args:
        root: The folder; made by `lock`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.digests = DigestCache(root / "digests.json")

    @property
    def manifest_path(self) -> Path:
        return self.root / "manifest.json"

    def stage(self, name: str) -> Path:
        """Return the folder that a stage writes to, made where missing."""
        folder = self.root / name
        with disk_faults(folder, "make the folder"):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def clear_stage(self, name: str) -> None:
        """Remove what a stage wrote."""
        with disk_faults(self.root / name, "remove"):
            if (self.root / name).exists():
                shutil.rmtree(self.root / name)

    def read_manifest(self) -> Manifest:
        return read_manifest(self.manifest_path)

    def write_manifest(self, manifest: Manifest) -> None:
        write_manifest(self.manifest_path, manifest)

    def digest_outputs(self, name: str) -> dict[str, str]:
        """Return the SHA-256 of every file of a stage, by its path relative to the run folder."""
        files = sorted(path for path in (self.root / name).rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): self.digests.digest(path) for path in files}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process.

        Raises:
            StoreError: Another run holds it, or it cannot be written.
        """
        owner = self.root / "lock.json"
        with disk_faults(self.root, "make the folder"):
            self.root.mkdir(parents=True, exist_ok=True)
            held = FileLock(self.root / "lock", timeout=0)
            try:
                held.acquire()
            except Timeout as error:
                raise StoreError(
                    f"Another run is working in {self.root}{_describe_owner(owner)}.",
                    hint="Wait for it, stop it, or give this run another folder (--set name=OTHER; bench-mt: --out OTHER).",
                ) from error
        try:
            with disk_faults(owner):
                owner.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
            yield
        finally:
            owner.unlink(missing_ok=True)
            held.release()


def _describe_owner(path: Path) -> str:
    try:
        owner = json.loads(path.read_text())
        return f" (process {int(owner['pid'])} on {owner['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
