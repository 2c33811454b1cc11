"""Texts and their human translations out of the user's files: JSON Lines, TSV, or two plain texts, each also as .gz.

Texts are normalised as the rows of a run are, above all composed (Unicode NFC): engines' dictionaries are, and no measure
sees that a letter with its accent apart is the same letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

import numpy as np

from taco.bench.lines import decode_line, read_lines
from taco.bench.options import Corpus, Direction
from taco.errors import DataError, RecipeError
from taco.languages.table import Language, find_language
from taco.source.draft import Fault, show_value, take_text
from taco.source.json_file import read_json_lines
from taco.source.normalise import normalise_text

LANGUAGE_FIELDS = ("bcp47", "language", "lang", "iso639_3")
"""Fields of a JSON object that may say which language it is in; the first one that is there counts."""

_USUAL_FIELDS = (("en", "text"), ("source", "target"))
_SHOWN_CODES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One text and its human translation.

    Attributes:
        origin: "file:line".
        source: What engines get.
        reference: What their answers are held against.
    """

    origin: str
    source: str
    reference: str


def read_pairs(corpus: Corpus, *, languages: Sequence[Language], direction: Direction) -> dict[str, list[Pair]]:
    """Read the pairs of each language, by its code.

    One file with both sides serves both directions: its first side is English, its second the language. Of two files,
    one is what is translated and the other the reference, whatever the direction.

    Raises:
        DataError: A file cannot be read, a line is malformed (named by file and line), or a language has no line.
    """
    if corpus.file is None:
        _refuse_several(languages, "Two plain texts do")
        return {languages[0].code: list(_read_two_texts(corpus))}
    name = corpus.file.name.removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson")):
        found = _read_objects(corpus, corpus.file, languages)
    elif name.endswith((".tsv", ".tab")):
        _refuse_several(languages, f"{corpus.file} does")
        found = {languages[0].code: list(_read_table(corpus, corpus.file, languages[0]))}
    else:
        raise DataError(
            f"{corpus.file} is neither JSON Lines nor TSV by its name; expected .jsonl, .ndjson or .tsv, or these with .gz.",
            hint="Rename it, or give two plain texts with --source and --reference.",
        )
    for language in languages:
        if not found[language.code]:
            raise DataError(f"{corpus.file} is empty.", hint="It should hold a text and its translation on each line.")
    return found if direction == "from" else {code: [_turn(pair) for pair in pairs] for code, pairs in found.items()}


def sample_pairs(pairs: Sequence[Pair], *, limit: int | None, seed: int) -> list[Pair]:
    """Draw `limit` pairs without replacement, kept in the order of the file; all of them where there are no more."""
    if limit is None or limit >= len(pairs):
        return list(pairs)
    drawn = np.random.default_rng(seed).choice(len(pairs), size=limit, replace=False)
    return [pairs[number] for number in sorted(drawn)]


def _turn(pair: Pair) -> Pair:
    return Pair(origin=pair.origin, source=pair.reference, reference=pair.source)


def _refuse_several(languages: Sequence[Language], subject: str) -> None:
    if len(languages) > 1:
        raise DataError(
            f"{subject} not say which language a line is in, and {len(languages)} languages were asked for.",
            hint=f"Give one language, or JSON Lines with one of the fields {', '.join(LANGUAGE_FIELDS)}.",
        )


def _read_objects(corpus: Corpus, path: Path, languages: Sequence[Language]) -> dict[str, list[Pair]]:
    asked = {language.code: language for language in languages}
    found: dict[str, list[Pair]] = {code: [] for code in asked}
    codes: Counter[str] = Counter()
    lines = ((f"{path}:{number}", line) for number, line in enumerate(read_lines(path), start=1))
    for row in read_json_lines(lines):
        if isinstance(row.value, Fault):
            raise _refuse(row.origin, row.value)
        if not isinstance(row.value, dict):
            raise DataError(f"{row.origin}: found {show_value(row.value)}; expected one JSON object a line.")
        code = _find_code(row.value)
        if code is None:
            _refuse_several(languages, row.origin + " does")
            code = languages[0].code
        codes[code] += 1
        if code not in asked:
            continue
        try:
            found[code].append(_take_pair(row.value, row.origin, corpus, asked[code]))
        except Fault as fault:
            raise _refuse(row.origin, fault) from fault
    for language in languages:
        if not found[language.code] and codes:
            raise DataError(
                f"{path} holds no line in {language.name} ({language.code}); it has {_list_codes(codes)}.",
                hint=f"A line's language is read from the first of these fields that it has: {', '.join(LANGUAGE_FIELDS)}.",
            )
    return found


