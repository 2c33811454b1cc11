"""A finished run of a tiny model on a dozen rows."""

from pathlib import Path

from tiny_study import write_files

from taco.pipeline import run_recipe
from taco.progress import SilentProgress
from taco.recipe.load import load_recipe


def make_run(folder: Path, base: Path, *, name: str = "tiny", language: str = "gl") -> Path:
    """Run the tiny recipe in one language and return its run folder."""
    write_files(folder, base)
    settings = [f"name={name}", f"language={language}", "train.epochs=1"]
    recipe = load_recipe(folder / "tiny.toml", settings=settings)
    return run_recipe(recipe, runs=folder / "runs", cache=folder / "cache", progress=SilentProgress()).root
