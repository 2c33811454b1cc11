"""Sharing out time among answers that are decoded side by side, so that their seconds add up to the time that passed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class SharedClock:
    """A clock that runs slower the more answers are under way: by one nth of a second each second, for n of them.

    What it shows when an answer joins is taken from what it shows at each of its tokens. May be used by several threads.

    Args:
        now: The time in seconds.

    >>> times = iter([0.0, 0.0, 3.0, 5.0])
    >>> clock = SharedClock(lambda: next(times))
    >>> clock.join(), clock.join()
    (0.0, 0.0)
    >>> clock.read()
    1.5
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now, self._lock = now, threading.Lock()
        self._live, self._share, self._last = 0, 0.0, 0.0

    def join(self) -> float:
        """Count one more answer, and return what the clock shows."""
        with self._lock:
            self._advance()
            self._live += 1
            return self._share

    def leave(self) -> None:
        """Count one answer less."""
        with self._lock:
            self._advance()
            self._live -= 1

    def read(self) -> float:
        """Return what the clock shows, in seconds."""
        with self._lock:
            self._advance()
            return self._share

    def _advance(self) -> None:
        now = self._now()
        if self._live:
            self._share += (now - self._last) / self._live
        self._last = now
