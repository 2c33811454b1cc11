"""Where texts may be cut: after whole sentences and blocks, in both languages alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.languages.sentences import find_cuts, split_blocks


def heads(*texts: str, scripts: tuple[str, ...] = ("Latn", "Latn")) -> list[tuple[str, ...]]:
    cuts = find_cuts(texts, scripts=scripts[: len(texts)])
    return [tuple(text[:end] for text, end in zip(texts, cut.ends, strict=True)) for cut in cuts]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It rains. We stay.", "It rains."),
        ("It rains! We stay.", "It rains!"),
        ("He left (at 5). We stay.", "He left (at 5)."),
        ('She said "Go. Now." Then she left.', 'She said "Go. Now."'),
        ("Read (see A. Then B.) first. Then go.", "Read (see A. Then B.) first."),
        ("Call `x. Y`. Then go.", "Call `x. Y`."),
        ("**Bold. More.** Then go.", "**Bold. More.**"),
        ("Ask Dr. Smith, e.g. at St. Mary. Then go.", "Ask Dr. Smith, e.g. at St. Mary."),
        ("The U.S. Senate voted. Then it left.", "The U.S. Senate voted."),
        ("Pi is 3.14. It is no. 5. Yahoo! is a firm. Go.", "Pi is 3.14. It is no. 5. Yahoo! is a firm."),
        ("नमस्ते दुनिया। यो राम्रो छ।", "नमस्ते दुनिया।"),
        ("今日は雨です。家にいます。", "今日は雨です。"),
        ("「行く。今。」と言った。家にいます。", "「行く。今。」と言った。"),
        ("هل تمطر؟ نبقى هنا.", "هل تمطر؟"),
    ],
)
def test_sentences(text: str, first: str) -> None:
    assert heads(text)[0] == (first,)


@pytest.mark.parametrize(
    "block",
    [
        "- one. Two.\n- three. Four.",
        "1. one\n\n2. two\n\n   more",
        "| a | b |\n|---|---|\n| c. D | e |",
        "```py\nx = 1\n\ny = 2. Z\n```",
        "```\nnever closed\n\nto the end. Yes.",
        "Roses are red. Yes.\nViolets are blue.",
        "> Quoted. Text.",
        "$$\na. B\n\nc\n$$",
        "    indented. Code.",
    ],
)
def test_nothing_is_cut_inside_a_block(block: str) -> None:
    text = f"Here it is.\n\n{block}"
    assert heads(text) == [("Here it is.",), (text,)]


def test_a_heading_and_a_lead_in_are_never_the_last_line() -> None:
    text = "# Title\n\nIt works. Do this:\n\n- one\n- two\n\nThat is all."
    assert [head for (head,) in heads(text)] == [
        "# Title\n\nIt works.",
        "# Title\n\nIt works. Do this:\n\n- one\n- two",
        text,
    ]


def test_two_texts_are_cut_alike() -> None:
    english = "It rains. We stay.\n\n- a\n- b\n\nThe end."
    galician = "Chove. Quedamos.\n\n- a\n- b\n\nFin."
    assert heads(english, galician) == [
        ("It rains.", "Chove."),
        ("It rains. We stay.", "Chove. Quedamos."),
        ("It rains. We stay.\n\n- a\n- b", "Chove. Quedamos.\n\n- a\n- b"),
        (english, galician),
    ]


def test_a_line_with_another_number_of_sentences_is_whole_or_not_there() -> None:
    english, galician = "It rains. We stay.\n\nYes. No.", "Chove e quedamos.\n\nSi. Non."
    assert heads(english, galician) == [
        ("It rains. We stay.", "Chove e quedamos."),
        ("It rains. We stay.\n\nYes.", "Chove e quedamos.\n\nSi."),
        (english, galician),
    ]


def test_texts_with_other_blocks_are_not_cut() -> None:
    assert heads("One. Two.\n\nThree.", "Un. Dous. Tres.") == [("One. Two.\n\nThree.", "Un. Dous. Tres.")]


def test_scripts_without_full_stops_are_cut_between_blocks_alone() -> None:
    assert len(split_blocks("ฝนตก. เราอยู่.", script="Thai")[0].stops) == 1
    assert heads("It rains. We stay.\n\nYes.", "ฝนตก เราอยู่\n\nใช่", scripts=("Latn", "Thai")) == [
        ("It rains. We stay.", "ฝนตก เราอยู่"),
        ("It rains. We stay.\n\nYes.", "ฝนตก เราอยู่\n\nใช่"),
    ]


pieces = st.sampled_from(
    [
        "It rains.",
        " We stay!",
        " ",
        "\n",
        "\n\n",
        "- a",
        "| x | y |",
        "```",
        "$$",
        "Do:",
        "# T",
        "(",
        '"',
        "।",
        "。",
        "3.",
    ]
)
texts = st.lists(st.one_of(pieces, st.text(max_size=4)), max_size=14).map("".join)


@given(texts)
def test_cuts_rise_and_the_last_one_is_the_whole_text(text: str) -> None:
    cuts = find_cuts([text], scripts=["Latn"])
    ends = [cut.ends[0] for cut in cuts]
    assert ends == sorted(set(ends))
    assert ends[-1] == len(text.rstrip())
    assert all(end > 0 for end in ends[:-1])
    counts = [cut.sentences for cut in cuts]
    assert counts == sorted(counts)


@given(texts)
def test_a_head_has_the_blocks_of_the_text(text: str) -> None:
    """Cutting changes nothing before the cut: the head's own cuts are those of the text."""
    whole = find_cuts([text], scripts=["Latn"])
    for number, cut in enumerate(whole[:-1]):
        head = find_cuts([text[: cut.ends[0]]], scripts=["Latn"])
        assert [one.ends for one in head] == [one.ends for one in whole[: number + 1]]


@given(texts, texts)
def test_both_texts_keep_whole_parts(first: str, second: str) -> None:
    for cut in find_cuts([first, second], scripts=["Latn", "Deva"])[:-1]:
        for text, end, script in zip((first, second), cut.ends, ("Latn", "Deva"), strict=True):
            assert end in {stop for block in split_blocks(text, script=script) for stop in block.stops}
