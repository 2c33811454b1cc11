"""A run whose adapter is finished, and the checks that it is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from taco.errors import PublishError
from taco.recipe.schema import Recipe
from taco.records import Example
from taco.store.files import digest_file
from taco.store.jsonl import read_records
from taco.store.manifest import Manifest, read_manifest
from taco.train.rows import Origin, find_file, list_origins

ADAPTER = "train/adapter"
"""Where the train stage leaves what it tuned, in the run folder."""

_TRAIN = "Finish the run first: taco run RECIPE."


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedRun:
    """A run that is finished up to its adapter.

    Attributes:
        root: The run folder.
        manifest: Its manifest.
        recipe: The recipe that the manifest holds.
    """

    root: Path
    manifest: Manifest
    recipe: Recipe

    @classmethod
    def from_folder(cls, root: Path) -> Self:
        """Read a run folder.

        Raises:
            PublishError: It is no run folder, or its training is not finished.
            StoreError: The manifest is damaged.
        """
        manifest, recipe = read_recipe(root)
        entry = manifest.stages.get("train")
        if entry is None or entry.status != "done":
            state = "was never run" if entry is None else "was interrupted"
            raise PublishError(f"The training of {root} {state}.", hint=_TRAIN)
        return cls(root=root, manifest=manifest, recipe=recipe)

    @property
    def adapter(self) -> Path:
        """The adapter's folder."""
        return self.root / ADAPTER

    def check_adapter(self) -> None:
        """Check that the adapter is the one that the manifest tells of.

        Raises:
            PublishError: A file of it is missing or was changed.
        """
        for name, expected in self.list_outputs("train", below=f"{ADAPTER}/").items():
            path = self.root / name
            if not path.is_file() or digest_file(path) != expected:
                what = "is not the one that the run wrote" if path.is_file() else "is missing"
                raise PublishError(f"{path} {what}.", hint="Tune it again: taco run RECIPE --again train.")

    def list_outputs(self, stage: str, *, below: str = "") -> dict[str, str]:
        """Return the files that a stage left, with their digests.

        Args:
            stage: Name of the stage.
            below: What the files' names begin with.
        """
        entry = self.manifest.stages.get(stage)
        outputs = entry.outputs if entry else {}
        return {name: digest for name, digest in outputs.items() if name.startswith(below)}

    def list_other_runs(self) -> list[Path]:
        """Return the folders of other runs whose rows the training had too."""
        return [folder for folder, examples in self._list_others() if not _is_feedback(folder, examples)]

    def list_feedback(self) -> list[Path]:
        """Return the files of examples that `taco feedback` made and the training had too."""
        return [examples for folder, examples in self._list_others() if _is_feedback(folder, examples)]

    def _list_others(self) -> list[tuple[Path, Path]]:
        """Return the folders besides the run's own whose rows the training had, each with its file of examples."""
        named = dict.fromkeys(Origin(one.name) for one in list_origins(self.recipe.train) if one.run)
        return [(Path(one.name).expanduser(), find_file(one, chain=self.root / "chain")) for one in named]

    def read_examples(self, split: str) -> Iterator[Example]:
        """Yield the rows of the chain stage.

        Args:
            split: "train" or "heldout".

        Raises:
            DataError: The file is missing or damaged.
        """
        yield from read_records(self.root / "chain" / f"{split}.jsonl", Example)


def _is_feedback(folder: Path, examples: Path) -> bool:
    """Whether a folder holds examples as a run does, and is none."""
    return examples.is_file() and not (folder / "manifest.json").is_file()


def read_recipe(root: Path) -> tuple[Manifest, Recipe]:
    """Return a run's manifest and the recipe that it holds.

    Raises:
        PublishError: It is no run folder, or its recipe is not one of this version.
        StoreError: The manifest is damaged.
    """
    path = root / "manifest.json"
    if not path.is_file():
        raise PublishError(f"{root} is no run folder: it has no manifest.json.", hint=_TRAIN)
    manifest = read_manifest(path)
    try:
        return manifest, Recipe.model_validate(manifest.recipe)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise PublishError(
            f"The recipe in {path} is not one of this version of taco: {where}: {fault['msg']}.",
            hint="Run the recipe again with this version: taco run RECIPE.",
        ) from error
