"""What translating would send and cost, found out without sending anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from taco.errors import EngineError
from taco.languages.table import ENGLISH, Language
from taco.records import Row
from taco.store.jsonl import count_records, read_records
from taco.store.memory import TranslationMemory
from taco.translate.batches import make_batches
from taco.translate.engine import Engine, Limits, Price, open_engine
from taco.translate.options import TranslateOptions
from taco.translate.repair import list_attempts
from taco.translate.segment import Prose, split_text
from taco.translate.shards import NAMES
from taco.translate.window import FIELDS
from taco.translate.worker import set_limits

BYTES_PER_SOURCE_BYTE = 2.5
"""Files of the stage for each byte of its source: both languages and what is known of a row. A choice on the safe side."""

BYTES_PER_CHARACTER = 4
"""Memory file for each character that is sent: source, translation and index. A choice on the safe side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run would do. Repairs and fallbacks are not counted: they depend on what the engine answers.

    Attributes:
        language, engine: For which pair.
        rows: Number of rows.
        segments: Number of stretches of prose.
        texts: How many of them are different.
        characters: Characters of the different ones.
        texts_known: How many of the different ones the memory holds.
        texts_to_send, characters_to_send, calls: What is left.
        usd: What that costs; None where the engine's price is not known.
        price_source: Where the price is from.
        seconds: How long it takes, by the engine's speed so far or by its limits; None where neither is known.
        disk_bytes: What files and memory take, at most.
        fault: Why the engine cannot be opened here, or "".
    """

    language: str
    engine: str
    rows: int
    segments: int
    texts: int
    characters: int
    texts_known: int
    texts_to_send: int
    characters_to_send: int
    calls: int
    usd: float | None
    price_source: str
    seconds: float | None
    disk_bytes: int
    fault: str = ""


def estimate_translation(
    options: TranslateOptions,
    *,
    source: Path,
    target: Language,
    memory: Path,
    origin: Language = ENGLISH,
) -> Estimate:
    """Estimate the first engine's part of a translation.

    The engine is opened, which says whether it could be used, and asked for nothing; where that would fetch a model, it
    is left closed.

    Args:
        options: How.
        source: Folder with train.jsonl and heldout.jsonl.
        target: The language to translate into.
        memory: The translation memory; it need not be there.
        origin: The language of the rows.

    Raises:
        DataError: A row is malformed.
        StoreError: The memory cannot be used.
    """
    name, engine_options = options.engines[0]
    if absent := _describe_absent(engine_options):
        return _estimate_without(f"{name} would have to fetch {absent}.", options, source=source, target=target)
    try:
        engine = open_engine(name, engine_options, source=origin, target=target)
    except EngineError as error:
        return _estimate_without(error.message, options, source=source, target=target)
    with engine:
        return estimate_with(engine, options, source=source, target=target, memory=memory, origin=origin)


def _estimate_without(fault: str, options: TranslateOptions, *, source: Path, target: Language) -> Estimate:
    """Estimate what an engine that is not there would be sent, its limits and the memory left out."""
    terms = _Terms(price=_guess_price(options.engines[0][1]), fault=fault)
    return _sum_up(options, source, target, rows=_count_rows(source), texts=count_texts(source, None), terms=terms)


def estimate_with(
    engine: Engine,
    options: TranslateOptions,
    *,
    source: Path,
    target: Language,
    memory: Path,
    most_rows: int | None = None,
    origin: Language = ENGLISH,
) -> Estimate:
    """Estimate a translation by an engine that is open; see `estimate_translation`.

    Args:
        engine: The engine; it is asked for nothing.
        options, source, target, memory, origin: As there.
        most_rows: Rows that are looked at; if there are more, the estimate for these is scaled. None for all.
    """
    texts = count_texts(source, engine, most_rows=most_rows)
    terms = _Terms(price=engine.price, limits=set_limits(engine.limits, options))
    if memory.exists():
        with TranslationMemory(memory, source=origin.code, target=target.code, signature=engine.signature) as kept:
            terms = replace(terms, known=kept.look_up(list(texts)).keys(), rate=kept.measure_rate())
    rows = _count_rows(source)
    seen = rows if most_rows is None else min(rows, most_rows)
    made = _sum_up(options, source, target, rows=seen, texts=texts, terms=terms)
    return scale(made, rows)


def describe_fetch(options: TranslateOptions) -> str:
    """Say what opening the engines would fetch from the network, before any text is sent; "" for nothing."""
    return "; ".join(filter(None, (_describe_absent(engine_options) for _, engine_options in options.engines)))


def _describe_absent(engine_options: Any) -> str:
    describe = getattr(engine_options, "describe_fetch", None)
    return str(describe()) if describe else ""


def scale(estimate: Estimate, rows: int) -> Estimate:
    """Return what an estimate for a sample would be for `rows` rows like those.

    On the safe side: longer sources repeat themselves more, so that fewer of their texts are different.
    """
    if not estimate.rows:
        return estimate
    factor = rows / estimate.rows
    counts = (
        "segments",
        "texts",
        "characters",
        "texts_known",
        "texts_to_send",
        "characters_to_send",
        "calls",
        "disk_bytes",
    )
    grown: dict[str, Any] = {name: round(getattr(estimate, name) * factor) for name in counts}
    costs = {"usd": estimate.usd, "seconds": estimate.seconds}
    grown |= {name: None if value is None else round(value * factor, 6) for name, value in costs.items()}
    return replace(estimate, rows=rows, **grown)


def _guess_price(options: Any) -> Price | None:
    """Return the list price of an engine that cannot be opened, where its options name it."""
    listed = getattr(options, "usd_per_million_characters", None)
    return None if listed is None else Price(usd_per_million_characters=listed, source="the recipe, or the list price")


def count_texts(source: Path, engine: Engine | None, *, most_rows: int | None = None) -> Counter[str]:
    """Count what the first step of the ladder would ask for; an engine that is not there is taken to keep slots."""
    keeps_slots = engine is None or engine.keeps_slots
    sentences = bool(getattr(engine, "sentences_apart", False))
    asked: dict[Prose, tuple[str, ...]] = {}
    counts: Counter[str] = Counter()
    for row in islice(_read_rows(source), most_rows):
        for name in FIELDS:
            for node in split_text(getattr(row, name), keep=row.keep, sentences=sentences):
                if isinstance(node, Prose):
                    if node not in asked:
                        asked[node] = next(list_attempts(node, keeps_slots=keeps_slots)).texts
                    counts.update(asked[node])
    return counts


def _read_rows(source: Path) -> Iterable[Row]:
    for name in NAMES:
        yield from read_records(source / f"{name}.jsonl", Row)


def _count_rows(source: Path) -> int:
    return sum(count_records(source / f"{name}.jsonl") for name in NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What is known of an engine before it is asked.

    Attributes:
        price: None where it is not known.
        limits: As a recipe sets them.
        known: Texts that the memory holds.
        rate: Characters a second that one call brought so far; None where nothing was sent.
        fault: Why the engine cannot be opened here, or "".
    """

    price: Price | None
    limits: Limits = field(default_factory=Limits)
    known: Collection[str] = ()
    rate: float | None = None
    fault: str = ""


