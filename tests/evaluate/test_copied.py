"""The question again, instead of an answer to it: as a measure, and as a failure with its place."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.evaluate.case import REFERENCE, Case, build_reference
from taco.evaluate.copied import COPIED, FEWEST, measure, measure_likeness
from taco.evaluate.failure.classify import find_failures
from taco.evaluate.failure.record import UNKNOWN, Failure, build_subject
from taco.evaluate.failure.survey import survey_answers
from taco.evaluate.failures import find_failures as judge_failures
from taco.evaluate.files.questions import read_questions
from taco.evaluate.files.raw_answers import RawAnswer
from taco.languages.table import find_language
from taco.records import Chain, Example

QUESTION = "Onde podo mercar sementes de tomate para a horta da miña avoa?"
ANSWER = "En calquera feira da comarca hai quen as venda, e mellor na primavera."
QUESTIONS = {
    "gl": QUESTION,
    "ne": "गाउँको नजिकै तरकारीको बिउ कहाँ किन्न पाइन्छ?",
    "fa": "برای باغچهٔ مادربزرگم از کجا می‌توانم تخم گوجه بخرم؟",
    "th": "ฉันจะซื้อเมล็ดมะเขือเทศสำหรับสวนของคุณยายได้ที่ไหน",
    "zh": "我可以在哪里买到奶奶菜园里要种的番茄种子",
}

PLAIN = {"template": "direct", "instruction_en": "", "response_en": ""}


def judge(make_case: Callable[..., Case], prompt: str, reply: str, reference: str = ANSWER) -> float | None:
    case = make_case(reply, example={"prompt": prompt, "response": reference} | PLAIN)
    return measure(case)["copied_question"]


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (QUESTION, 1),
        (QUESTION.upper().replace("?", " !"), 1),
        (QUESTION.replace("avoa", "aboa"), 1),
        ("\u00ad".join(QUESTION), 1),  # soft hyphens, which nobody sees
        (f"{QUESTION}\n" * 9, 1),
        (ANSWER, 0),
        (f"{QUESTION} {ANSWER}", 0),
        ("Onde podo mercar sementes?", 0),
        ("", None),
        ("...", None),
    ],
)
def test_the_question_again_is_a_copy_and_an_answer_is_none(
    make_case: Callable[..., Case], reply: str, value: float | None
) -> None:
    assert judge(make_case, QUESTION, reply) == value


@pytest.mark.parametrize("code", QUESTIONS)
def test_a_copy_is_seen_in_every_script_and_under_every_normal_form(code: str) -> None:
    script, question = find_language(code).script, QUESTIONS[code]
    for form in ("NFC", "NFD"):
        assert measure_likeness(unicodedata.normalize(form, question), question, script=script) == 1
    others = [text for other, text in QUESTIONS.items() if other != code]
    assert all((measure_likeness(text, question, script=script) or 0) < COPIED for text in others)


TASKS = [
    ("Repite estas palabras: o río pasa moi amodo pola vila", "o río pasa moi amodo pola vila"),
    (
        "Corrixe a frase: Onte eu foron ao monte cos meus curmáns e voltamos tarde.",
        "Onte eu fun ao monte cos meus curmáns e voltamos tarde.",
    ),
    (
        "Cal é o nome da montaña máis alta de toda Galicia?",
        "O nome da montaña máis alta de toda Galicia é Pena Trevinca.",
    ),
]


@pytest.mark.parametrize(("prompt", "reference"), TASKS)
def test_tasks_that_repeat_the_question_do_not_count(
    make_case: Callable[..., Case], prompt: str, reference: str
) -> None:
    assert judge(make_case, prompt, reference, reference) == 0
    assert judge(make_case, prompt, reference.replace("amodo", "lento"), reference) == 0
    assert judge(make_case, prompt, prompt, reference) == 1


@pytest.mark.parametrize("question", ["Ola!", "E logo?", "?", ""])
def test_short_greetings_are_left_out(make_case: Callable[..., Case], question: str) -> None:
    assert judge(make_case, question, question) is None


@given(question=st.text(max_size=80), reference=st.text(max_size=80))
def test_a_reference_is_never_a_copy_and_no_text_breaks_the_measure(question: str, reference: str) -> None:
    example = Example(
        id="0",
        language="gl",
        category="",
        template="direct",
        system="",
        prompt=question,
        completion=reference,
        chain=Chain(instruction_en="", response_en="", response=reference),
    )
    case = build_reference(example, find_language("gl"))
    assert case.answer.arm == REFERENCE
    assert not measure(case)["copied_question"]


@given(first=st.text(max_size=60), second=st.text(max_size=60), script=st.sampled_from(["Latn", "Thai", "Deva"]))
def test_likeness_is_a_share_and_the_same_from_both_sides(first: str, second: str, script: str) -> None:
    found = measure_likeness(first, second, script=script)
    assert found is None or 0 <= found <= 1
    back = measure_likeness(second, first, script="Latn")
    if script == "Latn" and found is not None and back is not None:
        assert found == back


@given(st.lists(st.text("abdefgilmnoprstuv", min_size=2, max_size=9), min_size=FEWEST, max_size=12, unique=True))
def test_more_words_of_ones_own_make_less_of_a_copy(words: list[str]) -> None:
    question = " ".join(words)
    replies = [" ".join([*words, *(f"{new}{word}{new}" for word in words[:new])]) for new in range(4)]
    likeness = [measure_likeness(reply, question, script="Latn") or 0 for reply in replies]
    assert likeness[0] == 1
    assert likeness == sorted(likeness, reverse=True)


def test_evaluate_notes_a_copy_among_the_failures(make_case: Callable[..., Case]) -> None:
    case = make_case(QUESTION, example={"prompt": QUESTION} | PLAIN)
    assert [one.kind for one in judge_failures(case, measure(case))] == ["copied-question"]
    assert "copied-question" not in [one.kind for one in judge_failures(case, {"copied_question": None})]


def find(text: str, *, template: str = "taco", instruction: str = "", reference: Chain = UNKNOWN) -> list[Failure]:
    subject = build_subject(
        text,
        answer_id="a",
        language=find_language("gl"),
        template=template,
        instruction=instruction,
        reference=reference,
    )
    return [failure for failure in find_failures(subject) if failure.kind == "copied-question"]


QUESTION_EN = "Where can I buy tomato seeds for the garden of my grandmother?"


def chain(response: str, response_en: str = "Ask at the fair.", instruction_en: str = QUESTION_EN) -> str:
    return f"Instruction in English: {instruction_en}\nResponse in English: {response_en}\nResponse in Galician: {response}"


def test_the_failure_shows_the_section_that_is_the_question() -> None:
    assert [one.text for one in find(chain(QUESTION), instruction=QUESTION)] == [QUESTION]
    assert [one.text for one in find(QUESTION, instruction=QUESTION)] == [QUESTION]
    assert [one.text for one in find(QUESTION, instruction=QUESTION, template="direct")] == [QUESTION]
    assert [one.text for one in find(chain(ANSWER, QUESTION_EN))] == [QUESTION_EN]
    assert find(chain(ANSWER), instruction=QUESTION) == []
    assert find(chain(QUESTION)) == []


def test_without_a_reference_tasks_that_ask_for_the_text_again_are_passed_over() -> None:
    prompt, corrected = TASKS[1]
    text = chain(prompt, "I went to the hills.", "Correct the sentence: Yesterday I goes to the hills with my cousins.")
    assert find(text, instruction=prompt) == []
    known = Chain(instruction_en="Correct the sentence.", response_en="I went to the hills.", response=corrected)
    assert [one.text for one in find(text, instruction=prompt, reference=known)] == [prompt]


def test_references_are_read_from_the_rows_of_a_run(tmp_path: Path) -> None:
    path = tmp_path / "heldout.jsonl"
    prompt, corrected = "Escribe outra vez: unha mañá de moita néboa na ría", "unha mañá de moita néboa na ría"
    sections = {"instruction_en": "Again: a foggy morning", "response_en": "a foggy morning", "response": corrected}
    path.write_text(json.dumps({"id": "a", "prompt": prompt, "chain": sections}), encoding="utf-8")
    answer = RawAnswer(id="a", text=corrected, instruction=prompt)
    known = read_questions(path)
    galician = find_language("gl")
    assert measure_likeness(corrected, prompt, script="Latn") < COPIED  # type: ignore[operator]
    again = RawAnswer(id="a", text=prompt, instruction=prompt)
    found = survey_answers([answer, again], language=galician, questions=known, template="direct")
    assert [one.text for one in found.failures if one.kind == "copied-question"] == [prompt]
    path.write_text(
        json.dumps({"id": "a", "text": "Why?", "chain": {"response": 3, "response_en": None}}), encoding="utf-8"
    )
    assert read_questions(path)["a"].find_reference() == Chain(instruction_en="Why?", response_en="", response="")


def test_a_translated_benchmark_gives_the_english_of_its_questions(tmp_path: Path) -> None:
    """Its turns are in the target language; its references are in both."""
    path = tmp_path / "vicuna.gl.jsonl"
    row = {"question_id": 81, "turns": ["Por que?", "E logo?"], "turns_en": ["Why?", "And then?"]}
    row |= {"reference": ["Porque si.", ""], "reference_en": ["Because.", ""]}
    path.write_text(json.dumps(row), encoding="utf-8")
    question = read_questions(path)["81"]
    expected = Chain(instruction_en="Why?", response_en="Because.", response="Porque si.")
    assert question.find_reference() == expected
    assert question.find_turn(2) == "And then?"
