"""A benchmark in another language: ids, order, categories, turns and references stay, what breaks is left out by name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from taco.cli.app import app
from taco.errors import DataError, RecipeError
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.read import read_benchmark
from taco.evaluate.benchmark.translate import TranslatedBenchmark, translate_benchmark
from taco.progress import SilentProgress
from taco.translate.echo import EchoEngine
from taco.translate.engine import Translation
from taco.translate.options import TranslateOptions
from taco.translate.worker import Job

UNKNOWN = "xyzzy"
"""A word that the engine of these tests does not know."""

WORDS = st.lists(st.sampled_from(["Why", "is", "the", "sky", "blue?", UNKNOWN]), min_size=1, max_size=4).map(" ".join)


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fake engine stumble over a word, and keep the cache apart."""
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))
    answer = EchoEngine.translate

    def stumble(self: EchoEngine, texts: Sequence[str]) -> list[Translation]:
        found = answer(self, texts)
        return [
            Translation(text=one.text, words=one.words, unknown_words=one.words) if UNKNOWN in text else one
            for one, text in zip(found, texts, strict=True)
        ]

    monkeypatch.setattr(EchoEngine, "translate", stumble)


def translate(questions: Sequence[Question], folder: Path, *, shard_rows: int = 2) -> TranslatedBenchmark:
    options = TranslateOptions(engine="echo", options={"prefix": "q"}, shard_rows=shard_rows)
    job = Job(options=options, language="gl", memory=folder / "memory.sqlite", run="run", account="account")
    return translate_benchmark(questions, job, progress=SilentProgress())


def call(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_everything_but_the_language_stays(tmp_path: Path) -> None:
    source = write(
        tmp_path / "question.jsonl",
        {"question_id": 81, "category": "writing", "turns": ["Write a `for` loop.\n- one\n- two", "Now rhyme it."]},
        {"question_id": 7, "category": "math", "turns": ["What is 2 + 2?"], "reference": ["It is 4."]},
        {"question_id": "x1", "turns": ["Why?"]},
    )
    out = tmp_path / "out.jsonl"
    call(
        "translate-benchmark",
        source,
        "--language",
        "gl",
        "--out",
        out,
        "--engine",
        "echo",
        "--set",
        "options.prefix=q",
        "-q",
    )
    before, after = read_benchmark(source), read_benchmark(out)
    assert [(one.id, one.category, len(one.turns)) for one in after] == [
        (one.id, one.category, len(one.turns)) for one in before
    ]
    assert after[0].turns == ("qWrite qa `for` qloop.\n- qone\n- qtwo", "qNow qrhyme qit.")
    assert after[1].references == ("qIt qis 4.",)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["question_id"] for row in rows] == [81, 7, "x1"]
    assert [row["turns_en"] for row in rows] == [list(one.turns) for one in before]
    assert {row["language"] for row in rows} == {"gl"}
    assert not (tmp_path / "out.dropped.jsonl").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.lists(WORDS, min_size=1, max_size=3), st.booleans(), WORDS), min_size=1, max_size=6))
def test_no_question_is_lost_or_broken(tmp_path: Path, rows: list[tuple[list[str], bool, str]]) -> None:
    questions = [
        Question(id=str(n), turns=tuple(turns), references=(answer, *[""] * (len(turns) - 1)) if has_answer else ())
        for n, (turns, has_answer, answer) in enumerate(rows)
    ]
    found = translate(questions, tmp_path)
    fine = [one.id for one in questions if not any(UNKNOWN in turn for turn in one.turns)]
    assert [str(one.question_id) for one in found.questions] == fine
    assert [drop.id for drop in found.drops] == [one.id for one in questions if one.id not in fine]
    assert all(drop.reason == "too-many-unknown-words" for drop in found.drops)
    for one in found.questions:
        english = questions[int(one.question_id)]
        lost = UNKNOWN in english.reference
        assert (len(one.turns), one.turns_en, one.reference_en) == (
            len(english.turns),
            english.turns,
            english.references,
        )
        assert len(one.reference) == (0 if lost else len(english.references))
        assert (english.id in found.references_lost) is lost


def test_what_was_translated_before_is_not_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = [Question(id="1", turns=("Why is the sky blue?",))]
    first = translate(questions, tmp_path)

    def refuse(*_: object) -> list[Translation]:
        raise AssertionError("sent again")

    monkeypatch.setattr(EchoEngine, "translate", refuse)
    assert translate(questions, tmp_path).questions == first.questions


def test_dropped_questions_are_named_and_go_to_a_file(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", {"id": 1, "question": "Why?"}, {"id": 2, "question": UNKNOWN})
    out = tmp_path / "gl.jsonl"
    printed = call("translate-benchmark", source, "--language", "gl", "--out", out, "--engine", "echo", "-q")
    assert "1 of 2 questions" in printed and "2\ttoo-many-unknown-words" in printed
    assert json.loads((tmp_path / "gl.dropped.jsonl").read_text())["id"] == "2"
    write(source, {"id": 1, "question": "Why?"})
    call("translate-benchmark", source, "--language", "gl", "--out", out, "--engine", "echo", "-q")
    assert not (tmp_path / "gl.dropped.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("--language", "gl", "--engine", "nobody"), RecipeError, "nobody"),
        (("--language", "gl", "--engine", "echo", "--set", "odd=1"), RecipeError, "odd"),
        (("--language", "nowhere", "--engine", "echo"), RecipeError, "nowhere"),
        (("--language", "gl", "--engine", "echo", "--references", "nowhere.jsonl"), DataError, "missing"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], error: type[Exception], words: str
) -> None:
    source = write(tmp_path / "a.jsonl", {"id": 1, "question": "Why?"})
    with pytest.raises(error, match=words):
        call("translate-benchmark", source, "--out", tmp_path / "gl.jsonl", *arguments, "-q")
    assert not (tmp_path / "gl.jsonl").exists()


def test_the_file_that_is_read_is_never_written(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", {"id": 1, "question": "Why?"})
    before = source.read_bytes()
    with pytest.raises(DataError, match="is read"):
        call("translate-benchmark", source, "--language", "gl", "--out", source, "--engine", "echo")
    assert source.read_bytes() == before
