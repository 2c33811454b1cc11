"""Tokens of an example, section by section, with the base model's tokenizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.chain.shorten import RESPONSES
from taco.languages.table import Language
from taco.model.prompt import encode_completion, encode_prompt
from taco.records import Example

FRAME, PROMPT, LABELS = "frame", "prompt", "labels"
"""Parts of a row besides its sections: the base's own marks with the system message; the user's message; the labels with
the end token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTokens:
    """What one row costs.

    Attributes:
        parts: "frame", "prompt", the sections in their order, "labels" -> tokens; their sum is the row's.
        responses: How many of them are tokens of a response, which may be shortened.
        cuts: Where the English response may be cut: (sentences that stay, share of it that stays), the shortest first,
            the last one the whole; empty where the template has no response.
    """

    parts: Mapping[str, float]
    responses: float
    cuts: Sequence[tuple[int, float]]

    @property
    def total(self) -> float:
        """Tokens of the row, its end token included."""
        return sum(self.parts.values())


def measure_example(
    example: Example, tokenizer: Any, *, end: int, language: Language, cuts: Sequence[tuple[int, float]]
) -> RowTokens:
    """Count an example's tokens by what they belong to.

    Args:
        example: The example.
        tokenizer: The base model's tokenizer.
        end: The token that ends the assistant's turn.
        language: The target language.
        cuts: Where its English response may be cut, see `RowTokens`.

    Raises:
        ModelError: The tokenizer loses a part of the completion.
    """
    template = find_template(example.template)
    prompt = count_tokens([example.prompt], tokenizer)[0]
    asked = len(encode_prompt(tokenizer, system=example.system, prompt=example.prompt))
    learnt = len(encode_completion(tokenizer, example.completion, end=end))
    spans = parse_chain(example.completion, template=example.template, language=language).spans
    sections = dict.fromkeys(template.section_names, 0) | count_sections(example.completion, tokenizer, spans)
    parts = {FRAME: asked - prompt, PROMPT: prompt, **sections, LABELS: learnt - sum(sections.values())}
    responses = sum(sections[section.name] for section in template.sections if section.text in RESPONSES)
    responses += prompt if template.prompt in RESPONSES else 0
    return RowTokens(parts=parts, responses=responses, cuts=cuts if responses else ())


def count_tokens(texts: Sequence[str], tokenizer: Any) -> list[int]:
    """Count the tokens of texts, without any that the tokenizer adds around them."""
    if not texts:
        return []
    encoded = tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True, truncation=False)
    return [len(ids) for ids in encoded["input_ids"]]


def count_sections(text: str, tokenizer: Any, spans: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Count the tokens of a completion by the section that their first character lies in.

    A tokenizer that does not say where its tokens are gets the sections one by one, which may be a token off at the ends.
    """
    if not tokenizer.is_fast:
        counts = count_tokens([text[start:end] for start, end in spans.values()], tokenizer)
        return dict(zip(spans, counts, strict=True))
    encoded = tokenizer(text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True)
    starts = [_skip_space(text, start, end) for start, end in encoded["offset_mapping"]]
    return {name: sum(first <= start < last for start in starts) for name, (first, last) in spans.items()}


def _skip_space(text: str, start: int, end: int) -> int:
    """Return where a token's first visible character is: many tokens hold the white space before a word."""
    piece = text[start:end]
    return end - len(piece.lstrip()) if piece.strip() else start
