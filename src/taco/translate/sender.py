"""Where translations come from: the memory first, the engine for the rest, with a ledger of what was sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Protocol

from taco.errors import EngineBusy, EngineError, EngineRejected, TacoError
from taco.remote.pace import Clock, Pace, SystemClock
from taco.store.memory import Budget, Ledger, Remembered
from taco.translate.engine import Engine, Limits, Translation

BUSY_ATTEMPTS = 8
"""Times that a call is made before a busy engine is given up; with `pace`'s waits that is some minutes."""

REFUSALS_IN_A_ROW = 50
"""Texts refused one after the other, none translated between, after which an engine is given up."""


class Meter(Protocol):
    """Hears how far requests are."""

    def expect(self, characters: int) -> None:
        """So many characters are going to be sent for a request."""

    def add(self, characters: int) -> None:
        """So many of them are back."""

    def note(self, line: str) -> None:
        """Something a user should know, such as that the engine is busy."""


class Memory(Protocol):
    """What a sender needs of `taco.store.memory.TranslationMemory`; on a cluster another process keeps it."""

    def look_up(self, texts: Sequence[str]) -> dict[str, Remembered]: ...

    def record_sent(self, texts: Sequence[str], *, run: str, usd: float, budget: Budget | None) -> int: ...

    def record_failed(self, batch: int) -> None: ...

    def store(
        self, batch: int, translations: Mapping[str, Remembered], *, usd: float | None, budget: Budget | None
    ) -> None: ...

    def read_ledger(self, run: str) -> Ledger: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """On whose behalf texts are sent.

    Attributes:
        run: Key of the run in the ledger.
        budget: What may be spent, None for no account.
    """

    run: str
    budget: Budget | None = None


@dataclass(slots=True)
class _Call:
    """Texts of one call, and how often it was made in vain."""

    texts: list[str]
    attempts: int = 0
    number: int = 0

    @property
    def characters(self) -> int:
        return sum(map(len, self.texts))


@dataclass(slots=True)
class _Request:
    """What is to be done for one `send`."""

    waiting: deque[_Call]
    fresh: Iterator[list[str]]
    under_way: dict[Future[list[Translation]], _Call] = field(default_factory=dict)
    failure: BaseException | None = None

    def take_next(self) -> _Call | None:
        if self.waiting:
            return self.waiting.popleft()
        texts = next(self.fresh, None)
        return None if texts is None else _Call(texts)


