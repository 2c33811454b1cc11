"""What is kept of a language that was written: enough to know that it need not be written again, and for the card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from taco.publish.dataset.columns import CONFIGURATIONS
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.run_record import RunRecord
from taco.store.files import digest_file, disk_faults, write_atomically
from taco.store.manifest import Manifest, StageEntry

WRITER_VERSION = 1
"""Raised whenever equal inputs give other bytes than before."""

FOLDER = "run"
"""Folder of the data set that holds the entries."""


class LanguageEntry(BaseModel):
    """One language of a data set, written.

    Attributes:
        language: Its code.
        key: See `make_key`.
        rows: Split -> number of rows; a split without rows is left out.
        engines: Signatures of the engines that translated the rows.
        licences: Licence -> number of rows.
        files: Shard, relative to the data set -> SHA-256.
        versions: Package -> version, as the run's manifest has them.
        stages: The entries of the stages that the rows come from, as the run's manifest has them.
    """

    model_config = ConfigDict(extra="forbid")

    language: str
    key: str
    rows: dict[str, int]
    engines: list[str]
    licences: dict[str, int]
    files: dict[str, str]
    versions: dict[str, str] = {}
    stages: dict[str, StageEntry] = {}

    def is_whole(self, root: Path) -> bool:
        """Whether all files are in a data set folder, and as they were written."""
        paths = {root / name: digest for name, digest in self.files.items()}
        return all(path.is_file() and digest_file(path) == digest for path, digest in paths.items())


def make_key(run: RunRecord, manifest: Manifest, *, options: DatasetOptions, pyarrow: str) -> str:
    """Return a digest of all that decides the bytes of a language: files of the run, options, versions of the writers."""
    inputs = {stage: manifest.stages[stage].outputs for stage in run.stages}
    columns = [[config.suffix, *(column.name for column in config.columns)] for config in CONFIGURATIONS]
    decided_by = [
        WRITER_VERSION,
        pyarrow,
        run.language.code,
        columns,
        options.model_dump(mode="json"),
        find_source_path(manifest),
        inputs,
    ]
    return hashlib.sha256(json.dumps(decided_by, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def find_source_path(manifest: Manifest) -> str:
    """Return `source.path` of the recipe of a run, "" where the manifest does not hold it."""
    source = manifest.recipe.get("source")
    return str(source.get("path", "")) if isinstance(source, dict) else ""


def entry_place(code: str) -> str:
    """Return where a language's entry is in the data set."""
    return f"{FOLDER}/{code}.json"


def read_entry(root: Path, code: str) -> LanguageEntry | None:
    """Return a language's entry; None where there is none that can be read, which means: write the language again."""
    path = root / entry_place(code)
    if not path.is_file():
        return None
    with disk_faults(path, "read"):
        content = path.read_bytes()
    try:
        return LanguageEntry.model_validate_json(content)
    except ValidationError:
        return None


def write_entry(root: Path, entry: LanguageEntry) -> None:
    """Write an entry, all or nothing: with it the language is finished."""
    text = json.dumps(entry.model_dump(mode="json"), ensure_ascii=False, indent=1)
    write_atomically(root / entry_place(entry.language), [text.encode(), b"\n"])
