"""Study files: what is understood, and what rubbish says."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.errors import RecipeError
from taco.study.arms import ARMS, KINDS
from taco.study.jobs import list_jobs
from taco.study.options import load_arms_study

RECIPES = Path(__file__).parents[2] / "recipes"
GOOD = 'name = "one"\nrecipe = "quickstart.toml"\n'


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "one.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "quickstart.toml").write_bytes((RECIPES / "quickstart.toml").read_bytes())
    return path


@pytest.mark.parametrize("path", sorted(RECIPES.glob("study-*.toml")), ids=lambda path: path.name)
def test_every_shipped_study_is_valid_and_short(path: Path) -> None:
    study = load_arms_study(path, kind="ablation", given={})
    assert len(list_jobs(study, kind="ablation")) == 2 + 6 * len(study.seeds)
    assert len(path.read_text().splitlines()) <= 20


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (GOOD + "seed = [1]", ["seed: there is no such setting; did you mean 'seeds'?"]),
        (GOOD + 'arms = ["tacos"]', ["arms", "did you mean 'taco'"]),
        (GOOD + 'arms = ["taco", "taco"]', ["'taco' stands there more than once"]),
        (GOOD + "seeds = []\ntokens = 0", ["seeds", "tokens"]),
        (GOOD + "seeds = [0, -1]", ["-1 is no seed"]),
        (GOOD + 'tokens = "many"', ["tokens", "'many'"]),
        ('name = "../up"\nrecipe = "quickstart.toml"', ["name"]),
        ("name = ", ["no valid TOML"]),
        (b"\xff\xfe\x00", ["cannot be read"]),
    ],
)
def test_a_faulty_study_names_all_its_faults(tmp_path: Path, text: str | bytes, faults: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        load_arms_study(write(tmp_path, text), kind="ablation", given={})
    assert all(fault in str(caught.value) for fault in faults)


def test_a_study_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    study = load_arms_study(write(tmp_path, b"\xef\xbb\xbf" + GOOD.encode()), kind="ablation", given={})
    assert study.name == "one"


def test_a_missing_file_is_named_with_what_was_meant(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(RecipeError, match=r"did you mean 'one\.toml'"):
        load_arms_study(tmp_path / "onr.toml", kind="ablation", given={})
    missing = write(tmp_path, GOOD.replace("quickstart", "quikstart"))
    with pytest.raises(RecipeError, match=r"did you mean 'quickstart\.toml'"):
        list_jobs(load_arms_study(missing, kind="ablation", given={}), kind="ablation")


def test_a_recipe_alone_is_a_study_of_its_kind() -> None:
    study = load_arms_study(RECIPES / "quickstart.toml", kind="compare", given={"seeds": ("0", "4")})
    assert (study.name, study.seeds) == ("compare-quickstart", (0, 4))
    labels = [job.label for job in list_jobs(study, kind="compare")]
    assert labels == ["base", "direct-s0", "taco-s0", "direct-s4", "taco-s4"]


def test_runs_of_an_arm_differ_in_the_seed_of_the_training_alone(tmp_path: Path) -> None:
    jobs = list_jobs(load_arms_study(write(tmp_path, GOOD), kind="ablation", given={}), kind="ablation")
    assert {job.recipe.seed for job in jobs} == {17}
    assert [job.recipe.train_seed for job in jobs if job.arm.name == "taco"] == [0, 1, 2]
    trained = [job.recipe.train for job in jobs if job.arm.is_trained]
    assert len({(one.max_tokens, one.batch_tokens, one.rank, one.learning_rate) for one in trained}) == 1
    assert [job.arm.name for job in jobs if not job.recipe.is_trained] == ["base", "translate-test"]


def test_settings_of_the_command_line_come_after_those_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + 'settings = ["train.rank=4", "language=eo"]')
    study = load_arms_study(path, kind="ablation", given={"settings": ("train.rank=8",)})
    recipe = list_jobs(study, kind="ablation")[0].recipe
    assert (recipe.train.rank, recipe.language) == (8, "eo")


def test_every_kind_has_arms_that_exist() -> None:
    assert all(set(arms) <= set(ARMS) for arms in KINDS.values())


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80))
def test_rubbish_is_a_recipe_error_or_a_study(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "rubbish.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load_arms_study(path, kind="ablation", given={})
    except RecipeError as error:
        assert str(path) in str(error)
