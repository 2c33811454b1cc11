"""The columns of the three configurations of a language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal

from taco.publish.dataset.rows import PublishedRow
from taco.records import Figures

Kind = Literal["string", "int32", "float64"]
Value = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: Its name.
        kind: Its type in Arrow. A column may hold nulls only where `meaning` says so.
        meaning: What it holds, for the card.
        read: Takes its value from a row.
        repeats: Whether few different values are to be expected, so that a dictionary saves space.
    """

    name: str
    kind: Kind
    meaning: str
    read: Callable[[PublishedRow], Value]
    repeats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One of the tables that are written for each language.

    Attributes:
        suffix: What its name has after the language's code.
        folder: The folder of the data set that its folder is in.
        meaning: What it is for, for the card.
        columns: In order.
    """

    suffix: str
    folder: str
    meaning: str
    columns: tuple[Column, ...]

    def name(self, code: str) -> str:
        """Return its name for a language."""
        return f"{code}{self.suffix}"

    def place(self, code: str) -> str:
        """Return the folder of its shards for a language, relative to the data set."""
        return f"{self.folder}/{self.name(code)}"


def _text(name: str, meaning: str, read: Callable[[PublishedRow], str], *, repeats: bool = False) -> Column:
    return Column(name=name, kind="string", meaning=meaning, read=read, repeats=repeats)


def _count(name: str, meaning: str, read: Callable[[PublishedRow], int]) -> Column:
    return Column(name=name, kind="int32", meaning=meaning, read=read)


def _share_unknown(row: PublishedRow) -> float | None:
    return row.translated.unknown_words / row.translated.words if row.translated.words else None


_FIGURES = {
    "language_share": "probability that the text is in the target language, among it, English and its relatives",
    "language": "the most probable of these languages",
    "script_share": "share of the letters that are in the target's script",
    "length_ratio": "characters of the translation's prose / characters of the English prose",
    "copy_rate": "share of the words that stand in the English texts too, names left out",
    "repetition": "share of the word 4-grams that repeat an earlier one, less that of the English texts",
    "numbers_kept": "share of the English texts' numbers that stand in the translation",
    "entities_kept": "share of the English texts' names that do",
    "unknown_rate": "share of the words that the engine did not know, as the gate saw it",
    "round_trip": "chrF++ of the translation back into English against the English texts, 0 to 100",
}
"""Figure of the quality gate -> what it is."""


def _figure(name: str) -> Column:
    def read(row: PublishedRow) -> Value:
        value: Value = getattr(row.figures, name) if row.figures else None
        return value

    is_text = name == "language"
    return Column(
        name=f"gate_{name}",
        kind="string" if is_text else "float64",
        meaning=f"quality gate: {_FIGURES.get(name, name)}; null where it was not measured",
        read=read,
        repeats=is_text,
    )


CHAINS = Configuration(
    suffix="",
    folder="data",
    meaning="to train on: the schema of the TaCo paper's data",
    columns=(
        _text("instruction", "what is asked, in the target language", lambda row: row.instruction),
        _text(
            "input", "the text that it works on, in the target language; may be empty", lambda row: row.translated.input
        ),
        _text(
            "output",
            "the chain: instruction in English, response in English, response in the target language",
            lambda row: row.example.completion,
        ),
    ),
)

PARALLEL = Configuration(
    suffix="-parallel",
    folder="data",
    meaning="the same rows in both languages, with where each text is from and what was measured on it",
    columns=(
        _text("id", "16 hex digits of the SHA-256 of the English texts", lambda row: row.translated.id),
        _text(
            "category",
            "the row's category; empty where the source has none",
            lambda row: row.translated.category,
            repeats=True,
        ),
        _text("instruction_en", "what is asked, in English", lambda row: row.translated.instruction_en),
        _text("input_en", "the text that it works on, in English; may be empty", lambda row: row.translated.input_en),
        _text("response_en", "the answer, in English", lambda row: row.translated.response_en),
        _text("instruction", "what is asked, in the target language", lambda row: row.translated.instruction),
        _text("input", "the text that it works on, in the target language", lambda row: row.translated.input),
        _text("response", "the answer, in the target language", lambda row: row.translated.response),
        _text("origin", "file and line, or data set and index, of the English row", lambda row: row.origin),
        _text(
            "source_licence",
            "licence of the English row, as its source or the recipe states it",
            lambda row: row.licence,
            repeats=True,
        ),
        _text(
            "engine",
            "signature of what translated it: engine, versions, way through languages",
            lambda row: row.translated.engine,
            repeats=True,
        ),
        _text(
            "hostile",
            "class of a row that translation might spoil; empty for all others",
            lambda row: row.translated.hostile,
            repeats=True,
        ),
        _count("segments", "stretches of prose that were translated", lambda row: row.translated.segments),
        _count("words", "words of the English texts", lambda row: row.translated.words),
        _count(
            "unknown_words",
            "how many of them the engine said it does not know",
            lambda row: row.translated.unknown_words,
        ),
        Column(
            name="unknown_share",
            kind="float64",
            read=_share_unknown,
            meaning="unknown_words / words; null for a row without words",
        ),
        *(_figure(field.name) for field in fields(Figures) if field.name != "id"),
    ),
)

RUN = Configuration(
    suffix="-run",
    folder="run",
    meaning="what the run that made the rows had to send, which another run of the same recipe need not",
    columns=(
        _text("id", "as in the parallel rows", lambda row: row.translated.id),
        _count("segments", "stretches of prose that were translated", lambda row: row.translated.segments),
        _count(
            "segments_paid",
            "how many of them this run sent to an engine; the others were in the memory before",
            lambda row: row.translated.segments_paid,
        ),
    ),
)

CONFIGURATIONS = (CHAINS, PARALLEL, RUN)
"""The tables of each language. Row n of one is row n of the others."""
