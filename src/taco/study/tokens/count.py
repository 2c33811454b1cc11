"""Tokens of one text: its prompt, its sections, the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taco.chain.parse import parse_chain
from taco.languages.table import Language
from taco.model.prompt import encode_prompt
from taco.progress import Task
from taco.study.tokens.texts import StudyText, Texts
from taco.tokens.measure import FRAME, LABELS, PROMPT, RowTokens, count_sections, count_tokens
from taco.tokens.predict import list_cuts


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTokens:
    """What one text costs.

    Attributes:
        id: The question's id.
        state: What became of the chain, see `taco.chain.parse.State`.
        total: Tokens of the text, without an end token.
        frame, prompt: Tokens of the system message with the base's own marks, and of the question; 0 where not known.
        sections: Section -> tokens.
        characters: Section -> characters.
        words_en: Words of the English response.
        cuts: Where the English response may be cut, see `RowTokens`.
    """

    id: str
    state: str
    total: int
    frame: int
    prompt: int
    sections: Mapping[str, int]
    characters: Mapping[str, int]
    words_en: int
    cuts: Sequence[tuple[int, float]]

    @property
    def is_complete(self) -> bool:
        """Whether all sections are there, so that means over sections compare like with like."""
        return self.state == "complete"

    @property
    def other(self) -> int:
        """Tokens of labels, and of text outside sections."""
        return self.total - sum(self.sections.values())

    def as_row(self) -> RowTokens:
        """Return the same as a row with its prompt and end token, for fitting it into a context."""
        parts = {FRAME: self.frame, PROMPT: self.prompt, **self.sections, LABELS: self.other + 1}
        responses = sum(self.sections.get(name, 0) for name in ("response_en", "response"))
        return RowTokens(parts=parts, responses=responses, cuts=self.cuts)


def count_texts(texts: Texts, tokenizer: Any, *, task: Task) -> list[TextTokens]:
    """Count every text of an entry.

    Args:
        texts: The texts.
        tokenizer: A transformers tokenizer.
        task: Told of each text.
    """
    counted = []
    for row in texts.rows:
        counted.append(count_text(row, tokenizer, texts.language))
        task.advance()
    return counted


def count_text(row: StudyText, tokenizer: Any, language: Language) -> TextTokens:
    """Count one text. A token belongs where its first visible character is."""
    parsed = parse_chain(row.text, template=row.template, language=language, finish=row.finish)
    prompt = count_tokens([row.prompt], tokenizer)[0] if row.prompt else 0
    return TextTokens(
        id=row.id,
        state=parsed.state,
        total=count_tokens([row.text], tokenizer)[0],
        frame=_count_frame(row, tokenizer, prompt=prompt),
        prompt=prompt,
        sections=count_sections(row.text, tokenizer, parsed.spans),
        characters={name: end - start for name, (start, end) in parsed.spans.items()},
        words_en=len(parsed.response_en.split()),
        cuts=list_cuts(parsed.response_en) if parsed.response_en else (),
    )


def _count_frame(row: StudyText, tokenizer: Any, *, prompt: int) -> int:
    """Count the base's own marks with the system message; without a chat template the system message alone."""
    if tokenizer.chat_template:
        return len(encode_prompt(tokenizer, system=row.system, prompt=row.prompt)) - prompt
    return count_tokens([row.system], tokenizer)[0] if row.system else 0
