"""Feedback as examples that a training reads: the question, and the chain with the reader's words in the target language."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from taco.errors import DataError
from taco.records import Chain, Example, StageCount
from taco.serve.feedback import ROWS
from taco.serve.served import Served
from taco.store.files import disk_faults
from taco.store.jsonl import write_records

EXAMPLES = Path("chain") / "train.jsonl"
"""Where a folder of feedback holds them: as a run does, so that `train.stages.rows` can name the folder."""


def write_examples(run: Served, folder: Path) -> StageCount:
    """Make examples of what readers liked or corrected, and write them to `chain/train.jsonl` of the folder.

    A question that was answered several times gives one example, from what was said last.

    Args:
        run: Whose answers are taken; its template and language are those of the examples.
        folder: Folder of the feedback.

    Returns:
        How many records were read, kept and dropped, by reason.

    Raises:
        DataError: There is no feedback, or a line of it is damaged.
    """
    records = _read_lines(folder / ROWS)
    drops: Counter[str] = Counter()
    examples: dict[str, Example] = {}
    for record in records:
        said = record["taco"]
        if said["run"] != run.name:
            drops["other-run"] += 1
            continue
        try:
            example = _make_example(record, run)
        except DataError:
            drops["label-in-text"] += 1
            continue
        if examples.pop(example.prompt, None):
            drops["said-again"] += 1
        examples[example.prompt] = example
    kept = write_records(folder / EXAMPLES, examples.values())
    return StageCount(rows_in=len(records), rows_kept=kept, dropped=drops)


def _make_example(record: dict[str, Any], run: Served) -> Example:
    said = record["taco"]
    texts = {
        "instruction_en": said["instruction_en"].strip(),
        "response_en": record["messages"][1]["content"],
        "response": (said["correction"] or said["answer"]).strip(),
    }
    chain = Chain(**{name: text if name in run.template.section_names else "" for name, text in texts.items()})
    return Example(
        id=record["id"],
        language=run.language.code,
        category="feedback",
        template=run.template.name,
        system=run.template.system(run.language),
        prompt=said["question"],
        completion=run.template.render(chain, run.language),
        chain=chain,
    )


def _read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise DataError(f"{path} is missing: no answer was liked or corrected yet.")
    with disk_faults(path, "read"):
        lines = path.read_bytes().split(b"\n")
    found = []
    for number, line in enumerate(lines[:-1], start=1):  # what stands behind the last line end is what a kill broke off
        try:
            record = json.loads(line)
            if not {"run", "question", "answer", "correction", "instruction_en"} <= set(record["taco"]):
                raise KeyError("taco")
            record["messages"][1]["content"].strip()
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(f"{path}:{number} is no feedback record: {error!r}.", hint="Remove the line.") from error
        found.append(record)
    return found
