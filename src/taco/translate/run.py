"""The stage `translate`: English rows in, rows with their translation out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taco.errors import DataError, EngineError
from taco.languages.table import ENGLISH, Language
from taco.progress import Progress
from taco.records import Drop, Row, StageCount, TranslatedRow, from_json, to_json
from taco.store.files import disk_faults, write_atomically
from taco.store.jsonl import count_records, write_records
from taco.store.memory import Ledger
from taco.translate.engine import Engine, prepare
from taco.translate.estimate import count_texts
from taco.translate.forecast import Forecast, make_forecast
from taco.translate.options import TranslateOptions
from taco.translate.runner import Runner, open_runner
from taco.translate.shards import NAMES, PartFolder, Shard, cut_shards
from taco.translate.window import Tally
from taco.translate.worker import Job, open_engines

PHRASES = "phrases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A fixed text that later stages add to rows.

    Attributes:
        text_en: In English.
        text: In the target language.
    """

    text_en: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """On whose behalf texts are sent.

    Attributes:
        run: Key of the run in the ledger. A run that is killed goes on under the same key, and so does one that is made
            again from the same rows and options: what it paid for once is its own, however often it is made.
        account: Name of the account that the recipe's budget limits.
    """

    run: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """All that decides how other stages have texts translated.

    Attributes:
        translate: Engine, pace and budget.
        memory: The translation memory.
        payer: On whose behalf texts are sent.
    """

    translate: TranslateOptions
    memory: Path
    payer: Payer

    def make_job(self, *, source: Language = ENGLISH, target: Language) -> Job:
        """Return the job of translating from one language into another."""
        return Job(
            options=self.translate,
            language=target.code,
            memory=self.memory,
            run=self.payer.run,
            account=self.payer.account,
            source=source.code,
        )


def run_translate(
    options: TranslateOptions,
    *,
    source: Path,
    out: Path,
    target: Language,
    phrases: Sequence[str],
    memory: Path,
    payer: Payer,
    progress: Progress,
) -> StageCount:
    """Translate a folder of rows.

    A killed run goes on with the same call: shards that are done are not touched again, and what is in the memory is not
    sent again.

    Args:
        options: How.
        source: Folder with train.jsonl and heldout.jsonl.
        out: Folder for the same files, phrases.jsonl and dropped.jsonl.
        target: The language to translate into.
        phrases: Further texts, all of which must be translated.
        memory: The translation memory.
        payer: On whose behalf.
        progress: Where to say how far it is.

    Raises:
        EngineError: The engine is missing and there is no fallback, it cannot go on, or it cannot translate a phrase.
        BudgetError: The budget is spent. What was paid for is kept; the same call goes on from there.
        DataError: A row is malformed.
        StoreError: The memory or `out` cannot be used.
    """
    job = Job(options=options, language=target.code, memory=memory, run=payer.run, account=payer.account)
    parts = PartFolder(out / f"parts-{options.shard_rows}")
    expected_at = out / "expected.json"
    expected, opened = Forecast.read(expected_at), None
    if expected is None:
        opened = open_engines(job)
        if options.runner == "local" and options.processes == 1 and _is_work_left(job, opened.engines[0], source):
            prepare(opened.engines[0])  # its programs start while the forecast is made
        expected = make_forecast(
            opened.engines[0], options, source=source, target=target, memory=memory, before=_read_ledger(job)
        )
        if expected:
            expected.keep(expected_at)
    total = sum(count_records(source / f"{name}.jsonl") for name in NAMES)
    bar = progress.task(f"Translating into {target.name}", total=total, unit="rows")
    with bar as task, open_runner(job, progress=progress, task=task, opened=opened) as runner:
        translated = _translate_phrases(phrases, runner)
        for part in runner.map(_list_missing(source, parts, options.shard_rows, skip=task.advance)):
            parts.write(part)
    write_records(out / f"{PHRASES}.jsonl", translated)
    count = _merge(parts, out, job)
    parts.remove()
    with disk_faults(expected_at, "remove"):
        expected_at.unlink(missing_ok=True)
    ledger = _read_ledger(job)
    counters = {**count.counters, **_list_sent(ledger)}
    if expected:
        progress.say(f"translate: {expected.compare(ledger)}")
        counters |= expected.list_counters()
    return replace(count, counters=counters)


