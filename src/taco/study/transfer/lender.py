"""The run that lends its adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from taco.errors import DataError
from taco.recipe.schema import Recipe
from taco.store.manifest import read_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Lender:
    """A finished run.

    Attributes:
        run: Its folder.
        recipe: Its recipe.
        adapter: File of the adapter -> SHA-256.
        heldout: SHA-256 of its held-out English rows.
    """

    run: Path
    recipe: Recipe
    adapter: Mapping[str, str]
    heldout: str

    @property
    def adapter_folder(self) -> Path:
        """Where the adapter is."""
        return self.run / "train" / "adapter"


def read_lender(run: Path) -> Lender:
    """Read a run whose adapter is to be used elsewhere.

    Raises:
        DataError: It is not finished, or of another version.
    """
    manifest = read_manifest(run / "manifest.json")
    unfinished = [
        name
        for name in ("source", "train", "evaluate")
        if (entry := manifest.stages.get(name)) is None or entry.status != "done"
    ]
    if unfinished:
        raise DataError(f"{run}: the stage {unfinished[0]} is not done.", hint="taco run RECIPE finishes it.")
    try:
        recipe = Recipe.model_validate(manifest.recipe)
    except ValidationError as error:
        raise DataError(f"The recipe in {run / 'manifest.json'} is of another version of taco.") from error
    files = manifest.stages["train"].outputs
    adapter = {name: digest for name, digest in files.items() if name.startswith("train/adapter/")}
    if not adapter:
        raise DataError(f"{run} holds no adapter.", hint="Name a run of which an adapter was trained.")
    heldout = manifest.stages["source"].outputs.get("source/heldout.jsonl", "")
    return Lender(run=run, recipe=recipe, adapter=adapter, heldout=heldout)
