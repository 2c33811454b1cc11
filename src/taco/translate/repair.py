"""The ladder: ways to translate one prose, from the best sentence to the safest, until an answer keeps its spans.

1. As one text with its spans in slots; the engine sees the numbers.
2. The same with the numbers in slots too.
3. Cut around the spans, piece by piece.

An engine that knows no slots begins with cutting around everything but numbers, then around numbers too. What no step
can save has a reason, and its row is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from taco.translate.engine import Translation
from taco.translate.protect import Marked, cut, find_fault, mark, restore
from taco.translate.segment import Fixed, Prose
from taco.translate.slots import SLOTS_OF_A_KIND

Send = Callable[[Sequence[str]], Mapping[str, Translation]]
"""Gives translations of texts, from wherever it is cheapest; those that it leaves out come later, see `taco.translate.stream`."""


class Outcome(NamedTuple):
    """What became of one prose.

    Attributes:
        text: The translation, spans restored; "" where there is none.
        words: Number of words of the source.
        unknown_words: How many of them the engine does not know.
        fault: Why there is no translation, a fixed phrase such as "number-changed", or "".
        detail: For a reader: what was asked and what came back.
        steps: Number of steps of the ladder that were needed, 1 if the first was good.
        is_paid: Whether the run that asks sent a part of it to an engine itself.
    """

    text: str
    words: int = 0
    unknown_words: int = 0
    fault: str = ""
    detail: str = ""
    steps: int = 1
    is_paid: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to ask for a prose.

    Attributes:
        texts: What the engine gets, in order.
        frame: What stands before, between and after the answers; one more than `texts`.
        originals: Slot -> the span that it stands for.
    """

    texts: tuple[str, ...]
    frame: tuple[str, ...]
    originals: Mapping[str, str]

    def judge(self, answers: Mapping[str, Translation], *, step: int) -> Outcome:
        """Put the answers together, or say what is wrong with one of them."""
        text, words, unknown, is_paid = self.frame[0], 0, 0, False
        for sent, after in zip(self.texts, self.frame[1:], strict=True):
            answer = answers[sent]
            if answer.refusal:
                return Outcome("", fault="engine-refused", detail=f"{_shorten(sent)}: {answer.refusal}", steps=step)
            if fault := find_fault(sent, answer.text):
                return Outcome("", fault=fault, detail=f"{self._show(sent)} -> {self._show(answer.text)}", steps=step)
            text += answer.text.strip() + after
            words, unknown = words + answer.words, unknown + answer.unknown_words
            is_paid = is_paid or answer.is_paid
        return Outcome(restore(Marked("", self.originals), text), words, unknown, steps=step, is_paid=is_paid)

    def _show(self, text: str) -> str:
        return _shorten(restore(Marked("", self.originals), text))


_NOTHING = Attempt((), ("",), {})


def list_attempts(prose: Prose, *, keeps_slots: bool) -> Iterator[Attempt]:
    """Yield the steps of the ladder for a prose; steps that would ask the same again are left out.

    >>> from taco.translate.segment import split_text
    >>> [len(attempt.texts) for attempt in list_attempts(split_text("Run `ls` at 9:00.")[0], keeps_slots=True)]
    [1, 1, 2]
    """
    seen: set[tuple[str, ...]] = set()
    for attempt in _list_all(prose, keeps_slots=keeps_slots and len(prose.spans) <= SLOTS_OF_A_KIND):
        if attempt.texts not in seen:
            seen.add(attempt.texts)
            yield attempt


def _list_all(prose: Prose, *, keeps_slots: bool) -> Iterator[Attempt]:
    for numbers in (False, True) if keeps_slots else ():
        marked = mark(prose, numbers=numbers)
        yield Attempt((marked.template,), ("", ""), marked.originals)
    for numbers in (True,) if keeps_slots else (False, True):
        texts, frame = [], [""]
        for piece in cut(prose, numbers=numbers):
            if isinstance(piece, Fixed):
                frame[-1] += piece.text
            else:
                texts.append(piece.text)
                frame.append("")
        yield Attempt(tuple(texts), tuple(frame), {})


