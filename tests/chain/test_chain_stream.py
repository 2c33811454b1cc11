"""Sections of a text that grows are those of the whole text, whatever the pieces it comes in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.chain.stream import OUTSIDE, SectionStream
from taco.chain.template import SECTIONS, make_chain
from taco.errors import DataError
from taco.languages.table import find_language

TEMPLATES = ("taco", "taco-paper", "plug", "two-section", "direct")
LANGUAGES = ("gl", "fa", "ne")
PIECES = (
    "Instruction in English:",
    "Response in English",
    "response  in english:",
    "**Response in English:**",
    "# Response in Galician:",
    "Response in Galician",
    "Response in Persian:",
    "Response in فارسی:",
    "English instruction:",
    "Galician response:",
    "\\",
    ":",
    "：",
    " ",
    ". ",
    ".",
    "\n",
    "\n\n",
    "\t",
    "*",
    "Response",
    " in ",
    "word",
    "سلام",
    "\u2028",
    "\r\n",
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14).map("".join)


def stream(text: str, cuts: list[int], template: str, language: str) -> dict[str, str]:
    sections = SectionStream(find_template(template), find_language(language))
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    parts = [part for start, end in pairwise(places) for part in sections.push(text[start:end])]
    found: dict[str, str] = {}
    for part in [*parts, *sections.finish()]:
        assert part.text
        found[part.section] = found.get(part.section, "") + part.text
    return found


@given(
    text=TEXTS,
    cuts=st.lists(st.integers(0, 400), max_size=30),
    template=st.sampled_from(TEMPLATES),
    language=st.sampled_from(LANGUAGES),
)
@example(text="Response in English: \\Response in English: a", cuts=[25, 26], template="taco", language="gl")
@example(
    text="Instruction in English:\r\nResponse in English:\n\n Response in Galician: a",
    cuts=[24, 25],
    template="taco",
    language="gl",
)
@example(text="Response in English: a .\nResponse in Galician:", cuts=[23], template="taco-paper", language="gl")
def test_streamed_sections_are_those_of_the_parser(text: str, cuts: list[int], template: str, language: str) -> None:
    parsed = parse_chain(text, template=template, language=find_language(language))
    found = stream(text, cuts, template, language)
    assert {name: found.get(name, "") for name in SECTIONS} == {name: getattr(parsed, name) for name in SECTIONS}


@given(english=st.text(min_size=1, max_size=30), target=st.text(min_size=1, max_size=30))
def test_a_rendered_chain_comes_back_character_by_character(english: str, target: str) -> None:
    galician, template = find_language("gl"), find_template("taco")
    try:
        text = template.render(
            make_chain({"instruction_en": english, "response_en": english, "response": target}), galician
        )
    except DataError:
        return
    found = stream(text, list(range(len(text))), "taco", "gl")
    assert found.get("response", "") == target.strip()
    assert found.get("response_en", "") == english.strip()


def test_no_english_goes_out_while_a_label_is_split_over_tokens() -> None:
    sections = SectionStream(find_template("taco"), find_language("gl"))
    text = "Instruction in English:\nSay hi.\n\nResponse in English:\nHi.\n\nResponse in Galician:\nOla.\nResponse in English:\nno"
    given_away = [part for letter in text for part in sections.push(letter)] + sections.finish()
    assert "".join(part.text for part in given_away if part.section == "response") == "Ola."
    assert "".join(part.text for part in given_away if part.section == OUTSIDE) == "no"


def test_text_that_cannot_be_a_label_is_not_held_back() -> None:
    sections = SectionStream(find_template("taco"), find_language("gl"))
    sections.push("Response in Galician: ")
    assert [part.text for letter in "O ceo" for part in sections.push(letter)] == ["O", " c", "e", "o"]
    assert sections.push("\nRes") == []
    assert [part.text for part in sections.push("to")] == ["\nResto"]


@pytest.mark.parametrize("text", ["just text", "", "   "])
def test_text_without_a_label_is_in_no_section(text: str) -> None:
    assert stream(text, [], "taco", "gl") == ({OUTSIDE: text} if text.strip() else {})
