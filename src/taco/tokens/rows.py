"""The rows to measure: those that a run translated, else the translations that come with taco; and those still to come."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taco.errors import EngineError
from taco.languages.table import Language
from taco.progress import Progress, SilentProgress
from taco.records import Row, TranslatedRow
from taco.source.location import describe_location
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records
from taco.translate.options import TranslateOptions
from taco.translate.run import Payer, run_translate

TRAIN = "train.jsonl"
SHIPPED = "shipped-memory"

STAGES = ("gate", "translate")
"""The stages whose rows are measured, the first one that has any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRows:
    """Rows for training.

    Attributes:
        translated: Rows with their translation, of any settings of the source: what fertility is measured on.
        current: Ids of those whose English texts are as the recipe's source gives them now.
        untranslated: Rows of the source that have no translation yet.
        origin: Where the translations are from, for a reader; "" where there are none.

    Rows of the source that a run read and did not keep, in translation or at the gate, are in none of these.
    """

    translated: tuple[TranslatedRow, ...]
    current: frozenset[str]
    untranslated: tuple[Row, ...]
    origin: str


def find_rows(
    options: SourceOptions, *, run: Path, language: Language, folder: Path, seed: int, progress: Progress
) -> FoundRows:
    """Find the training rows of a recipe and what is translated of them.

    Args:
        options: The recipe's source.
        run: The run's folder; it need not be there.
        language: The target language.
        folder: What a relative path of the source is relative to.
        seed: The recipe's seed, which decides the held-out rows.
        progress: Where to say how far it is.

    Raises:
        DataError: The source or a file of the run is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="taco-tokens-") as scratch:
        reading = _Reading(run=run, folder=folder, scratch=Path(scratch), seed=seed)
        rows = list(reading.read(options, "source", progress))
        for kept in (run / stage / TRAIN for stage in STAGES):
            translated = tuple(read_records(kept, TranslatedRow)) if kept.is_file() else ()
            if not translated:
                continue
            tried = frozenset(row.id for row in read_records(run / "source" / TRAIN, Row))
            return _compare(rows, translated, tried=tried, origin=str(kept))
        # Only whole lines are in what comes with taco.
        whole = options.model_copy(update={"max_response_sentences": None})
        list(reading.read(whole, "whole", SilentProgress()))
        translated = _translate_shipped(Path(scratch), language)
    origin = "translations that come with taco" if translated else ""
    return _compare(rows, translated, tried=frozenset(), origin=origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """How the source is read."""

    run: Path
    folder: Path
    scratch: Path
    seed: int

    def read(self, options: SourceOptions, name: str, progress: Progress) -> Iterator[Row]:
        """Read the source anew into a folder of that name, the run's rows where that would need the network."""
        out = self.run / "source"
        if not describe_location(options):
            out = self.scratch / name
            run_source(options, folder=self.folder, out=out, seed=self.seed, progress=progress)
        if (out / TRAIN).is_file():
            yield from read_records(out / TRAIN, Row)


def _translate_shipped(scratch: Path, language: Language) -> tuple[TranslatedRow, ...]:
    """Look rows up in the translations that come with taco; none where it has none for the language or the rows."""
    if not (scratch / "whole" / TRAIN).is_file():
        return ()
    out = scratch / "translate"
    try:
        run_translate(
            TranslateOptions(engine=SHIPPED),
            source=scratch / "whole",
            out=out,
            target=language,
            phrases=(),
            memory=scratch / "memory.sqlite",
            payer=Payer(run="tokens", account="tokens"),
            progress=SilentProgress(),
        )
    except EngineError:
        return ()
    return tuple(read_records(out / TRAIN, TranslatedRow))


def _compare(
    rows: list[Row], translated: tuple[TranslatedRow, ...], *, tried: frozenset[str], origin: str
) -> FoundRows:
    """Tell rows that are translated as they are now from those that are still to be; `tried` ones are not again."""
    texts = {row.id: (row.instruction_en, row.input_en, row.response_en) for row in translated}
    if not rows:
        return FoundRows(translated=translated, current=frozenset(texts), untranslated=(), origin=origin)
    current = frozenset(row.id for row in rows if texts.get(row.id) == (row.instruction, row.input, row.response))
    given_up = tried - texts.keys()
    untranslated = tuple(row for row in rows if row.id not in current and row.id not in given_up)
    return FoundRows(translated=translated, current=current, untranslated=untranslated, origin=origin)
