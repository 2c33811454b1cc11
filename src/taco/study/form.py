"""Reading a study's TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from taco.recipe.load import load_options

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
"""A study's name is that of a folder."""

StudyT = TypeVar("StudyT", bound=BaseModel)


def load_study(path: Path, form: type[StudyT]) -> StudyT:
    """Read and check a study.

    Args:
        path: The TOML file.
        form: What it has to hold.

    Raises:
        RecipeError: The file is missing, is no TOML, or holds faults (all are named).
    """
    return load_options(path, form, hint="docs/study.md lists what may stand in it.", noun="study")
