"""An engine for tests: knows the right answers, spoils some of them, and can refuse, break off or die on request."""

import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from taco.errors import EngineError
from taco.languages.table import Language
from taco.translate.engine import Closing, Limits, Price, Translation
from taco.translate.slots import count_words

ANSWERS: dict[str, str] = {}
"""What a perfect engine would say; a text that is not here is said back."""

USD_PER_MILLION = 20.0


class NoisyOptions(BaseModel):
    """How the engine behaves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    noise: float = 0.0
    refuse: str = ""
    missing: bool = False
    breaks_at: int = 0
    dies_at: int = 0
    journal: Path | None = None
    texts_per_call: int = 4
    key: str = ""


class NoisyEngine(Closing):
    """Replaces a share of the words of the right answers."""

    name = "noisy"
    keeps_slots = False

    def __init__(self, options: NoisyOptions, source: Language, target: Language) -> None:
        self.limits = Limits(texts_per_call=options.texts_per_call)
        self.price = Price(usd_per_million_characters=USD_PER_MILLION, source="made up for tests")
        self.signature = f"noisy {source.code}-{target.code} {options.noise}"
        self._options = options
        self._calls = 0

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        self._calls += 1
        if self._options.journal is not None:
            with self._options.journal.open("a") as journal:
                journal.writelines(f"{text}\n" for text in texts)
        if self._calls == self._options.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._calls == self._options.breaks_at:
            raise EngineError("The quota is used up.", hint="Wait until tomorrow.")
        return [self._translate_text(text) for text in texts]

    def _translate_text(self, text: str) -> Translation:
        words = count_words(text)
        if self._options.refuse and self._options.refuse in text:
            return Translation(text="", words=words, refusal="it is not nice")
        drawn = random.Random(text)
        answer = ANSWERS.get(text, text).split(" ")
        spoilt = ["blah" if drawn.random() < self._options.noise else word for word in answer]
        return Translation(text=" ".join(spoilt), words=words, unknown_words=spoilt.count("blah"))


def open_noisy(options: NoisyOptions, *, source: Language, target: Language) -> NoisyEngine:
    if options.missing:
        raise EngineError("The engine noisy is not installed.", hint="Install it.")
    return NoisyEngine(options, source, target)