class Sender:
    """Answers requests for translations.

    Calls of the engine run side by side, as many as it allows. A call is recorded as sent just before it is made and
    stored as soon as it is back, so a kill loses one batch for each call that is under way. A busy engine is waited for
    and asked again; a call that it will not take is cut in halves until the text that it minds stands alone, and that
    text's answer is a refusal.

    Args:
        engine: Translates what the memory lacks.
        memory: Opened for the engine's signature.
        limits: The engine's limits, or what a recipe makes of them.
        account: On whose behalf.
        batch_characters: Characters under way at the same time: what a kill loses at most. Parallel calls share them.
        meter: Hears what is going to be sent and what is back.
        clock: The time.
        most_refusals: Texts refused one after the other after which the engine is given up; None for never.
    """

    def __init__(
        self,
        engine: Engine,
        memory: Memory,
        *,
        limits: Limits,
        account: Account,
        batch_characters: int,
        meter: Meter,
        clock: Clock | None = None,
        most_refusals: int | None = REFUSALS_IN_A_ROW,
    ) -> None:
        self._engine, self._memory, self._account, self._meter = engine, memory, account, meter
        self._limits = limits
        self._batch_characters = max(1, batch_characters // (limits.parallel_calls or 1))
        self._clock = clock or SystemClock()
        self._pace = Pace(limits)
        self._refused_in_a_row, self._most_refusals = 0, most_refusals
        self._pool = ThreadPoolExecutor(limits.parallel_calls, thread_name_prefix="engine")

    def send(self, texts: Sequence[str]) -> dict[str, Translation]:
        """Translate different texts.

        Raises:
            EngineError: The engine cannot go on. What was translated before is stored.
            BudgetError: The budget is spent. What was translated before is stored.
            StoreError: The memory cannot be used.
        """
        run = self._account.run
        answers = {text: _recall(kept, run=run) for text, kept in self._memory.look_up(texts).items()}
        limit = self._limits.characters_per_text
        wanted = []
        for text in texts:
            if text in answers:
                continue
            if limit is not None and len(text) > limit:
                answers[text] = Translation(text="", words=0, refusal=f"longer than the engine's {limit} characters")
            else:
                wanted.append(text)
        self._meter.expect(sum(map(len, wanted)))
        self._call_engine(wanted, answers)
        return answers

    def close(self) -> None:
        """Wait for calls that are under way, and close the memory."""
        self._pool.shutdown()
        self._memory.close()

    def _call_engine(self, texts: Sequence[str], answers: dict[str, Translation]) -> None:
        fresh = make_batches(texts, self._limits, characters=self._batch_characters)
        request = _Request(waiting=deque(), fresh=fresh)
        while True:
            self._fill(request)
            if not request.under_way:
                break
            try:
                done, _ = wait(request.under_way, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt as error:
                request.failure = error
                continue
            for future in done:
                self._take_in(request.under_way.pop(future), future, request, answers)
        if request.failure is not None:
            raise request.failure

    def _fill(self, request: _Request) -> None:
        """Make as many calls as the engine allows at once."""
        while request.failure is None and len(request.under_way) < self._limits.parallel_calls:
            call = request.take_next()
            if call is None:
                return
            seconds = self._pace.find_wait(call.characters, now=self._clock.now())
            if seconds > 0 and request.under_way:
                request.waiting.appendleft(call)  # take in what comes back meanwhile
                return
            try:
                if seconds > 0:
                    self._clock.wait(seconds)
                call.number = self._memory.record_sent(
                    call.texts, run=self._account.run, usd=self._estimate(call), budget=self._account.budget
                )
            except (TacoError, KeyboardInterrupt) as error:
                request.failure = error
                return
            self._pace.note_call(call.characters, now=self._clock.now())
            request.under_way[self._pool.submit(self._engine.translate, call.texts)] = call

    def _estimate(self, call: _Call) -> float:
        return call.characters * self._engine.price.usd_per_million_characters / 1e6

    def _take_in(
        self,
        call: _Call,
        future: Future[list[Translation]],
        request: _Request,
        answers: dict[str, Translation],
    ) -> None:
        try:
            translations = future.result()
            if len(translations) != len(call.texts):
                raise EngineRejected(f"{len(translations)} answers came for {len(call.texts)} texts")
        except EngineBusy as error:
            self._memory.record_failed(call.number)
            self._wait_for(call, error, request)
        except EngineRejected as error:
            self._memory.record_failed(call.number)
            self._cut_up(call, error, request, answers)
        except EngineError as error:
            self._memory.record_failed(call.number)
            request.failure = request.failure or error
        else:
            self._keep(call, translations, answers)

    def _keep(self, call: _Call, translations: list[Translation], answers: dict[str, Translation]) -> None:
        self._pace.note_answer()
        new = dict(zip(call.texts, translations, strict=True))
        kept = {text: _remember(answer) for text, answer in new.items() if not answer.refusal}
        costs = [answer.cost_usd for answer in translations if answer.cost_usd is not None]
        usd = sum(costs) if costs else None
        self._memory.store(call.number, kept, usd=usd, budget=self._account.budget)
        if kept:
            self._refused_in_a_row = 0
        answers.update({text: replace(answer, is_paid=True) for text, answer in new.items()})
        self._meter.add(call.characters)

    def _wait_for(self, call: _Call, error: EngineBusy, request: _Request) -> None:
        call.attempts += 1
        if call.attempts >= BUSY_ATTEMPTS:
            request.failure = request.failure or EngineError(
                f"{self._engine.name} is still busy after {call.attempts} attempts. The last one: {error.message}",
                hint="All that came back is kept. Run the same command again later; it goes on from here.",
            )
            return
        seconds = self._pace.note_busy(error.retry_after_s, now=self._clock.now())
        self._meter.note(f"{self._engine.name} is busy ({error.message}); trying again in {seconds:.0f} s")
        request.waiting.appendleft(call)

    def _cut_up(self, call: _Call, error: EngineRejected, request: _Request, answers: dict[str, Translation]) -> None:
        self._pace.note_answer()
        if len(call.texts) > 1:
            middle = len(call.texts) // 2
            request.waiting.extendleft([_Call(call.texts[middle:]), _Call(call.texts[:middle])])
            return
        answers[call.texts[0]] = Translation(text="", words=0, refusal=error.message)
        self._meter.add(call.characters)
        self._refused_in_a_row += 1
        if self._most_refusals is not None and self._refused_in_a_row >= self._most_refusals:
            request.failure = request.failure or EngineError(
                f"{self._engine.name} refused {self._refused_in_a_row} texts in a row. The last one: {error.message}",
                hint=error.hint or "All that came back is kept. Look at the message, then run the same command again.",
            )


def make_batches(texts: Sequence[str], limits: Limits, *, characters: int) -> Iterator[list[str]]:
    """Group texts into calls, in order.

    Args:
        texts: The texts.
        limits: The engine's limits.
        characters: Wanted length of a call's texts; the last calls are shorter, so that all that run side by side end
            at about the same time. A text that is longer makes a call of its own.

    >>> list(make_batches(["aaa", "bb", "c", "dddd"], Limits(), characters=5))
    [['aaa', 'bb'], ['c', 'dddd']]
    """
    most = min(characters, limits.characters_per_call or characters)
    most = min(most, max(1000, -(-sum(map(len, texts)) // limits.parallel_calls)))
    batch: list[str] = []
    length = 0
    for text in texts:
        is_full = limits.texts_per_call is not None and len(batch) >= limits.texts_per_call
        if batch and (is_full or length + len(text) > most):
            yield batch
            batch, length = [], 0
        batch.append(text)
        length += len(text)
    if batch:
        yield batch


def _remember(translation: Translation) -> Remembered:
    return Remembered(text=translation.text, words=translation.words, unknown_words=translation.unknown_words)


def _recall(kept: Remembered, *, run: str) -> Translation:
    return Translation(
        text=kept.text, words=kept.words, unknown_words=kept.unknown_words, is_paid=bool(run) and kept.run == run
    )
