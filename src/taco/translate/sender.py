"""Where translations come from: the memory first, the engine for the rest, with a ledger of what was sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Protocol

from taco.errors import EngineBusy, EngineError, EngineRejected, TacoError
from taco.remote.pace import Clock, Pace, SystemClock
from taco.store.memory import Budget, Remembered
from taco.translate.batches import find_size, share_out, take_batch
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


class Sender:
    """Answers requests for translations.

    Texts are asked for at any time, and their answers collected as they come. Calls of the engine run side by side, as
    many as it allows. A call is recorded as sent just before it is made and stored as soon as it is back, so a kill loses
    one batch for each call that is under way. A busy engine is waited for and asked again; a call that it will not take is
    cut in halves until the text that it minds stands alone, and that text's answer is a refusal.

    One thread uses a sender; threads of its own make the calls.

    Args:
        engine: Translates what the memory lacks.
        memory: Opened for the engine's signature.
        limits: The engine's limits, or what a recipe makes of them.
        account: On whose behalf.
        batch_characters: Characters under way at the same time: what a kill loses at most. Parallel calls share them.
        meter: Hears what is going to be sent and what is back.
        clock: The time.
        most_refusals: Texts refused one after the other after which the engine is given up; None for never.

    Attributes:
        failure: Why no further call is made; None while all is well.
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
        self._limits, self._parallel = limits, limits.parallel_calls or 1
        self._size = find_size(limits, max(1, batch_characters // self._parallel))
        self._clock = clock or SystemClock()
        self._pace, self._is_due = Pace(limits), False
        self._refused_in_a_row, self._most_refusals = 0, most_refusals
        self._pool = ThreadPoolExecutor(self._parallel, thread_name_prefix="engine")
        self._pending: set[str] = set()
        self._queue: deque[str] = deque()
        self._queued = 0
        self._again: deque[_Call] = deque()
        self._under_way: dict[Future[list[Translation]], _Call] = {}
        self.failure: TacoError | None = None

    @property
    def calls(self) -> Collection[Future[list[Translation]]]:
        """The calls that are under way."""
        return self._under_way.keys()

    def has_enough(self, rounds: int) -> bool:
        """Whether what waits to be sent fills so many rounds of as many calls as the engine allows at once."""
        rounds *= self._parallel
        most = self._limits.texts_per_call
        return self._queued >= rounds * self._size or (most is not None and len(self._queue) >= rounds * most)

    def ask(self, texts: Sequence[str]) -> dict[str, Translation]:
        """Ask for texts; return the answers that are known at once. `collect` gives the others as they come.

        A text that was asked for before and is not yet answered is not asked for again.

        Raises:
            StoreError: The memory cannot be used.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._pending]
        run = self._account.run
        answers = {text: _recall(kept, run=run) for text, kept in self._memory.look_up(new).items()}
        limit = self._limits.characters_per_text
        characters = 0
        for text in new:
            if text in answers:
                continue
            if limit is not None and len(text) > limit:
                answers[text] = Translation(text="", words=0, refusal=f"longer than the engine's {limit} characters")
                continue
            self._pending.add(text)
            self._queue.append(text)
            characters += len(text)
        self._queued += characters
        self._meter.expect(characters)
        return answers

    def fill(self, *, is_last: bool) -> None:
        """Make as many calls as the engine allows at once.

        Args:
            is_last: Whether nothing more is going to be asked for now, so that a call need not be full.
        """
        while self.failure is None and len(self._under_way) < self._parallel:
            call = self._take_next(is_last=is_last)
            if call is None:
                return
            if not self._is_due and self._pace.find_wait(call.characters, now=self._clock.now()) > 0:
                self._again.appendleft(call)  # take in what comes back meanwhile
                return
            try:
                call.number = self._memory.record_sent(
                    call.texts, run=self._account.run, usd=self._estimate(call), budget=self._account.budget
                )
            except TacoError as error:
                self.failure = error
                return
            self._is_due = False
            self._pace.note_call(call.characters, now=self._clock.now())
            self._under_way[self._pool.submit(self._engine.translate, call.texts)] = call

    def collect(self) -> dict[str, Translation]:
        """Take in the calls that are back, without waiting; return their answers."""
        answers: dict[str, Translation] = {}
        for future in [future for future in self._under_way if future.done()]:
            self._take_in(self._under_way.pop(future), future, answers)
        self._pending.difference_update(answers)
        return answers

    def find_wait(self) -> float | None:
        """Return the seconds after which the next call may be made; None where no call waits for that."""
        if not self._again or self.failure is not None:
            return None
        return self._pace.find_wait(self._again[0].characters, now=self._clock.now())

    def wait(self, seconds: float) -> None:
        """Let the time pass that `find_wait` returned."""
        if seconds > 0:
            self._clock.wait(seconds)
        self._is_due = True

    def send(self, texts: Sequence[str]) -> dict[str, Translation]:
        """Translate texts, all of them before it returns.

        Raises:
            EngineError: The engine cannot go on. What was translated before is stored.
            BudgetError: The budget is spent. What was translated before is stored.
            StoreError: The memory cannot be used.
        """
        try:
            answers = self.ask(texts)
            self.fill(is_last=True)
            while wait_for([self]):
                answers |= self.collect()
                self.fill(is_last=True)
            return answers
        finally:
            self.stop()

    def stop(self) -> None:
        """Wait for the calls that are under way and store what they bring; what was not sent is forgotten."""
        self._queue.clear()
        self._queued = 0
        try:
            while self._under_way:
                try:
                    wait(self._under_way)
                except KeyboardInterrupt:
                    continue  # their answers are paid for
                self.collect()
        finally:
            self._under_way.clear()
            self._again.clear()
            self._pending.clear()
            self._is_due, self.failure = False, None

    def close(self) -> None:
        """Stop, and close the memory."""
        try:
            self.stop()
        finally:
            self._pool.shutdown()
            self._memory.close()

    def _take_next(self, *, is_last: bool) -> _Call | None:
        if self._again:
            return self._again.popleft()
        most = self._size
        if is_last:
            most = min(most, share_out(self._queued, self._parallel - len(self._under_way)))
        elif not self._is_full():
            return None
        if not self._queue:
            return None
        call = _Call(take_batch(self._queue, self._limits, most=most))
        self._queued -= call.characters
        return call

    def _is_full(self) -> bool:
        most = self._limits.texts_per_call
        return self._queued >= self._size or (most is not None and len(self._queue) >= most)

    def _estimate(self, call: _Call) -> float:
        return call.characters * self._engine.price.usd_per_million_characters / 1e6

    def _take_in(self, call: _Call, future: Future[list[Translation]], answers: dict[str, Translation]) -> None:
        try:
            translations = future.result()
            if len(translations) != len(call.texts):
                raise EngineRejected(f"{len(translations)} answers came for {len(call.texts)} texts")
        except EngineBusy as error:
            self._memory.record_failed(call.number)
            self._put_back(call, error)
        except EngineRejected as error:
            self._memory.record_failed(call.number)
            self._cut_up(call, error, answers)
        except EngineError as error:
            self._memory.record_failed(call.number)
            self.failure = self.failure or error
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

    def _put_back(self, call: _Call, error: EngineBusy) -> None:
        call.attempts += 1
        if call.attempts >= BUSY_ATTEMPTS:
            self.failure = self.failure or EngineError(
                f"{self._engine.name} is still busy after {call.attempts} attempts. The last one: {error.message}",
                hint="All that came back is kept. Run the same command again later; it goes on from here.",
            )
            return
        seconds = self._pace.note_busy(error.retry_after_s, now=self._clock.now())
        self._meter.note(f"{self._engine.name} is busy ({error.message}); trying again in {seconds:.0f} s")
        self._again.appendleft(call)

    def _cut_up(self, call: _Call, error: EngineRejected, answers: dict[str, Translation]) -> None:
        self._pace.note_answer()
        if len(call.texts) > 1:
            middle = len(call.texts) // 2
            self._again.extendleft([_Call(call.texts[middle:]), _Call(call.texts[:middle])])
            return
        answers[call.texts[0]] = Translation(text="", words=0, refusal=error.message)
        self._meter.add(call.characters)
        self._refused_in_a_row += 1
        if self._most_refusals is not None and self._refused_in_a_row >= self._most_refusals:
            self.failure = self.failure or EngineError(
                f"{self._engine.name} refused {self._refused_in_a_row} texts in a row. The last one: {error.message}",
                hint=error.hint or "All that came back is kept. Look at the message, then run the same command again.",
            )


def check(senders: Sequence[Sender]) -> None:
    """Raise what keeps a sender from going on, if anything does. Calls may still be under way, see `Sender.stop`."""
    for sender in senders:
        if sender.failure is not None:
            raise sender.failure


def wait_for(senders: Sequence[Sender]) -> bool:
    """Wait until a call of a sender is back or may be made; False where there is nothing to wait for.

    Raises:
        TacoError: A sender cannot go on.
    """
    check(senders)
    calls = [call for sender in senders for call in sender.calls]
    if calls:
        wait(calls, return_when=FIRST_COMPLETED)
        return True
    waits = [(seconds, sender) for sender in senders if (seconds := sender.find_wait()) is not None]
    if not waits:
        return False
    seconds, first = min(waits, key=lambda one: one[0])
    first.wait(seconds)
    return True


def _remember(translation: Translation) -> Remembered:
    return Remembered(text=translation.text, words=translation.words, unknown_words=translation.unknown_words)


def _recall(kept: Remembered, *, run: str) -> Translation:
    return Translation(
        text=kept.text, words=kept.words, unknown_words=kept.unknown_words, is_paid=bool(run) and kept.run == run
    )
