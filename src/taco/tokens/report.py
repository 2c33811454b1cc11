"""What a recipe's rows cost in tokens: by section, by language, against a context; and how long a response may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taco.chain.formats import find_format
from taco.chain.run import build_example
from taco.chain.template import SECTIONS, Template
from taco.errors import DataError
from taco.languages.table import Language
from taco.model.prompt import end_token_id
from taco.progress import Progress, Task
from taco.records import TranslatedRow
from taco.tokens.fit import Fit, Spread, find_fit, measure_spread
from taco.tokens.measure import FRAME, LABELS, PROMPT, RowTokens, measure_example
from taco.tokens.predict import Fertility, Ratios, list_cuts, measure_fertility, predict_rows
from taco.tokens.rows import FoundRows

CONTEXTS = (512, 1024, 2048, 4096)
"""Context lengths in tokens that are looked at where none is asked for."""

WHOLE = "row"
"""Name for all parts of a row together."""

_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReport:
    """The report for one language.

    Attributes:
        language, language_name: The target.
        template: Signature of the chain format.
        tokenizer: What counted.
        origin: Where the translated rows are from; "" for none.
        measured, predicted: Examples that were measured, and such whose tokens were predicted from their English texts.
        left_out: Rows whose texts the template cannot hold.
        parts: Part of a row -> spread over the measured and predicted examples that have it; "row" for all together.
        fertility: Code of a language -> what it costs, over the translated rows.
        sentences: Spread of the sentences of the English responses.
        fits: One for each context.
    """

    language: str
    language_name: str
    template: str
    tokenizer: str
    origin: str
    measured: int
    predicted: int
    left_out: int
    parts: Mapping[str, Spread]
    fertility: Mapping[str, Fertility]
    sentences: Spread | None
    fits: Sequence[Fit]


def report_tokens(
    found: FoundRows,
    tokenizer: Any,
    *,
    template: str,
    language: Language,
    signature: str,
    contexts: Sequence[int],
    progress: Progress,
) -> TokenReport:
    """Measure translated rows and predict the others from them.

    A prediction takes the English texts' own tokens, and for the target language those times the ratio that was measured;
    without any translated row there is none.

    Args:
        found: The rows.
        tokenizer: The base model's tokenizer.
        template: Name of the chain format.
        language: The target language.
        signature: What the tokenizer is.
        contexts: Context lengths in tokens.
        progress: Where to say how far it is.

    Raises:
        ModelError: The tokenizer has no end token, or loses a part of a text.
    """
    chosen = find_format(template)
    fertility, ratios = measure_fertility(found.translated, tokenizer, code=language.code)
    total = len(found.translated) + len(found.untranslated)
    with progress.task("Counting tokens", total=total, unit="rows") as task:
        samples = _measure_rows(found, chosen.templates, tokenizer, language, task)
        predicted = _predict_rows(found, samples.by_template, tokenizer, ratios, task) if ratios else []
    rows = [*samples.current, *predicted]
    return TokenReport(
        language=language.code,
        language_name=language.name,
        template=chosen.signature,
        tokenizer=signature,
        origin=found.origin,
        measured=len(samples.current),
        predicted=len(predicted),
        left_out=samples.left_out,
        parts=_spread_parts(rows),
        fertility=fertility,
        sentences=_spread_sentences(rows),
        fits=tuple(find_fit(rows, context) for context in contexts) if rows else (),
    )


@dataclass(slots=True, kw_only=True)
class _Samples:
    """Measured examples.

    Attributes:
        by_template: All of them.
        current: Those whose English texts are as the recipe's source gives them now.
        left_out: Rows whose texts a template cannot hold.
    """

    by_template: dict[Template, list[RowTokens]]
    current: list[RowTokens] = field(default_factory=list)
    left_out: int = 0


def _measure_rows(
    found: FoundRows, templates: Sequence[Template], tokenizer: Any, language: Language, task: Task
) -> _Samples:
    samples = _Samples(by_template={one: [] for one in templates})
    for row in found.translated:
        counted = _measure_row(row, templates, tokenizer, language)
        samples.left_out += not counted
        for one, tokens in counted.items():
            samples.by_template[one].append(tokens)
        if row.id in found.current:
            samples.current += counted.values()
        task.advance()
    return samples


def _predict_rows(
    found: FoundRows, samples: Mapping[Template, Sequence[RowTokens]], tokenizer: Any, ratios: Ratios, task: Task
) -> list[RowTokens]:
    predicted: list[RowTokens] = []
    for start in range(0, len(found.untranslated), _BATCH):
        rows = found.untranslated[start : start + _BATCH]
        predicted += predict_rows(rows, samples, tokenizer, ratios=ratios)
        task.advance(len(rows))
    return predicted


def _measure_row(
    row: TranslatedRow, templates: Sequence[Template], tokenizer: Any, language: Language
) -> dict[Template, RowTokens]:
    """Measure every example of a row; nothing where a template cannot hold its texts."""
    try:
        examples = {one: build_example(row, language, template=one) for one in templates}
    except DataError:
        return {}
    end, cuts = end_token_id(tokenizer), list_cuts(row.response_en)
    return {
        one: measure_example(example, tokenizer, end=end, language=language, cuts=cuts)
        for one, example in examples.items()
    }


def _spread_parts(rows: Sequence[RowTokens]) -> dict[str, Spread]:
    found = {
        name: [row.parts[name] for row in rows if name in row.parts] for name in (FRAME, PROMPT, *SECTIONS, LABELS)
    }
    found[WHOLE] = [row.total for row in rows]
    return {name: measure_spread(values) for name, values in found.items() if values}


def _spread_sentences(rows: Sequence[RowTokens]) -> Spread | None:
    counts = [row.cuts[-1][0] for row in rows if row.cuts]
    return measure_spread(counts) if counts else None
