"""TOML, and values given with --set, to a recipe; every fault is reported at once."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from taco.errors import RecipeError
from taco.recipe.schema import Recipe
from taco.registry import suggest

_Table = dict[str, Any]

ModelT = TypeVar("ModelT", bound=BaseModel)


def load_recipe(path: Path, *, settings: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        path: The TOML file.
        settings: Values that take the place of the file's, as "train.epochs=2"; the right side is TOML, or a text.

    Raises:
        RecipeError: The file is missing, is no TOML, or holds faults (all are named).
    """
    hint = "`taco recipe show RECIPE` prints every option with its value."
    return load_options(path, Recipe, settings=settings, hint=hint)


def load_options(
    path: Path, form: type[ModelT], *, settings: Sequence[str] = (), hint: str, noun: str = "recipe"
) -> ModelT:
    """Read and check any file of options.

    Args:
        path: The TOML file.
        form: What it has to hold.
        settings: Values that take the place of the file's, as in `load_recipe`.
        hint: Where all options can be read.
        noun: What the file is called in messages.

    Raises:
        RecipeError: The file is missing, is no TOML, or holds faults (all are named).
    """
    table = _read_toml(path, noun)
    for setting in settings:
        _apply_setting(table, setting)
    try:
        return form.model_validate(table)
    except ValidationError as error:
        faults = [_describe_fault(fault, form) for fault in error.errors(include_url=False)]
        count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
        lines = "\n".join(f"  - {fault}" for fault in faults)
        raise RecipeError(f"{path} has {count}:\n{lines}", hint=hint) from error


def _read_toml(path: Path, noun: str) -> _Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        beside = [found.name for found in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise RecipeError(
            f"There is no {noun} {path}{suggest(path.name, beside)}",
            hint=f"TOML files in {path.parent}: {', '.join(sorted(beside)) or 'none'}.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        hint = "See recipes/quickstart.toml for the form." if noun == "recipe" else f"See docs/{noun}.md for the form."
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


def _describe_fault(fault: Any, form: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = list(_fields_at(form, fault["loc"][:-1]))
        return f"{where}: there is no such option{suggest(str(fault['loc'][-1]), known)}"
    if fault["type"] == "missing":
        return f"{where}: must be given"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]} (found {fault['input']!r})" if where else message


def _fields_at(form: type[BaseModel], location: Sequence[str | int]) -> Sequence[str]:
    model: Any = form
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
