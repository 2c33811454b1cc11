"""The stage `translate`: English rows in, rows with their translation out."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from taco.errors import EngineError
from taco.languages.table import ENGLISH, Language
from taco.progress import Progress
from taco.records import Drop, Row, StageCount, TranslatedRow
from taco.store.files import disk_faults, write_atomically
from taco.store.jsonl import read_records, write_records
from taco.store.memory import TranslationMemory
from taco.translate.engine import ENGINES, Engine, open_engine
from taco.translate.metering import WindowMeter
from taco.translate.options import TranslateOptions
from taco.translate.rows import RowTranslator, Tally
from taco.translate.sender import Sender

WINDOW_ROWS = 2000
"""Rows that are held in memory at a time. Large enough that the ends of windows, where calls run out, cost nothing."""

FILES = ("train.jsonl", "heldout.jsonl")
"""The files of rows, in `source` and in `out`."""

_RUN_KEY = "run-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A fixed text that later stages add to rows.

    Attributes:
        text_en: In English.
        text: In the target language.
    """

    text_en: str
    text: str


def run_translate(
    options: TranslateOptions,
    *,
    source: Path,
    out: Path,
    target: Language,
    phrases: Sequence[str],
    memory: Path,
    progress: Progress,
) -> StageCount:
    """Translate a folder of rows.

    A killed run goes on with the same call: what is in the memory is not sent again, and the counters go on too, because
    the key of the run stays in `out` until everything is written.

    Args:
        options: How.
        source: Folder with train.jsonl and heldout.jsonl.
        out: Folder for the same files, phrases.jsonl and dropped.jsonl.
        target: The language to translate into.
        phrases: Further texts, all of which must be translated.
        memory: The translation memory.
        progress: Where to say how far it is.

    Raises:
        EngineError: The engine is missing and there is no fallback, it cannot go on, or it cannot translate a phrase.
        DataError: A row is malformed.
        StoreError: The memory or `out` cannot be used.
    """
    key = _find_run_key(out)
    with ExitStack() as stack:
        engine, fallback = _open_engine(options, target=target, progress=progress)
        stack.enter_context(engine)
        kept = stack.enter_context(
            TranslationMemory(memory, source=ENGLISH.code, target=target.code, signature=engine.signature)
        )
        rows_total = sum(_count_lines(source / name) for name in FILES)
        task = stack.enter_context(progress.task(f"translate into {target.name}", total=rows_total, unit="rows"))
        meter = WindowMeter(task)
        sender = Sender(engine, kept, run=key, batch_characters=options.batch_characters, meter=meter)
        stack.callback(sender.close)
        rows = RowTranslator(
            sender.send, engine=engine, language=target.code, max_unknown_share=options.max_unknown_share
        )
        write_records(out / "phrases.jsonl", _translate_phrases(phrases, rows))
        dropped: list[Drop] = []
        for name in FILES:
            write_records(out / name, _translate_file(source / name, rows, meter, dropped))
        write_records(out / "dropped.jsonl", dropped)
        count = _count_stage(rows.tally, dropped, kept, key, engine=engine, fallback=fallback)
    with disk_faults(out / _RUN_KEY, "remove"):
        (out / _RUN_KEY).unlink()
    return count


def _open_engine(options: TranslateOptions, *, target: Language, progress: Progress) -> tuple[Engine, str]:
    """Open the engine, or the fallback; return it with what was wrong with the first one, "" if nothing was."""
    try:
        return open_engine(options.engine, options.engine_options, source=ENGLISH, target=target), ""
    except EngineError as error:
        if options.fallback is None:
            raise
        progress.say(f"{error.message} Using {options.fallback} instead. {error.hint}")
        settings = ENGINES.load_options(options.fallback)()
        return open_engine(options.fallback, settings, source=ENGLISH, target=target), error.message


def _find_run_key(out: Path) -> str:
    """Return the key under which all attempts of this run appear in the ledger; the first attempt makes it."""
    path = out / _RUN_KEY
    with disk_faults(path):
        if path.exists() and (key := path.read_text(encoding="ascii").strip()):
            return key
        key = uuid.uuid4().hex
        write_atomically(path, [key.encode()])
    return key


def _count_lines(path: Path) -> int:
    if not path.exists():
        return 0  # reading it says what is missing
    with disk_faults(path, "read"), path.open("rb") as opened:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: opened.read(1 << 20), b""))


def _translate_phrases(phrases: Sequence[str], rows: RowTranslator) -> Iterator[Phrase]:
    for phrase in phrases:
        text, reason, detail = rows.translate_text(phrase)
        if reason:
            raise EngineError(
                f"The phrase {phrase!r} cannot be translated: {reason} ({detail}).",
                hint="Leave the phrase out (see the options of chain), or choose another engine.",
            )
        yield Phrase(text_en=phrase, text=text)


def _translate_file(
    path: Path, rows: RowTranslator, meter: WindowMeter, dropped: list[Drop]
) -> Iterator[TranslatedRow]:
    remaining = read_records(path, Row)
    while window := list(islice(remaining, WINDOW_ROWS)):
        meter.open_window(len(window))
        for made in rows.translate(window):
            if isinstance(made, Drop):
                dropped.append(made)
            else:
                yield made
        meter.close_window()


def _count_stage(
    tally: Tally, dropped: Sequence[Drop], memory: TranslationMemory, key: str, *, engine: Engine, fallback: str
) -> StageCount:
    ledger = memory.read_ledger(key)
    unique = tally.count_unique()
    counters: dict[str, int | float | str] = {
        "engine": engine.signature,
        "segments": tally.segments,
        "segments_unique": unique,
        "segments_from_memory": unique - (ledger.segments - ledger.lost_segments),
        "segments_sent": ledger.segments,
        "segments_lost": ledger.lost_segments,
        "segments_repaired": tally.repaired,
        "characters_sent": ledger.characters,
        "characters_lost": ledger.lost_characters,
        "batches_sent": ledger.batches,
        "batches_lost": ledger.lost_batches,
        "words": tally.words,
        "unknown_words": tally.unknown_words,
    }
    if fallback:
        counters["fallback"] = fallback
    return StageCount(
        rows_in=tally.rows,
        rows_kept=tally.rows - len(dropped),
        dropped=Counter(drop.reason for drop in dropped),
        counters=counters,
    )
