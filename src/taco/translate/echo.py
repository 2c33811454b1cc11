"""The fake engine that ships with taco: gives texts back as they are, or with a mark on each word.

Tests use it, and recipes that try out the other stages on a machine without any translator.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from taco.languages.table import Language
from taco.translate.engine import FREE, Closing, Limits, Translation
from taco.translate.slots import count_words

_WORD = re.compile(r"[^\W\d_]+")


class EchoOptions(BaseModel):
    """How the echo engine answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: str = Field(default="", max_length=20, description="Put before each word, to tell answers from sources.")
    parallel_calls: int = Field(default=1, ge=1, le=64, description="Calls that may run at the same time.")


MOST_SENT = 100_000


class EchoEngine(Closing):
    """Says texts back.

    Args:
        options: How it answers.
        source: The language of the texts.
        target: The language that it pretends to translate into.

    Attributes:
        sent: The texts it was asked for, in order, the last `MOST_SENT` of them; tests look here for what was really sent.
        calls: Number of calls.
    """

    name = "echo"
    keeps_slots = True
    price = FREE

    def __init__(self, options: EchoOptions, *, source: Language, target: Language) -> None:
        self.limits = Limits(parallel_calls=options.parallel_calls)
        self.signature = f"echo 1 {source.code}-{target.code} {options.prefix!r}"
        self.sent: list[str] = []
        self.calls = 0
        self._prefix = options.prefix
        self._lock = threading.Lock()

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Give each text back; see `Engine.translate`."""
        with self._lock:
            self.calls += 1
            self.sent.extend(texts)
            del self.sent[:-MOST_SENT]
        return [Translation(text=self._mark(text), words=count_words(text)) for text in texts]

    def _mark(self, text: str) -> str:
        return _WORD.sub(lambda word: self._prefix + word[0], text) if self._prefix else text


def open_echo(options: EchoOptions, *, source: Language, target: Language) -> EchoEngine:
    """Open the echo engine; see `taco.translate.engine.open_engine`."""
    return EchoEngine(options, source=source, target=target)
