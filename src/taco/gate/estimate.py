"""What translating back would send and cost, found out without sending anything."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from taco.gate.back import turn_round
from taco.gate.options import GateOptions
from taco.gate.sentences import sample_sentences
from taco.languages.table import ENGLISH, Language
from taco.records import Row, TranslatedRow
from taco.store.jsonl import read_records, write_records
from taco.translate.estimate import Estimate, estimate_translation
from taco.translate.options import TranslateOptions
from taco.translate.shards import NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class BackEstimate:
    """What the round trips of a run would do.

    Attributes:
        estimate: Of the way back; its language is English.
        is_guessed: Whether there are no translations yet, so that the English texts stand for them.
    """

    estimate: Estimate
    is_guessed: bool


def estimate_round_trip(
    options: GateOptions,
    translate: TranslateOptions,
    *,
    source: Path,
    translated: Path | None,
    target: Language,
    seed: int,
    memory: Path,
) -> BackEstimate | None:
    """Estimate what the gate would send; None where nothing is translated back.

    Args:
        options, translate: How.
        source: Folder of English rows.
        translated: Folder of the translated rows; None where there are none yet.
        target: The target language.
        seed: Seed of the sample of sentences.
        memory: The translation memory; it need not be there.

    Raises:
        DataError: A row is malformed.
        StoreError: The memory cannot be used.
    """
    if not options.asks_back:
        return None
    rows = _list_back_rows(options, lambda: _read_rows(source, translated), seed=seed)
    with tempfile.TemporaryDirectory(prefix="taco-plan-") as folder:
        write_records(Path(folder) / "train.jsonl", rows)
        write_records(Path(folder) / "heldout.jsonl", [])
        back = options.choose_back(translate)
        found = estimate_translation(back, source=Path(folder), target=ENGLISH, memory=memory, origin=target)
    return BackEstimate(estimate=found, is_guessed=translated is None)


def _list_back_rows(options: GateOptions, read: Callable[[], Iterable[TranslatedRow]], *, seed: int) -> Iterator[Row]:
    """Yield what would be translated back: every row where rows are, and the sampled sentences."""
    if options.round_trip:
        yield from map(turn_round, read())
    if options.corpus_round_trip.sentences:
        sample = sample_sentences(read(), limit=options.corpus_round_trip.sentences, seed=seed)
        for one in sample.sentences:
            yield Row(id=one.row, instruction=one.target, input="", response="", keep=one.keep)


def _read_rows(source: Path, translated: Path | None) -> Iterator[TranslatedRow]:
    for name in NAMES:
        if translated is not None:
            yield from read_records(translated / f"{name}.jsonl", TranslatedRow)
        else:
            yield from map(_stand_in, read_records(source / f"{name}.jsonl", Row))


def _stand_in(row: Row) -> TranslatedRow:
    """Return a row whose translation is its English text: about as long, and unknown to the memory of the way back."""
    return TranslatedRow(
        id=row.id,
        language="",
        category=row.category,
        instruction_en=row.instruction,
        input_en=row.input,
        response_en=row.response,
        instruction=row.instruction,
        input=row.input,
        response=row.response,
        words=0,
        unknown_words=0,
        engine="",
        keep=row.keep,
    )
