"""One thread owns the model; requests wait for it in a queue with a limit and get their answers piece by piece.

The event loop never waits for the model: it hands a job over and reads what comes out of the job's own queue.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from taco.errors import TacoError
from taco.generate.backend import Refusal
from taco.generate.session import Ask, Piece, Session

ROOM_S = 0.1
"""Seconds after which a session that had no room is asked again, unless an answer ends before: places of answers that were
given up may become free later."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An ask takes part from now on.

    Attributes:
        prompt_tokens: Number of tokens of its prompt.
    """

    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Ended:
    """An answer was ended by the server.

    Attributes:
        reason: "timeout": it took too long; "waited": it waited too long; "failed": the model failed; "closing".
    """

    reason: Literal["timeout", "waited", "failed", "closing"]


Event = Accepted | Refusal | Piece | Ended


class QueueFull(Exception):  # noqa: N818
    """As many requests wait as may wait."""


class EngineStopped(Exception):  # noqa: N818
    """The thread has stopped or is about to."""


@dataclass(slots=True, eq=False)
class Job:
    """One request on its way through the engine.

    Attributes:
        ask: What is asked.
        deadline: When it is ended, by `time.monotonic`.
        events: What became of it, in order.
        is_over: Whether nothing more will come.
    """

    ask: Ask
    deadline: float
    events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    is_over: bool = False


class Engine:
    """Batches concurrent requests.

    Args:
        session: What decodes; only the engine's thread calls it.
        max_waiting: Requests that may wait.
        timeout_s: Seconds that a request may take, waiting included.
    """

    def __init__(self, session: Session, *, max_waiting: int, timeout_s: float) -> None:
        self.session = session
        self._max_waiting, self._timeout_s = max_waiting, timeout_s
        self._waiting: deque[Job] = deque()
        self._live: dict[str, Job] = {}
        self._given_up: list[Job] = []
        self._is_closing = False
        self._full_until = 0.0  # the first in the queue found no room, by `time.monotonic`
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="taco-decode", daemon=True)

    @property
    def waiting(self) -> int:
        """Number of requests that wait."""
        return len(self._waiting)

    @property
    def live(self) -> int:
        """Number of answers that grow."""
        return len(self._live)

    @property
    def is_running(self) -> bool:
        """Whether the thread works."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; called inside the event loop that reads the events."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def submit(self, ask: Ask, *, since: float | None = None) -> Job:
        """Let an ask wait for its turn.

        Args:
            ask: What is asked.
            since: When its request came, by `time.monotonic`; now if left out.

        Raises:
            QueueFull: Too many wait already.
            EngineStopped: Nobody would answer.
        """
        job = Job(ask, (time.monotonic() if since is None else since) + self._timeout_s)
        with self._changed:
            if self._is_closing:
                raise EngineStopped
            if len(self._waiting) >= self._max_waiting:
                raise QueueFull
            self._waiting.append(job)
            self._changed.notify()
        return job

    def give_up(self, job: Job) -> None:
        """Let go of a job that nobody reads any more."""
        with self._changed:
            if not job.is_over:
                self._given_up.append(job)
                self._changed.notify()

    async def close(self) -> None:
        """End what is left and stop the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)
        self.session.close()

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._drop_given_up()
                events = self._expire()
                events += self._admit()
                if self._live:
                    events += self._step()
                self._tell(events)
                if not self._live:
                    self._wait_for_room()
        finally:  # whatever happened, nobody may wait for ever
            with self._changed:
                self._is_closing = True
                left = [*self._waiting, *self._live.values()]
            self._tell([(job, Ended("closing")) for job in left])

    def _wait_for_work(self) -> bool:
        with self._changed:
            while not (self._waiting or self._live or self._given_up or self._is_closing):
                self._changed.wait()
            return not self._is_closing

    def _wait_for_room(self) -> None:
        with self._changed:
            if self._waiting and not self._is_closing:
                self._changed.wait(max(0.0, self._full_until - time.monotonic()))

    def _drop_given_up(self) -> None:
        with self._changed:
            given_up, self._given_up = self._given_up, []
            for job in given_up:
                if job in self._waiting:
                    self._waiting.remove(job)
        for job in given_up:
            self._forget(job)

    def _expire(self) -> list[tuple[Job, Event]]:
        now = time.monotonic()
        late = [job for job in self._live.values() if job.deadline < now]
        for job in late:
            self._forget(job)
        with self._changed:
            waited = [job for job in self._waiting if job.deadline < now]
            for job in waited:
                self._waiting.remove(job)
        return [*((job, Ended("timeout")) for job in late), *((job, Ended("waited")) for job in waited)]

    def _admit(self) -> list[tuple[Job, Event]]:
        """Let jobs in, first come first served, as long as there is room."""
        events: list[tuple[Job, Event]] = []
        while self._waiting and time.monotonic() >= self._full_until:
            job = self._waiting[0]
            try:
                outcome = self.session.join(job.ask)
            except TacoError as error:
                outcome = Refusal(id=job.ask.id, reason="cannot-encode", detail=error.message)
            except Exception:  # one prompt must not stop the others
                traceback.print_exc()
                outcome = Refusal(id=job.ask.id, reason="cannot-encode", detail="the model cannot read this prompt")
            if outcome is None:
                self._full_until = time.monotonic() + ROOM_S
                break
            with self._changed:
                self._waiting.popleft()
            if isinstance(outcome, Refusal):
                events.append((job, outcome))
            else:
                self._live[job.ask.id] = job
                events.append((job, Accepted(outcome)))
        return events

    def _step(self) -> list[tuple[Job, Event]]:
        try:
            pieces = self.session.step()
        except Exception as error:  # the answers under way are lost, the server is not
            text = f"taco: {error}" if isinstance(error, TacoError) else traceback.format_exc()
            print(text, file=sys.stderr, flush=True)
            failed = list(self._live.values())
            for job in failed:
                self._forget(job)
            return [(job, Ended("failed")) for job in failed]
        events: list[tuple[Job, Event]] = []
        for piece in pieces:
            if asked := self._live.get(piece.id):
                events.append((asked, piece.refusal or piece))
                if piece.is_last:
                    del self._live[piece.id]
                    self._full_until = 0.0
        return events

    def _forget(self, job: Job) -> None:
        if self._live.pop(job.ask.id, None) is not None:
            self.session.leave(job.ask.id)
        job.is_over, self._full_until = True, 0.0

    def _tell(self, events: Sequence[tuple[Job, Event]]) -> None:
        if events and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_deliver, events)


def _deliver(events: Sequence[tuple[Job, Event]]) -> None:
    for job, event in events:
        job.events.put_nowait(event)
        job.is_over = not isinstance(event, Accepted) and (not isinstance(event, Piece) or event.finish is not None)
