"""Rows come out in one form, whatever file they came from."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.source.draft import Draft, Fault
from taco.source.normalise import make_id, make_row, normalise_input, normalise_text


def draft(instruction: str = "Do it.", given_input: str = "", response: str = "Done.") -> Draft:
    return Draft(instruction=instruction, input=given_input, response=response)


@pytest.mark.parametrize(
    "marker",
    [
        *("<noinput>", "<NoInput>", "< noinput >", " <noinput>. ", "`<noinput>`", "noinput", "No Input", "No input."),
        *("no-input", "NO_INPUT", '"No input"', "[no input]", "(noinput)"),
    ],
)
def test_markers_of_no_input_become_empty(marker: str) -> None:
    assert normalise_input(marker) == ""


@pytest.mark.parametrize(
    "text", ["No", "None", "N/A", "no inputs", "No input devices.", "input", "<input>", "-", "..."]
)
def test_other_short_inputs_stay(text: str) -> None:
    assert normalise_input(text) == text


def test_a_marker_elsewhere_is_text() -> None:
    row = make_row(draft(instruction="What does <noinput> mean?", response="<noinput>"), origin="f:1")
    assert (row.instruction, row.response) == ("What does <noinput> mean?", "<noinput>")


def test_line_ends_composition_and_outer_white_space_are_normalised_and_nothing_else() -> None:
    assert normalise_text("\r\n  e\u0301:\r\tx  y\r\n\r\n    z\u00a0!  \n") == "é:\n\tx  y\n\n    z\u00a0!"


@given(st.text(st.characters(codec="utf-8")))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once
    assert "\r" not in once and unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (draft(instruction=" \n\t"), "empty-instruction"),
        (draft(response=""), "empty-response"),
        (draft(response="\u3000\u00a0"), "empty-response"),
        (draft(instruction="a\x00b"), "bad-unicode"),
        (draft(given_input="a\ud800b"), "bad-unicode"),
        (draft(response="\udcff"), "bad-unicode"),
    ],
)
def test_what_is_no_row_is_a_fault(row: Draft, reason: str) -> None:
    with pytest.raises(Fault) as caught:
        make_row(row, origin="f:1")
    assert caught.value.reason == reason


def test_emoji_and_rare_scripts_are_text() -> None:
    assert make_row(draft(response="🧙\u200d♂️ 𞤀"), origin="f:1").response == "🧙\u200d♂️ 𞤀"


def test_the_id_is_of_the_normal_content_only() -> None:
    one = make_row(draft(given_input="<noinput>"), origin="a.json:1")
    other = make_row(draft(instruction="  Do it.\r\n"), origin="b.jsonl:99")
    assert one.id == other.id and len(one.id) == 16 and int(one.id, 16) >= 0
    assert one.id == "8f14c03c35ea8ae8"  # printf '["Do it.","","Done."]' | sha256sum


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=4), min_size=3, max_size=3), st.integers(0, 1))
def test_moving_text_from_one_field_to_the_next_changes_the_id(texts: list[str], place: int) -> None:
    moved = list(texts)
    moved[place], moved[place + 1] = texts[place] + texts[place + 1], ""
    if moved != texts:
        assert make_id(*moved) != make_id(*texts)