class Ladders:
    """Proses on their ladders; each goes up as soon as its own answers are there.

    Args:
        keeps_slots: Whether the engine keeps slots.
    """

    def __init__(self, *, keeps_slots: bool) -> None:
        self._keeps_slots = keeps_slots
        self._plain: dict[str, Prose] = {}
        self._climbs: dict[str, list[_Climb]] = {}
        self._answers: dict[str, Translation] = {}
        self._new: list[str] = []
        self._settled: list[tuple[Prose, Outcome]] = []

    def begin(self, prose: Prose) -> None:
        """Take in a prose that was not taken in before."""
        if prose.spans or not self._keeps_slots:
            climb = _Climb(prose, list_attempts(prose, keeps_slots=self._keeps_slots))
            if climb.go_up():
                self._ask(climb)
        elif prose.text in self._answers:
            self._judge_plain(prose, self._answers[prose.text])
        else:  # what the ladder would begin with
            if prose.text not in self._climbs:
                self._new.append(prose.text)
            self._plain[prose.text] = prose

    def take_texts(self) -> list[str]:
        """Return the texts to ask for that were not returned before."""
        new, self._new = self._new, []
        return new

    def take_answers(self, answers: Mapping[str, Translation]) -> None:
        """Take in answers; those to texts that nobody waits for are left out."""
        for text, answer in answers.items():
            prose = self._plain.pop(text, None)
            climbs = self._climbs.pop(text, None) if self._climbs else None
            if prose is None and climbs is None:
                continue
            self._answers[text] = answer
            if prose is not None:
                self._judge_plain(prose, answer)
            for climb in climbs or ():
                climb.missing -= 1
                if not climb.missing:
                    self._judge(climb)

    def take_settled(self) -> list[tuple[Prose, Outcome]]:
        """Return what became of the proses that are at the end of their ladders, each once."""
        settled, self._settled = self._settled, []
        return settled

    def _judge_plain(self, prose: Prose, answer: Translation) -> None:
        if answer.refusal or find_fault(prose.text, answer.text):
            climb = _Climb(prose, list_attempts(prose, keeps_slots=True))
            if climb.go_up():
                self._judge(climb)
            return
        outcome = Outcome(answer.text.strip(), answer.words, answer.unknown_words, is_paid=answer.is_paid)
        self._settled.append((prose, outcome))

    def _ask(self, climb: _Climb) -> None:
        """Ask for what a step of a ladder needs."""
        missing = [text for text in dict.fromkeys(climb.attempt.texts) if text not in self._answers]
        climb.missing = len(missing)
        for text in missing:
            if text not in self._climbs and text not in self._plain:
                self._new.append(text)
            self._climbs.setdefault(text, []).append(climb)
        if not missing:
            self._judge(climb)

    def _judge(self, climb: _Climb) -> None:
        outcome = climb.attempt.judge(self._answers, step=climb.step)
        if outcome.fault and climb.go_up():
            self._ask(climb)
        else:
            self._settled.append((climb.prose, outcome))


class _Climb:
    """One prose on its ladder.

    Args:
        prose: The prose.
        steps: Its ladder.

    Attributes:
        attempt: The step that it is at.
        step: The step's number, from 1; 0 before the first.
        missing: Answers that the step waits for.
    """

    __slots__ = ("_steps", "attempt", "missing", "prose", "step")

    def __init__(self, prose: Prose, steps: Iterator[Attempt]) -> None:
        self.prose, self._steps = prose, steps
        self.attempt, self.step, self.missing = _NOTHING, 0, 0

    def go_up(self) -> bool:
        """Go to the next step; False where there is none."""
        attempt = next(self._steps, None)
        if attempt is None:
            return False
        self.attempt, self.step = attempt, self.step + 1
        return True


def translate_proses(proses: Iterable[Prose], *, keeps_slots: bool, send: Send) -> dict[Prose, Outcome]:
    """Translate proses, each up its own ladder; step by step, so that every step is one large request.

    Args:
        proses: What to translate; equal ones are asked for once.
        keeps_slots: Whether the engine keeps slots.
        send: Translates texts, all of them at once.
    """
    ladders = Ladders(keeps_slots=keeps_slots)
    for prose in dict.fromkeys(proses):
        ladders.begin(prose)
    while texts := ladders.take_texts():
        ladders.take_answers(send(texts))
    return dict(ladders.take_settled())


def _shorten(text: str, limit: int = 160) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