def _find_code(fields: Mapping[str, object]) -> str | None:
    """Return the code of the language that an object says it is in; None where it does not say."""
    name = next((name for name in LANGUAGE_FIELDS if isinstance(fields.get(name), str)), None)
    return None if name is None else _fold_code(str(fields[name]))


@cache
def _fold_code(name: str) -> str:
    try:
        return find_language(name).code
    except RecipeError:
        return name  # a language outside the table is some other language


def _list_codes(counts: Counter[str]) -> str:
    codes = sorted(counts)
    rest = f" and {len(codes) - _SHOWN_CODES} more" if len(codes) > _SHOWN_CODES else ""
    return ", ".join(codes[:_SHOWN_CODES]) + rest


def _take_pair(fields: Mapping[str, object], origin: str, corpus: Corpus, language: Language) -> Pair:
    names = (corpus.source_field, corpus.target_field)
    if not all(names):
        codes = (language.code, language.iso639_1, language.iso639_3)
        usual = [*_USUAL_FIELDS, *(("en", code) for code in codes if code)]
        names = next((pair for pair in usual if all(name in fields for name in pair)), ("", ""))
        if not all(names):
            shown = ", ".join(repr(name) for name in list(fields)[:8]) or "none"
            raise Fault(
                "missing-field",
                f"found the fields {shown}; expected {', or '.join(' and '.join(pair) for pair in usual[:3])}, or those "
                "that --source-field and --target-field name",
            )
    source, reference = (_check_text(take_text(fields, name), f"field {name!r}") for name in names)
    return Pair(origin=origin, source=source, reference=reference)


def _read_table(corpus: Corpus, path: Path, language: Language) -> Iterator[Pair]:
    columns = (0, 1)
    width = 2
    for number, line in enumerate(read_lines(path), start=1):
        cells = decode_line(line, path, number).split("\t")
        if cells == [""]:
            continue
        if number == 1 and (corpus.source_field or _is_header(cells, language)):
            columns, width = _find_columns(cells, corpus, f"{path}:1"), len(cells)
            continue
        if len(cells) != width:
            raise DataError(
                f"{path}:{number}: found {len(cells)} columns; expected {width}, parted by one tab each.",
                hint=f"The first column is English, the second {language.name}; --source-field and --target-field choose "
                "others by the names in the first line.",
            )
        source, reference = (_check_cell(cells[column], f"column {column + 1}", path, number) for column in columns)
        yield Pair(origin=f"{path}:{number}", source=source, reference=reference)


def _is_header(cells: Sequence[str], language: Language) -> bool:
    codes = {
        language.code,
        language.iso639_1,
        language.iso639_3,
        language.name.casefold(),
        "text",
        "target",
        "reference",
    }
    return (
        len(cells) == 2
        and cells[0].strip().casefold() in ("en", "eng", "english", "source")
        and cells[1].strip().casefold() in codes
    )


def _find_columns(names: Sequence[str], corpus: Corpus, origin: str) -> tuple[int, int]:
    if not corpus.source_field:
        return 0, 1
    for name in (corpus.source_field, corpus.target_field):
        if name not in names:
            raise DataError(f"{origin}: found the columns {', '.join(map(repr, names))}; expected one called {name!r}.")
    return names.index(corpus.source_field), names.index(corpus.target_field)


def _read_two_texts(corpus: Corpus) -> Iterator[Pair]:
    if corpus.source is None or corpus.reference is None:
        raise RecipeError("A bench reads one file with --file, or two with --source and --reference.")
    lines = zip_longest(read_lines(corpus.source), read_lines(corpus.reference))
    for number, (source_line, reference_line) in enumerate(lines, start=1):
        if source_line is None or reference_line is None:
            short = corpus.source if source_line is None else corpus.reference
            raise DataError(
                f"{short}:{number}: found the end of the file; expected a line, as the other file has.",
                hint="Line N of the reference must be the translation of line N of the source.",
            )
        if not source_line.strip() and not reference_line.strip():
            continue
        source, reference = (
            _check_cell(decode_line(line, path, number), "the line", path, number)
            for line, path in ((source_line, corpus.source), (reference_line, corpus.reference))
        )
        yield Pair(origin=f"{corpus.source}:{number}", source=source, reference=reference)


def _check_cell(text: str, where: str, path: Path, number: int) -> str:
    try:
        return _check_text(text, where)
    except Fault as fault:
        raise _refuse(f"{path}:{number}", fault) from fault


def _check_text(text: str, where: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Fault("not-utf8", f"{where} holds bytes that are no UTF-8; expected text in UTF-8")
    normalised = normalise_text(text)
    if not normalised:
        raise Fault("empty", f"{where} is empty; expected a text")
    return normalised


def _refuse(origin: str, fault: Fault) -> DataError:
    return DataError(
        f"{origin}: {fault.detail}.", hint="Correct the line or take it out, and run the same command again."
    )
