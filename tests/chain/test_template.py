"""Templates: the bytes that a model learns, and that every text comes back out of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.chain.formats import find_format, find_template, list_formats
from taco.chain.parse import parse_chain, parse_chain_strict
from taco.chain.template import SECTIONS, Template, make_chain
from taco.errors import DataError
from taco.languages.table import Language, all_languages, find_language
from taco.records import Chain

GALICIAN = find_language("gl")
NEPALI = find_language("ne")
TEMPLATES = {template.name: template for one in list_formats().values() for template in one.templates}
TARGETS = tuple(language for language in all_languages() if language.code != "en")
BY_SCRIPT = {language.script: language for language in reversed(TARGETS)}
"""Script -> the first language of the registry that is written in it."""

CHAIN = Chain(instruction_en="Say hi.", response_en="Hi!\n- a\n- b", response="Ola!\n- a\n- b")

GOLDEN = {
    "taco": (
        "Instruction in English:\nSay hi.\n\n"
        "Response in English:\nHi!\n- a\n- b\n\n"
        "Response in Galician:\nOla!\n- a\n- b"
    ),
    # The form of 315 of the 320 released answers: two spaces, 24 spaces, the added dots.
    "taco-paper": (
        "Instruction in English:  Say hi..\n"
        "                        Response in English: Hi!\n- a\n- b. \n"
        "                        Response in Galician: Ola!\n- a\n- b"
    ),
    "plug": "English instruction:\nSay hi.\n\nEnglish response:\nHi!\n- a\n- b\n\nGalician response:\nOla!\n- a\n- b",
    "two-section": "Response in English:\nHi!\n- a\n- b\n\nResponse in Galician:\nOla!\n- a\n- b",
    "direct": "Ola!\n- a\n- b",
    "question-translation": "Say hi.",
    "translate-only:question-to-english": "Say hi.",
    "translate-only:response-to-target": "Ola!\n- a\n- b",
    "translate-only:response-to-english": "Hi!\n- a\n- b",
    "translate-only:question-to-target": "Ola!\n- a\n- b",  # the chain's target section is what has to be written
}
TO_ENGLISH = "Translate the following text from Galician to English."
TO_TARGET = "Translate the following text from English to Galician."
TACO = (
    "Translate the following instructions from Galician to English, formulate a response in English, "
    "and then translate that response back into Galician."
)
SYSTEMS = {
    "taco": TACO,
    "taco-paper": TACO,
    "plug": "Restate the Galician request in English, answer it in English, and then give the answer in Galician.",
    "two-section": (
        "Formulate a response in English to the following instructions in Galician, and then translate that response into "
        "Galician."
    ),
    "direct": "Respond in Galician to the following instructions in Galician.",
    "question-translation": TO_ENGLISH,
    "translate-only:question-to-english": TO_ENGLISH,
    "translate-only:response-to-target": TO_TARGET,
    "translate-only:response-to-english": TO_ENGLISH,
    "translate-only:question-to-target": TO_TARGET,
}


def choose(template: Template, chain: Chain) -> Chain:
    """Return the chain with the template's sections alone."""
    return make_chain({name: getattr(chain, name) for name in template.section_names})


def texts_in(language: Language) -> st.SearchStrategy[str]:
    """Texts of any characters, of the language's own script, and with the labels of every template inside."""
    labels = [label for template in TEMPLATES.values() for label in template.labels(language) if label]
    pieces = st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            [
                *labels,
                "\n",
                "\n\n",
                "\\",
                "\\Response in English:\n",
                "\nresponse in english: x",
                "\n  ## **English Response** : x",
                f"\n**Response in {language.autonym}:**",
                "```py\nx = 1\n```",
                " " * 24,
                ". \n",
            ]
        ),
        st.just(language.autonym + language.digits),
    )
    joined = st.lists(pieces, max_size=6).map("".join)
    return joined.filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))


@pytest.mark.parametrize("name", TEMPLATES)
def test_golden_bytes(name: str) -> None:
    template = TEMPLATES[name]
    assert template.render(choose(template, CHAIN), GALICIAN) == GOLDEN[name]
    assert template.system(GALICIAN) == SYSTEMS[name]
    assert template.signature == f"{name} v1"


