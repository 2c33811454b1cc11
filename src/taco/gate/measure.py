"""What the gate measures on one translated row: `taco.records.Figures`."""

from __future__ import annotations

from dataclasses import dataclass

from taco.gate.prose import list_prose
from taco.gate.words import (
    SPACED_ORDER,
    UNSPACED_ORDER,
    find_names,
    is_kept,
    measure_copies,
    measure_repetition,
    split_words,
)
from taco.languages.identify import identify_prose
from taco.languages.scripts import UNSPACED
from taco.languages.table import Language
from taco.records import Figures, TranslatedRow
from taco.translate.spans import compare_numbers, find_numbers

DECIMALS = 6
"""Decimals kept, so that the last bits of a sum, which differ between machines, do not show."""

FIELDS = ("instruction", "input", "response")


@dataclass(frozen=True, slots=True)
class Prose:
    """The prose of a row in both languages, its stretches in order."""

    english: list[str]
    target: list[str]


def read_prose(row: TranslatedRow) -> Prose:
    """Return the prose of the three texts of a row and of their translations."""
    english, target = [], []
    for field in FIELDS:
        english += list_prose(getattr(row, f"{field}_en"), keep=row.keep)
        target += list_prose(getattr(row, field), keep=row.keep)
    return Prose(english, target)


def measure_row(row: TranslatedRow, *, target: Language, round_trip: float | None = None) -> Figures:
    """Measure a row.

    Args:
        row: The row and its translation.
        target: The language that it should be in.
        round_trip: chrF++ of its back-translation, where there is one.
    """
    prose = read_prose(row)
    text = "\n".join(prose.target)
    found = identify_prose(text, target=target)
    known = found.knows_target and bool(found.distribution)
    names = find_names(prose.english)
    words_en, words = split_words("\n".join(prose.english)), split_words(text)
    order = UNSPACED_ORDER if target.script in UNSPACED else SPACED_ORDER
    excess = measure_repetition(words, order=order) - measure_repetition(words_en, order=SPACED_ORDER)
    return Figures(
        id=row.id,
        language_share=_round(found.distribution[target.code]) if known else None,
        language=found.best,
        script_share=_round(found.script_share) if words else None,
        length_ratio=_round(_measure_length(prose)),
        copy_rate=_round(measure_copies(words, set(words_en), names)),
        repetition=_round(excess),
        numbers_kept=_round(_measure_numbers(row)),
        entities_kept=_measure_names(names, text.casefold()) if target.script == "Latn" else None,
        unknown_rate=_round(row.unknown_words / row.words if row.words else 0.0),
        round_trip=None if round_trip is None else _round(round_trip),
    )


def _measure_length(prose: Prose) -> float:
    english, target = sum(map(len, prose.english)), sum(map(len, prose.target))
    return target / max(english, 1) if english or target else 1.0


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
