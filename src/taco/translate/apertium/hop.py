"""One direction of translation: a pipeline that is replaced when it dies, hangs, or has changed (see `tagger`)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taco.errors import EngineError
from taco.translate.apertium.pipeline import Broken, Pipeline
from taco.translate.apertium.stream import Decoded, decode_text, encode_text
from taco.translate.apertium.tagger import find_changing_words, is_hidden_markov, read_model
from taco.translate.slots import FORMAT_SLOT

Answer = Decoded | str
"""A translation, or why there is none."""

Start = Callable[..., Pipeline]
"""Starts a pipeline: `Pipeline`, or a fake."""


@dataclass
class Watchlist:
    """Words that change the tagger, learnt while translating; shared by all pipelines of a direction."""

    words: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pattern: re.Pattern[str] | None = None

    def learn(self, words: set[str]) -> None:
        """Add words as the tagger wrote them."""
        with self._lock:
            self.words |= {word.casefold() for word in words}
            listed = "|".join(re.escape(word) for word in sorted(self.words))
            self._pattern = re.compile(rf"(?<!\w)(?:{listed})(?!\w)")

    def is_listed(self, text: str) -> bool:
        """Whether a text may hold one of the words."""
        pattern = self._pattern
        return pattern is not None and pattern.search(_simplify(text)) is not None


def _simplify(text: str) -> str:
    return " ".join(FORMAT_SLOT.sub("", text).replace("’", "'").casefold().split())


class Hop:
    """One direction, used by one thread at a time.

    Args:
        commands: The mode's programs, see `taco.translate.apertium.modes.read_commands`.
        timeout_s: Seconds that one text may take.
        watchlist: Shared with the other pipelines of the direction.
        start: Starts a pipeline.
    """

    def __init__(
        self, commands: Sequence[list[str]], *, timeout_s: float, watchlist: Watchlist, start: Start = Pipeline
    ) -> None:
        taggers = [number for number, command in enumerate(commands) if is_hidden_markov(command)]
        self._tagger = taggers[0] if taggers else None
        self._commands = [
            [command[0], "-d", *command[1:]] if number == self._tagger else command
            for number, command in enumerate(commands)
        ]
        self._model = read_model(Path(commands[taggers[0]][-1])) if taggers else None
        self._timeout_s, self._watchlist, self._start = timeout_s, watchlist, start
        self._pipeline: Pipeline | None = None
        self._around: tuple[Pipeline, Pipeline] | None = None
        self._number = 0

    def prepare(self) -> None:
        """Start the pipeline, if it is not running.

        Raises:
            EngineError: It does not even translate a full stop.
        """
        if self._pipeline is None:
            self._pipeline = self._open(self._commands, watch=self._tagger)

    def translate(self, texts: Sequence[str]) -> list[Answer]:
        """Translate texts; each answer depends on its text only.

        A text that a pipeline died or hung on is tried once more, alone; then its answer says why there is none.

        Raises:
            EngineError: A new pipeline does not even translate a full stop.
        """
        answers: dict[int, Answer] = {}
        alone = [number for number, text in enumerate(texts) if self._watchlist.is_listed(text)]
        waiting = [number for number in range(len(texts)) if number not in set(alone)]
        is_careful = False
        while waiting:
            group = waiting[:1] if is_careful else waiting
            is_new = self._pipeline is None
            done, fault = self._translate_together([texts[number] for number in group])
            answers.update(zip(group, done, strict=False))
            waiting = waiting[len(done) :]
            if is_careful and is_new and fault and not done:  # an older one may have broken on the text before
                answers[waiting.pop(0)] = fault
            is_careful = is_careful or bool(fault)
            listed = {number for number in waiting if self._watchlist.is_listed(texts[number])}
            alone += sorted(listed)
            waiting = [number for number in waiting if number not in listed]
        for number in alone:
            answers[number] = self._translate_alone(texts[number])
        return [answers[number] for number in range(len(texts))]

    def close(self) -> None:
        """End all programs; may be called more than once."""
        for pipeline in (self._pipeline, *(self._around or ())):
            if pipeline is not None:
                pipeline.close()
        self._pipeline = self._around = None

    def _translate_together(self, texts: Sequence[str]) -> tuple[list[Answer], str]:
        """Translate texts in one go; return the answers to the first of them that can be trusted, and what broke."""
        pipeline = self._pipeline = self._pipeline or self._open(self._commands, watch=self._tagger)
        first = self._take_numbers(len(texts))
        fault = ""
        try:
            raw = pipeline.exchange(_encode(texts, first), timeout_s=self._timeout_s)
        except Broken as broken:
            raw, fault, self._pipeline = broken.answers, broken.reason, None
        answers: list[Answer] = []
        try:
            for number, (text, answer) in enumerate(zip(texts, raw, strict=False), start=first):
                answers.append(_read_answer(answer, text, number))
        except ValueError as error:
            fault = fault or str(error)
        changing = find_changing_words(pipeline.take_messages(), self._model)
        if changing:
            self._watchlist.learn(changing)
            del answers[self._find_first_listed(texts) :]
        if changing or fault:
            pipeline.close()
            self._pipeline = None
        return answers, fault

    def _find_first_listed(self, texts: Sequence[str]) -> int:
        for number, text in enumerate(texts):
            if self._watchlist.is_listed(text):
                return number
        self._watchlist.learn({_simplify(text) for text in texts})  # the word cannot be found: trust none of them
        return 0

    def _translate_alone(self, text: str) -> Answer:
        """Translate one text with a tagger that has seen nothing before."""
        fault = ""
        for _ in range(2):
            number = self._take_numbers(1)
            try:
                raw = self._exchange_around_tagger(_encode([text], number))
                return _read_answer(raw[0], text, number)
            except Broken as broken:
                fault = broken.reason
            except ValueError as error:
                fault = str(error)
            for pipeline in self._around or ():
                pipeline.close()
            self._around = None
        return fault

    def _exchange_around_tagger(self, payloads: list[bytes]) -> list[bytes]:
        cut = self._tagger or 0
        if self._around is None:
            self._around = (self._start(self._commands[:cut]), self._start(self._commands[cut + 1 :]))
        before, after = self._around
        analysed = before.exchange(payloads, timeout_s=self._timeout_s)
        tagger = self._start([self._commands[cut]])
        try:
            tagged = tagger.exchange(analysed, timeout_s=self._timeout_s)
        finally:
            tagger.close()
        return after.exchange(tagged, timeout_s=self._timeout_s)

    def _open(self, commands: Sequence[Sequence[str]], *, watch: int | None) -> Pipeline:
        pipeline = self._start(commands, watch=watch)
        number = self._take_numbers(1)
        try:
            answer = pipeline.exchange(_encode(["."], number), timeout_s=self._timeout_s)[0]
            _read_answer(answer, ".", number)
        except (Broken, ValueError) as error:
            pipeline.close()
            programs = " | ".join(Path(command[0]).name for command in commands)
            raise EngineError(
                f"Apertium's pipeline {programs} does not work: {error}.",
                hint="Try it by hand (echo test | apertium en-gl); reinstall its packages if that fails too.",
            ) from error
        return pipeline

    def _take_numbers(self, count: int) -> int:
        first = self._number
        self._number += count
        return first


def _encode(texts: Sequence[str], first: int) -> list[bytes]:
    return [encode_text(text, number).encode() for number, text in enumerate(texts, start=first)]


def _read_answer(raw: bytes, text: str, number: int) -> Answer:
    decoded = decode_text(raw.decode(), text, number)
    return decoded.fault or decoded
