"""A few texts through the engine, the memory and the checks of `translate`, each its translation or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taco.languages.table import find_language
from taco.progress import Progress
from taco.records import Row
from taco.translate.placed import translate_placed
from taco.translate.runner import open_runner
from taco.translate.worker import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTranslation:
    """What became of a text.

    Attributes:
        text: The translation; "" where there is none.
        engine: Signature of the engines that made it.
        fault: Why there is none, a short phrase with hyphens; "" where there is one.
    """

    text: str = ""
    engine: str = ""
    fault: str = ""


def translate_texts(texts: Sequence[str], job: Job, *, progress: Progress) -> dict[str, TextTranslation]:
    """Translate texts of any form, code, lists and line breaks kept; equal ones once, those in the memory not again.

    Args:
        texts: The texts.
        job: Engine, pair of languages, memory and who pays.
        progress: Where to say how far it is.

    Raises:
        EngineError: The engine is missing, or cannot go on. What was translated before is in the memory.
        BudgetError: The budget is spent.
    """
    different = list(dict.fromkeys(text for text in texts if text.strip()))
    found = {text: TextTranslation() for text in texts if not text.strip()}
    if not different:
        return found
    title = f"Translating into {find_language(job.language).name}"
    with (
        progress.task(title, total=len(different), unit="texts") as task,
        open_runner(job, progress=progress, task=task) as runner,
    ):
        rows = [Row(id="", instruction=text, input="", response="") for text in different]
        placed = translate_placed(rows, runner, name="texts", shard_rows=job.options.shard_rows)
    for place, row in placed.rows.items():
        found[different[place]] = TextTranslation(text=row.instruction, engine=row.engine)
    for place, drop in placed.drops.items():
        found[different[place]] = TextTranslation(fault=drop.reason)
    return found
