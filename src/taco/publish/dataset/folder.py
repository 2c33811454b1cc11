"""The data set's folder: built beside the old one, and put in its place when it is whole.

NAME                the data set; at any moment all old, all new, or away for the time between two renames
NAME.taco-partial   where the new one is built; what a killed run finished of it is used by the next
NAME.taco-old       the old one on its way out; if NAME is missing, it is put back first
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from taco.errors import PublishError
from taco.publish.dataset.entry import FOLDER
from taco.publish.out_folder import is_hidden, lock_folder, name_folder, put_back, put_in_place
from taco.store.files import digest_file, disk_faults, write_atomically

SUMS = "SHA256SUMS"
"""The digests of all files that depend on source, memory and recipe only; `sha256sum --check` reads it."""

CARD = "README.md"


class DatasetFolder:
    """A data set's folder.

    Args:
        root: The folder; made by `replace`.
    """

    def __init__(self, root: Path) -> None:
        self._folder = name_folder(root, what="a data set")
        self.root, self.partial, self._old = self._folder

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process, and set right what a killed one left.

        Raises:
            PublishError: Another process writes it, or it holds what would be lost.
            StoreError: It cannot be written.
        """
        with lock_folder(self.root, what="the data set"):
            with disk_faults(self.root):
                put_back(self._folder)
            self._remove(self._old)
            self._check_owned()
            yield

    def keep(self, files: Iterable[str]) -> None:
        """Take finished files over into the new data set, without copying them where the disk allows it."""
        for name in files:
            source, target = self.root / name, self.partial / name
            with disk_faults(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                try:
                    os.link(source, target)
                except OSError:
                    shutil.copy2(source, target)

    def clear(self, *names: str) -> None:
        """Remove files and folders of the new data set."""
        for name in names:
            path = self.partial / name
            with disk_faults(path, "remove"):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)

    def finish(self, texts: Mapping[str, str], digests: Mapping[str, str], *, beside: Iterable[str]) -> bool:
        """Write the last files and put the new data set in the place of the old one.

        Args:
            texts: File -> what it says.
            digests: File -> SHA-256 of the files that are there already.
            beside: Further files that are part of the data set; anything else that is in the way is removed.

        Returns:
            Whether the data set changed; if not, nothing of it was touched.
        """
        for name, text in texts.items():
            write_atomically(self.partial / name, [text.encode()])
        sums = dict(sorted({**digests, **{name: digest_file(self.partial / name) for name in texts}}.items()))
        lines = [f"{digest}  {name}\n".encode() for name, digest in sums.items()]
        write_atomically(self.partial / SUMS, lines)
        self._prune({*sums, SUMS, *beside})
        if self._is_same():
            self._remove(self.partial)
            return False
        with disk_faults(self.root):
            put_in_place(self._folder)
        self._remove(self._old)
        return True

    def _prune(self, wanted: set[str]) -> None:
        for path in sorted(self.partial.rglob("*"), reverse=True):
            name = path.relative_to(self.partial).as_posix()
            with disk_faults(path, "remove"):
                if path.is_dir():
                    if not any(path.iterdir()):
                        path.rmdir()
                elif name not in wanted and not is_hidden(name):
                    path.unlink()

    def _is_same(self) -> bool:
        new, old = _list_files(self.partial), _list_files(self.root)
        return new == old and all(_have_same_content(self.partial / name, self.root / name) for name in new)

    def _remove(self, folder: Path) -> None:
        with disk_faults(folder, "remove"):
            if folder.exists():
                shutil.rmtree(folder)

    def _check_owned(self) -> None:
        """Refuse a folder with files that are not ours, or a card that somebody has worked on."""
        if not self.root.exists():
            return
        if not self.root.is_dir():
            raise PublishError(f"{self.root} is a file; expected a folder.", hint="Choose another --out.")
        sums = _read_sums(self.root / SUMS)
        foreign = sorted(
            name for name in _list_files(self.root) - sums.keys() - {SUMS} if not name.startswith(f"{FOLDER}/")
        )
        if foreign:
            more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
            raise PublishError(
                f"{self.root} holds files that are not of a data set of taco: {', '.join(foreign[:3])}{more}.",
                hint="Choose another --out, or move these files away.",
            )
        if (self.root / CARD).is_file() and digest_file(self.root / CARD) != sums.get(CARD):
            raise PublishError(
                f"{self.root / CARD} was changed since it was written, and would be overwritten.",
                hint="Move it away, run the command again and carry your changes over.",
            )


def _read_sums(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with disk_faults(path, "read"):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _list_files(root: Path) -> set[str]:
    """Return the files below a folder, relative to it, without those that are hidden or in a hidden folder."""
    if not root.is_dir():
        return set()
    names = (path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())
    return {name for name in names if not is_hidden(name)}


def _have_same_content(first: Path, second: Path) -> bool:
    return first.samefile(second) or digest_file(first) == digest_file(second)
