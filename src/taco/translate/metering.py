"""Progress of work that is counted in rows and done in characters sent to an engine."""

from __future__ import annotations

import time

from taco.progress import Task


class StreamMeter:
    """Advances a task that counts rows as they are judged, and says how many characters came back.

    Args:
        task: Counts rows.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._characters = 0
        self._started = time.monotonic()

    def expect(self, characters: int) -> None: ...

    def add(self, characters: int) -> None:
        """Count characters that are back."""
        self._characters += characters

    def note(self, line: str) -> None:
        """Show a line, such as that the engine is busy."""
        self._task.advance(0, note=line)

    def note_rows(self, rows: int) -> None:
        """Advance the task by so many rows."""
        rate = self._characters / max(time.monotonic() - self._started, 1e-3)
        self._task.advance(rows, note=f"{self._characters:,} characters sent, {rate:,.0f}/s")


class SilentMeter:
    """Hears and says nothing: a worker process has no progress bar."""

    def expect(self, characters: int) -> None: ...

    def add(self, characters: int) -> None: ...

    def note(self, line: str) -> None: ...
