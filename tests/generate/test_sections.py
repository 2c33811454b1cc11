"""Every token and second of an answer is counted in exactly one section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.chain.parse import parse_chain
from taco.generate.backend import Generation
from taco.generate.sections import measure_sections, sum_seconds
from taco.languages.table import find_language

GALICIAN = find_language("gl")
TEXT = (
    "Instruction in English:\nName a colour.\n\nResponse in English:\nBlue.\n\nResponse in Galician:\nAzul, coma o ceo."
)


def generation(text: str, ends: list[int]) -> Generation:
    return Generation(
        id="1", text=text, finish="stop", token_ends=ends, token_seconds=[0.5 + n for n in range(len(ends))]
    )


def spans_of(text: str) -> dict[str, tuple[int, int]]:
    return parse_chain(text, template="taco", language=GALICIAN).spans


def test_one_token_for_each_character() -> None:
    sections = measure_sections(generation(TEXT, [*range(1, len(TEXT) + 1), len(TEXT)]), spans_of(TEXT))
    tokens = {section.name: section.tokens for section in sections}
    assert tokens["instruction_en"] == len("Name a colour.")
    assert tokens["response_en"] == len("Blue.")
    assert tokens["response"] == len("Azul, coma o ceo.")
    assert tokens["other"] == len(TEXT) + 1 - tokens["instruction_en"] - tokens["response_en"] - tokens["response"]


def test_a_token_that_reaches_into_a_section_belongs_to_it() -> None:
    # "\nName" and ".\n\n" are tokens of many vocabularies.
    start, end = spans_of(TEXT)["instruction_en"]
    ends = [start - 1, start + 4, end - 1, end + 2, len(TEXT)]
    sections = {section.name: section for section in measure_sections(generation(TEXT, ends), spans_of(TEXT))}
    assert sections["instruction_en"].tokens == 3
    assert sections["instruction_en"].seconds == 1.5 + 2.5 + 3.5


def test_parts_of_a_character_belong_where_the_character_does() -> None:
    text = "Response in Galician:\né"
    spans = spans_of(text)
    ends = [22, 22, 23, 23]  # the label, two bytes of the letter, the end token
    sections = {section.name: section.tokens for section in measure_sections(generation(text, ends), spans)}
    assert sections == {"response": 2, "other": 2}


def test_text_without_sections_is_other() -> None:
    (section,) = measure_sections(generation("Hello there", [5, 11, 11]), {})
    assert (section.name, section.tokens, section.seconds) == ("other", 3, 0.5 + 1.5 + 2.5)


@given(st.lists(st.integers(0, len(TEXT)), max_size=60))
def test_sums_are_those_of_the_answer(cuts: list[int]) -> None:
    ends = [*sorted(cuts), len(TEXT)]
    made = generation(TEXT, ends)
    sections = measure_sections(made, spans_of(TEXT))
    assert sum(section.tokens for section in sections) == len(ends)
    assert sum_seconds(sections) == pytest.approx(sum(made.token_seconds))
