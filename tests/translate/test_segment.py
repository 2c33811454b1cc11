"""Texts come apart into lines, layout and prose, and together again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.translate.segment import Fixed, Prose, join_nodes, split_text

# fmt: off
WHITE = [
    "\n", "\n\n", " ", "  ", "    ", "\t", "\r\n", "\r", "\u2028", "\u00a0", "\0", "- ", "* ", "1. ", "> ", "# ",
    "### ", "two words", "x = f(1)", "| a | b |", "```python\n",
]
SIGNS = [
    "word", "Ünïcode", "12", "|---|", "```", "~~~", "`x`", "$$", "\\[", "\\]", "<b>", "</b>", "<pre>", "</pre>",
    "<!--", "-->", "{x}", "{{y}}", "%s", "https://a.org/b", "@me",
]
# fmt: on
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WHITE + SIGNS), max_size=20).map("".join))


def proses(text: str) -> list[str]:
    return [node.text for node in split_text(text) if isinstance(node, Prose)]


@given(TEXTS, st.booleans())
def test_joining_gives_the_text_back(text: str, sentences: bool) -> None:
    assert join_nodes(split_text(text, sentences=sentences)) == text


@given(TEXTS)
def test_prose_is_a_stretch_of_one_line_between_fixed_parts(text: str) -> None:
    nodes = split_text(text)
    for node in nodes:
        assert node.text
        if isinstance(node, Prose):
            assert "\n" not in node.text
            assert node.text == node.text.strip()
    assert not any(isinstance(one, Fixed) and isinstance(two, Fixed) for one, two in pairwise(nodes))


@given(TEXTS)
def test_whatever_stands_in_for_prose_the_lines_and_their_indentation_stay(text: str) -> None:
    changed = join_nodes(split_text(text), lambda prose: "X")
    assert changed.count("\n") == text.count("\n")
    for before, after in zip(text.split("\n"), changed.split("\n"), strict=True):
        assert bool(before.strip()) == bool(after.strip())
        if before.strip():
            assert before[: len(before) - len(before.lstrip())] == after[: len(after) - len(after.lstrip())]


@given(TEXTS)
def test_spans_lie_in_order_inside_their_prose(text: str) -> None:
    for node in split_text(text):
        if isinstance(node, Prose):
            ends = [0] + [place for span in node.spans for place in (span.start, span.end)] + [len(node.text)]
            assert ends == sorted(ends)
            assert all(span.start < span.end for span in node.spans)


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("# A title\n\nText.\n", ["A title", "Text."]),
        (
            "- one thing\n  * another thing\n1. a third\n(a) a fourth\n",
            ["one thing", "another thing", "a third", "a fourth"],
        ),
        ("> said he\n> > said she", ["said he", "said she"]),
        ("- [ ] to do\n- [x] done already", ["to do", "done already"]),
        ("| Name | Age of it |\n|---|:-:|\n| Two words | 5 |", ["Name", "Age of it", "Two words"]),
        ("Key\tits value", ["Key", "its value"]),
        ("Left     right side", ["Left", "right side"]),
        ("Do:\n```python\nprint('Some words')\n```\nThen go.", ["Do:", "Then go."]),
        ("Do:\n```\nNever closed, some words", ["Do:"]),
        ("Do:\n~~~\nsome words\n```\nmore words\n~~~\nEnd it.", ["Do:", "End it."]),
        ("- Do:\n  ```sh\n  some words\n  ```\n- Then go", ["Do:", "Then go"]),
        ("So\n$$\nx \\text{some words}\n$$\nholds.", ["So", "holds."]),
        ("\\begin{align}\nsome words &= 1\n\\end{align}\nAfter it.", ["After it."]),
        ("<!-- some\nwords -->\nAfter it.", ["After it."]),
        ("<pre>\nsome words\n</pre>\nAfter it.", ["After it."]),
        ("<script>\nlet some = words\n", []),
        ("def f(x):\n    return some_words(x)\n", []),
        ("SELECT name FROM people\nWHERE age > 5;", []),
        ("https://a.org/b\n`code`\n12 + 13 = 25\n{name}", []),
        ("", []),
    ],
)
def test_what_is_prose(text: str, prose: list[str]) -> None:
    assert proses(text) == prose


def test_text_to_keep_is_no_prose() -> None:
    (prose,) = [node for node in split_text("He is in New York now.", keep=("New York",)) if isinstance(node, Prose)]
    assert [prose.text[span.start : span.end] for span in prose.spans] == ["New York"]
    assert proses("New York") == ["New York"]
    assert [node for node in split_text("New York", keep=("New York",)) if isinstance(node, Prose)] == []


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He came. She saw! Who won? Nobody.", ["He came.", "She saw!", "Who won?", "Nobody."]),
        ('He said "Come." Then he left.', ['He said "Come."', "Then he left."]),
        ("Mr. Smith met Dr. Who, e.g. in the U.S. Senate.", ["Mr. Smith met Dr. Who, e.g. in the U.S. Senate."]),
        ("It costs 3.5 euros. and so on", ["It costs 3.5 euros. and so on"]),
        ("Run `a b. C d` now. Then stop.", ["Run `a b. C d` now.", "Then stop."]),
    ],
)
def test_sentences_may_be_parted(text: str, sentences: list[str]) -> None:
    assert [node.text for node in split_text(text, sentences=True) if isinstance(node, Prose)] == sentences
