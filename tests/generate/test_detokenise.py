"""Tokens become text, and it is known how much text is complete after each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.generate.detokenise import decode_text, decode_with_ends

TEXTS = (
    "Response in English:\nThe sky is blue.\n\n",
    "O ceo é azul; ñandú, coração.",
    "नेपालको राजधानी काठमाडौं हो।",
    "👩‍👩‍👧 ok 🇬🇱",
    "x" * 200,
    "",
)


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    from taco.model.base import Base
    from taco.model.load import load_tokenizer

    return load_tokenizer(Base(name="tiny", path=tiny_base, digest="", licence=""))


@pytest.mark.parametrize("text", TEXTS)
def test_ends_cut_the_text_where_the_tokens_do(tokenizer: Any, text: str) -> None:
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    found, ends = decode_with_ends(tokenizer, tokens)
    assert found == text
    assert len(ends) == len(tokens)
    for count, end in enumerate(ends, start=1):
        shown = decode_text(tokenizer, tokens[:count])
        assert shown.startswith(text[:end])
        assert end == len(shown.rstrip("\ufffd"))


@given(tokens=st.lists(st.integers(3, 370), max_size=80))
def test_any_tokens_have_ends_that_never_fall(tokenizer: Any, tokens: list[int]) -> None:
    text, ends = decode_with_ends(tokenizer, tokens)
    assert ends == sorted(ends)
    assert ends[-1:] == ([len(text)] if tokens else [])


def test_special_tokens_within_the_text_stay_visible(tokenizer: Any) -> None:
    text = "a<|im_start|>b"
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert len(tokens) == 3
    assert decode_with_ends(tokenizer, tokens) == (text, [1, 13, 14])
