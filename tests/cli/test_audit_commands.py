"""`taco audit` and `taco failures`: what they print, and their exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taco.cli.app import app
from taco.errors import DataError, RecipeError

RUNNER = CliRunner()


def write_judgements(folder: Path) -> Path:
    rows = [
        {
            "id": n,
            "answer": f"Answer {n}.",
            "judgement": f"Rating: [[{n + 1}]]",
            "rating_in_number": n,
            "category": "math",
        }
        for n in (5, 6, 7)
    ]
    path = folder / "judgements.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_findings_are_objects_and_the_exit_code_is_0(tmp_path: Path) -> None:
    path, page = write_judgements(tmp_path), tmp_path / "audit.html"
    shown = RUNNER.invoke(app, ["audit", str(path), "--json", "--claim", "60", "--report", str(page)])
    assert shown.exit_code == 0
    said = json.loads(shown.stdout)
    assert [(finding["kind"], finding["id"]) for finding in said["findings"]] == [("wrong-rating", n) for n in "567"]
    assert said["sets"][0]["claims"][0]["fits"][0]["left_out"] == []
    assert said["sets"][0]["overall"][0]["stored"]["value"] == 6
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_table_is_in_the_terminal(tmp_path: Path) -> None:
    shown = RUNNER.invoke(app, ["audit", str(write_judgements(tmp_path))])
    assert shown.exit_code == 0
    assert "wrong-rating" in shown.stdout
    assert "6.000" in shown.stdout
    assert "7.000 [6.00, 8.00]" in shown.stdout


@pytest.mark.parametrize("content", ["", "{}", "[3]", "no json"])
def test_what_cannot_be_read_is_a_data_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "judgements.json"
    path.write_text(content, encoding="utf-8")
    assert isinstance(RUNNER.invoke(app, ["audit", str(path)]).exception, DataError)
    assert isinstance(RUNNER.invoke(app, ["audit", str(tmp_path / "none")]).exception, DataError)


def write_answers(folder: Path) -> Path:
    texts = ["Instruction in English: Why?\nResponse in English: So.\nResponse in Galician: Porque si.", "", "\ud800 x"]
    lines = [json.dumps({"id": str(n), "text": text, "finish": "stop"}) for n, text in enumerate(texts, start=1)]
    path = folder / "tuned.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_failures_are_objects(tmp_path: Path) -> None:
    shown = RUNNER.invoke(app, ["failures", str(write_answers(tmp_path)), "--json"])
    assert shown.exit_code == 0
    said = json.loads(shown.stdout)
    assert said["language"] == "gl"
    assert [(failure["kind"], failure["id"]) for failure in said["failures"]] == [("missing-section", n) for n in "23"]
    assert said["counts"] == {"missing-section": 2}


def test_failures_are_counted_in_the_terminal(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"question_id": 1, "turns": ["Where do whales sleep?"]}\n', encoding="utf-8")
    path = write_answers(tmp_path)
    shown = RUNNER.invoke(app, ["failures", str(path), "--language", "gl", "--questions", str(questions)])
    assert shown.exit_code == 0
    assert "missing-section" in shown.stdout
    assert "2 answers" in shown.stdout


def test_a_language_that_nothing_tells_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "1.txt"
    path.write_text("Just a text.", encoding="utf-8")
    assert isinstance(RUNNER.invoke(app, ["failures", str(path)]).exception, RecipeError)
