"""Later turns are asked in the conversation that they belong to, survive kills, and come out in FastChat's form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from taco.chain.formats import find_template
from taco.chain.options import ChainOptions
from taco.chain.template import make_chain
from taco.errors import DataError
from taco.evaluate.benchmark.answer import Answerer, answer_benchmark, list_turns
from taco.evaluate.benchmark.conversation import Conversation
from taco.evaluate.benchmark.question import EARLIER_TURN, Question
from taco.evaluate.benchmark.turns import answer_turns
from taco.evaluate.files.questions import read_questions
from taco.evaluate.files.raw_answers import read_raw_answers
from taco.evaluate.judge.systems import Asked, read_systems
from taco.generate.asking import open_asking
from taco.generate.backend import Generation, Prompt, Refusal, Setup
from taco.generate.echo import EchoBackend
from taco.generate.options import GenerateOptions
from taco.generate.relay import Relay, Translate
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import SilentProgress
from taco.records import ARMS, Drop, StageCount
from taco.serve.answer import AnswerReader
from taco.serve.asks import build_turns
from taco.serve.protocol import Message
from taco.store.jsonl import read_records
from taco.translate.texts import TextTranslation

GALICIAN = find_language("gl")
QUESTIONS = (
    Question(id="81", category="writing", turns=("Escribe un poema.", "Agora sen a letra e."), references=()),
    Question(id="111", category="math", turns=("2 + 2?", "E por 3?"), references=("4", "12")),
    Question(id="x", turns=("Unha soa.",)),
)

Speak = Callable[[str, Prompt], str]
"""Arm and prompt -> what is answered."""


class Killed(BaseException):
    """A kill: nothing in taco catches it."""


def write_chain(text: str) -> str:
    template = find_template("taco")
    return template.render(make_chain(dict.fromkeys(template.section_names, text)), GALICIAN)


def speak(arm: str, prompt: Prompt) -> str:
    said = f"{arm} {len(prompt.turns) // 2 + 1}: {prompt.text}"
    return write_chain(said) if arm == "tuned" else said


class Speakers:
    """Takes the place of the echo backend; notes what was asked, and dies before a given answer.

    Args:
        monkeypatch: Puts it there.
        speak: What is answered; "" refuses.
        die_at: Number of the answer, from 0, before which it is killed; None for never.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, speak: Speak = speak, *, die_at: int | None = None) -> None:
        self.asked: list[tuple[str, Prompt]] = []
        speakers = self

        def generate(
            _: EchoBackend, prompts: Sequence[Prompt], *, arm: str, limits: object, on_tokens: object
        ) -> Iterator[Generation | Refusal]:
            for prompt in prompts:
                if len(speakers.asked) == die_at:
                    raise Killed
                speakers.asked.append((arm, prompt))
                text = speak(arm, prompt)
                if not text:
                    yield Refusal(id=prompt.id, reason="prompt-too-long", detail="9 tokens")
                    continue
                yield Generation(id=prompt.id, text=text, finish="stop", token_ends=[len(text)], token_seconds=[0.0])

        monkeypatch.setattr(EchoBackend, "generate", generate)


def _open_run(folder: Path) -> Answerer:
    return Answerer(
        run=folder / "run",
        chain=ChainOptions(),
        model=ModelOptions(),
        generate=GenerateOptions(backend="echo"),
        language=GALICIAN,
        adapter={},
    )


def _prefix(code: str) -> Translate:
    """Return an engine that puts a code in front of every text."""
    return lambda texts: {text: TextTranslation(text=f"{code} {text}", engine=code) for text in texts}


def answer(out: Path, questions: Sequence[Question] = QUESTIONS) -> StageCount:
    answerer = _open_run(out.parent)
    return answer_benchmark(answerer, questions, out=out, cache=out.parent, progress=SilentProgress())


