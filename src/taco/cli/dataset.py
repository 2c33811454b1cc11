"""`taco dataset`."""

from __future__ import annotations

from pathlib import Path

from taco.pipeline import run_recipe
from taco.progress import Progress
from taco.publish.dataset.run_record import RunRecord
from taco.publish.dataset.shards import require_pyarrow
from taco.publish.dataset.write import write_dataset
from taco.recipe.schema import Recipe

FOLDER = Path("datasets")
"""Where data sets go that nobody named a folder for."""


def print_dataset(recipe: Recipe, *, runs: Path, cache: Path, out: Path | None, progress: Progress) -> None:
    """Finish a recipe's run up to the chains where it is not, write its data set and print the data set's folder.

    Raises:
        TacoError: A stage could not finish, or the data set cannot be written.
    """
    require_pyarrow()
    run = run_recipe(recipe, runs=runs, cache=cache, progress=progress, until="chain")
    folder = out or FOLDER / recipe.run_name
    changed = write_dataset(
        [RunRecord.from_folder(run.root, language=recipe.target)],
        folder,
        options=recipe.dataset,
        progress=progress,
        name=recipe.run_name,
    )
    progress.say("dataset: done" if changed else "dataset: up to date")
    print(folder)
