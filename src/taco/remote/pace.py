"""When the next call may be made: limits a minute, and waiting after a service said that it is busy."""

from __future__ import annotations

import random
import time
from collections import deque
from typing import Protocol

MINUTE_S = 60.0

FIRST_WAIT_S = 1.0
"""Seconds to wait after the first busy answer in a row; each further one doubles them."""

LONGEST_WAIT_S = 120.0
"""Seconds to wait at most where the service does not ask for more."""


class MinuteLimits(Protocol):
    """What may be sent in a minute; None where there is no limit."""

    @property
    def characters_per_minute(self) -> int | None: ...

    @property
    def calls_per_minute(self) -> int | None: ...


class Clock(Protocol):
    """The time, and waiting for it to pass."""

    def now(self) -> float:
        """Return seconds since some fixed moment."""

    def wait(self, seconds: float) -> None:
        """Return after that time."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class Pace:
    """Decides when the next call may be made.

    Args:
        limits: Characters and calls a minute, counted over any sixty seconds.
        seed: Of the random part of a wait, which keeps several processes from coming back together.
    """

    def __init__(self, limits: MinuteLimits, *, seed: int = 0) -> None:
        self._limits = limits
        self._calls: deque[tuple[float, int]] = deque()
        self._characters = 0
        self._not_before = 0.0
        self._busy_in_a_row = 0
        self._chance = random.Random(seed)  # noqa: S311

    def find_wait(self, characters: int, *, now: float) -> float:
        """Return the seconds to wait before a call with so many characters; 0 where it may be made at once."""
        while self._calls and self._calls[0][0] <= now - MINUTE_S:
            self._characters -= self._calls.popleft()[1]
        wait = max(0.0, self._not_before - now)
        limits = self._limits
        if limits.calls_per_minute is not None and len(self._calls) >= limits.calls_per_minute:
            wait = max(wait, self._calls[len(self._calls) - limits.calls_per_minute][0] + MINUTE_S - now)
        if limits.characters_per_minute is not None:
            excess = self._characters + characters - limits.characters_per_minute
            for at, sent in self._calls:
                if excess <= 0:
                    break
                excess -= sent
                wait = max(wait, at + MINUTE_S - now)
        return wait

    def note_call(self, characters: int, *, now: float) -> None:
        """Count a call that is made now."""
        self._calls.append((now, characters))
        self._characters += characters

    def note_answer(self) -> None:
        """The service answered: it is not busy any more."""
        self._busy_in_a_row = 0

    def note_busy(self, retry_after_s: float | None, *, now: float) -> float:
        """The service is busy: no call is made for a while, which is returned in seconds."""
        if now >= self._not_before:  # the calls that were under way together count as one
            self._busy_in_a_row += 1
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(max(self._busy_in_a_row - 1, 0), 30))
        wait = max(wait * self._chance.uniform(0.5, 1.0), retry_after_s or 0.0)
        self._not_before = max(self._not_before, now + wait)
        return self._not_before - now
