"""Texts in Apertium's stream format: what is the text's and what is the pipeline's is never mistaken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.translate.apertium.blanks import add_blanks, insert_filter
from taco.translate.apertium.quotes import cut_at_quotes
from taco.translate.apertium.stream import decode_text, encode_text, fit_case
from taco.translate.slots import make_slot

WORD, TAG = make_slot(0, is_word=True), make_slot(1, is_word=False)
HOSTILE = "^$/[]@\\{}<>*#~|\0\x01\t\u2028\U00100000"
TEXTS = st.text(alphabet=st.sampled_from("abc Q.,5" + HOSTILE + WORD + TAG), max_size=40)


@given(TEXTS, st.integers(0, 10**6))
def test_an_unchanged_answer_is_the_text(text: str, number: int) -> None:
    answer = decode_text(encode_text(text, number), text, number)
    assert answer.text.casefold() == text.casefold()
    assert (answer.fault, answer.unknown.total()) == ("", 0)


@given(TEXTS)
def test_an_encoded_text_holds_no_null_and_nothing_that_closes_early(text: str) -> None:
    encoded = encode_text(text)
    assert "\0" not in encoded
    assert "\n" not in encoded


def decode(raw: str, source: str) -> tuple[str, dict[str, int], str]:
    answer = decode_text(raw + ".[e0]", source)
    return answer.text, dict(answer.unknown), answer.fault


@pytest.mark.parametrize(
    ("raw", "text", "unknown"),
    [
        ("o *blorp novo", "o blorp novo", {"blorp": 1}),
        ("o @Blorp e #blorp", "o Blorp e blorp", {"blorp": 2}),
        ("o \\@blorp novo", "o blorp novo", {"blorp": 1}),
        ("o gato/gata novo", "o gato novo", {}),
        ("o gato\\/gata novo", "o gato novo", {}),
        ("o gato<n><m> novo", "o gato novo", {}),
        ("o  gato ,  novo", "o gato, novo", {}),
        ("o gato.. ", "o gato.", {}),
        ("o gato dUn nAs casas", "o gato dun nas casas", {}),
    ],
)
def test_marks_of_the_pipeline_leave_the_text(raw: str, text: str, unknown: dict[str, int]) -> None:
    assert decode(raw, "the new cat.") == (text, unknown, "")


def test_signs_of_the_text_stay() -> None:
    source = "a *b @c #d e/f <g> ~"
    assert decode(encode_text(source).removesuffix(".[e0]"), source) == (source, {}, "")


@pytest.mark.parametrize("raw", ["o gato", "o [c2a] gato [c2a]"])
def test_a_lost_or_doubled_sign_is_a_fault(raw: str) -> None:
    assert decode(raw, "the * cat")[2] == "a sign was lost or doubled"


def test_a_word_that_the_generator_lost_is_a_fault() -> None:
    assert decode("o #<n><sg> novo", "the new cat")[2] == "the generator lost a word"


@pytest.mark.parametrize("raw", ["", "o gato", "o gato.[e4]"])
def test_the_answer_to_another_text_is_no_answer(raw: str) -> None:
    with pytest.raises(ValueError, match="the end of text 3 is missing"):
        decode_text(raw, "the cat", 3)


def test_a_word_slot_is_a_word_that_the_text_does_not_hold() -> None:
    stem = encode_text(f"the {WORD} here").split()[1]
    assert stem.isalpha()
    again = encode_text(f"the {WORD} here {stem}").split()[1]
    assert again != stem
    assert decode(f"o {again} aquí {stem}", f"the {WORD} here {stem}")[0] == f"o {WORD} aquí {stem}"


@pytest.mark.parametrize(
    ("text", "source", "fitted"),
    [
        ("gato", "Cat", "Gato"),
        ("Gato", "cat", "gato"),
        ("GATO", "cat", "GATO"),
        ("«gato»", '"Cat"', "«Gato»"),
        ("5 Gatos", "5 cats", "5 Gatos"),
        ("", "Cat", ""),
    ],
)
def test_the_first_letter_has_the_case_of_the_source(text: str, source: str, fitted: str) -> None:
    assert fit_case(text, source) == fitted


@pytest.mark.parametrize(
    ("stream", "spaced"),
    [
        ("^a<n>$^b<n>$^c<n>$", "^a<n>$ ^b<n>$ ^c<n>$"),
        ("^a<vblex>$^b<prn><enc>$", "^a<vblex>$^b<prn><enc>$"),
        ("^a<n>$^.<sent>$", "^a<n>$^.<sent>$"),
        ("^a<n>$[c2a]^b<n>$ ^c<n>$", "^a<n>$[c2a]^b<n>$ ^c<n>$"),
        ("\\^a\\$^b<n>$", "\\^a\\$^b<n>$"),
    ],
)
def test_words_that_touch_are_parted(stream: str, spaced: str) -> None:
    assert add_blanks(stream) == spaced


def test_the_filter_runs_before_the_generator() -> None:
    commands = [["lt-proc", "-z"], ["apertium-tagger", "-z", "-g"], ["lt-proc", "-z", "-g"], ["lt-proc", "-z", "-p"]]
    place = [command not in commands for command in insert_filter(commands)].index(True)
    assert place == 2
    assert insert_filter([]) == []


@given(st.text(alphabet=' ab"“”«»\t', max_size=30))
def test_cutting_at_quotes_loses_nothing(text: str) -> None:
    assert "".join(cut_at_quotes(text)) == text
