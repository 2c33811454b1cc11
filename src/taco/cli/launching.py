"""`taco train`: the train stage alone, in one process or in each of those that torchrun or accelerate started."""

from __future__ import annotations

from pathlib import Path

from taco.errors import RecipeError
from taco.pipeline import Finding, plan_recipe, run_recipe
from taco.progress import Progress, SilentProgress, open_progress
from taco.recipe.schema import Recipe
from taco.store.cache import cache_folder
from taco.store.run_folder import RunFolder
from taco.train.processes import is_first


def train_all(recipe: Recipe, *, runs: Path, quiet: bool) -> None:
    """Train for each language of a recipe, and print where the adapters are.

    Raises:
        RecipeError: Stages before `train` have to be run first.
        TacoError: Training failed.
    """
    progress = open_progress(quiet=quiet) if is_first() else SilentProgress()
    for one in recipe.split():
        _train_one(one, runs=runs, progress=progress)
        if is_first():
            print(runs / one.run_name / "train" / "adapter")


def _train_one(recipe: Recipe, *, runs: Path, progress: Progress) -> None:
    cache = cache_folder()
    findings = plan_recipe(recipe, runs=runs, cache=cache, progress=SilentProgress())
    _check_before(recipe, findings)
    train = next(found for found in findings if found.stage == "train")
    if is_first():
        run_recipe(recipe, runs=runs, cache=cache, progress=progress, until="train")
    elif not train.is_fresh:
        _follow(recipe, runs=runs, cache=cache)


def _check_before(recipe: Recipe, findings: list[Finding]) -> None:
    names = [found.stage for found in findings]
    stale = [found.stage for found in findings[: names.index("train")] if not found.is_fresh]
    if stale:
        raise RecipeError(
            f"Before training {recipe.run_name}, these stages have to be run: {', '.join(stale)}.",
            hint="Run them in one process: taco run RECIPE --until chain.",
        )


def _follow(recipe: Recipe, *, runs: Path, cache: Path) -> None:
    """Take part in the training that the first process runs and records."""
    from taco.train.run import run_train

    folder = RunFolder(runs / recipe.run_name)
    run_train(
        recipe.train,
        model=recipe.model,
        chain=folder.stage("chain"),
        out=folder.stage("train"),
        cache=cache,
        seed=recipe.train_seed,
        progress=SilentProgress(),
    )