def _read_ledger(job: Job) -> Ledger:
    with job.open_memory(None) as kept:
        return kept.read_ledger(job.run)


_LOOKED_AT = 8
"""Rows by which a run that has something to send is told from one that the memory answers."""


def _is_work_left(job: Job, engine: Engine, source: Path) -> bool:
    """Whether the memory lacks a text of the first rows; rows that cannot be read are left to who reads them all."""
    try:
        texts = list(count_texts(source, engine, most_rows=_LOOKED_AT))
    except DataError:
        return False
    if not job.memory.exists():
        return bool(texts)
    with job.open_memory(engine.signature) as kept:
        return len(kept.look_up(texts)) < len(texts)


def _list_missing(source: Path, parts: PartFolder, rows: int, *, skip: Callable[[int], None]) -> Iterator[Shard]:
    for name in NAMES:
        for shard in cut_shards(source / f"{name}.jsonl", rows=rows):
            if parts.has(shard.key):
                skip(len(shard.lines))
            else:
                yield shard


def _translate_phrases(phrases: Sequence[str], runner: Runner) -> list[Phrase]:
    if not phrases:
        return []
    rows = [Row(id=_name_phrase(phrase), instruction=phrase, input="", response="") for phrase in phrases]
    lines = tuple(f"{to_json(row)}\n".encode() for row in rows)
    (part,) = runner.map([Shard(name=PHRASES, number=0, first_line=1, lines=lines)])
    for line in part.drops:
        drop = from_json(Drop, line)
        phrase = next(row.instruction for row in rows if row.id == drop.id)
        raise EngineError(
            f"The phrase {phrase!r} cannot be translated: {drop.reason} ({drop.detail}).",
            hint="Leave the phrase out (see the options of chain), or choose another engine.",
        )
    made = [from_json(TranslatedRow, line) for line in part.rows]
    return [Phrase(text_en=row.instruction_en, text=row.instruction) for row in made]


def _name_phrase(phrase: str) -> str:
    return hashlib.sha256(phrase.encode()).hexdigest()[:16]


def _merge(parts: PartFolder, out: Path, job: Job) -> StageCount:
    """Put the parts together to the stage's files."""
    keys = {name: parts.list_keys(name) for name in NAMES}
    every = [key for name in NAMES for key in keys[name]]
    for name in NAMES:
        write_atomically(out / f"{name}.jsonl", parts.read_lines(keys[name], drops=False))
    write_atomically(out / "dropped.jsonl", parts.read_lines(every, drops=True))
    dropped = Counter(from_json(Drop, line).reason for line in parts.read_lines(every, drops=True))
    tally, engines, missing = parts.sum_up(every)
    counters = _list_counters(tally)
    if missing:
        counters["fallback"] = " ".join(missing)
    return StageCount(
        rows_in=tally.rows,
        rows_kept=tally.rows - sum(dropped.values()),
        dropped=dropped,
        counters={"engine": " + ".join(engines), **counters},
    )


def _list_counters(tally: Tally) -> dict[str, int | float | str]:
    """Return what the manifest says of the rows; segments are occurrences, equal ones counted each time."""
    return {
        "segments": tally.segments,
        "segments_paid": tally.paid,
        "segments_from_memory": tally.segments - tally.paid,
        "segments_repaired": tally.repaired,
        "segments_rerouted": tally.rerouted,
        "words": tally.words,
        "unknown_words": tally.unknown_words,
    }


def _list_sent(ledger: Ledger) -> dict[str, int | float | str]:
    """Return what the manifest says of what was sent; these are different texts."""
    return {
        "texts_sent": ledger.segments,
        "texts_lost": ledger.lost_segments,
        "texts_failed": ledger.failed_segments,
        "characters_sent": ledger.characters,
        "characters_lost": ledger.lost_characters,
        "characters_failed": ledger.failed_characters,
        "calls": ledger.batches,
        "calls_lost": ledger.lost_batches,
        "calls_failed": ledger.failed_batches,
        "usd": round(ledger.usd, 6),
    }
