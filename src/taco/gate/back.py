"""Translations back into English: through the engines, the memory and the budget of `translate`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from taco.gate.measure import FIELDS, LEAST_CHARACTERS
from taco.gate.prose import list_prose
from taco.languages.table import ENGLISH, Language
from taco.measure.chrf import score_text
from taco.progress import Progress, Task
from taco.records import Row, TranslatedRow
from taco.store.memory import Ledger
from taco.translate.placed import translate_placed
from taco.translate.run import Means
from taco.translate.runner import Runner, open_runner

SHARD = "back"
"""Name of the shards, for messages."""


def read_ledger(means: Means, source: Language) -> Ledger:
    """Return what was sent so far to translate from a language into English."""
    with means.make_job(source=source, target=ENGLISH).open_memory(None) as kept:
        return kept.read_ledger(means.payer.run)


class BackTranslator:
    """Translates rows back, a window at a time.

    Args:
        runner: Translates into English.
        shard_rows: Rows of one shard.

    Attributes:
        engines: Signatures of the engines that did.
    """

    def __init__(self, runner: Runner, *, shard_rows: int) -> None:
        self._runner, self._shard_rows = runner, shard_rows
        self.engines: dict[str, None] = {}

    def translate(self, rows: Sequence[Row]) -> dict[int, TranslatedRow]:
        """Translate rows of the target language; return place -> row for those that came through whole.

        Raises:
            EngineError: The engine cannot go on. What was translated before is stored.
            BudgetError: The budget is spent.
        """
        placed = translate_placed(rows, self._runner, name=SHARD, shard_rows=self._shard_rows)
        self.engines.update(placed.engines)
        return placed.rows


@contextmanager
def open_back(means: Means, *, source: Language, progress: Progress, task: Task) -> Iterator[BackTranslator]:
    """Open what translates back.

    Raises:
        EngineError: The engine is missing, or has no way into English.
    """
    job = means.make_job(source=source, target=ENGLISH)
    with open_runner(job, progress=progress, task=task) as runner:
        yield BackTranslator(runner, shard_rows=means.translate.shard_rows)


def turn_round(row: TranslatedRow) -> Row:
    """Return a translated row as a row to translate, its texts in the target language."""
    return Row(id=row.id, instruction=row.instruction, input=row.input, response=row.response, keep=row.keep)


def score_back(rows: Sequence[TranslatedRow], back: BackTranslator) -> list[float | None]:
    """Return the chrF++ of each row's way there and back, over its prose; None where it has too little, or is not back."""
    found = back.translate([turn_round(row) for row in rows])
    return [_score_row(row, found.get(place)) for place, row in enumerate(rows)]


def _score_row(row: TranslatedRow, returned: TranslatedRow | None) -> float | None:
    english = _join_prose(row, _ENGLISH_FIELDS, row.keep)
    if returned is None or len(english) < LEAST_CHARACTERS:
        return None
    return score_text(_join_prose(returned, FIELDS, row.keep), english)


_ENGLISH_FIELDS = tuple(f"{field}_en" for field in FIELDS)


def _join_prose(row: TranslatedRow, fields: Iterable[str], keep: tuple[str, ...]) -> str:
    return "\n".join(piece for field in fields for piece in list_prose(getattr(row, field), keep=keep))
