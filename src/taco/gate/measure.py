"""What the gate measures on translated rows: `taco.records.Figures`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taco.gate.prose import list_prose
from taco.gate.words import (
    SPACED_ORDER,
    UNSPACED_ORDER,
    choose_telling,
    find_names,
    is_kept,
    measure_copies,
    measure_repetition,
    split_words,
)
from taco.languages.batch import identify_batch
from taco.languages.identify import Identification
from taco.languages.scripts import UNSPACED
from taco.languages.table import Language
from taco.records import Figures, TranslatedRow
from taco.translate.spans import compare_numbers, find_numbers

DECIMALS = 6
"""Decimals kept, so that the last bits of a sum, which differ between machines, do not show."""

FIELDS = ("instruction", "input", "response")


LEAST_WORDS = 10
"""Words from which on one of a row's three texts is judged for copies by itself: among fewer, cognates weigh too much."""

LEAST_CHARACTERS = 40
"""Characters of prose from which on a row's language, or its way back, is judged: of fewer, letter statistics are noise."""


@dataclass(frozen=True, slots=True)
class _Prose:
    """The prose of a row: in English, the stretches of each of its texts; in the target language, each text in one."""

    english: list[list[str]]
    texts: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def measure_rows(
    rows: Sequence[TranslatedRow], *, target: Language, round_trips: Sequence[float | None] | None = None
) -> list[Figures]:
    """Measure rows; what is measured on one does not depend on the others.

    Args:
        rows: Rows and their translations.
        target: The language that they should be in.
        round_trips: chrF++ of each row's back-translation, None where there is none.
    """
    proses = [_read_prose(row) for row in rows]
    found = identify_batch([prose.text for prose in proses], target=target)
    scores = round_trips or [None] * len(rows)
    return [
        _measure_row(row, prose, identified, target, round_trip=score)
        for row, prose, identified, score in zip(rows, proses, found, scores, strict=True)
    ]


def _read_prose(row: TranslatedRow) -> _Prose:
    return _Prose(
        [list_prose(getattr(row, f"{field}_en"), keep=row.keep) for field in FIELDS],
        ["\n".join(list_prose(getattr(row, field), keep=row.keep)) for field in FIELDS],
    )


def _measure_row(
    row: TranslatedRow, prose: _Prose, found: Identification, target: Language, *, round_trip: float | None
) -> Figures:
    is_judged = len(prose.text) >= LEAST_CHARACTERS and bool(found.distribution)
    names = {name for one in prose.english for name in find_names(one)}
    words_en = [split_words("\n".join(one)) for one in prose.english]
    words = [split_words(one) for one in prose.texts]
    return Figures(
        id=row.id,
        language_share=_round(found.distribution[target.code]) if is_judged and found.knows_target else None,
        language=found.best if is_judged else "",
        script_share=_round(found.script_share) if any(words) else None,
        length_ratio=_round(_measure_length(prose)),
        copy_rate=_round(_measure_copies(words, words_en, names)),
        repetition=_round(_measure_excess(words, words_en, target)),
        numbers_kept=_round(_measure_numbers(row)),
        entities_kept=_measure_names(names, prose.text.casefold()) if target.script == "Latn" else None,
        unknown_rate=_round(row.unknown_words / row.words if row.words else 0.0),
        round_trip=None if round_trip is None else _round(round_trip),
    )


def _measure_length(prose: _Prose) -> float:
    before, after = sum(len(piece) for one in prose.english for piece in one), sum(map(len, prose.texts))
    return after / max(before, 1) if before or after else 1.0


def _measure_copies(words: list[list[str]], words_en: list[list[str]], names: set[str]) -> float:
    """Return the copy rate of the whole row, or of the one of its texts that is long enough and has a higher one."""
    source = {word for one in words_en for word in one}
    counted = [choose_telling(one, names) for one in words]
    every = [word for one in counted for word in one]
    return max(
        measure_copies(every, source),
        *(measure_copies(one, source) for one in counted if len(one) >= LEAST_WORDS),
        0.0,
    )


def _measure_excess(words: list[list[str]], words_en: list[list[str]], target: Language) -> float:
    order = UNSPACED_ORDER if target.script in UNSPACED else SPACED_ORDER
    own = measure_repetition([word for one in words for word in one], order=order)
    return own - measure_repetition([word for one in words_en for word in one], order=SPACED_ORDER)


def _measure_numbers(row: TranslatedRow) -> float:
    sources = [getattr(row, f"{field}_en") for field in FIELDS]
    lost = sum(len(compare_numbers(text, getattr(row, field))[0]) for text, field in zip(sources, FIELDS, strict=True))
    if not lost:
        return 1.0
    return max(0.0, 1.0 - lost / sum(len(find_numbers(text)) for text in sources))


def _measure_names(names: set[str], text: str) -> float | None:
    return _round(sum(is_kept(name, text) for name in names) / len(names)) if names else None


def _round(value: float) -> float:
    return round(value, DECIMALS)