def test_golden_bytes_of_the_paper_in_nepali() -> None:
    chain = Chain(instruction_en="Why?", response_en="Because.", response="किनभने।")
    assert find_template("taco-paper").render(chain, NEPALI) == (
        "Instruction in English:  Why?.\n"
        "                        Response in English: Because.. \n"
        "                        Response in Nepali: किनभने।"
    )


@pytest.mark.parametrize("language", BY_SCRIPT.values(), ids=list(BY_SCRIPT))
@settings(max_examples=25, deadline=None)
@given(content=st.data())
def test_every_text_comes_back_in_every_script(language: Language, content: st.DataObject) -> None:
    texts = texts_in(language)
    written = content.draw(st.builds(Chain, instruction_en=texts, response_en=texts, response=texts))
    for name, template in TEMPLATES.items():
        chain = choose(template, written)
        try:
            rendered = template.render(chain, language)
        except DataError:
            assert name == "taco-paper"  # the only one that has labels and cannot escape
            assert any("." in text or "\n" in text for text in (chain.instruction_en, chain.response_en))
            continue
        assert parse_chain_strict(rendered, template=name, language=language) == chain


@settings(deadline=None)
@given(content=st.data(), name=st.sampled_from([name for name in TEMPLATES if name != "taco-paper"]))
def test_tolerant_parse_agrees_up_to_outer_white_space(content: st.DataObject, name: str) -> None:
    template, texts = TEMPLATES[name], texts_in(GALICIAN)
    chain = choose(template, content.draw(st.builds(Chain, instruction_en=texts, response_en=texts, response=texts)))
    parsed = parse_chain(template.render(chain, GALICIAN), template=name, language=GALICIAN)
    trimmed = {section: getattr(chain, section).strip() for section in SECTIONS}
    assert {section: getattr(parsed, section) for section in SECTIONS} == trimmed
    assert (parsed.state == "complete") == all(trimmed[section] for section in template.section_names)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("language", TARGETS, ids=lambda language: language.code)
def test_every_language(name: str, language: Language) -> None:
    text = f"{language.autonym} {language.digits}"
    chain = choose(TEMPLATES[name], Chain(instruction_en="One?", response_en=f"1 {text}", response=text))
    rendered = TEMPLATES[name].render(chain, language)
    assert parse_chain_strict(rendered, template=name, language=language) == chain
    assert parse_chain(rendered, template=name, language=language).state == "complete"


def test_a_text_without_a_section_is_refused() -> None:
    with pytest.raises(DataError, match="no section for"):
        find_template("direct").render(CHAIN, GALICIAN)


@pytest.mark.parametrize("name", ["direct", "question-translation"])
@pytest.mark.parametrize(
    ("text", "finish", "state"),
    [
        (" Ola!\n", "stop", "complete"),
        ("Response in English: no label here", "stop", "complete"),
        ("Ola", "length", "truncated"),
        ("Ola", "loop", "truncated"),
        (" \n", "stop", "empty"),
    ],
)
def test_states_without_labels(name: str, text: str, finish: str, state: str) -> None:
    parsed = parse_chain(text, template=name, language=GALICIAN, finish=finish)
    assert parsed.state == state
    (section,) = find_template(name).section_names
    if state != "empty":
        start, end = parsed.spans[section]
        assert text[start:end] == text.strip() == getattr(parsed, section)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Response in English:\na\n\nResponse in Galician:\nb", "complete"),
        ("Response in Galician:\nb", "missing-response-en"),
        ("Response in English:\na", "missing-response"),
        ("Response in Galician:\nb\n\nResponse in English:\na", "wrong-order"),
        ("Response in English:\na\n\nResponse in English:\na\n\nResponse in Galician:\nb", "duplicated-label"),
        ("Instruction in English:\na", "no-chain"),
    ],
)
def test_states_with_two_sections(text: str, state: str) -> None:
    assert parse_chain(text, template="two-section", language=GALICIAN).state == state


def test_the_formats_are_those_that_were_promised() -> None:
    names = {"taco", "taco-paper", "direct", "translate-only", "two-section", "plug", "question-translation"}
    assert set(list_formats()) == names
    assert [len(find_format(name).templates) for name in sorted(names)] == [1, 1, 1, 1, 1, 4, 1]
