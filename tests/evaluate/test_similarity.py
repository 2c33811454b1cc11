"""chrF++ is sacrebleu's own, row by row and over all rows; a section that is missing counts 0."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF

from taco.evaluate.case import Case
from taco.evaluate.similarity import FLOORS, measure, measure_floors
from taco.measure.chrf import count_matches, score_counts, score_text, sign_chrf
from taco.records import Example

PAIRS = [
    ("O ceo é azul.", "O ceo é azul durante o día."),
    ("آسمان آبی است", "آسمان در روز آبی است"),
    ("", "Nada."),
    ("El cielo\n- es azul", "O ceo:\n- é azul"),
    ("नेपाल सुन्दर छ।", "नेपाल धेरै सुन्दर देश हो।"),
]


@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_sentence_score_is_sacrebleus(text: str, reference: str) -> None:
    expected = CHRF(word_order=2).sentence_score(text, [reference]).score
    assert score_text(text, reference) == pytest.approx(expected)


def test_corpus_score_is_sacrebleus() -> None:
    counts = count_matches(PAIRS)
    total = [sum(column) for column in zip(*counts, strict=True)]
    expected = CHRF(word_order=2).corpus_score([text for text, _ in PAIRS], [[reference for _, reference in PAIRS]])
    assert score_counts(total) == pytest.approx(expected.score)


def test_signature_is_sacrebleus_own() -> None:
    score_text("a b", "a c")
    assert sign_chrf().startswith("chrF2++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:")


def test_reference_itself_scores_100(make_case: Callable[..., Case]) -> None:
    assert list(measure(make_case()).values()) == [pytest.approx(100.0)] * 4


def test_missing_section_scores_0_and_is_named(make_case: Callable[..., Case]) -> None:
    case = make_case("Instruction in English:\nWhy is the sky blue?\n\nResponse in English:\nBecause of the air.")
    values = measure(case)
    assert values["chrf_response"] == values["chrf_reply"] == 0
    assert values["chrf_instruction_en"] == pytest.approx(100.0)
    assert case.missing == ("response", "reply")


def test_answer_without_any_label_is_judged_as_a_reply_but_not_as_a_section(make_case: Callable[..., Case]) -> None:
    case = make_case("O aire espalla a luz azul máis que a luz vermella.")
    values = measure(case)
    assert values["chrf_response"] == 0
    assert values["chrf_reply"] is not None
    assert values["chrf_reply"] > 40


def test_nothing_to_compare_with_is_unscored() -> None:
    assert score_text("text", "") is None


def test_floors_are_the_question_the_english_copy_and_the_next_row(make_example: Callable[..., Example]) -> None:
    examples = [make_example(1), make_example(2, response="Os gatos dormen moito."), make_example(3, response="Dous.")]
    floors = measure_floors(examples)
    assert floors["english_copy"] == [score_text(e.chain.response_en, e.chain.response) for e in examples]
    assert floors["other_row"][2] == score_text(examples[0].chain.response, "Dous.")
    assert floors["question"][1] == score_text(examples[1].prompt, "Os gatos dormen moito.")
    english = [(e.chain.instruction_en, e.chain.response_en) for e in examples]
    assert floors["question_en"] == [score_text(question, answer) for question, answer in english]
    assert floors["other_row_en"] == [100.0] * 3  # all of them have the same English answer
    assert floors.keys() == FLOORS.keys()
    alone = measure_floors(examples[:1])
    assert alone["other_row"] == alone["other_row_en"] == []
    plain = make_example(4, template="direct", instruction_en="", response_en="")
    assert measure_floors([plain])["question_en"] == []
