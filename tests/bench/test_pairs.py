"""Parallel files of every form, and what is said about those that are wrong."""

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.bench.options import Corpus
from taco.bench.pairs import Pair, read_pairs, sample_pairs
from taco.errors import DataError
from taco.languages.table import find_language

GL, EO = find_language("gl"), find_language("eo")
SKY = ("The sky is blue.", "O ceo é azul.")


def read(corpus: Corpus, direction: str = "from") -> list[tuple[str, str]]:
    pairs = read_pairs(corpus, languages=[GL], direction=direction)["gl"]  # type: ignore[arg-type]
    return [(pair.source, pair.reference) for pair in pairs]


def write(path: Path, text: str) -> Path:
    content = text.encode("utf-8", "surrogateescape")
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_json(path: Path, *rows: dict[str, object]) -> Path:
    return write(path, "".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("name", ["p.jsonl", "p.jsonl.gz", "p.ndjson"])
@pytest.mark.parametrize("fields", [("en", "text"), ("source", "target"), ("en", "gl"), ("en", "glg")])
def test_json_lines_with_the_usual_fields(tmp_path: Path, name: str, fields: tuple[str, str]) -> None:
    path = write_json(tmp_path / name, dict(zip(fields, SKY, strict=True)))
    assert read(Corpus(file=path)) == [SKY]
    assert read(Corpus(file=path), "to") == [SKY[::-1]]


def test_json_lines_with_named_fields(tmp_path: Path) -> None:
    path = write_json(tmp_path / "p.jsonl", {"en": "no", "text": "no", "a": SKY[0], "b": f"  {SKY[1]}\n"})
    assert read(Corpus(file=path, source_field="a", target_field="b")) == [SKY]


@pytest.mark.parametrize(
    "fields",
    [
        {"bcp47": "gl"},
        {"language": "Galician"},
        {"lang": "glg"},
        {"iso639_3": "glg"},
        {"bcp47": "gl", "iso639_3": "epo"},
    ],
)
def test_json_lines_are_filtered_by_language(tmp_path: Path, fields: dict[str, str]) -> None:
    path = write_json(
        tmp_path / "p.jsonl",
        {"bcp47": "eo", "en": "x", "text": "y"},
        {"bcp47": "cri", "en": "", "text": ""},  # a language outside the table; its fault is nobody's business
        {**fields, "en": SKY[0], "text": SKY[1]},
    )
    found = read_pairs(Corpus(file=path), languages=[GL, EO], direction="from")
    assert [(pair.origin, pair.source) for pair in found["gl"]] == [(f"{path}:3", SKY[0])]
    assert [pair.reference for pair in found["eo"]] == ["y"]


@pytest.mark.parametrize("name", ["p.tsv", "p.tsv.gz", "p.tab"])
@pytest.mark.parametrize("header", ["", "en\tgl\n", "source\ttarget\n", "English\tGalician\n"])
def test_tables_with_or_without_a_header(tmp_path: Path, name: str, header: str) -> None:
    path = write(tmp_path / name, f"{header}{SKY[0]}\t{SKY[1]}\r\n\n")
    assert read(Corpus(file=path)) == [SKY]


def test_columns_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tsv", f"n\tgl\ten\n1\t{SKY[1]}\t{SKY[0]}\n")
    assert read(Corpus(file=path, source_field="en", target_field="gl")) == [SKY]


@pytest.mark.parametrize("name", ["p.jsonl", "p.tsv"])
def test_letters_with_their_accents_apart_are_composed(tmp_path: Path, name: str) -> None:
    apart = "e\u0301 azul"
    path = write(tmp_path / name, f"blue\t{apart}" if name == "p.tsv" else json.dumps({"en": "blue", "text": apart}))
    assert read(Corpus(file=path)) == [("blue", "\u00e9 azul")]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_two_plain_texts(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / f"p.en{suffix}", f"\ufeff{SKY[0]}\n\nTwo.\n")
    reference = write(tmp_path / f"p.gl{suffix}", f"{SKY[1]}\n\nDous.")
    corpus = Corpus(source=source, reference=reference)
    assert read(corpus) == read(corpus, "to") == [SKY, ("Two.", "Dous.")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.jsonl", '{"en": "a", "text": "b"}\n{"en": "a"', r"p\.jsonl:2: no valid JSON"),
        ("p.jsonl", '{"en": "a"}', r"p\.jsonl:1: found the fields 'en'; expected en and text, or source and target"),
        ("p.jsonl", "[1]", r"p\.jsonl:1: found a list \(\[1\]\); expected one JSON object"),
        ("p.jsonl", '{"en": "a", "text": 3}', r"p\.jsonl:1: field 'text' holds a number \(3\); expected text"),
        ("p.jsonl", '{"en": " ", "text": "b"}', r"p\.jsonl:1: field 'en' is empty; expected a text"),
        ("p.jsonl", '{"en": "a", "text": "\udcff"}', r"p\.jsonl:1: field 'text' holds bytes that are no UTF-8"),
        ("p.jsonl", '{"bcp47": "eo", "en": "a", "text": "b"}', r"no line in Galician \(gl\); it has eo\."),
        ("p.jsonl", "", r"p\.jsonl is empty"),
        ("p.tsv", "a\tb\nc\n", r"p\.tsv:2: found 1 columns; expected 2"),
        ("p.tsv", "a\tb\nc\t \n", r"p\.tsv:2: column 2 is empty; expected a text"),
        ("p.tsv", "a\tb\n\udcff\tc\n", r"p\.tsv:2: found the byte 0xff, which is no UTF-8"),
        ("p.csv", "a,b", r"p\.csv is neither JSON Lines nor TSV by its name"),
    ],
)
def test_a_wrong_line_is_named_with_what_was_expected(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(DataError, match=message):
        read(Corpus(file=path))


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tsv", "en\tgl\na\tb\n")
    with pytest.raises(DataError, match=r"p\.tsv:1: found the columns 'en', 'gl'; expected one called 'fr'"):
        read(Corpus(file=path, source_field="en", target_field="fr"))


def test_texts_of_different_length_are_refused(tmp_path: Path) -> None:
    source, reference = write(tmp_path / "en", "a\nb\n"), write(tmp_path / "gl", "a\n")
    with pytest.raises(DataError, match=rf"{re.escape(str(reference))}:2: found the end of the file"):
        read(Corpus(source=source, reference=reference))


def test_a_line_that_is_empty_on_one_side_is_refused(tmp_path: Path) -> None:
    source, reference = write(tmp_path / "en", "a\nb\n"), write(tmp_path / "gl", "a\n\n")
    with pytest.raises(DataError, match="gl:2: the line is empty"):
        read(Corpus(source=source, reference=reference))


def test_damaged_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv.gz"
    path.write_bytes(gzip.compress(b"a\tb\n" * 1000)[:-20])
    with pytest.raises(DataError, match="gzip data breaks off"):
        read(Corpus(file=path))
    path.write_bytes(b"a\tb\n")
    with pytest.raises(DataError, match=r"cannot be read: Not a gzipped file"):
        read(Corpus(file=path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.tsv cannot be read: No such file"):
        read(Corpus(file=tmp_path / "nowhere.tsv"))


@pytest.mark.parametrize("name", ["p.tsv", "p.jsonl"])
def test_several_languages_need_lines_that_say_theirs(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, "a\tb\n" if name == "p.tsv" else '{"en": "a", "text": "b"}')
    with pytest.raises(DataError, match="not say which language a line is in, and 2 languages were asked for"):
        read_pairs(Corpus(file=path), languages=[GL, EO], direction="from")


@given(st.integers(0, 30), st.integers(1, 40), st.integers(0, 1000))
def test_a_sample_keeps_the_order_and_is_the_same_for_the_same_seed(size: int, limit: int, seed: int) -> None:
    pairs = [Pair(origin=f"f:{number:03}", source="a", reference="b") for number in range(size)]
    drawn = sample_pairs(pairs, limit=limit, seed=seed)
    assert drawn == sample_pairs(pairs, limit=limit, seed=seed)
    assert len(drawn) == min(limit, size)
    assert [pair.origin for pair in drawn] == sorted({pair.origin for pair in drawn})
    assert sample_pairs(pairs, limit=None, seed=seed) == pairs
