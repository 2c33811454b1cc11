"""What replies say, read through the engine: references come back whole, silence is zero, a missing way is no value."""

from pathlib import Path

import pytest
from tiny_study import make_study, write_files

from taco.progress import SilentProgress
from taco.recipe.schema import Recipe
from taco.records import Answer
from taco.store.jsonl import read_records, write_records
from taco.study.content import measure_content, read_content
from taco.study.jobs import list_jobs
from taco.study.options import load_arms_study


@pytest.fixture
def base_run(tiny_base: Path, tmp_path: Path) -> tuple[Recipe, Path]:
    """Return the recipe and the folder of a finished run of the base model alone."""
    path = write_files(tmp_path, tiny_base)
    make_study(path, tmp_path, arms=("base",))
    (job,) = list_jobs(load_arms_study(path, kind="compare", given={"arms": ("base",)}), kind="compare")
    return job.recipe, job.find_run(tmp_path / "study")


def measure(recipe: Recipe, run: Path) -> dict[str, float | None]:
    return dict(
        measure_content(recipe, run, arm="base", cache=run.parents[2] / "cache", progress=SilentProgress()).values
    )


def test_what_the_engine_brings_back_is_held_against_the_english(base_run: tuple[Recipe, Path]) -> None:
    recipe, run = base_run
    content = read_content(run)
    assert content is not None
    # The engine says everything back, so the references are their own English.
    assert set(content.reference.values()) == {100.0}
    assert all(value is not None and 0 < value < 100 for value in content.values.values())
    answers = list(read_records(run / "generate" / "base.jsonl", Answer))
    assert measure(recipe, run) == content.values == measure(recipe, run)
    write_records(run / "generate" / "base.jsonl", [*answers[:2], make_silent(answers[2])])
    silent = measure(recipe, run)
    assert silent[answers[2].id] == 0.0
    assert silent[answers[0].id] == content.values[answers[0].id]


def make_silent(answer: Answer) -> Answer:
    import dataclasses

    return dataclasses.replace(answer, text="", state="empty")


def test_a_damaged_file_is_made_again(base_run: tuple[Recipe, Path]) -> None:
    recipe, run = base_run
    before = measure(recipe, run)
    (run / "content.json").write_text('{"values": 3')
    assert measure(recipe, run) == before


def test_without_a_way_into_english_nothing_is_measured_and_nothing_fails(tiny_base: Path, tmp_path: Path) -> None:
    path = write_files(tmp_path, tiny_base)
    found = make_study(path, tmp_path, arms=("base",), settings=("gate.back_engine=shipped-memory",))
    assert "chrf_content" not in {column.name for column in found.tables[0].columns}


def test_what_other_replies_said_is_not_kept_where_these_cannot_be_read(base_run: tuple[Recipe, Path]) -> None:
    recipe, run = base_run
    assert read_content(run) is not None
    gate = recipe.gate.model_copy(update={"back_engine": "shipped-memory"})
    assert measure(recipe.model_copy(update={"gate": gate}), run) == {}
    assert read_content(run) is None
