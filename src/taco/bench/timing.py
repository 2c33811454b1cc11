"""An engine under the clock: every call that it answers is written down, with its length, time and price."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Self

from pydantic import ConfigDict

from taco.errors import EngineError
from taco.store.jsonl import RecordLog
from taco.translate.engine import Engine, Translation


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that an engine answered.

    Attributes:
        run: Key of the run, the same for all attempts of one that was killed.
        label: What the engine is called in the bench.
        pair: The languages: "en-gl".
        signature: The engine's.
        texts: Number of texts.
        characters: Their length.
        started_s: When, in seconds since 1970.
        seconds: How long it took.
        usd: What it cost, by the engine's own word or else by its price list.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    run: str
    label: str
    pair: str
    signature: str
    texts: int
    characters: int
    started_s: float
    seconds: float
    usd: float


class Purse:
    """The money that the engines of one run may spend together; may be used by several threads.

    Args:
        limit_usd: So much.
        spent_usd: What earlier attempts of the run spent.
    """

    def __init__(self, limit_usd: float, *, spent_usd: float = 0.0) -> None:
        self._limit_usd, self._spent_usd = limit_usd, spent_usd
        self._lock = threading.Lock()

    def take(self, usd: float) -> None:
        """Take the price of a call before it is made.

        Raises:
            EngineError: There is not enough left.
        """
        with self._lock:
            if usd and self._spent_usd + usd > self._limit_usd:
                raise EngineError(
                    f"The next call would cost about {usd:.4f} USD, and {self._spent_usd:.4f} of {self._limit_usd:g} USD "
                    "are spent.",
                    hint="Allow more with --budget, or try fewer texts with --limit. What was paid for is remembered.",
                )
            self._spent_usd += usd

    def give(self, usd: float) -> None:
        """Give back what a call did not cost; a negative amount is what it cost more."""
        with self._lock:
            self._spent_usd -= usd


class TimedEngine:
    """An engine whose calls are logged and paid from a purse; otherwise it is the engine itself.

    Args:
        engine: The engine.
        log: Where its calls go. Only this object may append to it meanwhile.
        purse: Pays for them.
        run, label, pair: See `Call`.
    """

    def __init__(self, engine: Engine, *, log: RecordLog[Call], purse: Purse, run: str, label: str, pair: str) -> None:
        self.name, self.signature, self.limits = engine.name, engine.signature, engine.limits
        self.price, self.keeps_slots = engine.price, engine.keeps_slots
        self._engine, self._log, self._purse = engine, log, purse
        self._run, self._label, self._pair = run, label, pair
        self._lock = threading.Lock()

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts; see `Engine.translate`. Calls that fail cost nothing and are not logged.

        Raises:
            EngineError: As the engine's own, or the purse is empty.
        """
        characters = sum(map(len, texts))
        listed_usd = characters * self.price.usd_per_million_characters / 1e6
        self._purse.take(listed_usd)
        started_s, clock = time.time(), time.perf_counter()
        try:
            answers = self._engine.translate(texts)
        except BaseException:
            self._purse.give(listed_usd)
            raise
        seconds = time.perf_counter() - clock
        told = [answer.cost_usd for answer in answers if answer.cost_usd is not None]
        usd = sum(told) if told else listed_usd
        self._purse.give(listed_usd - usd)
        call = Call(
            run=self._run,
            label=self._label,
            pair=self._pair,
            signature=self.signature,
            texts=len(texts),
            characters=characters,
            started_s=started_s,
            seconds=seconds,
            usd=usd,
        )
        with self._lock:
            self._log.append([call])
        return answers

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def choose_calls(calls: Iterable[Call], *, label: str, pair: str, signature: str) -> list[Call]:
    """Return the calls that an engine's speed is read from: those of the last run that called it for this pair."""
    wanted = (label, pair, signature)
    fitting = [call for call in calls if (call.label, call.pair, call.signature) == wanted]
    return [call for call in fitting if call.run == fitting[-1].run]


def measure_seconds(calls: Iterable[Call]) -> float:
    """Return for how long at least one call was under way; calls that run side by side count once.

    >>> def call(started_s, seconds):
    ...     names = {"run": "", "label": "", "pair": "", "signature": ""}
    ...     return Call(**names, texts=1, characters=1, started_s=started_s, seconds=seconds, usd=0)
    >>> measure_seconds([call(10, 2), call(11, 3), call(20, 1)])
    5.0
    """
    total = 0.0
    until = float("-inf")
    for call in sorted(calls, key=lambda call: call.started_s):
        end = call.started_s + call.seconds
        total += max(0.0, end - max(until, call.started_s))
        until = max(until, end)
    return total
