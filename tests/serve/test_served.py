"""What can be served, under which name, and what is said where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from served_runs import make_run

from taco.errors import DataError, ModelError, RecipeError
from taco.languages.pick import pick_language
from taco.languages.table import find_language
from taco.progress import SilentProgress
from taco.serve.options import ServeOptions
from taco.serve.run import bind, open_session, serve_runs
from taco.serve.served import Menu, find_answering, read_served
from taco.store.manifest import read_manifest, write_manifest


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no run"):
        read_served(tmp_path)


def test_a_run_whose_training_is_not_done_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo", "gl")
    manifest = read_manifest(run / "manifest.json")
    manifest.stages["train"].status = "running"
    write_manifest(run / "manifest.json", manifest)
    with pytest.raises(DataError, match="not done"):
        read_served(run)


def test_a_format_that_answers_no_questions_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo", "gl", template="translate-only")
    with pytest.raises(RecipeError, match="answers no questions"):
        read_served(run)


@pytest.mark.parametrize("name", ["taco", "taco-paper", "plug", "two-section", "direct"])
def test_formats_that_answer_can_be_served(name: str) -> None:
    assert "response" in find_answering(name).section_names


def test_runs_of_one_name_or_of_two_bases_are_refused(tmp_path: Path) -> None:
    first, again = (read_served(make_run(tmp_path / folder / "demo", "gl")) for folder in ("a", "b"))
    with pytest.raises(RecipeError, match="a name of its own"):
        Menu([first, again])
    with pytest.raises(RecipeError, match="a name of its own"):
        Menu([read_served(make_run(tmp_path / "auto", "gl"))])
    other = read_served(make_run(tmp_path / "other", "gl", base="/models/other"))
    with pytest.raises(RecipeError, match="different base models"):
        Menu([first, other])


def test_a_missing_adapter_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra [train]")
    menu = Menu([read_served(make_run(tmp_path / "demo", "gl", base="/models/other"))])
    with pytest.raises(ModelError, match="There is no adapter"):
        open_session(menu, backend=None, batch_size=None, cache=tmp_path, progress=SilentProgress())


def test_a_taken_port_is_known_before_a_model_is_loaded(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo", "gl", base="/models/other")
    taken = bind(ServeOptions(port=0))
    taken.listen()
    try:
        options = ServeOptions(port=taken.getsockname()[1])
        with pytest.raises(RecipeError, match="Cannot listen"):
            serve_runs(
                [run],
                options=options,
                backend=None,
                batch_size=None,
                cache=tmp_path,
                feedback=None,
                progress=SilentProgress(),
            )
    finally:
        taken.close()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A miña irmá ten unha casa moi grande preto do mar.", "gl"),
        ("Minha irmã tem uma casa muito grande perto do mar.", "pt"),
        ("میری بہن کا گھر سمندر کے قریب ہے۔", "ur"),
        ("", "gl"),
        ("12 + 30 = ?", "gl"),
        ("`print(1)`", "gl"),
    ],
)
def test_the_language_of_a_question_is_told(text: str, code: str) -> None:
    assert pick_language(text, [find_language(one) for one in ("gl", "pt", "ur", "fa")]).code == code
