"""Sentences go back together byte for byte; batches keep every source and their size; faults of outputs are found."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taco.translate.neural.batches import SHORTEST_LIMIT, find_limit, make_batches
from taco.translate.neural.faults import Decoded, find_fault, find_loop

pytest.importorskip("sentencex", reason="needs the extra [neural]")

from taco.translate.neural.sentences import join_sentences, split_sentences

TEXTS = st.text(alphabet=st.sampled_from("aB.?! \t\u00a0\u2028\u3000\n1)\"'…。။Dr"), max_size=60) | st.text(max_size=60)
SOURCES = st.sets(st.lists(st.sampled_from("abc"), min_size=1, max_size=12).map(tuple), max_size=40)


@given(TEXTS)
@example("။။' D\u3000.")  # sentencex 1.0.32 panics
def test_a_text_comes_back_byte_for_byte(text: str) -> None:
    sentences = split_sentences(text, language="en")
    assert join_sentences(sentences, [sentence.text for sentence in sentences]) == text
    assert all(sentence.text == sentence.text.strip() for sentence in sentences)


def test_white_space_between_sentences_stays_and_sentences_change() -> None:
    text = "It is 5 p.m. in the U.S. now.  Ask Mr. Smith!\u00a0 2. Go."
    sentences = split_sentences(text, language="en")
    assert join_sentences(sentences, ["x"] * len(sentences)) == "x  x\u00a0 x"
    assert [sentence.text for sentence in split_sentences("See Fig. 3. 4. Done.", language="en")] == [
        "See Fig. 3.",
        "4. Done.",
    ]


@given(SOURCES, st.integers(1, 30))
def test_batches_keep_every_source_once_in_batches_of_bounded_size(
    sources: set[tuple[str, ...]], max_tokens: int
) -> None:
    batches = list(make_batches(list(sources), max_tokens=max_tokens, ratio=2, positions=None))
    flat = [source for batch in batches for source in batch.sources]
    assert sorted(flat) == sorted(sources)
    assert [len(source) for source in flat] == sorted(map(len, sources), reverse=True)
    for batch in batches:
        longest = max(map(len, batch.sources))
        assert len(batch.sources) == 1 or len(batch.sources) * longest <= max_tokens
        assert batch.limit == find_limit(longest, ratio=2, positions=None) >= SHORTEST_LIMIT


@given(SOURCES)
def test_batches_do_not_depend_on_the_order_of_their_sources(sources: set[tuple[str, ...]]) -> None:
    ordered = sorted(sources)
    forth, back = (list(make_batches(some, max_tokens=10, ratio=2, positions=9)) for some in (ordered, ordered[::-1]))
    assert forth == back


def test_a_loop_is_a_fault_unless_the_source_has_it_too() -> None:
    laughing = ["ha"] * 12
    assert "repeats 'ha' 12 times" in find_fault(["well"], Decoded(tuple(laughing), True), limit=40, reserved=())
    assert find_fault(laughing, Decoded(tuple(laughing), True), limit=40, reserved=()) == ""
    assert find_fault(["no"], Decoded(("no", ",", "no", ",", "no"), True), limit=40, reserved=()) == ""


@given(st.lists(st.sampled_from("ab"), max_size=20), st.lists(st.sampled_from("cdef"), min_size=2, max_size=6))
def test_a_long_repetition_is_found_wherever_it_stands(around: list[str], stretch: list[str]) -> None:
    tokens = [*around, *stretch * 6, *around]
    _, period, repeats = find_loop(tokens)
    assert period * repeats >= SHORTEST_LIMIT // 4
    assert not find_loop(["x", *sorted(set(stretch)), "y"])[2]


def test_an_output_at_its_limit_empty_or_with_marks_is_a_fault() -> None:
    words = ("a", "b", "c")
    assert "limit of 3 tokens" in find_fault(["x"], Decoded(words, False), limit=3, reserved=())
    assert "limit of 2 tokens" in find_fault(["x"], Decoded(words, True), limit=2, reserved=())
    assert find_fault(["x"], Decoded(words, True), limit=3, reserved=()) == ""
    assert "empty" in find_fault(["x"], Decoded((), True), limit=3, reserved=())
    assert "own mark 'b'" in find_fault(["x"], Decoded(words, True), limit=3, reserved={"b"})
