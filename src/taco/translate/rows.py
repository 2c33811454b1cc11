"""Rows and their translations: split, translated, put together, checked."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from taco.records import Drop, Row, TranslatedRow
from taco.translate.check import check_text
from taco.translate.engine import Engine, Translation
from taco.translate.repair import Outcome, Send, translate_proses
from taco.translate.segment import Node, Prose, join_nodes, split_text

STAGE = "translate"

_FIELDS = ("instruction", "input", "response")


@dataclass
class Tally:
    """What was done so far.

    Attributes:
        rows: Number of rows.
        segments: Number of stretches of prose, equal ones counted each time.
        repaired: How many different ones, in each window, needed more than the first step of the ladder.
        words: Number of words of the rows that were kept.
        unknown_words: How many of them the engine did not know.
        digests: 64 bits of each text that was asked for, of memory or engine.
    """

    rows: int = 0
    segments: int = 0
    repaired: int = 0
    words: int = 0
    unknown_words: int = 0
    digests: array[int] = field(default_factory=lambda: array("Q"))

    def count_unique(self) -> int:
        """Return how many different texts were asked for (by 64 bits of their digests)."""
        return int(np.unique(np.frombuffer(self.digests, dtype=np.uint64)).size) if self.digests else 0


class RowTranslator:
    """Translates rows, a window at a time.

    Args:
        send: Gives the translation of texts.
        engine: The engine behind it.
        language: Code of the target language.
        max_unknown_share: Rows with a larger share of unknown words are dropped.

    Attributes:
        tally: What was done so far.
    """

    def __init__(self, send: Send, *, engine: Engine, language: str, max_unknown_share: float) -> None:
        self.tally = Tally()
        self._send, self._engine = send, engine
        self._language, self._max_unknown_share = language, max_unknown_share

    def translate(self, rows: Sequence[Row]) -> list[TranslatedRow | Drop]:
        """Translate a window of rows; return for each its translation, or why it was dropped."""
        texts = [[split_text(getattr(row, name)) for name in _FIELDS] for row in rows]
        outcomes = self._translate_nodes(nodes for row in texts for nodes in row)
        self.tally.rows += len(rows)
        return [self._judge(row, parts, outcomes) for row, parts in zip(rows, texts, strict=True)]

    def translate_text(self, text: str) -> tuple[str, str, str]:
        """Translate one text; return it, and the reason and detail of what is wrong with it, both "" if nothing is."""
        nodes = split_text(text)
        return _assemble(text, nodes, self._translate_nodes([nodes]))

    def _translate_nodes(self, texts: Iterable[tuple[Node, ...]]) -> dict[Prose, Outcome]:
        proses: dict[Prose, None] = {}
        for nodes in texts:
            for node in nodes:
                if isinstance(node, Prose):
                    proses[node] = None
                    self.tally.segments += 1
        outcomes = translate_proses(proses, keeps_slots=self._engine.keeps_slots, send=self._note_and_send)
        self.tally.repaired += sum(outcome.steps > 1 for outcome in outcomes.values())
        return outcomes

    def _note_and_send(self, texts: Sequence[str]) -> Mapping[str, Translation]:
        for text in texts:
            digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
            self.tally.digests.append(int.from_bytes(digest, "big"))
        return self._send(texts)

    def _judge(
        self, row: Row, parts: Sequence[tuple[Node, ...]], outcomes: Mapping[Prose, Outcome]
    ) -> TranslatedRow | Drop:
        translated = {}
        for name, nodes in zip(_FIELDS, parts, strict=True):
            translated[name], reason, detail = _assemble(getattr(row, name), nodes, outcomes)
            if reason:
                return _drop(row, reason, f"{name}: {detail}" if detail else name)
        known = [outcomes[node] for nodes in parts for node in nodes if isinstance(node, Prose)]
        words, unknown = sum(outcome.words for outcome in known), sum(outcome.unknown_words for outcome in known)
        if unknown > self._max_unknown_share * words:
            return _drop(row, "too-many-unknown-words", f"{unknown} of {words}")
        self.tally.words += words
        self.tally.unknown_words += unknown
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
            engine=self._engine.signature,
        )


def _assemble(text: str, nodes: tuple[Node, ...], outcomes: Mapping[Prose, Outcome]) -> tuple[str, str, str]:
    for node in nodes:
        if isinstance(node, Prose) and outcomes[node].fault:
            return "", outcomes[node].fault, outcomes[node].detail
    translated = join_nodes(nodes, lambda prose: outcomes[prose].text)
    reason, detail = check_text(text, translated)
    return translated, reason, detail


def _drop(row: Row, reason: str, detail: str) -> Drop:
    return Drop(id=row.id, stage=STAGE, reason=reason, detail=detail, origin=row.origin)
