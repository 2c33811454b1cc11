"""A sample of sentences with their translations, from rows of any number, the same for every machine."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from taco.gate.measure import FIELDS
from taco.records import TranslatedRow
from taco.translate.segment import Prose, split_text
from taco.translate.slots import count_words

LEAST_WORDS = 3
"""Words of a sentence at least: shorter ones come back by luck, and lists of them would fill the sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence.

    Attributes:
        row: Id of its row.
        english, target: In both languages.
        engine: Signature of the row's engine.
        keep: Texts that stayed in English.
    """

    row: str
    english: str
    target: str
    engine: str
    keep: tuple[str, ...] = ()


def list_sentences(row: TranslatedRow) -> Iterator[Sentence]:
    """Yield the sentences of a row with their translations.

    Lines are paired by their number. Where a line has as many sentences in both languages they are paired too, else the
    whole stretch of prose is taken as one; where the stretches do not agree in number, the line is passed over.
    """
    for field in FIELDS:
        before, after = getattr(row, f"{field}_en").split("\n"), getattr(row, field).split("\n")
        if len(before) != len(after):
            continue
        for line_en, line in zip(before, after, strict=True):
            for english, target in _pair_proses(line_en, line, row.keep):
                if count_words(english) >= LEAST_WORDS and target:
                    yield Sentence(row=row.id, english=english, target=target, engine=row.engine, keep=row.keep)


def _pair_proses(line_en: str, line: str, keep: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    proses, translations = _list_proses(line_en, keep), _list_proses(line, keep)
    if len(proses) != len(translations):
        return
    for english, target in zip(proses, translations, strict=True):
        parts, others = _list_proses(english, keep, sentences=True), _list_proses(target, keep, sentences=True)
        if len(parts) == len(others):
            yield from zip(parts, others, strict=True)
        else:
            yield english, target


def _list_proses(text: str, keep: tuple[str, ...], *, sentences: bool = False) -> list[str]:
    return [node.text for node in split_text(text, keep=keep, sentences=sentences) if isinstance(node, Prose)]


@dataclass(frozen=True, slots=True)
class Sample:
    """Different sentences, drawn without replacement.

    Attributes:
        sentences: In the order of their draw.
        pool: Number of sentences that they were drawn from, equal ones counted each time.
        digest: First 16 hex digits of the SHA-256 of the sentences and their rows' ids.
    """

    sentences: tuple[Sentence, ...]
    pool: int
    digest: str


def sample_sentences(rows: Iterable[TranslatedRow], *, limit: int, seed: int) -> Sample:
    """Draw sentences, all of them where there are no more than `limit`; holds no more than those that are drawn.

    Each sentence has a number that hashing gives it, and the smallest numbers are drawn: which ones does not depend on
    the order of the rows.
    """
    held: list[tuple[int, int]] = []
    kept: dict[int, Sentence] = {}
    pool = 0
    for row in rows:
        for sentence in list_sentences(row):
            pool += 1
            number = _draw_number(sentence, seed)
            if number in kept or (len(held) == limit and -number < held[0][0]):
                continue
            kept[number] = sentence
            heapq.heappush(held, (-number, number))
            if len(held) > limit:
                del kept[heapq.heappop(held)[1]]
    drawn = tuple(kept[number] for number in sorted(kept))
    digest = hashlib.sha256("\n".join(f"{one.row}\t{one.english}\t{one.target}" for one in drawn).encode())
    return Sample(drawn, pool, digest.hexdigest()[:16])


def _draw_number(sentence: Sentence, seed: int) -> int:
    text = f"{seed}\n{sentence.english}\n{sentence.target}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
