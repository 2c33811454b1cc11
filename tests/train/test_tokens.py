"""Only the completion is learnt, all of it, and the end token with it; nothing is ever cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.chain.formats import find_template, list_formats
from taco.chain.run import build_examples
from taco.errors import ModelError
from taco.languages.table import find_language
from taco.model.base import Base
from taco.model.load import load_tokenizer
from taco.model.prompt import encode_prompt, end_token_id
from taco.records import Chain, Example, TranslatedRow
from taco.train.tokens import IGNORED, EncodedRow, check_labels, encode_example, encode_examples

FORMATS = [name for name in list_formats() if name != "taco-paper"]  # it refuses texts with its separators
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


ENDS = st.sampled_from([". ", "! ", ".\n\n", "\n", "。", "```\n", " "])
responses = st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), ENDS), max_size=8).map(
    lambda parts: "".join(word + end for word, end in parts)
)


@settings(max_examples=60, deadline=None)
@given(
    question=responses,
    response_en=responses,
    response=responses,
    limit=st.integers(1, 700),
    template=st.sampled_from(FORMATS),
)
def test_a_shortened_row_has_every_section_and_its_end(
    tokenizer: Any, question: str, response_en: str, response: str, limit: int, template: str
) -> None:
    row = TranslatedRow(
        id="r1",
        language="gl",
        category="",
        instruction_en="Ask.",
        input_en="",
        response_en=f"It rains. {response_en}",
        instruction=f"Que? {question}",
        input="",
        response=f"Chove. {response}",
        words=1,
        unknown_words=0,
        engine="echo",
    )
    language = find_language("gl")
    end = end_token_id(tokenizer)
    for example in build_examples(row, language, template=template):
        rows, drops = encode_examples([example], tokenizer, max_row_tokens=limit, shorten=True)
        whole = encode_example(example, tokenizer, end=end)
        assert len(rows) + len(drops) == 1
        if drops:
            assert drops[0].reason in ("too-long", "not-aligned")
            assert len(whole.input_ids) > limit
            continue
        (kept,) = rows
        assert len(kept.input_ids) <= limit
        learnt = [label for label in kept.labels if label != IGNORED]
        assert learnt[-1] == end
        chain = find_template(example.template).split(tokenizer.decode(learnt[:-1]), language)
        assert chain is not None
        assert chain.instruction_en == example.chain.instruction_en
        for name in find_template(example.template).section_names:
            assert getattr(chain, name).strip()
            assert getattr(example.chain, name).startswith(getattr(chain, name))
        assert kept == whole or kept.sentences_cut > 0


def test_rows_are_shortened_only_where_asked_and_only_where_too_long(tokenizer: Any) -> None:
    example = make_example("Ask", "It rains. We stay. We read.", "Chove. Quedamos. Lemos.")
    whole = len(encode_example(example, tokenizer, end=end_token_id(tokenizer)).input_ids)
    assert [
        row.sentences_cut for row in encode_examples([example], tokenizer, max_row_tokens=whole, shorten=True)[0]
    ] == [0]
    rows, _ = encode_examples([example], tokenizer, max_row_tokens=whole - 1, shorten=True)
    assert [row.sentences_cut for row in rows] == [1]
    assert tokenizer.decode(rows[0].input_ids).count("We read") == 0
    assert [drop.reason for drop in encode_examples([example], tokenizer, max_row_tokens=whole - 1)[1]] == ["too-long"]
