"""What one process needs to translate shards: the engines, the memory, and the order in which they are asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from taco.errors import EngineBusy, EngineError
from taco.languages.table import ENGLISH, Language, find_language
from taco.store.memory import Budget, TranslationMemory
from taco.translate.engine import Engine, Limits, open_engine
from taco.translate.options import TranslateOptions
from taco.translate.rows import Leg, RowTranslator
from taco.translate.sender import REFUSALS_IN_A_ROW, Account, Memory, Meter, Sender
from taco.translate.shards import Part, Shard
from taco.translate.stream import Stream

OPEN_ATTEMPTS = 4
"""Times that an engine is tried to be opened before it counts as missing."""

LONGEST_WAIT_S = 60.0
"""Longest wait in seconds between two of them, whatever the engine asked for."""

OpenMemory = Callable[[str], Memory]
"""Engine's signature -> the memory for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that decides what a worker does; it is sent to other processes as it is.

    Attributes:
        options: How.
        language: Code of the target language.
        memory: File of the translation memory.
        run: Key of the run in the ledger.
        account: Name of the account that a budget limits.
        source: Code of the language of the rows.
    """

    options: TranslateOptions
    language: str
    memory: Path
    run: str
    account: str
    source: str = ENGLISH.code

    def open_memory(self, signature: str | None) -> TranslationMemory:
        """Open the memory file for an engine, or for the ledger only."""
        return TranslationMemory(self.memory, source=self.source, target=self.language, signature=signature)

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return Budget(account=self.account, usd=self.options.budget_usd, characters=self.options.budget_characters)


class Worker:
    """Translates shards. Close it, or use it as a context manager.

    Args:
        job: What to do.
        meter: Hears how far it is.
        say: Takes a line for the user, such as that an engine is missing and another one used.
        open_memory: Opens the memory.
        opened: The engines, where they are open already; they are closed with the worker. Else they are opened.

    Raises:
        EngineError: None of the engines can be opened; the error is that of the first one.
    """

    def __init__(
        self,
        job: Job,
        *,
        meter: Meter,
        say: Callable[[str], None],
        open_memory: OpenMemory,
        opened: Opened | None = None,
    ) -> None:
        self._stack = ExitStack()
        try:
            opened = opened or open_engines(job)
            engines, missing = opened.engines, opened.missing
            for engine in engines:
                self._stack.enter_context(engine)
            self._senders = [
                self._open_sender(engine, job, meter, open_memory, is_first=not number)
                for number, engine in enumerate(engines)
            ]
        except BaseException:
            self._stack.close()
            raise
        legs = [Leg(engine=engine, send=sender.ask) for engine, sender in zip(engines, self._senders, strict=True)]
        self._translator = RowTranslator(legs, language=job.language, max_unknown_share=job.options.max_unknown_share)
        self._missing = [error.message for error in missing]
        names = " and ".join(engine.name for engine in engines)
        is_fallback = engines[0].name == job.options.engine
        for error in missing:
            say(
                f"{error.message} "
                + (f"Going on with {names}." if is_fallback else f"Using {names} instead. {error.hint}")
            )

    def map(self, shards: Iterable[Shard], *, note_rows: Callable[[int], None] = lambda rows: None) -> Iterator[Part]:
        """Translate shards as one stream; see `Stream.translate`.

        Args:
            shards: The shards.
            note_rows: Is told how many rows were judged.
        """
        stream = Stream(self._translator, self._senders, missing=self._missing, note_rows=note_rows)
        yield from stream.translate(iter(shards))

    def translate(self, shard: Shard) -> Part:
        """Translate one shard."""
        (part,) = self.map([shard])
        return part

    def close(self) -> None:
        """End the engines, wait for calls that are under way, and close the memory."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_sender(
        self, engine: Engine, job: Job, meter: Meter, open_memory: OpenMemory, *, is_first: bool
    ) -> Sender:
        sender = Sender(
            engine,
            open_memory(engine.signature),
            limits=set_limits(engine.limits, job.options),
            account=Account(run=job.run, budget=job.budget),
            batch_characters=job.options.batch_characters,
            meter=meter,
            most_refusals=REFUSALS_IN_A_ROW if is_first else None,  # the others get what is hard to translate
        )
        self._stack.callback(sender.close)
        return sender


class Opened(NamedTuple):
    """Engines of a chain that are open, and what is wrong with the others."""

    engines: list[Engine]
    missing: list[EngineError]

    def close(self) -> None:
        """End the engines."""
        for engine in self.engines:
            engine.close()


def open_engines(job: Job) -> Opened:
    """Open the chain of engines.

    Raises:
        EngineError: All are missing; the error is that of the first one.
    """
    opened: list[Engine] = []
    missing: list[EngineError] = []
    source, target = find_language(job.source), find_language(job.language)
    for name, options in job.options.engines:
        try:
            opened.append(_open_patiently(name, options, source, target))
        except EngineError as error:
            missing.append(error)
    if not opened:
        raise missing[0]
    return Opened(opened, missing)


def _open_patiently(name: str, options: Any, source: Language, target: Language) -> Engine:
    """Open an engine; one that is busy, such as a server that starts, is asked again."""
    for attempt in range(1, OPEN_ATTEMPTS):
        try:
            return open_engine(name, options, source=source, target=target)
        except EngineBusy as error:
            time.sleep(min(error.retry_after_s or 2.0**attempt, LONGEST_WAIT_S))
    return open_engine(name, options, source=source, target=target)


def set_limits(limits: Limits, options: TranslateOptions) -> Limits:
    """Return an engine's limits as a recipe sets them, for one of its processes.

    >>> set_limits(Limits(calls_per_minute=90), TranslateOptions(processes=3)).calls_per_minute
    30
    """

    def share(asked: int | None, own: int | None) -> int | None:
        total = own if asked is None else asked
        return None if total is None else max(1, total // options.processes)

    return replace(
        limits,
        parallel_calls=options.parallel_calls or limits.parallel_calls,
        characters_per_minute=share(options.characters_per_minute, limits.characters_per_minute),
        calls_per_minute=share(options.calls_per_minute, limits.calls_per_minute),
    )
