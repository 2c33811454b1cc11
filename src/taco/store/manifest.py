"""The manifest of a run: for each stage what it was made from, what it made and what it did with its rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from taco.errors import StoreError
from taco.store.files import disk_faults, write_atomically

SCHEMA = 1
"""Version of the manifest's form. A manifest of another form is refused, not guessed at."""


class StageEntry(BaseModel):
    """One stage of a run.

    Attributes:
        key: Digest of all that decides the stage's output: options, inputs, code version.
        attempts: How often the stage was started with this key; more than 1 after a kill.
        seconds: Wall-clock time of the attempt that finished.
        cpu_seconds, peak_mib: Time on processor cores and the most memory of that attempt, see `taco.pipeline.usage`;
            None in manifests of earlier versions.
        rows_in, rows_kept, dropped: rows_in == rows_kept + sum(dropped.values()).
        counters: Further figures, such as characters sent to the engine.
        outputs: File, relative to the run folder -> SHA-256.
    """

    model_config = ConfigDict(extra="forbid")

    key: str
    status: Literal["running", "done"]
    attempts: int = 1
    started_at: str = ""
    seconds: float = 0.0
    cpu_seconds: float | None = None
    peak_mib: float | None = None
    rows_in: int = 0
    rows_kept: int = 0
    dropped: dict[str, int] = {}
    counters: dict[str, int | float | str] = {}
    outputs: dict[str, str] = {}


class Manifest(BaseModel):
    """What a run folder holds and where it comes from.

    Attributes:
        versions: Package or tool -> version that the last run used.
        recipe: The resolved recipe, as it decides the run.
    """

    model_config = ConfigDict(extra="forbid")

    schema_version: int = SCHEMA
    name: str = ""
    seed: int = 0
    versions: dict[str, str] = {}
    recipe: dict[str, object] = {}
    stages: dict[str, StageEntry] = {}


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; an absent file is an empty manifest.

    Raises:
        StoreError: The file is damaged or of another version.
    """
    if not path.exists():
        return Manifest()
    with disk_faults(path, "read"):
        text = path.read_bytes()
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise StoreError(
            f"{path} is damaged: {error.errors(include_url=False)[0]['msg']}.",
            hint="Move the run folder away and run the recipe again; translations are kept in the cache.",
        ) from error
    if manifest.schema_version != SCHEMA:
        raise StoreError(
            f"{path} has form {manifest.schema_version}, this version of taco writes form {SCHEMA}.",
            hint="Move the run folder away, or use the version of taco that made it.",
        )
    return manifest


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest, all or nothing."""
    text = json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=1)
    write_atomically(path, [text.encode(), b"\n"])
