"""Rows and their translations: split, translated, put together, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from taco.records import Drop, Row, TranslatedRow
from taco.translate.check import check_text
from taco.translate.engine import Engine
from taco.translate.repair import Outcome, Send, translate_proses
from taco.translate.segment import Node, Prose, join_nodes, split_text

STAGE = "translate"

FIELDS = ("instruction", "input", "response")
"""The texts of a row that are translated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One engine of the chain of engines, the first of which that can translates.

    Attributes:
        engine: The engine.
        send: Gives its translations, of the memory or anew.
    """

    engine: Engine
    send: Send


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


@dataclass(frozen=True, slots=True)
class _Found:
    """What became of a prose, and which engine is to thank."""

    outcome: Outcome
    leg: int


class RowTranslator:
    """Translates rows, a window at a time.

    Args:
        legs: The engines, in the order in which they are asked.
        language: Code of the target language.
        max_unknown_share: Rows with a larger share of unknown words are dropped.

    Attributes:
        tally: What was done so far.
    """

    def __init__(self, legs: Sequence[Leg], *, language: str, max_unknown_share: float) -> None:
        self.tally = Tally()
        self._legs = legs
        self._sentences = any(getattr(leg.engine, "sentences_apart", False) for leg in legs)
        self._language, self._max_unknown_share = language, max_unknown_share

    def translate(self, rows: Sequence[Row]) -> list[TranslatedRow | Drop]:
        """Translate a window of rows; return for each its translation, or why it was dropped."""
        texts = [[self._split(getattr(row, name), row.keep) for name in FIELDS] for row in rows]
        found = self._translate_nodes(nodes for row in texts for nodes in row)
        self.tally.rows += len(rows)
        return [self._judge(row, parts, found) for row, parts in zip(rows, texts, strict=True)]

    def translate_text(self, text: str) -> tuple[str, str, str]:
        """Translate one text; return it, and the reason and detail of what is wrong with it, both "" if nothing is."""
        nodes = self._split(text, ())
        return _assemble(text, nodes, self._translate_nodes([nodes]), keep=())

    def _split(self, text: str, keep: tuple[str, ...]) -> tuple[Node, ...]:
        return split_text(text, keep=keep, sentences=self._sentences)

    def _translate_nodes(self, texts: Iterable[tuple[Node, ...]]) -> dict[Prose, _Found]:
        proses: dict[Prose, None] = {}
        for nodes in texts:
            for node in nodes:
                if isinstance(node, Prose):
                    proses[node] = None
        found: dict[Prose, _Found] = {}
        left = list(proses)
        for number, leg in enumerate(self._legs):
            outcomes = translate_proses(left, keeps_slots=leg.engine.keeps_slots, send=leg.send)
            for prose, outcome in outcomes.items():
                if prose not in found or not outcome.fault:  # what the first engine said of a fault stands
                    found[prose] = _Found(outcome, number)
            left = [prose for prose in left if found[prose].outcome.fault]
            if not left:
                break
        self.tally.repaired += sum(one.outcome.steps > 1 for one in found.values())
        self.tally.rerouted += sum(one.leg > 0 for one in found.values())
        return found

    def _judge(
        self, row: Row, parts: Sequence[tuple[Node, ...]], found: Mapping[Prose, _Found]
    ) -> TranslatedRow | Drop:
        known = [found[node] for nodes in parts for node in nodes if isinstance(node, Prose)]
        paid = sum(one.outcome.is_paid for one in known)
        self.tally.segments += len(known)
        self.tally.paid += paid
        translated = {}
        for name, nodes in zip(FIELDS, parts, strict=True):
            translated[name], reason, detail = _assemble(getattr(row, name), nodes, found, keep=row.keep)
            if reason:
                return _drop(row, reason, f"{name}: {detail}" if detail else name)
        words = sum(one.outcome.words for one in known)
        unknown = sum(one.outcome.unknown_words for one in known)
        if unknown > self._max_unknown_share * words:
            return _drop(row, "too-many-unknown-words", f"{unknown} of {words}")
        self.tally.words += words
        self.tally.unknown_words += unknown
        legs = sorted({one.leg for one in known}) or [0]
        return TranslatedRow(
            id=row.id,
            language=self._language,
            category=row.category,
            instruction_en=row.instruction,
            input_en=row.input,
            response_en=row.response,
            **translated,
            words=words,
            unknown_words=unknown,
            engine=" + ".join(self._legs[leg].engine.signature for leg in legs),
            segments=len(known),
            segments_paid=paid,
            hostile=row.hostile,
            keep=row.keep,
        )


def _assemble(
    text: str, nodes: tuple[Node, ...], found: Mapping[Prose, _Found], *, keep: tuple[str, ...]
) -> tuple[str, str, str]:
    for node in nodes:
        if isinstance(node, Prose) and found[node].outcome.fault:
            return "", found[node].outcome.fault, found[node].outcome.detail
    translated = join_nodes(nodes, lambda prose: found[prose].outcome.text)
    reason, detail = check_text(text, translated, keep=keep)
    return translated, reason, detail


def _drop(row: Row, reason: str, detail: str) -> Drop:
    return Drop(id=row.id, stage=STAGE, reason=reason, detail=detail, origin=row.origin)
