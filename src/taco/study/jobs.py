"""The runs that a study of arms consists of, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.recipe.load import load_recipe
from taco.recipe.schema import Recipe
from taco.study.arms import Arm, list_arms
from taco.study.options import ArmsStudy

RUNS = "runs"
"""Folder of the run folders inside a study's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of a study.

    Attributes:
        arm: What it is a run of.
        seed: Seed of its training; None without.
        recipe: Its recipe.
    """

    arm: Arm
    seed: int | None
    recipe: Recipe

    @property
    def label(self) -> str:
        """Name of the run."""
        return self.recipe.run_name

    def find_run(self, folder: Path) -> Path:
        """Return the run's folder inside the study's."""
        return folder / RUNS / self.recipe.run_name


def list_jobs(study: ArmsStudy, *, kind: str) -> list[Job]:
    """Return the runs: what needs no training first, then all arms of the first seed, of the second, and so on.

    A study that is stopped has a whole table for the seeds that are done.

    Args:
        study: The study.
        kind: Its kind, which decides the arms where it names none.

    Raises:
        RecipeError: The recipe is missing or faulty, or is for several languages.
    """
    arms, recipe = list_arms(kind, study.arms), read_recipe(study)
    untrained: list[tuple[Arm, int | None]] = [(arm, None) for arm in arms if not arm.is_trained]
    trained: list[tuple[Arm, int | None]] = [(arm, seed) for seed in study.seeds for arm in arms if arm.is_trained]
    return [
        Job(arm=arm, seed=seed, recipe=arm.make_recipe(recipe, study, seed)) for arm, seed in (*untrained, *trained)
    ]


def read_recipe(study: ArmsStudy) -> Recipe:
    """Read the recipe that all arms share; of several languages the first.

    Raises:
        RecipeError: It is missing or faulty.
    """
    return load_recipe(study.recipe, settings=study.settings).split()[0]


def group_by_arm(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """Return name of an arm -> its runs by seed, the arms in the tables' order."""
    arms = list_arms("ablation", tuple(dict.fromkeys(job.arm.name for job in jobs)))
    return {arm.name: [job for job in jobs if job.arm == arm] for arm in arms}
