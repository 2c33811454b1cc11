"""A window: rows that are cut up and put together on their own, while their prose is translated in whatever order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from taco.records import Drop, Row, TranslatedRow
from taco.translate.check import check_text
from taco.translate.engine import Engine, Translation
from taco.translate.repair import Ladders, Outcome
from taco.translate.segment import Node, Prose, split_text

STAGE = "translate"

FIELDS = ("instruction", "input", "response")
"""The texts of a row that are translated."""


@dataclass(slots=True)
class Tally:
    """What was done so far.

    Attributes:
        rows: Number of rows.
        segments: Number of stretches of prose, equal ones counted each time.
        paid: How many of them this run sent to an engine itself.
        repaired: How many different ones, in each window, needed more than the first step of the ladder.
        rerouted: How many different ones, in each window, another engine than the first translated.
        words: Number of words of the rows that were kept.
        unknown_words: How many of them the engine did not know.
    """

    rows: int = 0
    segments: int = 0
    paid: int = 0
    repaired: int = 0
    rerouted: int = 0
    words: int = 0
    unknown_words: int = 0


class _Entry:
    """A row of a window: its texts cut up, and how many of its proses are not yet translated."""

    __slots__ = ("missing", "parts", "place", "proses", "row")

    def __init__(self, place: int, row: Row, parts: Sequence[tuple[Node, ...]]) -> None:
        self.place, self.row, self.parts = place, row, parts
        self.proses = [node for nodes in parts for node in nodes if isinstance(node, Prose)]
        self.missing = 0


class Window:
    """Rows on their way: cut when they are added, judged when the last of their prose is translated.

    Args:
        engines: The chain of engines, in the order in which they are asked.
        language: Code of the target language.
        max_unknown_share: Rows with a larger share of unknown words are dropped.

    Attributes:
        tally: What was done so far.
    """

    def __init__(self, engines: Sequence[Engine], *, language: str, max_unknown_share: float) -> None:
        self.tally = Tally()
        self._signatures = [engine.signature for engine in engines]
        self._sentences = any(getattr(engine, "sentences_apart", False) for engine in engines)
        self._language, self._max_unknown_share = language, max_unknown_share
        self._ladders = [Ladders(keeps_slots=engine.keeps_slots) for engine in engines]
        self._found: dict[Prose, Outcome] = {}
        self._faults: dict[Prose, Outcome] = {}
        self._legs: dict[Prose, int] = {}
        self._waiting: dict[Prose, list[_Entry]] = {}
        self._ready: deque[_Entry] = deque()

    @property
    def has_ready(self) -> bool:
        """Whether a row can be judged."""
        return bool(self._ready)

    def add(self, row: Row) -> None:
        """Cut a row up."""
        parts = [split_text(getattr(row, name), keep=row.keep, sentences=self._sentences) for name in FIELDS]
        entry = _Entry(self.tally.rows, row, parts)
        self.tally.rows += 1
        for prose in dict.fromkeys(entry.proses):
            if prose in self._found:
                continue
            entry.missing += 1
            if prose in self._waiting:
                self._waiting[prose].append(entry)
            else:
                self._waiting[prose] = [entry]
                self._ladders[0].begin(prose)
        if not entry.missing:
            self._ready.append(entry)

    def take_texts(self, leg: int) -> list[str]:
        """Return the texts to ask an engine for that were not returned before."""
        return self._ladders[leg].take_texts()

    def take_answers(self, leg: int, answers: Mapping[str, Translation]) -> None:
        """Take in an engine's answers, those to texts of other windows left out."""
        self._ladders[leg].take_answers(answers)
        self.settle(leg)

    def settle(self, leg: int) -> None:
        """Hand what an engine could not translate to the next one, and find the rows that wait for nothing more."""
        for prose, outcome in self._ladders[leg].take_settled():
            if outcome.fault:
                outcome = self._faults.setdefault(prose, outcome)  # what the first engine said of a fault stands
                if leg + 1 < len(self._ladders):
                    self._ladders[leg + 1].begin(prose)
                    continue
            elif leg:
                self._legs[prose] = leg
                self.tally.rerouted += 1
            self._found[prose] = outcome
            self.tally.repaired += outcome.steps > 1
            for entry in self._waiting.pop(prose):
                entry.missing -= 1
                if not entry.missing:
                    self._ready.append(entry)

    def judge_next(self) -> tuple[int, TranslatedRow | Drop]:
        """Return the place of a row that is ready, counted from 0 as rows were added, and what became of it."""
        entry = self._ready.popleft()
        return entry.place, self._judge(entry)

    def _judge(self, entry: _Entry) -> TranslatedRow | Drop:
        row = entry.row
        known = [self._found[prose] for prose in entry.proses]
        paid = sum([one.is_paid for one in known])
        self.tally.segments += len(known)
        self.tally.paid += paid
        translated = []
        outcomes = iter(known)
        for name, nodes in zip(FIELDS, entry.parts, strict=True):
            text, reason, detail = _assemble(getattr(row, name), nodes, outcomes, keep=row.keep)
            if reason:
                return _drop(row, reason, f"{name}: {detail}" if detail else name)
            translated.append(text)
        words = sum([one.words for one in known])
        unknown = sum([one.unknown_words for one in known])
        if unknown > self._max_unknown_share * words:
            return _drop(row, "too-many-unknown-words", f"{unknown} of {words}")
        self.tally.words += words
        self.tally.unknown_words += unknown
        instruction, given, response = translated
        return TranslatedRow(
            id=row.id,
            language=self._language,
            category=row.category,
            instruction_en=row.instruction,
            input_en=row.input,
            response_en=row.response,
            instruction=instruction,
            input=given,
            response=response,
            words=words,
            unknown_words=unknown,
            engine=self._name_engines(entry.proses),
            segments=len(known),
            segments_paid=paid,
            hostile=row.hostile,
            keep=row.keep,
        )

    def _name_engines(self, proses: Sequence[Prose]) -> str:
        legs = sorted({self._legs.get(prose, 0) for prose in proses}) if self._legs else []
        return " + ".join([self._signatures[leg] for leg in legs or [0]])


def _assemble(
    text: str, nodes: tuple[Node, ...], outcomes: Iterator[Outcome], *, keep: tuple[str, ...]
) -> tuple[str, str, str]:
    """Put a text together from what became of its proses; return it, and the reason and detail of a fault."""
    pieces = []
    for node in nodes:
        if isinstance(node, Prose):
            outcome = next(outcomes)
            if outcome.fault:
                return "", outcome.fault, outcome.detail
            pieces.append(outcome.text)
        else:
            pieces.append(node.text)
    translated = "".join(pieces)
    reason, detail = check_text(text, translated, keep=keep)
    return translated, reason, detail


def _drop(row: Row, reason: str, detail: str) -> Drop:
    return Drop(id=row.id, stage=STAGE, reason=reason, detail=detail, origin=row.origin)