def read_bytes(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.json*")}


def test_later_turns_stand_behind_the_target_sections_of_the_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speakers = Speakers(monkeypatch)
    count = answer(tmp_path / "out")
    assert count.is_balanced() and (count.rows_in, count.rows_kept) == (10, 10)
    earlier = {(arm, prompt.text): list(prompt.earlier) for arm, prompt in speakers.asked}
    assert earlier["tuned", "E por 3?"] == [("user", "2 + 2?"), ("assistant", "tuned 1: 2 + 2?")]
    assert earlier["base", "E por 3?"] == [("user", "2 + 2?"), ("assistant", "base 1: 2 + 2?")]
    assert earlier["tuned", "2 + 2?"] == []
    assert [len(prompt.turns) for _, prompt in speakers.asked] == [1, 1, 1, 3, 3] * 2


@pytest.mark.parametrize("text", ["Azul.", "Azul.\n\n- mar\n- ceo", "Response in English: azul", "  Azul \n", "a\\b"])
def test_a_tuned_model_sees_what_taco_serve_would_show_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A client of `taco serve` that sends the content of the first answer back gets the same prompt."""
    speakers = Speakers(monkeypatch, lambda arm, prompt: write_chain(text))
    answer(tmp_path / "out", QUESTIONS[:1])
    reader = AnswerReader("taco", GALICIAN)
    for sign in write_chain(text):
        reader.take(sign)
    reader.end("stop")
    first, second = QUESTIONS[0].turns
    messages = [
        Message(role="user", content=first),
        Message(role="assistant", content=reader.content),
        Message(role="user", content=second),
    ]
    ((_, prompt),) = [one for one in speakers.asked if one[0] == "tuned" and one[1].earlier]
    assert prompt.turns == build_turns(messages, find_template("taco"), GALICIAN)
    assert prompt.system == find_template("taco").system(GALICIAN)


def test_the_plain_cascade_goes_on_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the mode engine-both the base model is asked in English: then its conversation is in English too."""
    speakers = Speakers(monkeypatch, lambda arm, prompt: f"said {len(prompt.turns)}")
    translate = {"to_english": _prefix("en"), "to_target": _prefix("gl")}
    relay = Relay(mode="engine-both", **translate)
    setup = Setup(model=ModelOptions(), adapter=None, cache=tmp_path, progress=SilentProgress())
    turns = list_turns(_open_run(tmp_path), QUESTIONS[:1])
    with open_asking(GenerateOptions(backend="echo"), setup, language=GALICIAN, relay=relay) as asking:
        talks = {arm: answer_turns(arm, turns, asking=asking, out=tmp_path) for arm in ARMS}
    later = {arm: prompt for arm, prompt in speakers.asked if prompt.earlier}
    assert later["base"].turns == [
        ("user", "en Escribe un poema."),
        ("assistant", "said 1"),
        ("user", "en Agora sen a letra e."),
    ]
    assert later["tuned"].turns == [
        ("user", "Escribe un poema."),
        ("assistant", "gl said 1"),
        ("user", "Agora sen a letra e."),
    ]
    assert talks["base"].answers["81", 2].text.endswith("gl said 3")


def test_a_turn_behind_a_failed_one_is_not_asked_and_unscored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arm: str, prompt: Prompt) -> str:
        if prompt.text == "2 + 2?":
            return "" if arm == "base" else "Instruction in English: 2 + 2?"
        return speak(arm, prompt)

    speakers = Speakers(monkeypatch, fail)
    count = answer(tmp_path / "out")
    assert "E por 3?" not in [prompt.text for _, prompt in speakers.asked]
    assert count.is_balanced() and dict(count.dropped) == {"prompt-too-long": 1, EARLIER_TURN: 2}
    drops = list(read_records(tmp_path / "out" / "dropped.jsonl", Drop))
    assert [(drop.id, drop.detail.split(":")[0]) for drop in drops] == [
        ("111", "turn 1, base"),
        ("111", "turn 2, base"),
        ("111", "turn 2, tuned"),
    ]
    base, tuned = (list(read_records(tmp_path / "out" / f"{arm}.jsonl", Conversation))[1] for arm in ARMS)
    assert (base.choices[0].turns, base.reasons) == (("", ""), ("prompt-too-long", EARLIER_TURN))
    assert (tuned.choices[0].turns[1], tuned.reasons) == ("", ("", EARLIER_TURN))
    later = [one for one in read_systems([tmp_path / "out"], Asked(questions={})) if one.turn == 2]
    assert {(one.id, one.system): one.is_cut_off for one in later} == {
        ("81", "base"): False,
        ("81", "tuned"): False,
        ("111", "base"): True,
        ("111", "tuned"): True,
    }


