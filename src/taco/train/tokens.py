"""Examples as tokens and labels: only the completion is learnt, and its end always is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from taco.chain.shorten import shorten_example
from taco.errors import ModelError
from taco.model.prompt import encode_prompt, encode_with_spans, end_token_id
from taco.records import Drop, Example
from taco.train.sections import mark_tokens

IGNORED = -100
"""Label of a token that is not learnt; PyTorch's cross entropy leaves it out by this default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRow:
    """One example as the model sees it.

    Attributes:
        id: The id of the English row; behind it the example's part and, of another run's row, the name of that run.
        input_ids: Prompt, completion and end token.
        labels: As long as `input_ids`: the token itself where it is learnt, `IGNORED` elsewhere.
        sentences_cut: How many sentences were taken from the end of its responses.
        sections: For each learnt token the number of its section in `taco.train.sections.PARTS`.
        quality: What the gate measured, from 0 to 1, where a stage asks for that order; 0 where it measured nothing.
    """

    id: str
    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    sentences_cut: int = 0
    sections: bytes = b""
    quality: float = 0.0

    @property
    def supervised_tokens(self) -> int:
        """Number of tokens that are learnt."""
        return sum(label != IGNORED for label in self.labels)


def encode_example(example: Example, tokenizer: Any, *, end: int) -> EncodedRow:
    """Encode an example and label its completion, end token included.

    Args:
        example: The example.
        tokenizer: The base model's tokenizer.
        end: The token that ends the assistant's turn.

    Raises:
        ModelError: The tokenizer loses a part of the completion.
    """
    prompt = encode_prompt(tokenizer, system=example.system, prompt=example.prompt)
    completion, spans = encode_with_spans(tokenizer, example.completion, end=end)
    row = EncodedRow(
        id=example.id,
        input_ids=(*prompt, *completion),
        labels=(*(IGNORED for _ in prompt), *completion),
        sections=mark_tokens(example, spans, tokens=len(completion)),
    )
    check_labels(row, completion=completion, end=end)
    return row


def check_labels(row: EncodedRow, *, completion: list[int], end: int) -> None:
    """Check that every token of the completion is learnt and that the last one ends the turn.

    Raises:
        ModelError: It is not so. This would be a fault of taco, and is caught before time is spent on it.
    """
    learnt = [label for label in row.labels if label != IGNORED]
    if learnt != completion or row.labels[-1] != end or row.input_ids[-1] != end or row.labels[0] != IGNORED:
        raise ModelError(f"Row {row.id}: the labels do not hold the whole completion and its end token.")


def encode_examples(
    examples: Iterable[Example], tokenizer: Any, *, max_row_tokens: int, shorten: bool = False
) -> tuple[list[EncodedRow], list[Drop]]:
    """Encode examples; rows that are too long or cannot be written in the model's tokens are dropped.

    Args:
        examples: The examples.
        tokenizer: The base model's tokenizer.
        max_row_tokens: Most tokens that a row may have, prompt and end token included.
        shorten: Whether rows that are too long are shortened by whole sentences where they can be.

    Raises:
        ModelError: The tokenizer has no end token, or loses a part of a completion.
    """
    end = end_token_id(tokenizer)
    unknown = tokenizer.unk_token_id
    rows: list[EncodedRow] = []
    drops: list[Drop] = []
    for example in examples:
        row = encode_example(example, tokenizer, end=end)
        tokens, reason = len(row.input_ids), "too-long"
        if tokens > max_row_tokens and shorten:
            row, reason = _shorten(example, row, tokenizer, end=end, max_row_tokens=max_row_tokens)
        if len(row.input_ids) > max_row_tokens:
            detail = f"{tokens} tokens, at most {max_row_tokens} fit"
            drops.append(Drop(id=row.id, stage="train", reason=reason, detail=detail))
        elif unknown is not None and unknown != end and unknown in row.labels:
            detail = "the model's tokenizer has no tokens for some of its characters"
            drops.append(Drop(id=row.id, stage="train", reason="unknown-characters", detail=detail))
        else:
            rows.append(row)
    return rows, drops


def _shorten(
    example: Example, row: EncodedRow, tokenizer: Any, *, end: int, max_row_tokens: int
) -> tuple[EncodedRow, str]:
    """Return the row with shorter responses, or as it is and why it cannot be shortened so far."""

    def fits(candidate: Example) -> bool:
        return len(encode_example(candidate, tokenizer, end=end).input_ids) <= max_row_tokens

    shortened = shorten_example(example, fits)
    if shortened.example is None:
        return row, shortened.reason
    encoded = encode_example(shortened.example, tokenizer, end=end)
    return dataclasses.replace(encoded, sentences_cut=shortened.sentences_cut), ""
