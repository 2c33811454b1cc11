"""The `chain` stage: translated rows in, examples to learn out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from taco.chain.formats import PART, find_format
from taco.chain.options import ChainOptions
from taco.chain.template import LENGTH_RULE, LENGTH_RULE_FREE, Template, TextName, make_chain
from taco.errors import DataError
from taco.languages.table import Language
from taco.progress import Progress
from taco.records import Drop, Example, StageCount, TranslatedRow
from taco.store.files import write_atomically
from taco.store.jsonl import count_records, read_records, write_records
from taco.store.scratch import ScratchFile

SPLITS = ("train", "heldout")


def list_phrases(options: ChainOptions) -> tuple[str, ...]:
    """Return the English phrases that this stage needs in the target language, for `translate` to translate."""
    return (LENGTH_RULE,) if options.length_rule else ()


def build_examples(row: TranslatedRow, language: Language, *, template: str, rule: str = "") -> list[Example]:
    """Build the examples of a row, one for each part of the format.

    The English instruction is the instruction with its input, as the prompt is: the model translates all that it was
    asked. The id is the row's; in a format of several parts with ":" and the part's name behind it.

    Args:
        row: The row and its translation.
        language: The target language.
        template: Name of the format.
        rule: The length rule in the target language; "" for none.

    Raises:
        DataError: The template cannot hold the row's texts.
    """
    return [build_example(row, language, template=one, rule=rule) for one in find_format(template).templates]


def build_example(row: TranslatedRow, language: Language, *, template: Template, rule: str = "") -> Example:
    """Build one example of a row.

    Raises:
        DataError: The template cannot hold the row's texts.
    """
    texts = _list_texts(row, rule=rule if template.takes_rule else "")
    chain = make_chain({section.name: texts[section.text] for section in template.sections})
    return Example(
        id=f"{row.id}{PART}{template.part}" if template.part else row.id,
        language=row.language,
        category=row.category,
        template=template.name,
        system=template.system(language),
        prompt=texts[template.prompt],
        completion=template.render(chain, language),
        chain=chain,
    )


def run_chain(
    options: ChainOptions, *, translated: Path, out: Path, language: Language, progress: Progress
) -> StageCount:
    """Render every translated row.

    Rows are counted, not examples: a row is kept with all its examples or dropped. Of a held-out row one part of the
    format is rendered, the parts taking turns, so that the benchmark's rows stay independent of each other.

    Args:
        options: The stage's settings.
        translated: Folder with train.jsonl, heldout.jsonl and phrases.jsonl of `gate`.
        out: Where train.jsonl, heldout.jsonl (Example) and dropped.jsonl go.
        language: The target language.
        progress: Where to say how far it is.

    Raises:
        DataError: A file is missing or damaged.
    """
    rule = read_rule(translated) if options.length_rule else ""
    total = sum(count_records(translated / f"{split}.jsonl") for split in SPLITS)
    written, rows_in, reasons = 0, 0, Counter[str]()
    with ScratchFile(out / "drops.scratch") as drops, progress.task("Rendering", total=total, unit="rows") as task:

        def render(split: str) -> Iterator[Example]:
            nonlocal rows_in
            templates = find_format(options.format_of(split)).templates
            for number, row in enumerate(read_records(translated / f"{split}.jsonl", TranslatedRow)):
                rows_in += 1
                task.advance()
                chosen = templates if split == "train" else templates[number % len(templates) :][:1]
                try:
                    yield from [build_example(row, language, template=one, rule=rule) for one in chosen]
                except DataError as error:
                    reasons["label-in-text"] += 1
                    drops.add(Drop(id=row.id, stage="chain", reason="label-in-text", detail=error.message))

        for split in SPLITS:
            written += write_records(out / f"{split}.jsonl", render(split))
        write_atomically(out / "dropped.jsonl", drops.read_lines())
    kept = rows_in - reasons.total()
    counters: dict[str, int | float | str] = {"template": find_format(options.template).signature}
    if options.format_of("heldout") != options.template:
        counters["heldout_template"] = find_format(options.heldout_template).signature
    if written != kept:
        counters["examples"] = written
    return StageCount(
        rows_in=rows_in,
        rows_kept=kept,
        dropped=reasons,
        counters=counters,
    )


def _list_texts(row: TranslatedRow, *, rule: str) -> dict[TextName, str]:
    instruction_en, instruction = row.instruction_en, row.instruction
    if rule and row.category not in LENGTH_RULE_FREE:
        instruction_en, instruction = f"{instruction_en} {LENGTH_RULE}", f"{instruction} {rule}"
    return {
        "instruction": join_input(instruction, row.input),
        "instruction_en": join_input(instruction_en, row.input_en),
        "instruction_en_alone": instruction_en,
        "response_en": row.response_en,
        "response": row.response,
    }


def join_input(instruction: str, text: str) -> str:
    """Return an instruction with its input, as a prompt asks them."""
    return f"{instruction}\n\n{text}" if text else instruction


def read_rule(translated: Path) -> str:
    """Return the length rule in the target language.

    Args:
        translated: Folder with phrases.jsonl of `gate`.

    Raises:
        DataError: The file is missing or damaged, or does not hold it.
    """
    return _read_phrases(translated / "phrases.jsonl")[LENGTH_RULE]


def _read_phrases(path: Path) -> Mapping[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        phrases = {entry["text_en"]: entry["text"] for entry in map(json.loads, lines)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {error}.", hint="Run the translate stage again.") from error
    if LENGTH_RULE not in phrases:
        raise DataError(f"{path} holds no translation of {LENGTH_RULE!r}.", hint="Run the translate stage again.")
    return phrases
