"""Reading the file of a study that trains nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from taco.study.options import check_table, read_toml

StudyT = TypeVar("StudyT", bound=BaseModel)


def load_study(path: Path, form: type[StudyT]) -> StudyT:
    """Read and check a study.

    Args:
        path: The TOML file.
        form: What it has to hold.

    Raises:
        RecipeError: The file is missing, is no TOML, or holds faults (all are named).
    """
    return check_table(form, read_toml(path), path)
