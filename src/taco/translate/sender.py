"""Where translations come from: the memory first, the engine for the rest, with a ledger of what was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from taco.errors import EngineError
from taco.store.memory import Remembered, TranslationMemory
from taco.translate.engine import Engine, Limits, Translation


class Meter(Protocol):
    """Hears how far requests are."""

    def expect(self, characters: int) -> None:
        """So many characters are going to be sent for a request."""

    def add(self, characters: int) -> None:
        """So many of them are back."""


class Sender:
    """Answers requests for translations.

    Calls of the engine run side by side, as many as it allows. A batch is recorded as sent just before its call and
    stored as soon as it is back, so a kill loses one batch for each call that is under way.

    Args:
        engine: Translates what the memory lacks.
        memory: Opened for the engine's signature.
        run: Key of the run in the ledger.
        batch_characters: Characters of one call.
        meter: Hears what is going to be sent and what is back.
    """

    def __init__(
        self, engine: Engine, memory: TranslationMemory, *, run: str, batch_characters: int, meter: Meter
    ) -> None:
        self._engine, self._memory, self._run, self._meter = engine, memory, run, meter
        self._batch_characters = batch_characters
        self._pool = ThreadPoolExecutor(engine.limits.parallel_calls, thread_name_prefix="engine")

    def send(self, texts: Sequence[str]) -> dict[str, Translation]:
        """Translate different texts.

        Raises:
            EngineError: The engine cannot go on, or gave a wrong number of answers. What was translated before is stored.
            StoreError: The memory cannot be used.
        """
        answers = {text: _recall(kept) for text, kept in self._memory.look_up(texts).items()}
        missing = [text for text in texts if text not in answers]
        limit = self._engine.limits.characters_per_text
        for text in missing:
            if limit is not None and len(text) > limit:
                answers[text] = Translation(text="", words=0, refusal=f"longer than the engine's {limit} characters")
        wanted = [text for text in missing if text not in answers]
        self._meter.expect(sum(map(len, wanted)))
        self._call_engine(wanted, answers)
        return answers

    def close(self) -> None:
        """Wait for calls that are under way."""
        self._pool.shutdown()

    def _call_engine(self, texts: Sequence[str], answers: dict[str, Translation]) -> None:
        batches = make_batches(texts, self._engine.limits, characters=self._batch_characters)
        under_way: dict[Future[list[Translation]], tuple[int, list[str]]] = {}
        failure: BaseException | None = None
        while True:
            while failure is None and len(under_way) < self._engine.limits.parallel_calls:
                batch = next(batches, None)
                if batch is None:
                    break
                number = self._memory.record_sent(batch, run=self._run)
                under_way[self._pool.submit(self._engine.translate, batch)] = (number, batch)
            if not under_way:
                break
            try:
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt as error:
                failure = error
                continue
            for future in done:
                try:
                    self._take_in(*under_way.pop(future), future, answers)
                except EngineError as error:
                    failure = failure or error
        if failure is not None:
            raise failure

    def _take_in(
        self, number: int, batch: list[str], future: Future[list[Translation]], answers: dict[str, Translation]
    ) -> None:
        translations = future.result()
        if len(translations) != len(batch):
            raise EngineError(
                f"The engine {self._engine.name} gave {len(translations)} answers for {len(batch)} texts.",
                hint="Nothing of this batch was kept. Run the same command again; report it if it happens again.",
            )
        new = dict(zip(batch, translations, strict=True))
        self._memory.store(number, {text: _remember(new[text]) for text in batch if not new[text].refusal})
        answers.update(new)
        self._meter.add(sum(map(len, batch)))


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


def _recall(kept: Remembered) -> Translation:
    return Translation(text=kept.text, words=kept.words, unknown_words=kept.unknown_words)
