"""Progress on stderr: a bar with ETA in a terminal, a line now and then elsewhere, nothing on request."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

LINE_EVERY_S = 10.0
"""Seconds between two lines where stderr is no terminal."""


class Task(Protocol):
    """One thing that is being counted."""

    def advance(self, amount: int = 1, *, note: str = "") -> None:
        """Count `amount` more; `note` is shown beside the bar, for instance "loss 2.1, 270 tokens/s"."""


class Progress(Protocol):
    """Where a stage says how far it is."""

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
        """Count from `done` to `total` (None: unknown) while the context is open."""
        yield ...  # type: ignore[misc]

    def say(self, line: str) -> None:
        """Show one line above the bar."""


class SilentProgress:
    """Shows nothing."""

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
        yield _SilentTask()

    def say(self, line: str) -> None:
        pass


class _SilentTask:
    def advance(self, amount: int = 1, *, note: str = "") -> None:
        pass


class LineProgress:
    """Prints a line every `LINE_EVERY_S` seconds and at the end of each task, for logs and pipes."""

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
        counter = _LineTask(title, total=total, unit=unit, done=done)
        yield counter
        counter.show()


class _LineTask:
    def __init__(self, title: str, *, total: int | None, unit: str, done: int) -> None:
        self.title, self.total, self.unit = title, total, unit
        self.first, self.done, self.note = done, done, ""
        self.started = self.shown = time.monotonic()

    def advance(self, amount: int = 1, *, note: str = "") -> None:
        self.done += amount
        self.note = note or self.note
        if time.monotonic() - self.shown >= LINE_EVERY_S:
            self.show()

    def show(self) -> None:
        self.shown = time.monotonic()
        elapsed_s = self.shown - self.started
        made = self.done - self.first
        parts = [f"{self.title}: {self.done}{f'/{self.total}' if self.total else ''} {self.unit}", f"{elapsed_s:.0f} s"]
        if self.total and made > 0 and self.done < self.total:
            parts.append(f"ETA {elapsed_s / made * (self.total - self.done):.0f} s")
        if self.note:
            parts.append(self.note)
        print(", ".join(parts), file=sys.stderr, flush=True)


class BarProgress:
    """A bar with count, note, elapsed time and ETA, drawn by rich on stderr."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False)

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
        from rich import progress as bars
        from rich.markup import escape

        columns = (
            bars.TextColumn("{task.description}"),
            bars.BarColumn(bar_width=28),
            bars.MofNCompleteColumn(),
            bars.TextColumn(escape(unit)),
            bars.TimeElapsedColumn(),
            bars.TextColumn("ETA"),
            bars.TimeRemainingColumn(),
            bars.TextColumn("{task.fields[note]}", markup=False),
        )
        with bars.Progress(*columns, console=self._console) as drawn:
            key = drawn.add_task(escape(title), total=total, completed=done, note="")
            yield _BarTask(drawn, key)


class _BarTask:
    def __init__(self, drawn: object, key: int) -> None:
        self._drawn, self._key = drawn, key

    def advance(self, amount: int = 1, *, note: str = "") -> None:
        fields = {"note": note} if note else {}
        self._drawn.update(self._key, advance=amount, **fields)  # type: ignore[attr-defined]


def open_progress(*, quiet: bool = False) -> Progress:
    """Choose how to show progress: nothing if `quiet`, a bar in a terminal, lines elsewhere."""
    if quiet:
        return SilentProgress()
    return BarProgress() if sys.stderr.isatty() else LineProgress()
