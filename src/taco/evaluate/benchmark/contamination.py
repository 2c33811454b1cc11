"""Whether training rows hold a benchmark's questions, or their answers.

Two measures, both on texts in lower case with nothing but letters, digits and single blanks (NFKC):

- overlap: the share of a question's or a reference's word 8-grams that stand in the row, whatever field they stand in.
  A question of 4 to 7 words is one gram, and looked for in what the row asks only. GPT-3's report looks for shared 13-grams,
  PaLM's for 70 % of 8-grams (Brown et al. 2020, arXiv 2005.14165, appendix C; Chowdhery et al. 2022, arXiv 2204.02311,
  section 8). Words are found by blanks, so for scripts without any the second measure has to do.
- similarity: Jaccard's index of the character 5-grams of a question and of what the row asks (Broder 1997): a question with
  a few words changed.

A row counts as contaminated where a measure reaches its threshold, or where what it asks is the question itself.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from taco.evaluate.benchmark.question import Question

GRAM_WORDS = 8
LEAST_WORDS = 4
"""Shorter questions ("Why?") stand in innocent rows: only what is asked, as a whole, can match them."""

SHINGLE = 5

_ASKED = (
    ("instruction", "input"),
    ("instruction_en", "input_en"),
    ("prompt",),
    ("question",),
    ("context", "instruction"),
)
"""Fields that together say what a row asks, in one language each."""

How = Literal["exact", "overlap", "similarity", "reference"]


class ContaminationOptions(BaseModel):
    """From where on a row counts as contaminated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap: float = Field(default=0.7, gt=0, le=1, description="Share of a text's word 8-grams.")
    similarity: float = Field(default=0.5, gt=0, le=1, description="Jaccard's index of character 5-grams.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A row that holds a benchmark's question or reference.

    Attributes:
        origin: "file:line" of the row.
        question: Id of the question.
        how: By which measure; "reference" is an overlap with the reference answer.
        share: What it measured, from 0 to 1.
        text: The beginning of what the row asks.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    origin: str
    question: str
    how: How
    share: float
    text: str


class _Signs(dict[int, str]):
    """Code point -> what `tidy` makes of it, found out once for each."""

    def __missing__(self, point: int) -> str:
        sign = chr(point)
        kind = unicodedata.category(sign)
        self[point] = sign if kind[0] in "LMN" else "" if kind == "Cf" else " "
        return self[point]


_SIGNS = _Signs()


@dataclass(frozen=True, slots=True)
class _Known:
    """A text of the benchmark, with the number of its grams."""

    question: str
    how: How
    grams: int


class Detector:
    """Finds a benchmark's questions in rows.

    Args:
        questions: The benchmark; every turn counts, and every reference, in English too where it was made from that.
        options: The thresholds.
    """

    def __init__(self, questions: Sequence[Question], options: ContaminationOptions) -> None:
        self._options = options
        self._exact: dict[str, str] = {}
        self._known: list[_Known] = []
        self._grams: dict[str, list[int]] = {}
        self._short: dict[str, list[int]] = {}
        self._shingles: dict[str, list[int]] = {}
        self._asked: list[tuple[str, int]] = []
        for question in questions:
            for turn in (*question.turns, *question.english.turns):
                self._add_question(question.id, tidy(turn))
            for reference in (*question.references, *question.english.references):
                self._add_text(question.id, "reference", tidy(reference))

    def find(self, row: Mapping[str, Any], *, origin: str) -> Hit | None:
        """Return the gravest hit of a row, None where there is none."""
        asked = list(dict.fromkeys(text for text in map(tidy, list_asked(row)) if text))
        for text in asked:
            if text in self._exact:
                return self._make_hit(origin, self._exact[text], "exact", 1.0, row)
        found = self._find_similar(asked) or self._find_overlap(asked, row)
        return None if found is None else self._make_hit(origin, *found, row)

    def _add_question(self, id_: str, text: str) -> None:
        self._exact.setdefault(text, id_)
        self._add_text(id_, "overlap", text)
        shingles = _shingle(text)
        for shingle in shingles:
            self._shingles.setdefault(shingle, []).append(len(self._asked))
        self._asked.append((id_, len(shingles)))

    def _add_text(self, id_: str, how: How, text: str) -> None:
        grams = set(list_grams(text))
        is_short = len(text.split()) < GRAM_WORDS
        if not grams or (is_short and how == "reference"):
            return
        for gram in grams:
            places = self._short.setdefault(_pad(gram), []) if is_short else self._grams.setdefault(gram, [])
            places.append(len(self._known))
        self._known.append(_Known(id_, how, len(grams)))

    def _find_similar(self, asked: Sequence[str]) -> tuple[str, How, float] | None:
        best: tuple[str, How, float] | None = None
        for text in asked:
            shingles = _shingle(text)
            shared = Counter(place for shingle in shingles for place in self._shingles.get(shingle, ()))
            for place, count in shared.items():
                id_, size = self._asked[place]
                share = count / (len(shingles) + size - count)
                if share >= self._options.similarity and (best is None or share > best[2]):
                    best = (id_, "similarity", share)
        return best

    def _find_overlap(self, asked: Sequence[str], row: Mapping[str, Any]) -> tuple[str, How, float] | None:
        shared = Counter(
            place
            for text in map(_pad, asked)
            for gram, places in self._short.items()
            if gram in text
            for place in places
        )
        grams = {gram for text in list_texts(row) for gram in _slide(tidy(text).split(), GRAM_WORDS)}
        shared.update(place for gram in self._grams.keys() & grams for place in self._grams[gram])
        best: tuple[str, How, float] | None = None
        for place, count in shared.items():
            known = self._known[place]
            share = min(1.0, count / known.grams)
            if share >= self._options.overlap and (best is None or share > best[2]):
                best = (known.question, known.how, share)
        return best

    def _make_hit(self, origin: str, question: str, how: How, share: float, row: Mapping[str, Any]) -> Hit:
        text = next(iter(list_asked(row)), "")
        return Hit(origin=origin, question=question, how=how, share=round(share, 4), text=text[:200])


def tidy(text: str) -> str:
    """Return a text in lower case with nothing but letters, their marks and digits, and single blanks.

    >>> tidy("  What's  THE sea?")
    'what s the sea'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_SIGNS).split())


def list_asked(row: Mapping[str, Any]) -> list[str]:
    """Return what a row asks, in each language that it has, and each turn of a user where it is a conversation."""
    asked = []
    for fields in _ASKED:
        texts = [row[name] for name in fields if isinstance(row.get(name), str) and row[name].strip()]
        asked += ["\n".join(texts), *(texts if len(texts) > 1 else [])] if texts else []
    for name in ("messages", "conversations"):
        turns = row.get(name)
        for turn in turns if isinstance(turns, list) else ():
            if isinstance(turn, dict) and turn.get("role", turn.get("from")) in ("user", "human"):
                asked += [text for text in (turn.get("content"), turn.get("value")) if isinstance(text, str)]
    return asked


def list_texts(value: Any) -> Iterator[str]:
    """Yield every text in a row, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting.extend(one.values())
        elif isinstance(one, list | tuple):
            waiting.extend(one)


def list_grams(text: str) -> list[str]:
    """Return the word 8-grams of a tidy text; of 4 to 7 words all of them as one, of fewer none.

    >>> list_grams("what is the sea made of"), list_grams("why")
    (['what is the sea made of'], [])
    """
    words = text.split()
    return _slide(words, min(GRAM_WORDS, len(words))) if len(words) >= LEAST_WORDS else []


def _slide(words: Sequence[str], size: int) -> list[str]:
    return [" ".join(words[start : start + size]) for start in range(len(words) - size + 1)]


def _pad(text: str) -> str:
    """Return a tidy text between blanks, so that one stands in another as whole words alone."""
    return f" {text} "


def _shingle(text: str) -> set[str]:
    return {text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1))}
