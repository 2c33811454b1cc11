"""Work in threads of its own, whose tokens and answers come out in the thread that asked."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from taco.generate.backend import Generation

AT_ONCE = 64
"""Tokens that are counted together."""


class Outbox:
    """What the threads hand over."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[int | Generation | BaseException | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._counted, self._lock = 0, threading.Lock()

    def count(self, tokens: int) -> None:
        """Count tokens; they are handed over some at a time, because waking a thread for each costs more than most work."""
        with self._lock:
            self._counted += tokens
            if self._counted < AT_ONCE:
                return
            tokens, self._counted = self._counted, 0
        self.events.put(tokens)

    def give(self, generation: Generation) -> None:
        """Hand an answer over, and the tokens that were counted."""
        with self._lock:
            tokens, self._counted = self._counted, 0
        self.events.put(tokens)
        self.events.put(generation)

    @property
    def is_stopped(self) -> bool:
        """Whether nobody wants more: the work is to end soon."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Say that nobody wants more."""
        self._stopped.set()


Work = Callable[[Outbox], None]
"""Puts the number of tokens that it made, and answers, into the outbox; ends soon after that is stopped."""


def run_aside(works: Sequence[Work], *, threads: int, on_tokens: Callable[[int], None]) -> Iterator[Generation]:
    """Yield the answers of works that run side by side, as they come.

    Args:
        works: What is to be done.
        threads: How many run at a time.
        on_tokens: Called in this thread with numbers of tokens.
    """
    outbox = Outbox()
    with ThreadPoolExecutor(max(1, threads), thread_name_prefix="taco-generate") as pool:
        futures = [pool.submit(_do, work, outbox) for work in works]
        left = len(futures)
        try:
            while left:
                event = outbox.events.get()
                if isinstance(event, BaseException):
                    raise event
                if isinstance(event, Generation):
                    yield event
                elif event is None:
                    left -= 1
                else:
                    on_tokens(event)
        finally:
            outbox.stop()
            for future in futures:
                future.cancel()


def _do(work: Work, outbox: Outbox) -> None:
    try:
        if not outbox.is_stopped:
            work(outbox)
    except BaseException as error:
        outbox.events.put(error)
    else:
        outbox.events.put(None)
