"""Decoding with an engine whose batches are whole calls: nobody joins one, and who leaves one begins a later one anew.

An answer that is led out of a loop has to leave: the engine forbids no token in the middle of a batch. It goes on in one
of the next batches, with what it has said as its prompt, beside others that are about as long: prompts of one batch are
read together only as far as the shortest goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Protocol

from taco.errors import ModelError
from taco.generate.aside import Outbox
from taco.generate.guarded_row import GuardedRow
from taco.generate.shared_clock import SharedClock


class BatchEngine(Protocol):
    """An engine with a model in it."""

    def decode(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        limit: int,
        on_token: Callable[[int, int], bool],
        penalty: float = 1.0,
    ) -> None:
        """Decode prompts together; `on_token` says for each token whether its prompt goes on."""

    def stream(
        self, tokens: Sequence[int], *, limit: int, forbidden: int | None = None, penalty: float = 1.0
    ) -> Iterator[int]:
        """Yield the likeliest tokens after some others; a forbidden one is only kept out of the first place."""


class Waves:
    """Answers in batch after batch.

    Args:
        engine: Decodes.
        rows: The answers, with nothing in them yet, all with the same limits.
        size: Answers of one batch at most.
    """

    def __init__(self, engine: BatchEngine, rows: Sequence[GuardedRow], *, size: int) -> None:
        self._engine, self._waiting, self._size = engine, list(rows), size
        self._clock = SharedClock()

    def run(self, outbox: Outbox) -> None:
        """Put the answers into an outbox as they are finished.

        Raises:
            ModelError: The engine gave nothing.
        """
        while self._waiting and not outbox.is_stopped:
            self._waiting.sort(key=lambda row: (len(row.tokens), row.prompt.id))
            wave, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
            for row in wave:
                self._lead_out(row, outbox)
            going = [row for row in wave if not row.is_over]
            if going:
                self._decode(going, outbox)
            self._waiting += [row for row in going if not row.is_over]

    def _lead_out(self, row: GuardedRow, outbox: Outbox) -> None:
        """Give a row that left its loop the next token, which must be another one than that of the loop."""
        if row.forbidden is None:
            return
        read = self._clock.join()
        steps = self._engine.stream(row.tokens, limit=1, forbidden=row.forbidden, penalty=row.penalty)
        with closing(steps) as tokens:  # type: ignore[type-var]
            for token in tokens:
                row.take(token, self._clock.read() - read)
                outbox.count(1)
        self._clock.leave()
        if row.is_over:
            outbox.give(row.conclude())

    def _decode(self, rows: Sequence[GuardedRow], outbox: Outbox) -> None:
        clock = self._clock
        read = [clock.join() for _ in rows]
        before = [row.left for row in rows]

        def take(place: int, token: int) -> bool:
            last, read[place] = read[place], clock.read()
            outbox.count(1)
            goes_on = rows[place].take(token, read[place] - last)
            if not goes_on:
                clock.leave()
            if rows[place].is_over:
                outbox.give(rows[place].conclude())
            return goes_on and not outbox.is_stopped

        said = [row.tokens for row in rows]
        self._engine.decode(said, limit=max(before), on_token=take, penalty=rows[0].penalty)
        idle = [row for row, left in zip(rows, before, strict=True) if row.left == left]
        if idle and not outbox.is_stopped:
            raise ModelError(f"The engine gave no token after {len(idle[0].tokens)} tokens.")
