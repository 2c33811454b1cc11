"""Tokens of rows that are not translated yet, from those that are."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taco.chain.shorten import RESPONSES
from taco.chain.template import Template, TextName
from taco.languages.sentences import find_cuts
from taco.languages.table import ENGLISH
from taco.records import Row, TranslatedRow
from taco.tokens.measure import FRAME, LABELS, PROMPT, RowTokens, count_tokens
from taco.translate.segment import Prose, split_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fertility:
    """What a language costs, over questions and responses of the same rows.

    Attributes:
        characters, tokens: Of its texts.
        characters_per_token: The one through the other.
        against_english: Its tokens / those of the English texts.
    """

    characters: int
    tokens: int
    characters_per_token: float
    against_english: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Tokens of the target language for each English token of prose, in questions and in responses.

    What no engine sees, such as code, is the same in both languages.
    """

    question: float
    response: float


def measure_fertility(
    rows: Sequence[TranslatedRow], tokenizer: Any, *, code: str
) -> tuple[dict[str, Fertility], Ratios | None]:
    """Measure what both languages cost; nothing without rows.

    Args:
        rows: Rows with their translation.
        tokenizer: The base model's tokenizer.
        code: The target's code.
    """
    fields = ("instruction", "input", "response")
    texts = {
        side: [[getattr(row, field + end) for row in rows] for field in fields]
        for side, end in ((ENGLISH.code, "_en"), (code, ""))
    }
    tokens = {side: [sum(count_tokens(found, tokenizer)) for found in columns] for side, columns in texts.items()}
    english, target = tokens[ENGLISH.code], tokens[code]
    if not sum(english) or not sum(target):
        return {}, None
    fertility = {
        side: Fertility(
            characters=(characters := sum(len(text) for found in columns for text in found)),
            tokens=sum(tokens[side]),
            characters_per_token=round(characters / sum(tokens[side]), 4),
            against_english=round(sum(tokens[side]) / sum(english), 4),
        )
        for side, columns in texts.items()
    }
    same = [sum(count_fixed_tokens(found, tokenizer)) for found in texts[ENGLISH.code]]
    prose, prose_en = (
        [tokens[side][place] - same[place] for place in range(len(fields))] for side in (code, ENGLISH.code)
    )
    question = (prose[0] + prose[1]) / max(1, prose_en[0] + prose_en[1])
    return fertility, Ratios(question=max(0, question), response=max(0, prose[2] / max(1, prose_en[2])))


def count_fixed_tokens(texts: Sequence[str], tokenizer: Any) -> list[int]:
    """Count the tokens of what stays as it is when texts are translated: code and layout."""
    prose = [" ".join(node.text for node in split_text(text) if isinstance(node, Prose)) for text in texts]
    pairs = zip(count_tokens(texts, tokenizer), count_tokens(prose, tokenizer), strict=True)
    return [max(0, whole - moved) for whole, moved in pairs]


def list_cuts(response_en: str) -> tuple[tuple[int, float], ...]:
    """Return where an English response may be cut, as (sentences that stay, share of its characters that stays)."""
    cuts = find_cuts([response_en], scripts=[ENGLISH.script])
    whole = max(1, cuts[-1].ends[0])
    return tuple((cut.sentences, cut.ends[0] / whole) for cut in cuts)


def predict_rows(
    rows: Sequence[Row],
    templates: Mapping[Template, Sequence[RowTokens]],
    tokenizer: Any,
    *,
    ratios: Ratios,
) -> list[RowTokens]:
    """Predict the tokens of rows from their English texts.

    Args:
        rows: Rows without a translation.
        templates: Template -> measured examples of it, which say what frame and labels cost; without any, nothing is
            predicted for it.
        tokenizer: The base model's tokenizer.
        ratios: What the target language costs.
    """
    alone = count_tokens([row.instruction for row in rows], tokenizer)
    questions = [f"{row.instruction}\n\n{row.input}".rstrip() for row in rows]
    asked, asked_same = count_tokens(questions, tokenizer), count_fixed_tokens(questions, tokenizer)
    responses = [row.response for row in rows]
    said, said_same = count_tokens(responses, tokenizer), count_fixed_tokens(responses, tokenizer)
    predicted = []
    for place, row in enumerate(rows):
        texts: dict[TextName, float] = {
            "instruction": asked_same[place] + (asked[place] - asked_same[place]) * ratios.question,
            "instruction_en": asked[place],
            "instruction_en_alone": alone[place],
            "response_en": said[place],
            "response": said_same[place] + (said[place] - said_same[place]) * ratios.response,
        }
        cuts = list_cuts(row.response)
        predicted += [_predict(texts, template, known, cuts) for template, known in templates.items() if known]
    return predicted


def _predict(
    texts: Mapping[TextName, float],
    template: Template,
    known: Sequence[RowTokens],
    cuts: Sequence[tuple[int, float]],
) -> RowTokens:
    frame, labels = (statistics.median(row.parts[name] for row in known) for name in (FRAME, LABELS))
    sections: dict[str, float] = {section.name: texts[section.text] for section in template.sections}
    written = [template.prompt, *(section.text for section in template.sections)]
    responses = sum(texts[name] for name in written if name in RESPONSES)
    return RowTokens(
        parts={FRAME: frame, PROMPT: texts[template.prompt], **sections, LABELS: labels},
        responses=responses,
        cuts=cuts if responses else (),
    )
