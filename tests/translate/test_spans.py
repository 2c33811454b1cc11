"""What is protected comes through an engine that spoils everything else, byte for byte."""

from __future__ import annotations

import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mangling import ManglingEngine, translate_one

from taco.records import TranslatedRow
from taco.translate.protect import cut, mark, restore
from taco.translate.segment import Prose, split_text
from taco.translate.slots import SLOTS_OF_A_KIND, make_slot
from taco.translate.spans import compare_numbers, find_kept, find_numbers, find_spans, may_hold_digits

# fmt: off
KEPT = [
    "`ls -l`", "``a ` b``", "https://example.org/a_b?c=d&e=%20f", "http://127.0.0.1:8000/x", "www.example.com/path",
    "report.pdf", "{0}", "%s", "someone+tag@mail.example.org", "@some_handle", "#hashtag", "~/src/taco",
    "/usr/share/doc", "../up/one.txt", "src/main.py", "C:\\Users\\me", "{name}", "{{ user.name }}", "${HOME}",
    "%(count)d", "\\(a^2 + b^2\\)", "$x_1 + y$", "$$E = mc^2$$", "E = mc^2", "2 + 3 = 5", "<|im_end|>", "--dry-run",
    "snake_case", "camelCase", "print('hello')", "os.path.join", "__init__", "C++", "C#", "<code>some words</code>",
    "&amp;",
]
BETWEEN = [
    "<0>", "</0>", "<b>", "</b>", "<a>", "</a>", "<br/>", "**", "~~", "<!--note-->", "](https://a.org/b)",
    "](notes.md)",
]
# fmt: on


@pytest.mark.parametrize("keeps_slots", [True, False], ids=["slots", "cut"])
@pytest.mark.parametrize("kept", KEPT)
def test_a_span_survives_wherever_it_stands(kept: str, keeps_slots: bool) -> None:
    for text in (
        f"see {kept} again",
        f"{kept} first of all",
        f"at the end {kept}",
        f"they ({kept}), said they",
        f"so: {kept}.",
    ):
        engine = ManglingEngine(keeps_slots=keeps_slots)
        row = translate_one(engine, text)
        assert isinstance(row, TranslatedRow), row
        assert kept in row.response
        assert row.response != text
        assert not any(kept in sent for sent in engine.sent)


@pytest.mark.parametrize("keeps_slots", [True, False], ids=["slots", "cut"])
@pytest.mark.parametrize(
    "text",
    [
        "some <b>bold words</b> here",
        "some <0>numbered words</0> here",
        "a **strong word** and _another_ one",
        "read [the docs](https://a.org/b) first",
        "an ![image here](pic.png) comes",
        "a line<br/>another line",
        '<a href="x.html" title="some words">the link</a> goes on',
    ],
)
def test_marks_between_words_stay_in_order(text: str, keeps_slots: bool) -> None:
    row = translate_one(ManglingEngine(keeps_slots=keeps_slots), text)
    assert isinstance(row, TranslatedRow), row
    assert [text[s.start : s.end] for s in find_spans(text)] == [
        row.response[s.start : s.end] for s in find_spans(row.response)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "```python\nsome words\n",
        "before\n```\nsome words\n```\nafter",
        "~~~\nsome words\n~~~\n\nafter",
        "| first head | second head |\n|---|:-:|\n| some `x` | 12 |\n",
        "# a title\n\n## another title\n\ntext of it\n",
        "- one thing\n\t- two things\n    1. three things\n\n* four things\n> five things\n",
        "trailing space \n\n\n  indented words\n\ttabbed words\n",
        "windows\r\nline ends\r\n",
        "<pre>\nsome words\n</pre>\nafter",
        "$$\n\\text{some words} + 1\n$$\n",
    ],
)
def test_layout_survives_byte_for_byte(text: str) -> None:
    """All that is no letter is where it was."""
    row = translate_one(ManglingEngine(), text)
    assert isinstance(row, TranslatedRow), row
    pattern = [[sign if not sign.isalpha() else "a" for sign in line] for line in text.split("\n")]
    assert [[sign if not sign.isalpha() else "a" for sign in line] for line in row.response.split("\n")] == pattern
    inside = text.partition("```" if "```" in text else "~~~")[2]
    assert "some words" not in inside or "some words" in row.response


