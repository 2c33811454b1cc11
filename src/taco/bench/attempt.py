"""One engine's turn at one language: opened, asked, timed; what it gave, or why it gave nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from taco.bench.metering import WindowMeter
from taco.bench.options import BenchOptions, EngineChoice
from taco.bench.results import Cost, EngineResult, Speed
from taco.bench.sending import hand_over, open_sender
from taco.bench.timing import Call, Purse, TimedEngine, choose_calls, measure_seconds
from taco.bench.translate import Output, translate_texts
from taco.errors import EngineError
from taco.languages.table import Language
from taco.progress import Progress
from taco.store.jsonl import RecordLog
from taco.translate.engine import Price, open_engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all attempts of one run share.

    Attributes:
        options: What the run was asked to do.
        out: Its folder.
        memory: The translation memory that is shared with everything else.
        log: The calls of this run and of earlier ones in `out`.
        purse: Pays for calls.
        run: Key of the run.
        progress: Where to say how far it is.
    """

    options: BenchOptions
    out: Path
    memory: Path
    log: RecordLog[Call]
    purse: Purse
    run: str
    progress: Progress

    def fresh_memory(self, label: str) -> Path:
        """Return the memory that is read instead of the shared one in a fresh run, so that a kill loses nothing."""
        return self.out / f"fresh-{label}.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of one engine.

    Attributes:
        outputs: One for each text; None where the engine failed.
        signature, price: The engine's, where it could be opened.
        failure: Why it failed.
        requests: Number of different texts that were asked for.
    """

    outputs: Sequence[Output] | None
    signature: str = ""
    price: Price | None = None
    failure: str = ""
    requests: int = 0


def try_engine(bench: Bench, choice: EngineChoice, language: Language, texts: Sequence[str]) -> Attempt:
    """Let an engine translate texts.

    Raises:
        StoreError: A memory or the log of calls cannot be used.
    """
    source, target = bench.options.pair(language)
    memory = bench.fresh_memory(choice.label) if bench.options.is_fresh else bench.memory
    opened: TimedEngine | None = None
    asked: set[str] = set()
    outputs, failure = None, ""
    try:
        with ExitStack() as stack:
            engine = stack.enter_context(open_engine(choice.engine, choice.options, source=source, target=target))
            opened = TimedEngine(
                engine,
                log=bench.log,
                purse=bench.purse,
                run=bench.run,
                label=choice.label,
                pair=_name_pair(source, target),
            )
            title = f"{choice.label} {_name_pair(source, target)}"
            meter = WindowMeter(stack.enter_context(bench.progress.task(title, total=len(texts), unit="texts")))
            pair = {"source": source, "target": target}
            if not bench.options.is_fresh and bench.fresh_memory(choice.label).exists():
                # A fresh run was killed here and does not go on: what it paid for counts.
                hand_over(bench.fresh_memory(choice.label), memory, **pair, signature=opened.signature, run=bench.run)
            send = stack.enter_context(
                open_sender(opened, memory=memory, **pair, run=bench.run, meter=meter, asked=asked)
            )
            outputs = translate_texts(texts, keeps_slots=opened.keeps_slots, send=send, meter=meter)
    except EngineError as error:
        failure = str(error)
    if opened is None:
        return Attempt(outputs=None, failure=failure)
    if bench.options.is_fresh:
        hand_over(memory, bench.memory, source=source, target=target, signature=opened.signature, run=bench.run)
    return Attempt(
        outputs=outputs, signature=opened.signature, price=opened.price, failure=failure, requests=len(asked)
    )


def describe_attempt(
    bench: Bench, attempt: Attempt, language: Language, *, label: str, engine: str, file_characters: int
) -> EngineResult:
    """Say all of an attempt that is no score.

    Args:
        bench, attempt, language: What was tried.
        label, engine: What the engine is called here, and in the registry.
        file_characters: Characters of all texts of the file in this language.
    """
    pair = _name_pair(*bench.options.pair(language))
    calls = choose_calls(bench.log.records, label=label, pair=pair, signature=attempt.signature)
    now = [call for call in calls if call.run == bench.run]
    outputs = attempt.outputs or ()
    return EngineResult(
        label=label,
        engine=engine,
        signature=attempt.signature,
        failure=attempt.failure,
        faults=dict(sorted(Counter(output.fault for output in outputs if output.fault).items())),
        repaired=sum(output.is_repaired for output in outputs),
        requests=attempt.requests,
        fresh=sum(call.texts for call in now),
        words=sum(output.words for output in outputs),
        unknown_words=sum(output.unknown_words for output in outputs),
        speed=_measure_speed(calls),
        cost=_describe_cost(attempt.price, file_characters, spent_usd=sum(call.usd for call in now)),
    )


def _name_pair(source: Language, target: Language) -> str:
    return f"{source.code}-{target.code}"


def _measure_speed(calls: Sequence[Call]) -> Speed | None:
    seconds = measure_seconds(calls)
    if not seconds:
        return None
    texts, characters = sum(call.texts for call in calls), sum(call.characters for call in calls)
    ended_s = max(call.started_s + call.seconds for call in calls)
    return Speed(
        texts=texts,
        characters=characters,
        seconds=round(seconds, 6),
        texts_per_second=round(texts / seconds, 3),
        characters_per_second=round(characters / seconds, 3),
        ended_at=datetime.fromtimestamp(ended_s, UTC).isoformat(timespec="seconds"),
    )


def _describe_cost(price: Price | None, file_characters: int, *, spent_usd: float) -> Cost | None:
    if price is None:
        return None
    return Cost(
        usd_per_million_characters=price.usd_per_million_characters,
        source=price.source,
        file_usd=round(price.usd_per_million_characters * file_characters / 1e6, 6),
        spent_usd=round(spent_usd, 6),
    )
