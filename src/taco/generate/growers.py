"""Answers that each grow in a thread of their own, told as a session tells them: a piece of each at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from taco.generate.session import Piece

WAIT_S = 0.1
"""Seconds that `Growers.take` waits for a piece: so long may a request that was given up, or is late, go unnoticed."""


@dataclass(slots=True, eq=False)
class Outlet:
    """Where an answer's pieces go.

    Attributes:
        changed: Told of each piece.
        pieces: Those that were not taken yet.
        failure: What the answer ended with; None for nothing.
        is_wanted: Whether anybody reads on.
    """

    changed: threading.Condition
    pieces: deque[Piece] = field(default_factory=deque)
    failure: BaseException | None = None
    is_wanted: bool = True

    def give(self, piece: Piece) -> bool:
        """Hand a piece over; say whether anybody wants more."""
        with self.changed:
            self.pieces.append(piece)
            self.changed.notify()
        return self.is_wanted


Grow = Callable[[Outlet], None]
"""Hands over the pieces of one answer up to the last; ends soon after nobody wants more."""


class Growers:
    """Answers under way.

    All methods are called from one thread, that of the session. None of them but `close` waits for an answer that was given
    up, which has its place until it notices.

    Args:
        most: Answers at a time.
    """

    def __init__(self, most: int) -> None:
        self._most, self._running = most, 0
        self._live: dict[str, Outlet] = {}
        self._changed = threading.Condition()

    @property
    def has_place(self) -> bool:
        """Whether one more may start."""
        with self._changed:
            return self._running < self._most

    def start(self, ask_id: str, grow: Grow) -> None:
        """Let an answer grow; there must be a place.

        Raises:
            RuntimeError: The machine has no thread for it.
        """
        outlet = Outlet(self._changed)
        threading.Thread(target=self._run, args=(outlet, grow), name=f"taco-grow-{ask_id}", daemon=True).start()
        self._live[ask_id] = outlet
        with self._changed:
            self._running += 1

    def take(self) -> list[Piece]:
        """Return the next piece of each answer that has one; none at all where none came in `WAIT_S`.

        Raises:
            BaseException: What an answer failed with; all answers are given up.
        """
        with self._changed:
            if self._live or self._running:
                self._changed.wait_for(self._has_news, timeout=WAIT_S)
            failures = [one.failure for one in self._live.values() if one.failure and not one.pieces]
            pieces = [one.pieces.popleft() for one in self._live.values() if one.pieces]
        if failures:
            self.leave_all()
            raise failures[0]
        for piece in pieces:
            if piece.is_last:
                del self._live[piece.id]
        return pieces

    def leave(self, ask_id: str) -> None:
        """Give an answer up; nothing happens where there is none of that id."""
        if outlet := self._live.pop(ask_id, None):
            outlet.is_wanted = False

    def leave_all(self) -> None:
        """Give all answers up."""
        for ask_id in list(self._live):
            self.leave(ask_id)

    def close(self, *, wait_s: float) -> None:
        """Give all answers up, and wait so long at most until none grows."""
        self.leave_all()
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout=wait_s)

    def _has_news(self) -> bool:
        if not self._live:
            return not self._running  # the places of those that were given up are free
        return any(one.pieces or one.failure for one in self._live.values())

    def _run(self, outlet: Outlet, grow: Grow) -> None:
        try:
            if outlet.is_wanted:
                grow(outlet)
        except BaseException as error:
            outlet.failure = error
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()
