"""A study's TOML file: which recipe, which arms, which seeds, how many tokens."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from taco.errors import RecipeError
from taco.registry import suggest
from taco.study.arms import find_arm

OptionsT = TypeVar("OptionsT", bound=BaseModel)

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
"""A study's name is that of its folder."""


class ArmsStudy(BaseModel):
    """A study that trains arms and lets them answer the same questions.

    Attributes:
        arms: Names of the arms, see `taco.study.arms`; those of the kind of study where it names none.
        settings: As after `--set` of `taco run`: "train.rank=8".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME, description="Name of the study and of its folder.")
    recipe: Path = Field(description="The recipe that all arms share; relative to the study's file.")
    settings: tuple[str, ...] = Field(
        default=(), description="Values instead of the recipe's, as after `--set`: train.rank=8."
    )
    arms: tuple[str, ...] = Field(
        default=(), description="What is compared; all arms of the kind of study if left out."
    )
    seeds: tuple[int, ...] = Field(
        default=(0, 1, 2), min_length=1, description="One training of each arm for each seed."
    )
    tokens: int = Field(
        default=24_000,
        ge=1,
        le=10_000_000_000,
        description="Tokens that every trained arm sees, prompts included; the epochs follow from it.",
    )
    batch_tokens: int = Field(
        default=480,
        ge=1,
        le=100_000_000,
        description="Tokens of an optimiser step, about, so that steps are equal too.",
    )

    @field_validator("arms")
    @classmethod
    def _check_arms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            try:
                find_arm(name)
            except RecipeError as error:
                raise ValueError(error.message) from error
        return _refuse_doubles(value)

    @field_validator("seeds")
    @classmethod
    def _check_seeds(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if outside := [seed for seed in value if not 0 <= seed < 2**32]:
            raise ValueError(f"{outside[0]} is no seed; a seed is a whole number from 0 to {2**32 - 1}")
        return _refuse_doubles(value)


def _refuse_doubles(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if twice := [one for one in value if value.count(one) > 1]:
        raise ValueError(f"{twice[0]!r} stands there more than once")
    return value


def load_arms_study(path: Path, *, kind: str, given: Mapping[str, Any]) -> ArmsStudy:
    """Read a study's file, or take a recipe as one with the settings of its kind.

    Args:
        path: The study's file, which names a recipe; or a recipe itself.
        kind: Kind of study, for the name of one without a file.
        given: Values of the command line, which take the place of the file's; settings are added to the file's.

    Raises:
        RecipeError: The file is missing, is no TOML, or holds faults (all are named).
    """
    table = read_toml(path)
    if "recipe" not in table:
        name = str(table.get("name", path.stem)).replace("{language}", "").strip("-.")
        table = {"name": f"{kind}-{name}", "recipe": str(path.resolve())}
    study = check_table(ArmsStudy, table | {name: value for name, value in given.items() if name != "settings"}, path)
    study = study.model_copy(update={"settings": (*study.settings, *given.get("settings", ()))})
    return study.model_copy(update={"recipe": path.parent / study.recipe.expanduser()})


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        RecipeError: It is missing or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        beside = [found.name for found in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise RecipeError(
            f"There is no study {path}{suggest(path.name, beside)}", hint="docs/study.md shows how to write one."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path} is no valid TOML: {error}.", hint="docs/study.md shows the form.") from error


def check_table(kind: type[OptionsT], table: Mapping[str, Any], path: Path) -> OptionsT:
    """Turn a file's table into options.

    Args:
        kind: The options' class.
        table: What the file holds.
        path: The file, for messages.

    Raises:
        RecipeError: The table holds faults; all are named.
    """
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        faults = [_describe_fault(fault, kind) for fault in error.errors(include_url=False)]
        raise RecipeError(
            f"The study {path} cannot be used:\n" + "\n".join(f"  - {fault}" for fault in faults),
            hint=f"Settings of a study: {', '.join(kind.model_fields)}; see docs/study.md.",
        ) from error


def _describe_fault(fault: Any, kind: type[BaseModel]) -> str:
    where = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return f"{where}: there is no such setting{suggest(where, kind.model_fields)}"
    if fault["type"] == "missing":
        return f"{where}: must be given"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')} (found {fault['input']!r})"
