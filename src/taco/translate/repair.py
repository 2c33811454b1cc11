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
from itertools import islice

from taco.translate.engine import Translation
from taco.translate.protect import Marked, cut, find_fault, mark, restore
from taco.translate.segment import Fixed, Prose
from taco.translate.slots import SLOTS_OF_A_KIND

Send = Callable[[Sequence[str]], Mapping[str, Translation]]
"""Gives the translation of each text, from wherever it is cheapest."""


@dataclass(frozen=True, slots=True)
class Outcome:
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


_BARE = ("", "")
_NONE: Mapping[str, str] = {}


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


def translate_proses(proses: Iterable[Prose], *, keeps_slots: bool, send: Send) -> dict[Prose, Outcome]:
    """Translate proses, each up its own ladder; step by step, so that every step is one large request.

    Args:
        proses: What to translate; equal ones are asked for once.
        keeps_slots: Whether the engine keeps slots.
        send: Translates texts.
    """
    plain: list[Prose] = []
    ladders: dict[Prose, Iterator[Attempt]] = {}
    for prose in proses:
        if prose.spans or not keeps_slots:
            ladders[prose] = list_attempts(prose, keeps_slots=keeps_slots)
        else:
            plain.append(prose)
    outcomes: dict[Prose, Outcome] = {}
    step = 0
    while plain or ladders:
        step += 1
        asked = {prose: Attempt((prose.text,), _BARE, _NONE) for prose in plain}  # what the ladder would begin with
        asked |= {prose: attempt for prose, ladder in ladders.items() if (attempt := next(ladder, None)) is not None}
        answers = send(list(dict.fromkeys([text for attempt in asked.values() for text in attempt.texts])))
        for prose, attempt in asked.items():
            outcomes[prose] = attempt.judge(answers, step=step)
        ladders = {prose: ladder for prose, ladder in ladders.items() if prose in asked and outcomes[prose].fault}
        ladders |= {
            prose: islice(list_attempts(prose, keeps_slots=True), 1, None) for prose in plain if outcomes[prose].fault
        }
        plain = []
    return outcomes


def _shorten(text: str, limit: int = 160) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
