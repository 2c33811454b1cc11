"""`taco annotate` from end to end: a run that was judged, FastChat's answers, folders of text files; sheets back, results out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taco.annotate.key import Key, read_key
from taco.annotate.results import Results
from taco.annotate.simulated import SimulatedPanel
from taco.cli.app import app
from taco.errors import RecipeError, StoreError, TacoError
from taco.records import ARMS, Answer, Chain, Example
from taco.store.jsonl import write_records


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def make_run(folder: Path, *, rows: int = 8) -> Path:
    """Write what a run leaves; the tuned model answers in chains, of which the first has no target section."""
    chain = Chain(instruction_en="What?", response_en="The English answer.", response="A resposta.")
    examples = [
        Example(
            id=f"{number:016x}",
            language="gl",
            category=("coding", "generic")[number % 2],
            template="taco",
            system="",
            prompt=f"Que {number}?",
            completion="",
            chain=chain,
        )
        for number in range(rows)
    ]
    texts = {
        "base": "Texto {}.",
        "tuned": "Response in English:\nEnglish {}\n\nResponse in Galician:\nResposta {}.",
    }
    for arm in ARMS:
        answers = [
            Answer(
                id=one.id,
                arm=arm,
                prompt=one.prompt,
                text=texts[arm].format(number, number)
                if number or arm == "base"
                else "Response in English:\nOnly so far",
                finish="stop",
                state="complete",
                tokens=1,
                seconds=0.0,
            )
            for number, one in enumerate(examples)
        ]
        write_records(folder / "generate" / f"{arm}.jsonl", answers)
    write_records(folder / "chain" / "heldout.jsonl", examples)
    return folder


def fill(study: Path, back: Path) -> Key:
    key = read_key(study)
    back.mkdir(exist_ok=True)
    for sheet in key.sheets:
        (back / f"{sheet.rater}.json").write_text(SimulatedPanel().fill(key, sheet), encoding="utf-8")
    return key


def read_results(folder: Path) -> Results:
    return Results.model_validate_json((folder / "results.json").read_bytes())


@pytest.mark.parametrize("mode", ["rating", "pair"])
def test_a_judged_run_is_rated_and_joined_with_its_verdicts(tmp_path: Path, mode: str) -> None:
    folder = make_run(tmp_path / "run")
    run("judge", folder, "--judge", "echo", "-q", "--mode", "single" if mode == "rating" else "pair")
    told = run(
        "annotate", "make", folder, "--raters", "ana,bea", "--mode", mode, "--seed", "3", "--out", tmp_path / "gl"
    )
    kept, lost = {"rating": ("15 answers", "1 answers"), "pair": ("7 pairs", "1 pairs")}[mode]
    assert f"{kept}, each for 2 of 2 raters; seed 3." in told
    assert f"On no sheet: {lost} (no-answer)." in told
    page = (tmp_path / "gl" / "sheets" / "ana.html").read_text(encoding="utf-8")
    assert "Resposta 5." in page
    assert "English 5" not in page
    assert "tuned" not in page
    key = fill(tmp_path / "gl", tmp_path / "back")
    assert key.systems == ("base", "tuned")
    told = run("annotate", "read", tmp_path / "back", "--study", tmp_path / "gl", "--samples", "200")
    assert "Agreement on" in told
    assert "echo" in told
    results = read_results(tmp_path / "gl" / "results")
    (axis,) = results.axes
    (judge,) = axis.judges
    assert judge.judge == ("echo" if mode == "rating" else "echo, pairs")
    assert judge.agreement.shared == 2 * (15 if mode == "rating" else 7)
    assert str(folder / "judge") in "".join(results.inputs) or mode == "pair"


def test_a_run_that_was_answered_anew_has_no_verdicts(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    run("judge", folder, "--judge", "echo", "-q")
    make_run(folder, rows=9)
    run("annotate", "make", folder, "--raters", "2", "--out", tmp_path / "gl")
    fill(tmp_path / "gl", tmp_path / "back")
    run("annotate", "read", tmp_path / "back", "--study", tmp_path / "gl", "--samples", "200", "--json")
    results = read_results(tmp_path / "gl" / "results")
    assert results.axes[0].judges == ()
    assert any("about other files" in line for line in results.warnings)


def test_several_runs_fastchats_answers_and_text_folders_are_systems_of_one_study(tmp_path: Path) -> None:
    questions = tmp_path / "question.jsonl"
    questions.write_text(
        "".join(
            json.dumps({"question_id": number, "category": "generic", "turns": [f"Cal é o número {number}?"]}) + "\n"
            for number in range(1, 7)
        )
    )
    fastchat = tmp_path / "vicuna.jsonl"
    fastchat.write_text(
        "".join(
            json.dumps({"question_id": number, "model_id": "vicuna-13b", "choices": [{"turns": [f"É o {number}."]}]})
            + "\n"
            for number in range(1, 7)
        )
    )
    texts = tmp_path / "responses"
    texts.mkdir()
    for number in range(1, 6):
        (texts / f"{number}.txt").write_text(f"Response in English: It is.\nResponse in Galician: É. {number}")
    told = run(
        *("annotate", "make", fastchat, texts, "--benchmark", questions, "--language", "gl", "--raters", "4"),
        *("--each", "2", "--axes", "language,fluency", "--highest", "5", "--questions", "5", "--out", tmp_path / "s"),
    )
    assert "each for 2 of 4 raters" in told
    key = fill(tmp_path / "s", tmp_path / "back")
    assert key.systems == ("vicuna-13b", "responses")
    assert [axis.name for axis in key.axes] == ["language", "fluency"]
    assert key.left_out["no-answer"] == 1  # 6.txt is not there
    assert key.left_out["not-drawn"] in (1, 2)  # of one question, the sixth or another
    run("annotate", "read", tmp_path / "back", "--study", tmp_path / "s", "--samples", "200", "--out", tmp_path / "o")
    results = read_results(tmp_path / "o")
    assert {axis.axis for axis in results.axes} == {"language", "fluency"}
    assert set(results.axes[0].systems) == {"vicuna-13b", "responses"}


def test_a_folder_of_taco_answer_is_rated_turn_by_turn_and_joined(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "benchmark" / "mt"
    folder.mkdir(parents=True)
    asked = {"question_id": 81, "category": "writing", "turns": ["Escribe un conto.", "E agora máis curto."]}
    (folder / "questions.jsonl").write_text(json.dumps(asked) + "\n")
    for arm in ARMS:
        said = {"question_id": 81, "model_id": arm, "language": "gl", "choices": [{"turns": [f"Era {arm}.", "Fin."]}]}
        (folder / f"{arm}.jsonl").write_text(json.dumps(said) + "\n")
    run("judge", folder, "--judge", "echo", "-q")
    run("annotate", "make", folder, "--raters", "2", "--out", tmp_path / "s")
    key = fill(tmp_path / "s", tmp_path / "back")
    assert key.systems == ARMS
    assert sorted(item.turn for item in key.sheets[0].items) == [1, 1, 2, 2]
    run("annotate", "read", tmp_path / "back", "--study", tmp_path / "s", "--samples", "200")
    (judge,) = read_results(tmp_path / "s" / "results").axes[0].judges
    assert judge.agreement.shared == 8


def test_each_study_has_a_seed_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    for name in ("one", "two"):
        run("annotate", "make", folder, "--raters", "2", "--out", tmp_path / name)
    first, second = (read_key(tmp_path / name) for name in ("one", "two"))
    assert first.options.seed != second.options.seed
    kept = {file.name: file.read_bytes() for file in (tmp_path / "one" / "sheets").iterdir()}
    (tmp_path / "one" / "sheets" / "rater-2.html").unlink()  # as a kill in the middle leaves it
    run("annotate", "make", folder, "--raters", "2", "--out", tmp_path / "one")
    assert kept == {file.name: file.read_bytes() for file in (tmp_path / "one" / "sheets").iterdir()}
    for more in (["--seed", "1"], ["--each", "1"]):
        with pytest.raises(StoreError, match="another study"):
            run("annotate", "make", folder, "--raters", "2", "--out", tmp_path / "one", *more)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--raters", "0"], "expected 1 to 1000"),
        (["--raters", " , "], "names nobody"),
        (["--raters", "a,a"], "each another one"),
        (["--raters", "2", "--each", "3"], "cannot see each answer"),
        (["--raters", "2", "--mode", "rank"], "mode"),
        (["--raters", "2", "--mode", "pair", "--axes", "fluency"], "no axes but"),
        (["--raters", "2", "--references", "x.jsonl"], "belong to a --benchmark"),
    ],
)
def test_studies_that_cannot_be_made_say_why(tmp_path: Path, arguments: list[str], fault: str) -> None:
    folder = make_run(tmp_path / "run")
    with pytest.raises(RecipeError, match=fault):
        run("annotate", "make", folder, *arguments, "--out", tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_folders_without_questions_or_language_say_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "1.txt").write_text("Ola")
    for more, fault in (([], "--language"), (["--language", "gl"], "--benchmark")):
        with pytest.raises(TacoError, match=fault):
            run("annotate", "make", tmp_path / "texts", "--raters", "2", *more, "--out", tmp_path / "s")


def test_several_studies_need_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no folder of their own"):
        run("annotate", "read", tmp_path, "--study", tmp_path, "--study", tmp_path / "b")
