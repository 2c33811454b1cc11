"""TOML, and values given with --set, to a recipe; every fault is reported at once."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from taco.errors import RecipeError
from taco.recipe.schema import Recipe
from taco.registry import suggest

_Table = dict[str, Any]


def load_recipe(path: Path, *, settings: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        path: The TOML file.
        settings: Values that take the place of the file's, as "train.epochs=2"; the right side is TOML, or a text.

    Raises:
        RecipeError: The file is missing, is no TOML, or holds faults (all are named).
    """
    table = _read_toml(path)
    for setting in settings:
        _apply_setting(table, setting)
    try:
        return Recipe.model_validate(table)
    except ValidationError as error:
        faults = [_describe_fault(fault) for fault in error.errors(include_url=False)]
        count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
        raise RecipeError(
            f"{path} has {count}:\n" + "\n".join(f"  - {fault}" for fault in faults),
            hint="`taco recipe show RECIPE` prints every option with its value.",
        ) from error


def _read_toml(path: Path) -> _Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        beside = [found.name for found in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise RecipeError(
            f"There is no recipe {path}{suggest(path.name, beside)}",
            hint=f"Recipes in {path.parent}: {', '.join(sorted(beside)) or 'none'}.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        hint = "See recipes/quickstart.toml for the form."
        raise RecipeError(f"{path} is no valid TOML: {error}.", hint=hint) from error


def _apply_setting(table: _Table, setting: str) -> None:
    key, equals, text = setting.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise RecipeError(f"--set {setting!r} has no form KEY=VALUE.", hint="For example: --set train.epochs=2")
    for part in parts[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {setting!r}: {part!r} is a value, not a table.")
    table[parts[-1]] = read_value(text.strip())


def read_value(text: str) -> Any:
    """Read the right side of a setting: TOML, or else a text.

    >>> read_value("2"), read_value("[1, 2]"), read_value("es")
    (2, [1, 2], 'es')
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _describe_fault(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = list(_fields_at(fault["loc"][:-1]))
        return f"{where}: there is no such option{suggest(str(fault['loc'][-1]), known)}"
    if fault["type"] == "missing":
        return f"{where}: must be given"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]} (found {fault['input']!r})" if where else message


def _fields_at(location: Sequence[str | int]) -> Sequence[str]:
    model: Any = Recipe
    for part in location:
        if isinstance(part, int) and model:  # a table of a list of tables
            continue
        field = model.model_fields.get(part) if model else None
        model = _find_model(field.annotation) if field else None
    return list(model.model_fields) if model else []


def _find_model(annotation: Any) -> Any:
    """Return the options that an annotation stands for, those of its items for a tuple; None where it is a plain value."""
    kinds = (annotation, *get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
