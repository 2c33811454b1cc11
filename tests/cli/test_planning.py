"""What `taco plan` says of translations back."""

import json
from pathlib import Path

import pytest

from taco.cli.planning import list_network, print_plan
from taco.progress import SilentProgress
from taco.recipe.schema import Recipe


def plan(tmp_path: Path, *, as_json: bool, rows: int | None = None, **gate: object) -> None:
    recipe = Recipe.model_validate(
        {"name": "seed-{language}", "language": "gl", "translate": {"engine": "echo"}, "gate": gate}
    )
    print_plan(
        recipe,
        runs=tmp_path / "runs",
        cache=tmp_path / "cache",
        progress=SilentProgress(),
        as_json=as_json,
        rows=rows,
    )


def test_a_round_trip_is_counted_where_it_is_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(tmp_path, as_json=True)
    assert json.loads(capsys.readouterr().out)["round_trip"] is None
    plan(tmp_path, as_json=True, round_trip=True)
    found = json.loads(capsys.readouterr().out)
    assert found["round_trip"]["is_guessed"]
    assert found["round_trip"]["estimate"]["texts_to_send"] == found["translation"]["texts_to_send"] > 900
    plan(tmp_path, as_json=True, corpus_round_trip={"sentences": 100})
    assert json.loads(capsys.readouterr().out)["round_trip"]["estimate"]["texts_to_send"] == 100


def test_a_sample_of_sentences_does_not_grow_with_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(tmp_path, as_json=True, rows=3140, corpus_round_trip={"sentences": 100})
    assert json.loads(capsys.readouterr().out)["round_trip"]["estimate"]["texts_to_send"] == 100
    plan(tmp_path, as_json=True, rows=3140, round_trip=True)
    grown = json.loads(capsys.readouterr().out)
    assert grown["round_trip"]["estimate"]["rows"] == grown["translation"]["rows"] == 3140


def test_the_table_names_the_engine_and_says_that_it_guesses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(tmp_path, as_json=False, corpus_round_trip={"sentences": 100}, back_engine="echo")
    shown = capsys.readouterr().out
    assert "Round trip with echo (guessed from the English texts)" in shown
    assert "gl-en" in shown and "en-gl" in shown


def test_a_server_that_answers_is_named(tmp_path: Path) -> None:
    server = {"model": "gl", "base_model": "base", "base_url": "http://127.0.0.1:8000/v1"}
    recipe = Recipe.model_validate(
        {
            "name": "n",
            "language": "gl",
            "translate": {"engine": "echo"},
            "generate": {"backend": "openai", "options": server},
        }
    )
    assert "answers of base and gl from 127.0.0.1:8000/v1, to which the held-out questions are sent" in list_network(
        recipe, cache=tmp_path
    )
