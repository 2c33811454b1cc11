"""What is measured on a row: figures computed by hand, and what must hold for any text."""

import dataclasses
import math

import pytest
from gate_rows import GALICIAN, make_row
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.gate.measure import measure_rows
from taco.gate.prose import list_prose
from taco.languages.table import find_language
from taco.records import Figures, TranslatedRow


def measure(code: str = "gl", **texts: str) -> Figures:
    return measure_rows([make_row(**texts)], target=find_language(code))[0]


def test_length_is_characters_of_prose_for_each_english_one() -> None:
    assert measure(response_en="The cats sleep.", response="Os gatos dormen.").length_ratio == pytest.approx(16 / 15)
    assert measure(response_en="```\nls\n```", response="```\nls\n```").length_ratio == 1.0
    assert measure(response_en="Yes, it is.", response="").length_ratio == 0.0


def test_copies_are_words_of_three_letters_or_more_that_stand_in_the_english_texts() -> None:
    # water, sugar; not "and", which is English too but in no English text of the row
    figures = measure(response_en="water with sugar", response="water con sugar de and")
    assert figures.copy_rate == 0.5  # of water, con, sugar, and


def test_a_long_text_that_stayed_in_english_counts_for_itself() -> None:
    english = "every morning the baker opens his shop and sells fresh bread before sunrise"  # 12 words of 3 letters
    galician = "Escribe unha historia moi longa sobre unha familia que vive nunha casa vella preto dunha praia"
    figures = measure(instruction_en="Write a story.", instruction=galician, response_en=english, response=english)
    assert figures.copy_rate == 1.0


def test_names_and_protected_spans_are_no_copies() -> None:
    figures = measure(
        response_en="I met Ana in Lugo, and we ran `git status` at https://example.org today.",
        response="Atopei a Ana en Lugo, e executamos `git status` en https://example.org hoxe.",
    )
    assert figures.copy_rate == 0.0


def test_texts_that_stay_in_english_are_left_out_of_language_and_copies() -> None:
    kept = "She have gone to the market with her two little sisters yesterday morning."
    row = make_row(
        instruction_en="Find the mistake in the following sentence.",
        instruction="Atopa o erro que hai na frase que vén a continuación.",
        input_en=kept,
        input=kept,
    )
    marked = dataclasses.replace(row, keep=(kept,), hostile="correction")
    plain, figures = measure_rows([row, marked], target=GALICIAN)
    assert plain.copy_rate > 0.4 and plain.language != "gl"
    assert figures.copy_rate == 0.0 and figures.language == "gl"
    assert (figures.language_share or 0.0) > 0.5 > (plain.language_share or 0.0)


def test_repetition_is_the_share_of_repeated_four_grams_beyond_the_english_one() -> None:
    # un dous tres catro, twice: 5 four-grams, 4 of them different
    figures = measure(response_en="none of it is said twice", response="un dous tres catro un dous tres catro")
    assert figures.repetition == pytest.approx(1 / 5)
    again = "one two three four one two three four"
    assert measure(response_en=again, response="un dous tres catro un dous tres catro").repetition == 0.0


def test_numbers_count_in_the_digits_of_the_script() -> None:
    assert measure(response_en="3 of 20 and 7", response="3 de 20 e 8").numbers_kept == pytest.approx(2 / 3)
    assert measure("ne", response_en="20 houses", response="२० घर").numbers_kept == 1.0
    assert measure(response_en="no number", response="ningún 5").numbers_kept == 1.0


def test_names_are_found_by_their_stems_in_latin_script_only() -> None:
    texts = {"response_en": "We flew from London to Rome.", "response": "Voamos de Londres a Pontevedra."}
    assert measure(**texts).entities_kept == 0.5
    assert measure(response_en="We flew home.", response="Voamos á casa.").entities_kept is None
    assert measure("ne", **texts).entities_kept is None


def test_the_share_of_unknown_words_is_the_engines() -> None:
    row = dataclasses.replace(make_row(response="a"), words=8, unknown_words=2)
    assert measure_rows([row], target=GALICIAN)[0].unknown_rate == 0.25


def test_script_and_language() -> None:
    text = "यो गाउँको जीवन, खेतका कामहरू र गर्मीका चाडपर्वहरूको बारेमा नेपाली भाषामा लेखिएको पाठ हो।"
    figures = measure("ne", response_en="A text about life in the village.", response=text)
    assert figures.script_share == 1.0 and figures.language == "ne"
    assert measure("ne", response_en="Kia ora", response="घर Kia").script_share == 0.4  # two letters of five
    assert measure("ne", response_en="5", response="5").script_share is None


def test_too_little_prose_has_no_language() -> None:
    figures = measure(response_en="15% of 500 is 75.", response="15% de 500 é 75.")
    assert figures.language_share is None and figures.language == ""


TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "",
            " \n\t",
            "```",
            "`a",
            "שלום עולם, זה טקסט",
            "مرحبا بالعالم ١٢٣",
            "ไทยไม่มีช่องว่าง",
            "漢字かな",
            "\u202e\u200f",
            "\U000f0000",
        ]
    ),
    st.lists(st.sampled_from(["a", "B", "1.5", "né", "を", "`x`", "{y}", "\n", "- ", "|"]), max_size=30).map(" ".join),
)


@settings(max_examples=150, deadline=None)
@given(texts=st.tuples(*[TEXTS] * 6), code=st.sampled_from(["gl", "he", "th", "zh-Hans", "ne", "ast", "ko"]))
def test_figures_are_in_range_for_any_text(texts: tuple[str, ...], code: str) -> None:
    names = ("instruction_en", "input_en", "response_en", "instruction", "input", "response")
    figures = measure(code, **dict(zip(names, texts, strict=True)))
    for name in ("language_share", "script_share", "copy_rate", "numbers_kept", "entities_kept", "unknown_rate"):
        value = getattr(figures, name)
        assert value is None or 0 <= value <= 1, name
    assert -1 <= figures.repetition <= 1
    assert 0 <= figures.length_ratio < math.inf


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=40))
def test_a_rows_figures_do_not_depend_on_the_others(texts: list[str]) -> None:
    rows: list[TranslatedRow] = [
        make_row(response_en="The house.", response=f"{text} A casa é moi grande.") for text in texts
    ]
    together = measure_rows(rows, target=GALICIAN)
    apart = [measure_rows([row], target=GALICIAN)[0] for row in rows]
    for one, other in zip(together, apart, strict=True):
        share, alone = one.language_share or 0.0, other.language_share or 0.0
        assert share == pytest.approx(alone, abs=1e-4)
        assert dataclasses.replace(one, language_share=None) == dataclasses.replace(other, language_share=None)


def test_prose_has_no_code_marks_or_spans() -> None:
    assert list_prose("# Título\n\n1. Un **dous** `x`\n> tres") == ["Título", "Un ", "dous", " ", "tres"]
