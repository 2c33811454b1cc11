"""Recipes: every fault at once, with what was meant."""

from pathlib import Path

import pytest

from taco.errors import RecipeError
from taco.recipe.load import load_recipe

RECIPES = Path(__file__).parents[2] / "recipes"


def write_recipe(folder: Path, text: str) -> Path:
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


SHIPPED = [path for path in sorted(RECIPES.glob("*.toml")) if not path.name.startswith("study-")]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_recipe_is_valid(path: Path) -> None:
    assert load_recipe(path).run_name


def test_quickstart_is_galician_with_the_papers_lora() -> None:
    recipe = load_recipe(RECIPES / "quickstart.toml")
    assert (recipe.run_name, recipe.target.name) == ("quickstart-gl", "Galician")
    assert (recipe.train.rank, recipe.train.alpha, recipe.train.dropout) == (32, 64, 0.05)


def test_language_is_resolved_by_any_name(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, 'name = "x-{language}"\nlanguage = "Nepali"\n')
    assert load_recipe(path).run_name == "x-ne"


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    path = write_recipe(
        tmp_path, 'language = "galicain"\nsede = 1\n[train]\nrnak = 8\nepochs = -1\n[translate]\nengine = "apertum"\n'
    )
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    message = str(caught.value)
    for part in (
        "6 faults",
        "name: must be given",
        "did you mean 'seed'",
        "train.rnak: there is no such option; did you mean 'rank'?",
        "train.epochs",
        "did you mean 'apertium'",
        "galicain",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("train.epochs", "has no form KEY=VALUE"),
        ("=2", "has no form KEY=VALUE"),
        ("name.x=2", "'name' is a value, not a table"),
        ("language=English", "another language than English"),
        ("name='a/b'", "name"),
        ("name=a{run}", "only {language} may stand in braces"),
    ],
)
def test_wrong_settings(setting: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(RECIPES / "quickstart.toml", settings=[setting])
    assert message in str(caught.value)


def test_settings_take_the_recipes_place() -> None:
    recipe = load_recipe(
        RECIPES / "quickstart.toml", settings=["language=eo", "train.epochs=2", "source.path=my rows.json", "name=x"]
    )
    assert (recipe.language, recipe.train.epochs, recipe.source.path, recipe.run_name) == ("eo", 2, "my rows.json", "x")


def test_missing_recipe_is_suggested() -> None:
    with pytest.raises(RecipeError, match=r"did you mean 'quickstart\.toml'\?"):
        load_recipe(RECIPES / "quikstart.toml")


@pytest.mark.parametrize("text", ["name = ", "\x00", "[train\n"])
def test_broken_toml(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match="is no valid TOML"):
        load_recipe(write_recipe(tmp_path, text))


def test_a_recipe_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "windows ñ.toml"
    path.write_bytes('\ufeffname = "a"\r\nlanguage = "gl"\r\n[source]\r\npath = "seed"\r\n'.encode())
    assert load_recipe(path).name == "a"
