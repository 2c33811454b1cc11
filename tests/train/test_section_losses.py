"""Each learnt token belongs to the section that it was written for, in every format and script."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from train_rows import make_translated

from taco.chain.formats import list_formats
from taco.chain.run import build_examples
from taco.languages.table import find_language
from taco.model.base import Base
from taco.model.load import load_tokenizer
from taco.model.prompt import end_token_id
from taco.records import Example, Row
from taco.train.render import render_english
from taco.train.sections import ENGLISH_ROW, OTHER, PARTS, average_parts
from taco.train.tokens import EncodedRow, encode_example


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(Base(name="tiny", path=tiny_base, digest="", licence=""))


def encode(example: Example, tokenizer: Any) -> EncodedRow:
    return encode_example(example, tokenizer, end=end_token_id(tokenizer))


def read_part(row: EncodedRow, part: str, tokenizer: Any) -> str:
    learnt = row.input_ids[-row.supervised_tokens :]
    return str(
        tokenizer.decode([token for token, mark in zip(learnt, row.sections, strict=True) if PARTS[mark] == part])
    )


@pytest.mark.parametrize("template", list(list_formats()))
def test_the_tokens_of_a_section_are_its_text(tokenizer: Any, template: str) -> None:
    for example in build_examples(make_translated(5, "gl"), find_language("gl"), template=template):
        row = encode(example, tokenizer)
        assert len(row.sections) == row.supervised_tokens
        for part in ("instruction_en", "response_en", "response"):
            text = getattr(example.chain, part).strip()
            # A token may hold the blank or the dot that the template puts next to a section.
            assert read_part(row, part, tokenizer).strip(" \n.") == text.strip(" \n.")
        assert PARTS[row.sections[-1]] == OTHER  # the end token


@settings(max_examples=40, deadline=None)
@given(response=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_every_token_has_one_part_whatever_the_text(tokenizer: Any, response: str) -> None:
    import dataclasses

    row = dataclasses.replace(make_translated(2, "ne"), response=response)
    (example,) = build_examples(row, find_language("ne"), template="taco")
    encoded = encode(example, tokenizer)
    assert len(encoded.sections) == encoded.supervised_tokens
    assert max(encoded.sections) < len(PARTS)
    if response.strip():
        assert PARTS.index("response") in encoded.sections


def test_a_row_in_english_is_one_part(tokenizer: Any) -> None:
    row = encode(render_english(Row(id="r", instruction="Add.", input="1 + 1", response="It is 2.")), tokenizer)
    assert {PARTS[mark] for mark in row.sections} == {ENGLISH_ROW}
    assert tokenizer.decode(row.input_ids[-row.supervised_tokens : -1]) == "It is 2."


def test_an_unknown_template_is_not_told_apart(tokenizer: Any) -> None:
    import dataclasses

    (example,) = build_examples(make_translated(1, "gl"), find_language("gl"), template="taco")
    row = encode(dataclasses.replace(example, template="of-another-version"), tokenizer)
    assert {PARTS[mark] for mark in row.sections} == {OTHER}


def test_means_are_weighted_by_tokens() -> None:
    marks = [bytes([0, 0, 2]), bytes([2, 2, 3])]
    assert average_parts([4.0, 0.0, 3.0, 1.0, 0.0], marks) == {"instruction_en": 2.0, "response": 1.0, "other": 1.0}
    assert Counter(b"".join(marks)) == {0: 2, 2: 3, 3: 1}
