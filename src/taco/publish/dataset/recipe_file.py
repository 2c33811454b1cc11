"""The recipe that makes a language of the data set again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli_w

from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.rows import show_origin
from taco.store.manifest import Manifest

_TABLES = ("source", "translate", "gate", "chain")
"""Tables of a recipe that decide the rows."""

_NOTE = (
    "# Makes this language's rows again: taco dataset {place}\n"
    "# A local source has to lie where source.path says. A translation memory, if you were given one, is named with\n"
    "# --set translate.memory=FILE.\n\n"
)


def recipe_place(language: str) -> str:
    """Return where a language's recipe is in the data set."""
    return f"recipes/{language}.toml"


def render_recipe(manifest: Manifest, *, language: str, options: DatasetOptions) -> str:
    """Return the recipe of a run as TOML: all that decides its rows and shards, and nothing about the machine.

    Args:
        manifest: The run's manifest.
        language: Code of the target language.
        options: How the data set is written.
    """
    recipe = manifest.recipe
    tables = {name: dict(found) for name in _TABLES if isinstance(found := recipe.get(name), dict)}
    if "path" in tables.get("source", {}):
        tables["source"]["path"] = show_origin(str(tables["source"]["path"]))
    tables.get("translate", {}).pop("memory", None)
    table = {
        "name": str(recipe.get("name") or manifest.name),
        "language": language,
        "seed": manifest.seed,
        **tables,
        "dataset": options.model_dump(mode="json"),
    }
    return _NOTE.format(place=recipe_place(language)) + tomli_w.dumps(_without_none(table))


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    """TOML has no null: an option that is left out is not written."""
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value is not None
    }
