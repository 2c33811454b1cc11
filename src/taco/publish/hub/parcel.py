"""What would be uploaded: the sealed files of a folder that taco wrote, checked, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from taco.errors import PublishError
from taco.publish.dataset.entry import entry_place, read_entry
from taco.publish.dataset.folder import CARD, SUMS
from taco.publish.dataset.markdown import unescape
from taco.publish.dataset.recipe_file import recipe_place
from taco.remote.hub import find_card_licence
from taco.store.files import digest_file, disk_faults

Kind = Literal["model", "dataset"]

EXPORT_SEAL = "taco-export.json"
"""The file by which an export of `taco export` is known; it names all others."""

_LINEAGE = re.compile(r"^## Licence$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_WARNING = re.compile(r"^- Warning: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What would be uploaded.

    Attributes:
        folder: Where the files are.
        kind: What the hub calls such a repository.
        files: File, relative to the folder -> its size in bytes; sorted, the card first.
        card: Text of the card.
        licence: What the card names, "" for nothing.
        warnings: What the card warns of about licences.
        edited: Whether somebody worked on the card after taco wrote it.
    """

    folder: Path
    kind: Kind
    files: Mapping[str, int]
    card: str
    licence: str
    warnings: tuple[str, ...]
    edited: bool

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(self.files.values())


def open_parcel(folder: Path) -> Parcel:
    """Check a folder and list what would be uploaded.

    Files that the seal does not name stay where they are. The card alone may differ from what taco wrote.

    Raises:
        PublishError: The folder is none that taco wrote, or a file is missing or was changed.
        StoreError: A file cannot be read.
    """
    kind, digests = _read_digests(folder)
    known = {**_list_beside(folder, kind, digests), **digests}
    faults = [f"  {name}: {fault}" for name, digest in known.items() if (fault := _find_fault(folder, name, digest))]
    if faults:
        raise PublishError(
            f"{folder} is not as taco wrote it:\n" + "\n".join(faults[:10]), hint="Write it again, or undo the changes."
        )
    if CARD not in digests:
        raise PublishError(f"{folder} has no card (README.md).", hint="Write it again with this version of taco.")
    names = sorted(known, key=lambda name: (name != CARD, name))
    with disk_faults(folder, "read"):
        card = (folder / CARD).read_text(encoding="utf-8")
        files = {name: (folder / name).stat().st_size for name in names}
    return Parcel(
        folder=folder,
        kind=kind,
        files=files,
        card=card,
        licence=find_card_licence(card),
        warnings=_read_warnings(card),
        edited=digest_file(folder / CARD) != digests[CARD],
    )


def _read_digests(folder: Path) -> tuple[Kind, dict[str, str]]:
    seal, sums = folder / EXPORT_SEAL, folder / SUMS
    with disk_faults(folder, "read"):
        if seal.is_file():
            return "model", _read_seal(seal)
        if sums.is_file():
            lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
            return "dataset", {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}
    raise PublishError(
        f"{folder} is no folder that taco can publish: it has neither {EXPORT_SEAL} nor {SUMS}.",
        hint="Give a run folder, or what `taco export` or `taco dataset` wrote.",
    )


def _read_seal(path: Path) -> dict[str, str]:
    try:
        files = json.loads(path.read_bytes())["files"]
        return {str(name): str(digest) for name, digest in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PublishError(f"{path} is damaged: {error!r}.", hint="Export it again.") from error


def _read_warnings(card: str) -> tuple[str, ...]:
    """Return the warnings of the card's section on licences, as plain text; those of texts that it quotes are none."""
    return tuple(unescape(warning) for section in _LINEAGE.findall(card) for warning in _WARNING.findall(section))


def _find_fault(folder: Path, name: str, digest: str) -> str:
    path, root = folder / name, folder.resolve()
    if not (root / name).is_relative_to(root) or path.resolve() != root / name:
        return "is a link, or outside of the folder"
    if not path.is_file():
        return "is missing"
    return "was changed" if digest and name != CARD and digest_file(path) != digest else ""


def _list_beside(folder: Path, kind: Kind, digests: Mapping[str, str]) -> dict[str, str]:
    """Return the files that the list does not name, with their digests or "": no two runs write them alike.

    They are the list itself and, of a data set, what it holds of its languages' runs.

    Raises:
        PublishError: What tells of a language's run is missing or damaged: its tables would be left out.
    """
    if kind == "model":
        return {EXPORT_SEAL: ""}
    languages = [stem for name in digests if name == recipe_place(stem := PurePosixPath(name).stem)]
    entries = [entry for language in languages if (entry := read_entry(folder, language))]
    told = {entry.language for entry in entries}
    if untold := [language for language in languages if language not in told]:
        raise PublishError(
            f"{folder / entry_place(untold[0])} is missing or damaged.", hint="Write the data set again."
        )
    shards = {name: digest for entry in entries for name, digest in entry.files.items() if name not in digests}
    return {SUMS: "", **shards, **{entry_place(entry.language): "" for entry in entries}}
