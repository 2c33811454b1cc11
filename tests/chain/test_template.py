"""Templates: the bytes that a model learns, and that every text comes back out of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.chain.parse import parse_chain, parse_chain_strict
from taco.chain.template import SECTIONS, TEMPLATES, find_template
from taco.errors import DataError, RecipeError
from taco.languages.table import Language, all_languages, find_language
from taco.records import Chain

GALICIAN = find_language("gl")
NEPALI = find_language("ne")
LABELS = ("Instruction in English:", "Response in English:", "Response in Galician:")
TARGETS = tuple(language for language in all_languages() if language.code != "en")
SCRIPT_SAMPLES = tuple(language.autonym + language.digits for language in TARGETS)

pieces = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            *LABELS,
            "\n",
            "\n\n",
            "\\",
            "\\Response in English:\n",
            "\nresponse in english: x",
            "**Response in Galician:**",
            "```py\nx = 1\n```",
            " " * 24,
            ". \n",
        ]
    ),
    st.sampled_from(SCRIPT_SAMPLES),
)
texts = st.lists(pieces, max_size=6).map("".join).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
chains = st.builds(Chain, instruction_en=texts, response_en=texts, response=texts)


def test_taco_golden_bytes() -> None:
    chain = Chain(instruction_en="Say hi.", response_en="Hi!\n- a\n- b", response="Ola!\n- a\n- b")
    assert find_template("taco").render(chain, GALICIAN) == (
        "Instruction in English:\nSay hi.\n\n"
        "Response in English:\nHi!\n- a\n- b\n\n"
        "Response in Galician:\nOla!\n- a\n- b"
    )


def test_taco_paper_golden_bytes() -> None:
    # The form of 315 of the 320 released answers: two spaces, 24 spaces, the added dots.
    chain = Chain(instruction_en="Why?", response_en="Because.", response="किनभने।")
    assert find_template("taco-paper").render(chain, NEPALI) == (
        "Instruction in English:  Why?.\n"
        "                        Response in English: Because.. \n"
        "                        Response in Nepali: किनभने।"
    )


def test_system_message_names_the_language() -> None:
    assert find_template("taco").system(NEPALI) == (
        "Translate the following instructions from Nepali to English, formulate a response in English, "
        "and then translate that response back into Nepali."
    )


@given(chains)
def test_taco_holds_every_text(chain: Chain) -> None:
    rendered = find_template("taco").render(chain, GALICIAN)
    assert parse_chain_strict(rendered, template="taco", language=GALICIAN) == chain


@given(chains)
def test_tolerant_parse_agrees_up_to_outer_white_space(chain: Chain) -> None:
    parsed = parse_chain(find_template("taco").render(chain, GALICIAN), template="taco", language=GALICIAN)
    trimmed = {name: getattr(chain, name).strip() for name in SECTIONS}
    assert {name: getattr(parsed, name) for name in SECTIONS} == trimmed
    assert (parsed.state == "complete") == all(trimmed.values())


@given(chains)
def test_taco_paper_holds_a_text_or_refuses_it(chain: Chain) -> None:
    template = find_template("taco-paper")
    try:
        rendered = template.render(chain, GALICIAN)
    except DataError:
        assert any("." in text or "\n" in text for text in (chain.instruction_en, chain.response_en))
    else:
        assert parse_chain_strict(rendered, template="taco-paper", language=GALICIAN) == chain


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", TARGETS, ids=lambda language: language.code)
def test_every_language(template: str, language: Language) -> None:
    text = f"{language.autonym} {language.digits}"
    chain = Chain(instruction_en="One?", response_en=f"1 {text}", response=text)
    rendered = find_template(template).render(chain, language)
    assert parse_chain_strict(rendered, template=template, language=language) == chain
    assert parse_chain(rendered, template=template, language=language).state == "complete"


def test_unknown_template_is_suggested() -> None:
    with pytest.raises(RecipeError, match="did you mean 'taco-paper'"):
        find_template("taco_paper")