def _sum_up(
    options: TranslateOptions, source: Path, target: Language, *, rows: int, texts: Counter[str], terms: _Terms
) -> Estimate:
    limits, price = terms.limits, terms.price
    left = [text for text in texts if text not in terms.known]
    characters = sum(map(len, left))
    parallel = limits.parallel_calls or 1
    calls = sum(1 for _ in make_batches(left, limits, characters=max(1, options.batch_characters // parallel)))
    files = sum((source / f"{name}.jsonl").stat().st_size for name in NAMES)
    return Estimate(
        language=target.code,
        engine=options.engine,
        rows=rows,
        segments=texts.total(),
        texts=len(texts),
        characters=sum(map(len, texts)),
        texts_known=len(texts) - len(left),
        texts_to_send=len(left),
        characters_to_send=characters,
        calls=calls,
        usd=None if price is None else round(characters * price.usd_per_million_characters / 1e6, 6),
        price_source="" if price is None else price.source,
        seconds=_estimate_seconds(characters, calls, limits, options.processes, terms.rate),
        disk_bytes=round(files * BYTES_PER_SOURCE_BYTE + characters * BYTES_PER_CHARACTER),
        fault=terms.fault,
    )


def _estimate_seconds(characters: int, calls: int, limits: Limits, processes: int, rate: float | None) -> float | None:
    bounds: Sequence[float | None] = (
        characters / (rate * (limits.parallel_calls or 1) * processes) if rate else None,
        60 * characters / (limits.characters_per_minute * processes) if limits.characters_per_minute else None,
        60 * calls / (limits.calls_per_minute * processes) if limits.calls_per_minute else None,
    )
    found = [bound for bound in bounds if bound is not None]
    return round(max(found), 1) if found else None
