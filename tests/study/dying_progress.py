"""Progress that dies where a test wants it, as a process that is killed would."""

from collections.abc import Iterator
from contextlib import contextmanager

from taco.progress import SilentProgress, Task


class Killed(BaseException):
    """Stands for SIGKILL where a new process for each cut would be too slow."""


class DyingProgress(SilentProgress):
    """Counts what it is told, and dies at a chosen event."""

    def __init__(self, die_at: int | None = None) -> None:
        self.events: list[str] = []
        self._die_at = die_at

    def say(self, line: str) -> None:
        if self._die_at == len(self.events):
            raise Killed(line)
        self.events.append(line)

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
        self.say(title)
        with super().task(title, total=total, unit=unit, done=done) as task:
            yield task
