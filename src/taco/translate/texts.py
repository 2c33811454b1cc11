"""A few texts through the engine, the memory and the checks of `translate`, each its translation or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from taco.languages.table import find_language
from taco.progress import Progress, SilentProgress
from taco.records import Row
from taco.translate.placed import translate_placed
from taco.translate.runner import Runner, open_runner
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
    different, found = _sort_out(texts)
    if not different:
        return found
    title = f"Translating into {find_language(job.language).name}"
    with (
        progress.task(title, total=len(different), unit="texts") as task,
        open_runner(job, progress=progress, task=task) as runner,
    ):
        return found | _translate(different, runner, shard_rows=job.options.shard_rows)


class TextTranslator:
    """Translates texts as `translate_texts` does, now and then: the engine stays open in between, in this process.

    All calls must come from one thread.

    Args:
        job: Engine, pair of languages, memory and who pays.
        progress: Takes a line where an engine is missing and another one used.
    """

    def __init__(self, job: Job, *, progress: Progress) -> None:
        self._job = replace(job, options=job.options.model_copy(update={"runner": "local", "processes": 1}))
        self._progress = progress
        self._open = ExitStack()
        self._runner: Runner | None = None

    def open(self) -> Runner:
        """Open the engine, unless it is open.

        Raises:
            EngineError: It is missing.
        """
        if self._runner is None:
            task = self._open.enter_context(SilentProgress().task("", total=None, unit="texts"))
            self._runner = self._open.enter_context(open_runner(self._job, progress=self._progress, task=task))
        return self._runner

    def translate(self, texts: Sequence[str]) -> dict[str, TextTranslation]:
        """Translate texts; an engine that fails is closed, and opened anew for the next ones. See `translate_texts`."""
        different, found = _sort_out(texts)
        try:
            return found | _translate(different, self.open(), shard_rows=self._job.options.shard_rows)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the engine."""
        self._runner = None
        self._open.close()


def _sort_out(texts: Sequence[str]) -> tuple[list[str], dict[str, TextTranslation]]:
    """Return the texts that have to be translated, each once, and what becomes of the others."""
    different = list(dict.fromkeys(text for text in texts if text.strip()))
    return different, {text: TextTranslation() for text in texts if not text.strip()}


def _translate(texts: Sequence[str], runner: Runner, *, shard_rows: int) -> dict[str, TextTranslation]:
    rows = [Row(id="", instruction=text, input="", response="") for text in texts]
    placed = translate_placed(rows, runner, name="texts", shard_rows=shard_rows)
    found = {
        texts[place]: TextTranslation(text=row.instruction, engine=row.engine) for place, row in placed.rows.items()
    }
    return found | {texts[place]: TextTranslation(fault=drop.reason) for place, drop in placed.drops.items()}