def test_killed_before_any_answer_it_goes_on_and_asks_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Speakers(monkeypatch)
    answer(tmp_path / "whole")
    expected = read_bytes(tmp_path / "whole")
    for moment in range(10):
        out = tmp_path / f"killed-{moment}"
        before = Speakers(monkeypatch, die_at=moment)
        with pytest.raises(Killed):
            answer(out)
        after = Speakers(monkeypatch)
        answer(out)
        asked = [(arm, prompt.id, len(prompt.turns)) for arm, prompt in before.asked + after.asked]
        assert len(set(asked)) == 10
        # The one whose answer was under way at the kill is asked again: it was not on the disk yet.
        assert len(asked) <= 11
        assert read_bytes(out) == expected
    untouched = Speakers(monkeypatch)
    answer(tmp_path / "whole")
    assert untouched.asked == [] and read_bytes(tmp_path / "whole") == expected


def test_the_files_have_fastchats_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields as FastChat's own reference_answer and question files have them (fastchat/llm_judge/data/mt_bench)."""
    Speakers(monkeypatch)
    answer(tmp_path / "out")
    rows = [json.loads(line) for line in (tmp_path / "out" / "tuned.jsonl").read_text().splitlines()]
    assert [row["question_id"] for row in rows] == [81, 111, "x"]
    assert all({"question_id", "answer_id", "model_id", "choices"} <= row.keys() for row in rows)
    assert [(row["model_id"], row["choices"][0]["index"]) for row in rows] == [("tuned", 0)] * 3
    assert rows[0]["choices"][0]["turns"] == [
        write_chain("tuned 1: Escribe un poema."),
        write_chain("tuned 2: Agora sen a letra e."),
    ]
    assert len({row["answer_id"] for row in rows}) == 3
    assert [one.text for one in read_questions(tmp_path / "out" / "questions.jsonl").values()] == [
        question.text for question in QUESTIONS
    ]
    assert [one.id for one in read_raw_answers(tmp_path / "out" / "base.jsonl")] == ["81", "111", "x"]
    found = read_systems([tmp_path / "out"], Asked(questions={}))
    assert [(one.system, one.id, one.turn) for one in found] == [
        *((arm, id_, 1) for arm in ARMS for id_ in ("81", "111", "x")),
        *((arm, id_, 2) for arm in ARMS for id_ in ("81", "111")),
    ]
    (last,) = [one for one in found if (one.system, one.id, one.turn) == ("tuned", "111", 2)]
    assert (last.question, last.answer, last.reference, last.category) == (
        "E por 3?",
        "tuned 2: E por 3?",
        "12",
        "math",
    )
    (earlier,) = last.earlier
    assert (earlier.question, earlier.answer, earlier.reference) == ("2 + 2?", "tuned 1: 2 + 2?", "4")


def test_answers_that_go_on_with_other_answers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Speakers(monkeypatch)
    answer(tmp_path / "out")
    (tmp_path / "out" / "turn-1" / "tuned.jsonl").unlink()
    Speakers(monkeypatch, lambda arm, prompt: write_chain("Outra."))
    with pytest.raises(DataError, match="other earlier answers"):
        answer(tmp_path / "out")


def test_an_empty_turn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="turn 2 of the question 1 is empty"):
        answer(tmp_path / "out", [Question(id="1", turns=("Que?", " "), origin="a:1")])
