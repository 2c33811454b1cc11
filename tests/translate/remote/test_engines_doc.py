"""docs/engines.md says what is so: its recipes are valid, its limits and prices those of the engines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from protocols import PROTOCOLS

from faulty_server import FaultyServer
from taco.recipe.load import load_recipe

PAGE = (Path(__file__).parents[3] / "docs" / "engines.md").read_text(encoding="utf-8")
START, *RECIPES = re.findall(r"```toml\n(.*?)```", PAGE, re.S)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.splitlines()[1])
def test_every_recipe_is_valid(recipe: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f"{START}\n{recipe}", encoding="utf-8")
    loaded = load_recipe(tmp_path / "mine.toml")
    assert loaded.translate.engine in {protocol.engine for protocol in PROTOCOLS.values()}


def test_every_engine_has_a_recipe() -> None:
    for protocol in PROTOCOLS.values():
        assert any(f'engine = "{protocol.engine}"' in recipe for recipe in RECIPES)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_limits_and_prices_are_those_of_the_engine(name: str) -> None:
    engine_name, _, version = name.partition("-v")
    (line,) = re.findall(rf"^\| `{engine_name}`{' v' + version if version else ''} \| ([0-9nt].*) \|$", PAGE, re.M)
    text, call, texts, at_once, _, price = line.split(" | ")
    with FaultyServer(PROTOCOLS[name].answer) as server, PROTOCOLS[name].open(server) as engine:
        limits, usd = engine.limits, engine.price.usd_per_million_characters
    for cell, limit in ((text, limits.characters_per_text), (call, limits.characters_per_call)):
        assert cell.startswith(f"{limit:,}") if limit else not cell[0].isdigit()
    assert (texts, at_once) == (f"{limits.texts_per_call:,}", str(limits.parallel_calls))
    assert price.startswith(f"${usd:g} ") if usd else not price.startswith("$")
