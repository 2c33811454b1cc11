"""The page on translation models holds recipes that are valid and figures that are true; torch is imported on use only."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from taco.recipe.schema import Recipe
from taco.translate.neural.batches import SHORTEST_LIMIT
from taco.translate.neural.families import FAMILIES
from taco.translate.neural.faults import FEWEST_REPEATS, LONGEST_PERIOD, SHORTEST_LOOP
from taco.translate.neural.options import NLLB_MODEL, NllbOptions

PAGE = (Path(__file__).parents[3] / "docs/engines-neural.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```toml\n(.*?)```", PAGE, re.S)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_recipe_on_the_page_is_valid(snippet: str) -> None:
    head = 'name = "mine-{language}"\nlanguage = "gl"\n[source]\npath = "rows.json"\n'
    recipe = Recipe.model_validate(tomllib.loads(head + snippet))
    assert recipe.translate.engine in ("nllb", "ctranslate2", "transformers")


def test_the_page_names_families_defaults_and_limits() -> None:
    assert len(SNIPPETS) == 6
    assert f"`{NLLB_MODEL}`" in PAGE
    for family in FAMILIES:
        assert f"| `{family.name}`" in PAGE
    assert (
        f"longer than `output_ratio` ({NllbOptions().output_ratio:g}) times its source and than {SHORTEST_LIMIT} tokens"
        in PAGE
    )
    assert f"up to {LONGEST_PERIOD} tokens, {FEWEST_REPEATS} times or more and {SHORTEST_LOOP} tokens or more" in PAGE


def test_the_fast_engine_and_all_options_load_without_torch() -> None:
    code = (
        "import sys; import taco.translate.options, taco.translate.neural.ct2, taco.translate.neural.options; "
        "taco.translate.options.TranslateOptions(engine='transformers', options={'model': 'x'}); "
        "print([name for name in ('torch', 'transformers', 'ctranslate2', 'sentencex') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
