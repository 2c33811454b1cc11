"""What is said about training before anything is run: the paper's own models, and models in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taco.cli.app import app
from taco.cli.training import describe_training, estimate_training, training_to_json
from taco.errors import RecipeError
from taco.recipe.load import load_recipe
from taco.recipe.schema import Recipe

RECIPES = Path(__file__).parents[2] / "recipes"
PAPERS = {"nepali": "ne", "sanskrit": "sa", "maithili": "mai", "persian": "fa"}


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_recipes_have_the_papers_adapter(name: str) -> None:
    path = RECIPES / f"paper-{name}.toml"
    recipe = load_recipe(path)
    assert (recipe.language, recipe.chain.template, recipe.chain.length_rule) == (PAPERS[name], "taco-paper", True)
    # adapter_config.json of saillab/taco-nepali-33b
    train = recipe.train
    assert (train.method, train.rank, train.alpha, train.dropout) == ("qlora", 32, 64, 0.05)
    assert train.targets == ("q_proj", "k_proj", "v_proj", "o_proj")
    assert "Not run here" in path.read_text(encoding="utf-8")


def test_checking_a_recipe_says_what_gpu_it_needs() -> None:
    shown = CliRunner().invoke(app, ["recipe", "check", str(RECIPES / "paper-nepali.toml")])
    assert shown.exit_code == 0
    assert "one GPU of 40 GiB" in shown.stdout
    assert "102.2 M learnt weights" in shown.stdout


def test_the_commented_stages_of_the_papers_recipes_are_valid(tmp_path: Path) -> None:
    text = (RECIPES / "paper-nepali.toml").read_text(encoding="utf-8")
    head, tail = text.split("# For a base that was never tuned on instructions:\n#\n")
    path = tmp_path / "staged.toml"
    path.write_text(head + tail.replace("# ", "").replace("#\n", "\n"), encoding="utf-8")
    stages = load_recipe(path).train.stages
    assert [(stage.name, stage.rows, stage.replay) for stage in stages] == [
        ("english", ("english",), 0.0),
        ("chain", ("chain",), 0.1),
    ]


def test_a_plan_holds_the_estimate_in_bytes() -> None:
    recipe = load_recipe(RECIPES / "paper-persian.toml")
    found = training_to_json(recipe)
    assert found is not None
    assert found["gpu_gib"] == 40
    json.dumps(found)


def test_a_model_in_a_folder_is_measured_by_its_config(tmp_path: Path) -> None:
    config = {
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 128256,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    recipe = Recipe.model_validate(
        {"name": "demo", "language": "gl", "model": {"base": str(tmp_path)}, "train": {"method": "full"}}
    )
    memory = estimate_training(recipe)
    assert memory is not None
    assert memory.learnt_weights == 8_030_261_248  # Llama 3 8B, as its model card counts
    assert memory.gpu_gib == 80
    assert "one GPU of 80 GiB" in describe_training(recipe)


def test_an_unknown_base_is_said_to_be_unknown() -> None:
    recipe = Recipe.model_validate({"name": "demo", "language": "gl", "model": {"base": "someone/something"}})
    assert "known once the base model is on this machine" in describe_training(recipe)
    assert training_to_json(recipe) is None


def test_a_recipe_with_tables_in_lists_is_shown_and_read_back(tmp_path: Path) -> None:
    path, again = tmp_path / "staged.toml", tmp_path / "again.toml"
    path.write_text(
        'name = "x"\nlanguage = "gl"\n[[source.more]]\npath = "more.json"\n'
        '[[train.stages]]\nname = "english"\nrows = ["english"]\n[[train.stages]]\nname = "chain"\nreplay = 0.1\n'
    )
    shown = CliRunner().invoke(app, ["recipe", "show", str(path)])
    assert shown.exit_code == 0
    again.write_text(shown.stdout)
    assert load_recipe(again) == load_recipe(path)


def test_a_misspelt_option_of_a_stage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "staged.toml"
    path.write_text('name = "x"\nlanguage = "gl"\n[[train.stages]]\nname = "chain"\nrepla = 0.1\n')
    with pytest.raises(RecipeError, match=r"train\.stages\.0\.repla: .*did you mean 'replay'"):
        load_recipe(path)
