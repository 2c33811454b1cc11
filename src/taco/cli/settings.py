"""Settings of the form KEY=VALUE on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taco.errors import RecipeError


def read_settings(settings: Sequence[str], option: str) -> dict[str, Any]:
    """Read settings: name -> value, which is TOML or else a text.

    Args:
        settings: The settings.
        option: How messages call the option.

    Raises:
        RecipeError: One has another form.
    """
    from taco.recipe.load import read_value

    found: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"{option} {setting!r} has no form KEY=VALUE.")
        found[key.strip()] = read_value(text.strip())
    return found


def nest_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with dotted names as tables.

    Raises:
        RecipeError: A name is a value and a table.

    >>> nest_settings({"options.tier": "free", "budget_usd": 1})
    {'options': {'tier': 'free'}, 'budget_usd': 1}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        *parents, last = name.split(".")
        table = found
        for parent in parents:
            table = table.setdefault(parent, {})
            if not isinstance(table, dict):
                raise RecipeError(f"--set {name}: {parent!r} is a value, not a table.")
        table[last] = value
    return found
