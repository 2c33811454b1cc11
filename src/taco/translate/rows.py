"""Rows and their translations: which engines are asked, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taco.translate.engine import Engine
from taco.translate.repair import Send
from taco.translate.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One engine of the chain of engines, the first of which that can translates.

    Attributes:
        engine: The engine.
        send: Gives its translations, of the memory or anew; those that it leaves out come later.
    """

    engine: Engine
    send: Send


class RowTranslator:
    """Translates rows, a window at a time.

    Args:
        legs: The engines, in the order in which they are asked.
        language: Code of the target language.
        max_unknown_share: Rows with a larger share of unknown words are dropped.
    """

    def __init__(self, legs: Sequence[Leg], *, language: str, max_unknown_share: float) -> None:
        self._legs = legs
        self._language, self._max_unknown_share = language, max_unknown_share

    def open_window(self) -> Window:
        """Open a window, for rows that are added to it."""
        engines = [leg.engine for leg in self._legs]
        return Window(engines, language=self._language, max_unknown_share=self._max_unknown_share)

    def ask(self, window: Window) -> None:
        """Ask for all that a window needs next, and again for what the answers make necessary."""
        for number, leg in enumerate(self._legs):
            while texts := window.take_texts(number):
                window.take_answers(number, leg.send(texts))
            window.settle(number)  # some need no answer
