"""Only the completion is learnt, all of it, and the end token with it; nothing is ever cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.errors import ModelError
from taco.model.base import Base
from taco.model.load import load_tokenizer
from taco.model.prompt import encode_prompt, end_token_id
from taco.records import Chain, Example
from taco.train.tokens import IGNORED, EncodedRow, check_labels, encode_example, encode_examples

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(Base(name="tiny", path=tiny_base, digest="", licence=""))


def make_example(prompt: str, response_en: str, response: str, *, id: str = "r1") -> Example:  # noqa: A002
    chain = Chain(instruction_en="Ask.", response_en=response_en, response=response)
    completion = (
        f"Instruction in English:\nAsk.\n\nResponse in English:\n{response_en}\n\nResponse in Galician:\n{response}"
    )
    return Example(
        id=id,
        language="gl",
        category="",
        template="taco",
        system="Translate.",
        prompt=prompt,
        completion=completion,
        chain=chain,
    )


@settings(max_examples=60, deadline=None)
@given(prompt=texts, response_en=texts, response=texts)
def test_labels_hold_the_whole_completion_and_its_end(
    tokenizer: Any, prompt: str, response_en: str, response: str
) -> None:
    example = make_example(prompt, response_en, response)
    end = end_token_id(tokenizer)
    row = encode_example(example, tokenizer, end=end)
    asked = encode_prompt(tokenizer, system=example.system, prompt=example.prompt)
    assert list(row.input_ids[: len(asked)]) == asked
    assert set(row.labels[: len(asked)]) == {IGNORED}
    learnt = row.labels[len(asked) :]
    assert learnt == row.input_ids[len(asked) :]
    assert learnt[-1] == end
    assert tokenizer.decode(learnt[:-1]) == example.completion


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(0, 400), min_size=1, max_size=8), limit=st.integers(16, 500))
def test_rows_over_the_limit_are_dropped_and_never_cut(tokenizer: Any, lengths: list[int], limit: int) -> None:
    examples = [make_example("Ask", "Yes", "si " * length, id=str(index)) for index, length in enumerate(lengths)]
    rows, drops = encode_examples(examples, tokenizer, max_row_tokens=limit)
    assert sorted([row.id for row in rows] + [drop.id for drop in drops]) == [example.id for example in examples]
    end = end_token_id(tokenizer)
    whole = {example.id: encode_example(example, tokenizer, end=end) for example in examples}
    assert all(row == whole[row.id] and len(row.input_ids) <= limit for row in rows)
    assert all(drop.reason == "too-long" and len(whole[drop.id].input_ids) > limit for drop in drops)


def test_rows_that_the_tokenizer_cannot_write_are_dropped(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(Base(name="tiny", path=tiny_base, digest="", licence=""))
    tokenizer.unk_token = "z"  # as if this letter stood for all that the vocabulary lacks
    rows, drops = encode_examples(
        [make_example("z", "Yes", "Si", id="a"), make_example("a", "Yes", "zzz", id="b")], tokenizer, max_row_tokens=500
    )
    assert [row.id for row in rows] == ["a"]
    assert [(drop.id, drop.reason) for drop in drops] == [("b", "unknown-characters")]


@pytest.mark.parametrize(
    "labels",
    [
        (IGNORED, 5, 6, IGNORED),  # no end
        (IGNORED, IGNORED, 6, 2),  # a part of the completion
        (4, 5, 6, 2),  # the prompt
    ],
)
def test_labels_that_leave_something_out_are_refused(labels: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="do not hold the whole completion"):
        check_labels(EncodedRow(id="r", input_ids=(4, 5, 6, 2), labels=labels), completion=[5, 6, 2], end=2)
