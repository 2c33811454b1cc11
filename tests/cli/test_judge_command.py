"""`taco judge`, `taco decontaminate` and `taco export-benchmark` from end to end, with the fake judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taco.cli.app import app
from taco.errors import TacoError
from taco.evaluate.judge.echo import EchoJudge
from taco.evaluate.judge.judgement import Judgement, PairJudgement
from taco.evaluate.judge.prompt import JudgePrompt
from taco.evaluate.judge.scores import JudgeScores, read_judge_scores
from taco.records import ARMS, Answer, Chain, Example
from taco.remote.chat_reply import ChatReply
from taco.store.jsonl import read_records, write_records


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))


def make_run(folder: Path, *, rows: int = 6) -> Path:
    """Write the files of a run that a judge reads; the base never writes a chain, the tuned model does."""
    chain = Chain(instruction_en="What?", response_en="The English answer.", response="A resposta.")
    examples, answers = [], {arm: list[Answer]() for arm in ARMS}
    for n in range(rows):
        examples.append(
            Example(
                id=f"{n:016x}",
                language="gl",
                category=("coding", "generic")[n % 2],
                template="taco",
                system="",
                prompt=f"Que {n}?",
                completion="",
                chain=chain,
            )
        )
        texts = {
            "base": f"Texto {n}.",
            "tuned": f"Response in English:\nEnglish {n}\n\nResponse in Galician:\nResposta {n}.",
        }
        for arm in ARMS:
            answers[arm].append(
                Answer(
                    id=f"{n:016x}",
                    arm=arm,
                    prompt=f"Que {n}?",
                    text=texts[arm],
                    finish="stop",
                    state="complete",
                    tokens=1,
                    seconds=0.0,
                )
            )
    write_records(folder / "chain" / "heldout.jsonl", examples)
    for arm in ARMS:
        write_records(folder / "generate" / f"{arm}.jsonl", answers[arm])
    return folder


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def judge(*arguments: str | Path) -> str:
    return run("judge", *arguments, "--quiet")


def test_both_arms_of_a_run_are_judged_into_its_folder(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    printed = judge(folder, "--judge", "echo")
    scores = read_judge_scores(folder / "judge" / "scores.json")
    assert set(scores.systems) == {"base", "tuned"} and scores.languages == ("gl",)
    verdicts = list(read_records(folder / "judge" / "verdicts.jsonl", Judgement))
    assert [(one.system, one.prompt.split()[0]) for one in verdicts[:2]] == [
        ("base", "reference-1"),
        ("base", "single-1"),
    ]
    assert verdicts[6].length == len("Resposta 0.")
    assert "tuned" in printed and str(folder / "judge") in printed.replace("\n", "")
    assert set(scores.inputs) == {
        f"{folder.as_posix()}/{name}" for name in ("chain/heldout.jsonl", "generate/base.jsonl", "generate/tuned.jsonl")
    }


def test_two_runs_are_compared_system_by_system(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name) for name in ("x", "y")]
    out = tmp_path / "out"
    printed = json.loads(judge(*runs, "--judge", "echo", "--out", out, "--json"))
    assert JudgeScores.model_validate(printed).answers == 24
    assert set(printed["systems"]) == {"x/base", "x/tuned", "y/base", "y/tuned"}
    assert len(printed["differences"]) == 6


def test_pairs_and_rubrics_have_folders_of_their_own(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    judge(folder, "--judge", "echo", "--mode", "pair")
    judge(folder, "--judge", "echo", "--mode", "rubric")
    assert len(list(read_records(folder / "judge-pair" / "pairs.jsonl", PairJudgement))) == 6
    axes = read_judge_scores(folder / "judge-rubric" / "scores.json").systems["tuned"]["echo"].axes
    assert list(axes) == ["language", "fluency", "adequacy", "correctness"]


def test_silence_counts_as_missing(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    path = folder / "generate" / "tuned.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:4]))
    judge(folder, "--judge", "echo")
    scores = read_judge_scores(folder / "judge" / "scores.json")
    assert (scores.answers, scores.systems["tuned"]["echo"].missing, scores.systems["base"]["echo"].missing) == (
        12,
        2,
        0,
    )
    assert scores.systems["tuned"]["echo"].all.micro.n == 6


def test_names_of_systems_are_shown_as_they_are(tmp_path: Path) -> None:
    row = {"id": 1, "question": "Que?", "answer": "Ola.", "system": "[red]x[/red]\x1b[2J"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    printed = judge(tmp_path / "a.jsonl", "--judge", "echo", "--language", "gl")
    assert "[red]x" in printed and "\x1b" not in printed


def test_a_rubric_sees_answers_in_english_where_an_engine_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path / "run", rows=2)
    seen = []
    ask = EchoJudge.ask

    def listen(self: EchoJudge, prompt: JudgePrompt, *, attempt: int) -> ChatReply:
        seen.append(prompt.texts.get("back_translation"))
        return ask(self, prompt, attempt=attempt)

    monkeypatch.setattr(EchoJudge, "ask", listen)
    judge(folder, "--judge", "echo", "--mode", "rubric", "--back-translate", "echo")
    assert seen == ["Texto 0.", "Texto 1.", "Resposta 0.", "Resposta 1."]


def test_a_jury_and_a_calibration_come_from_files(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    jury, human = tmp_path / "jury.toml", tmp_path / "human.jsonl"
    jury.write_text("".join(f'[[judge]]\nname = "echo"\nlabel = "{one}"\nsalt = "{one}"\n' for one in "ab"))
    rows = [{"question": "Que?", "answer": f"Resposta {n}", "score": 1 + n % 10, "language": "gl"} for n in range(40)]
    human.write_text("".join(json.dumps(row) + "\n" for row in rows))
    printed = judge(folder, "--judges", jury, "--calibration", human)
    scores = read_judge_scores(folder / "judge" / "scores.json")
    assert list(scores.systems["base"]) == ["a", "b", "panel"]
    assert scores.agreement is not None and scores.calibration["a"]["gl"].rows == 40
    assert "is not calibrated for Galician" in " ".join(printed.split())


def test_answers_take_questions_and_references_from_a_benchmark(tmp_path: Path) -> None:
    turns = {"question_id": 2, "category": "math", "turns": ["3 + 3?"]}
    files = {
        "question.jsonl": [{"question_id": 1, "category": "math", "turns": ["2 + 2?"]}, turns],
        "reference.jsonl": [{"question_id": 1, "choices": [{"turns": ["4"]}]}],
        "model.jsonl": [{"question_id": 1, "model_id": "m", "choices": [{"index": 0, "turns": ["Catro."]}]}],
    }
    for name, rows in files.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ("--benchmark", tmp_path / "question.jsonl", "--references", tmp_path / "reference.jsonl")
    judge(tmp_path / "model.jsonl", "--judge", "echo", "--language", "gl", *options)
    one, silent = read_records(tmp_path / "model" / "judge" / "verdicts.jsonl", Judgement)
    assert (one.system, one.category, one.prompt.split()[0]) == ("m", "math", "reference-1")
    assert (silent.id, silent.system, silent.reason, silent.score) == ("2", "m", "no-answer", 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Nobody is named who judges"),
        (("--judge", "echo", "--judge-model", "m"), "model: Extra inputs"),
        (("--judge", "nobody"), "There is no judge 'nobody'"),
        (("--judge", "echo", "--mode", "best"), "mode: Input should be 'single', 'rubric' or 'pair'"),
        (("--judge", "echo", "--set", "attempts"), "has no form KEY=VALUE"),
        (("--judge", "echo", "--set", "attempts=0"), "attempts: Input should be greater than"),
        (("--judge", "echo", "--references", "x"), "belong to a --benchmark"),
        (("--judge", "echo", "--back-translate", "echo"), "is for a rubric"),
        (("--judge", "echo", "--mode", "rubric", "--back-translate", "openai"), "openai cannot translate back"),
        (("--judge", "echo", "--mode", "rubric", "--back-translate", "nobody"), "nobody"),
        (("--judge-model", "m"), "usd_per_million_input_tokens"),
    ],
)
def test_what_cannot_be_judged_is_said_before_anything_is_asked(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    folder = make_run(tmp_path / "run")
    with pytest.raises(TacoError, match=message):
        judge(folder, *arguments)
    assert not (folder / "judge").exists()


def test_answers_to_other_questions_are_refused(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    text = (folder / "generate" / "tuned.jsonl").read_text().replace("Que 3?", "Que 33?")
    (folder / "generate" / "tuned.jsonl").write_text(text)
    with pytest.raises(TacoError, match=r"tuned\.jsonl:4 answers a question that"):
        judge(folder, "--judge", "echo")


def test_rows_that_ask_for_nothing_in_the_target_language_are_left_out(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    path = folder / "chain" / "heldout.jsonl"
    whole = path.read_text()
    first, rest = whole.split("\n", 1)
    path.write_text(first.replace('"template":"taco"', '"template":"question-translation"') + "\n" + rest)
    judge(folder, "--judge", "echo")
    assert read_judge_scores(folder / "judge" / "scores.json").answers == 10
    path.write_text(whole.replace('"template":"taco"', '"template":"question-translation"'))
    with pytest.raises(TacoError, match="There are no answers"):
        judge(folder, "--judge", "echo")


def test_rows_are_decontaminated(tmp_path: Path) -> None:
    rows, benchmark, out = (tmp_path / name for name in ("rows.json", "question.jsonl", "clean.jsonl"))
    rows.write_text(json.dumps([{"instruction": "Why do leaves\n\x1b[31mfall?"}, {"instruction": "Ola"}]))
    benchmark.write_text(json.dumps({"question_id": 7, "turns": ["why do leaves 31mfall"]}) + "\n")
    printed = run("decontaminate", rows, "--benchmark", benchmark, "--out", out, "--quiet")
    assert printed.splitlines()[0] == "rows.json:1\t7\texact\t1.00\tWhy do leaves [31mfall?"
    assert "1 of 2 rows hold 1 of 1 questions." in printed
    assert out.read_text() == '{"instruction": "Ola"}\n'
    found = json.loads(run("decontaminate", rows, "--benchmark", benchmark, "--json", "--quiet"))
    assert (found["rows"], [hit["question"] for hit in found["hits"]]) == (2, ["7"])


def test_a_benchmark_is_exported(tmp_path: Path) -> None:
    benchmark = tmp_path / "Vicuna 80.jsonl"
    benchmark.write_text(json.dumps({"question_id": 7, "turns": ["Why?"]}) + "\n")
    printed = run("export-benchmark", benchmark, "--out", tmp_path / "task")
    assert printed == f"{tmp_path / 'task'}: vicuna_80\n"
    benchmark.write_text(json.dumps({"question_id": 7, "turns": ["Why?", "How?"]}) + "\n")
    assert "1 questions have further turns" in run("export-benchmark", benchmark, "--out", tmp_path / "task")
    assert sorted(path.name for path in (tmp_path / "task").iterdir()) == [
        "README.md",
        "vicuna_80.jsonl",
        "vicuna_80.yaml",
    ]
