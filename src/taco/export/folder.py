"""The folder of an export: built beside the old one, sealed with the digests of its files, put in place when it is whole.

NAME                the export; all old or all new, or away for the time between two renames
NAME.taco-partial   where the new one is built; what a killed call finished of its intermediate model is used by the next
NAME.taco-old       the old one on its way out; if NAME is missing, it is put back first
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taco.errors import PublishError
from taco.publish.hub.parcel import EXPORT_SEAL
from taco.publish.out_folder import is_hidden, lock_folder, name_folder, put_back, put_in_place
from taco.store.files import digest_file, disk_faults, write_atomically

SEAL = EXPORT_SEAL
"""What the export is and the digests of its files. A folder with it is one of ours."""

WORK = ".work"
"""Folder inside NAME.taco-partial for what is no part of the export."""


class ExportFolder:
    """An export's folder.

    Args:
        root: The folder; made by `replace`.
    """

    def __init__(self, root: Path) -> None:
        self._folder = name_folder(root, what="an export")
        self.root, self.partial, self._old = self._folder

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process, and set right what a killed one left.

        Raises:
            PublishError: Another process writes it, or it holds what would be lost.
            StoreError: It cannot be written.
        """
        with lock_folder(self.root, what="the export"):
            with disk_faults(self.root):
                put_back(self._folder)
                shutil.rmtree(self._old, ignore_errors=True)
            self._check_owned()
            yield

    def is_current(self, key: str) -> bool:
        """Whether the export is whole, unchanged, and was made from the same things."""
        seal = read_seal(self.root)
        if seal.get("key") != key:
            return False
        paths = {self.root / name: digest for name, digest in seal["files"].items()}
        return all(path.is_file() and digest_file(path) == digest for path, digest in paths.items())

    def begin(self, key: str) -> Path:
        """Return the empty folder to build in, and keep only an intermediate model of the same key."""
        work = self.partial / WORK
        with disk_faults(self.partial):
            keeps = (work / "key").is_file() and (work / "key").read_text(encoding="utf-8") == key
            if self.partial.exists() and not keeps:
                shutil.rmtree(self.partial)
            work.mkdir(parents=True, exist_ok=True)
            for path in self.partial.iterdir():
                if path != work:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        write_atomically(work / "key", [key.encode()])
        return self.partial

    def replace(self, facts: dict[str, Any]) -> None:
        """Seal what was built and put it in the place of the old export.

        Args:
            facts: What the seal says besides the files; "key" among it.
        """
        with disk_faults(self.root):
            files = {name: digest_file(self.partial / name) for name in list_files(self.partial)}
            text = json.dumps({**facts, "files": files}, indent=1, ensure_ascii=False)
            write_atomically(self.partial / SEAL, [text.encode(), b"\n"])
            shutil.rmtree(self.partial / WORK)
            put_in_place(self._folder)
            shutil.rmtree(self._old, ignore_errors=True)

    def _check_owned(self) -> None:
        if not self.root.exists():
            return
        found = list_files(self.root) if self.root.is_dir() else [self.root.name]
        sealed = read_seal(self.root).get("files", {})
        foreign = [name for name in found if name not in sealed and name != SEAL]
        if foreign:
            raise PublishError(
                f"{self.root} holds files that are not of an export of taco: {', '.join(foreign[:3])}.",
                hint="Choose another --out, or move these files away.",
            )
        card = self.root / "README.md"
        if card.is_file() and digest_file(card) != sealed.get("README.md"):
            raise PublishError(
                f"{card} was changed since it was written, and would be overwritten.",
                hint="Move it away, run the command again and carry your changes over.",
            )


def list_files(folder: Path) -> list[str]:
    """Return the files below a folder, relative to it, sorted, without hidden ones."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(name for name in names if not any(map(is_hidden, name.split("/"))))


def read_seal(folder: Path) -> dict[str, Any]:
    """Return what an export says about itself; nothing where there is no seal that can be read."""
    try:
        seal = json.loads((folder / SEAL).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return seal if isinstance(seal, dict) and isinstance(seal.get("files"), dict) else {}


def add_file(folder: Path, name: str, content: bytes) -> None:
    """Add a file to a finished export and to its seal.

    Raises:
        StoreError: The folder cannot be written.
    """
    seal = read_seal(folder)
    write_atomically(folder / name, [content])
    seal["files"] = {**seal.get("files", {}), name: digest_file(folder / name)}
    write_atomically(folder / SEAL, [json.dumps(seal, indent=1, ensure_ascii=False).encode(), b"\n"])
