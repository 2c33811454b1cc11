"""Engines that fail as they are told to, and a clock that passes at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from taco.languages.table import find_language
from taco.translate.echo import EchoEngine, EchoOptions
from taco.translate.engine import Limits, Price, Translation

ENGLISH, GALICIAN = find_language("en"), find_language("gl")

Fault = BaseException | Callable[[list[Translation]], list[Translation]]


class FaultyEngine(EchoEngine):
    """An echo whose calls go wrong by a script.

    Args:
        script: What happens to the first calls, one after the other: None for nothing, an error to raise, or a function
            of the right answers. Later calls go well.
        rejects: Raises an error for calls with certain texts.
    """

    def __init__(
        self,
        script: Sequence[Fault | None] = (),
        *,
        rejects: Callable[[Sequence[str]], BaseException | None] = lambda texts: None,
        limits: Limits | None = None,
        price: Price | None = None,
    ) -> None:
        super().__init__(EchoOptions(prefix="x"), source=ENGLISH, target=GALICIAN)
        self.limits = limits or Limits()
        self.price = price or Price()
        self.sizes: list[int] = []
        self._script, self._rejects = list(script), rejects
        self._turn = threading.Lock()

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        with self._turn:
            self.sizes.append(len(texts))
            fault = self._script.pop(0) if self._script else None
        fault = fault or self._rejects(texts)
        if isinstance(fault, BaseException):
            raise fault
        answers = super().translate(texts)
        return fault(answers) if fault else answers


@dataclass
class FakeClock:
    """Counts the seconds that it was asked to wait."""

    time: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


@dataclass
class Notes:
    """A meter that keeps what it heard."""

    expected: int = 0
    back: int = 0
    lines: list[str] = field(default_factory=list)

    def expect(self, characters: int) -> None:
        self.expected += characters

    def add(self, characters: int) -> None:
        self.back += characters

    def note(self, line: str) -> None:
        self.lines.append(line)
