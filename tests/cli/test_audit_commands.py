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
    # Student's interval of 6, 7 and 8 is [4.52, 9.48]; that of the bootstrap, whose means come in steps, is near it.
    assert "7.000 [4.32, 9.69]" in shown.stdout


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


def write_conversations(folder: Path) -> Path:
    whole = "Instruction in English: Why?\nResponse in English: So.\nResponse in Galician: Porque si."
    lines = [
        {"question_id": 81, "choices": [{"index": 0, "turns": [whole, "Response in English: Only that."]}]},
        {"question_id": 82, "choices": [{"index": 0, "turns": [whole, whole]}], "finish": ["stop", "length"]},
        {"question_id": 83, "choices": [{"index": 0, "turns": ["", ""]}], "reasons": ["", "earlier-turn-failed"]},
        {"question_id": 84, "choices": [{"index": 0, "turns": [whole, None, 7]}], "finish": "stop"},
        {"question_id": 85, "choices": [{"index": 0, "turns": []}]},
    ]
    path = folder / "tuned.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_failures_are_looked_for_in_every_turn(tmp_path: Path) -> None:
    shown = RUNNER.invoke(app, ["failures", str(write_conversations(tmp_path)), "--json"])
    assert shown.exit_code == 0
    said = json.loads(shown.stdout)
    assert (said["answers"], said["unanswered"]) == (9, 1)  # nobody asked question 83 a second time
    found = [(failure["kind"], failure["id"], failure["turn"]) for failure in said["failures"]]
    missing = [("81", 2), ("83", 1), ("84", 2), ("84", 3), ("85", 1)]
    assert [place for kind, *place in found if kind == "missing-section"] == [list(one) for one in missing]
    assert ("truncated", "82", 2) in found
    assert ("truncated", "82", 1) not in found
    assert said["counts"]["missing-section"] == 5


def test_the_terminal_names_later_turns(tmp_path: Path) -> None:
    shown = RUNNER.invoke(app, ["failures", str(write_conversations(tmp_path))])
    assert "81 (turn 2) 83 84 (turn 2) 84 (turn" in " ".join(shown.stdout.split())
    assert "not looked at: 1." in shown.stdout


def test_later_turns_are_held_against_their_own_question(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    asked = {"question_id": 81, "turns": ["Why?", "Where do whales sleep in winter?"]}
    questions.write_text(json.dumps(asked), encoding="utf-8")
    answers = tmp_path / "turns.jsonl"
    turns = [
        f"Instruction in English: {text}\nResponse in English: So.\nResponse in Galician: Porque si."
        for text in ("Why?", "Count all the roads of France")
    ]
    answers.write_text(json.dumps({"question_id": 81, "choices": [{"turns": turns}]}), encoding="utf-8")
    shown = RUNNER.invoke(app, ["failures", str(answers), "--questions", str(questions), "--json"])
    changed = [one["turn"] for one in json.loads(shown.stdout)["failures"] if one["kind"] == "changed-meaning"]
    assert changed == [2]


def test_the_folder_of_a_turn_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "turn-2"
    folder.mkdir()
    shown = RUNNER.invoke(app, ["failures", str(write_answers(folder)), "--json"])
    assert {one["turn"] for one in json.loads(shown.stdout)["failures"]} == {2}


def test_a_language_that_nothing_tells_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "1.txt"
    path.write_text("Just a text.", encoding="utf-8")
    assert isinstance(RUNNER.invoke(app, ["failures", str(path)]).exception, RecipeError)
