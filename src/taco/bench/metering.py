"""Progress of texts that are sent a window at a time, and come back in characters."""

from __future__ import annotations

import time

from taco.progress import Task


class WindowMeter:
    """Advances a task that counts rows, as the characters of a window come back.

    Args:
        task: Counts rows.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._rows = self._shown = 0
        self._expected = self._back = self._characters = 0
        self._started = time.monotonic()

    def open_window(self, rows: int) -> None:
        """Begin with a window of so many rows."""
        self._rows, self._shown, self._expected, self._back = rows, 0, 0, 0

    def expect(self, characters: int) -> None:
        """Count characters that are going to be sent; the first request of a window is by far the largest."""
        self._expected = self._expected or characters

    def add(self, characters: int) -> None:
        """Count characters that are back, and advance the window's share of rows."""
        self._characters += characters
        self._back += characters
        rows = self._rows * min(self._back, self._expected) // max(self._expected, 1)
        rate = self._characters / max(time.monotonic() - self._started, 1e-3)
        self._task.advance(rows - self._shown, note=f"{self._characters:,} characters sent, {rate:,.0f}/s")
        self._shown = rows

    def note(self, line: str) -> None:
        """Show a line, such as that the engine is busy."""
        self._task.advance(0, note=line)

    def close_window(self) -> None:
        """End a window: all its rows are done."""
        self._task.advance(self._rows - self._shown)
        self._rows = self._shown = 0