@given(
    st.lists(
        st.sampled_from([*KEPT, *BETWEEN, "some words", "of them", "5", "1,085.75", "9:00-11:00", "$5"]), max_size=8
    )
)
def test_hiding_and_cutting_lose_nothing(parts: list[str]) -> None:
    for node in split_text(" ".join(parts)):
        if isinstance(node, Prose):
            for numbers in (False, True):
                marked = mark(node, numbers=numbers)
                assert restore(marked, marked.template) == node.text
                assert "".join(piece.text for piece in cut(node, numbers=numbers)) == node.text


@given(st.lists(st.sampled_from([*KEPT, "some words", "of them", "and", "with"]), min_size=1, max_size=8))
def test_several_spans_of_a_line_all_survive(parts: list[str]) -> None:
    row = translate_one(ManglingEngine(), " so ".join(parts))
    assert isinstance(row, TranslatedRow), row
    for part in parts:
        if part in KEPT:
            assert row.response.count(part) >= parts.count(part)


@given(st.text(max_size=80).filter(lambda text: "\n" not in text))
def test_spans_never_overlap_and_word_spans_stand_alone(text: str) -> None:
    spans = find_spans(text)
    for one, two in pairwise(spans):
        assert one.end <= two.start
        assert not (one.kind == two.kind == "word" and one.end == two.start)


def test_slots_of_the_source_are_protected_themselves() -> None:
    row = translate_one(ManglingEngine(), "a \U000f0000 sign and `code` there")
    assert isinstance(row, TranslatedRow), row
    assert row.response == "q \U000f0000 qqqq qqq `code` qqqqq"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It costs $5 or 1,085.75 euros, 20% off.", ["$5", "1,085.75", "20%"]),
        ("From 9:00-11:00 on 2024-01-31.", ["9:00-11:00", "2024-01-31"]),
        ("GPT-4 needs 5kg at 30°C.", ["GPT-4", "5kg", "30°C"]),
        ("no number", []),
    ],
)
def test_numbers_are_read_with_what_belongs_to_them(text: str, numbers: list[str]) -> None:
    assert find_numbers(text) == numbers


@given(st.permutations(["5", "1,085.75", "9:00", "$5", "20%", "5", "1999"]))
def test_numbers_are_a_multiset(numbers: list[str]) -> None:
    source = "a " + " and ".join(numbers) + " z"
    assert compare_numbers(source, "y " + " e ".join(reversed(numbers)) + " x") == ([], [])
    assert compare_numbers(source, "y " + " e ".join(numbers[1:])) == ([numbers[0]], [])
    assert compare_numbers(source, source + " 7") == ([], ["7"])


@pytest.mark.parametrize(
    ("source", "target"),
    [("the 15th", "o 15º"), ("the 1st of 3", "la 1a de 3"), ("in 2024", "في ٢٠٢٤"), ("20 of 5", "5 de 20")],
)
def test_numbers_may_take_the_form_of_their_language(source: str, target: str) -> None:
    assert compare_numbers(source, target) == ([], [])


def test_texts_to_keep_are_spans_as_whole_words() -> None:
    text = "cat, cats and Cat Ballou"
    assert [text[start:end] for start, end in find_kept(text, ("cat", "Cat Ballou"))] == ["cat", "Cat Ballou"]
    row = translate_one(ManglingEngine(), text, keep=("cat", "Cat Ballou"))
    assert isinstance(row, TranslatedRow), row
    assert row.response == "cat qqqq qqq Cat Ballou"


def test_a_text_to_keep_grows_together_with_a_span_that_it_cuts() -> None:
    text = "say New `York now` there"
    spans = find_spans(text, keep=("New `York",))
    assert [text[span.start : span.end] for span in spans] == ["New `York now`"]


def test_no_digit_and_no_slot_is_overlooked() -> None:
    digits = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Nd"]
    assert len(digits) > 600
    slots = [make_slot(number, is_word=is_word) for number in (0, SLOTS_OF_A_KIND - 1) for is_word in (True, False)]
    assert [sign for sign in digits + slots if not may_hold_digits(f"a{sign}")] == []
    assert not may_hold_digits("Grüße, дорогие друзья, “αγαπητοί φίλοι”…")
