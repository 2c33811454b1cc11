"""The `chain` stage: translated rows in, examples to learn out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from taco.chain.options import ChainOptions
from taco.chain.template import LENGTH_RULE, LENGTH_RULE_FREE, find_template
from taco.errors import DataError
from taco.languages.table import Language
from taco.progress import Progress
from taco.records import Chain, Drop, Example, StageCount, TranslatedRow
from taco.store.jsonl import read_records, write_records

SPLITS = ("train", "heldout")


def list_phrases(options: ChainOptions) -> tuple[str, ...]:
    """Return the English phrases that this stage needs in the target language, for `translate` to translate."""
    return (LENGTH_RULE,) if options.length_rule else ()


def build_example(row: TranslatedRow, language: Language, *, template: str, rule: str = "") -> Example:
    """Build the prompt and the completion of a row.

    The English instruction of the chain is the instruction with its input, as the prompt is: the model translates all
    that it was asked. The paper's data has no English field for inputs, so `taco-paper` leaves the input out.

    Args:
        row: The row and its translation.
        language: The target language.
        template: Name of the template.
        rule: The length rule in the target language; "" for none.

    Raises:
        DataError: The template cannot hold the row's texts.
    """
    made_by = find_template(template)
    instruction_en, instruction = row.instruction_en, row.instruction
    if rule and row.category not in LENGTH_RULE_FREE:
        instruction_en, instruction = f"{instruction_en} {LENGTH_RULE}", f"{instruction} {rule}"
    asked_en = instruction_en if template == "taco-paper" else _join_input(instruction_en, row.input_en)
    chain = Chain(instruction_en=asked_en, response_en=row.response_en, response=row.response)
    return Example(
        id=row.id,
        language=row.language,
        category=row.category,
        template=template,
        system=made_by.system(language),
        prompt=_join_input(instruction, row.input),
        completion=made_by.render(chain, language),
        chain=chain,
    )


def run_chain(
    options: ChainOptions, *, translated: Path, out: Path, language: Language, progress: Progress
) -> StageCount:
    """Render every translated row.

    Args:
        options: The stage's settings.
        translated: Folder with train.jsonl, heldout.jsonl and phrases.jsonl of `gate`.
        out: Where train.jsonl, heldout.jsonl (Example) and dropped.jsonl go.
        language: The target language.
        progress: Where to say how far it is.

    Raises:
        DataError: A file is missing or damaged.
    """
    rule = _read_phrases(translated / "phrases.jsonl")[LENGTH_RULE] if options.length_rule else ""
    drops: list[Drop] = []
    kept = 0
    for split in SPLITS:
        examples = []
        for row in read_records(translated / f"{split}.jsonl", TranslatedRow):
            try:
                examples.append(build_example(row, language, template=options.template, rule=rule))
            except DataError as error:
                drops.append(Drop(id=row.id, stage="chain", reason="label-in-text", detail=error.message))
        kept += write_records(out / f"{split}.jsonl", examples)
    write_records(out / "dropped.jsonl", drops)
    return StageCount(
        rows_in=kept + len(drops),
        rows_kept=kept,
        dropped=Counter(drop.reason for drop in drops),
        counters={"template": find_template(options.template).signature},
    )


def _join_input(instruction: str, text: str) -> str:
    return f"{instruction}\n\n{text}" if text else instruction


def _read_phrases(path: Path) -> Mapping[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        phrases = {entry["text_en"]: entry["text"] for entry in map(json.loads, lines)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {error}.", hint="Run the translate stage again.") from error
    if LENGTH_RULE not in phrases:
        raise DataError(f"{path} holds no translation of {LENGTH_RULE!r}.", hint="Run the translate stage again.")
    return phrases
