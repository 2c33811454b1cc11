"""Benchmarks in FastChat's form, as the release's sheets, and in one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taco.errors import DataError
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.read import read_benchmark


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def strip(questions: tuple[Question, ...]) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    return [(one.id, one.category, one.turns, one.references) for one in questions]


def test_fastchats_form_with_its_references_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "question.jsonl",
        {"question_id": 81, "category": "writing", "turns": ["First?", "Then?"]},
        {"question_id": 82, "category": "math", "turns": ["2 + 2?", "And + 1?"], "reference": ["4", "5"]},
        {"question_id": 83, "category": "math", "turns": ["3 + 3?"]},
    )
    references = write(
        tmp_path / "reference.jsonl",
        {"question_id": 83, "model_id": "m", "choices": [{"index": 0, "turns": ["6"]}]},
        {"question_id": 81, "choices": [{"turns": ["One."]}]},
        {"question_id": 99, "choices": [{"turns": ["of another benchmark"]}]},
    )
    assert strip(read_benchmark(path, references=references)) == [
        ("81", "writing", ("First?", "Then?"), ("One.", "")),
        ("82", "math", ("2 + 2?", "And + 1?"), ("4", "5")),
        ("83", "math", ("3 + 3?",), ("6",)),
    ]


def test_questions_of_ones_own_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "own.jsonl",
        {"id": "a", "question": "Que é o mar?", "reference": "Auga."},
        {"id": "b", "instruction": "Resume.", "input": "Un texto.", "category": "summary", "output": "Texto."},
    )
    assert strip(read_benchmark(path)) == [
        ("a", "", ("Que é o mar?",), ("Auga.",)),
        ("b", "summary", ("Resume.\n\nUn texto.",), ("Texto.",)),
    ]


def test_questions_without_ids_are_numbered(tmp_path: Path) -> None:
    path = write(tmp_path / "own.jsonl", {"question": "Que é o mar?"}, {"prompt": "E o ceo?"})
    assert [one.id for one in read_benchmark(path)] == ["1", "2"]


@pytest.mark.parametrize(
    "titles", [("प्रश्न_आईडी", " पाठ"), ("question_id", "متن"), ("id", "question"), ("Question_ID", "Text")]
)
def test_a_sheet_as_the_release_has_it_is_read_and_takes_categories(tmp_path: Path, titles: tuple[str, str]) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs the extra [xlsx]")
    book = openpyxl.Workbook()
    for cells in (titles, (1, " म कसरी? "), (None, None), (2, "किन?")):
        book.active.append(cells)
    book.save(tmp_path / "questions.xlsx")
    originals = write(
        tmp_path / "question.jsonl",
        {"question_id": 1, "category": "generic", "turns": ["How?"]},
        {"question_id": 2, "category": "fermi", "turns": ["Why?"]},
    )
    assert strip(read_benchmark(tmp_path / "questions.xlsx", categories=originals)) == [
        ("1", "generic", ("म कसरी?",), ()),
        ("2", "fermi", ("किन?",), ()),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": 1, "question": "a"}\n{"id": "1", "question": "b"}\n', "the id '1' stands in .*:1 too"),
        (b'{"id": 1, "answer": "a"}\n', "has no question: found the fields id, answer"),
        (b'{"id": 1, "turns": [1, 2]}\n', "expected a text or a list of texts"),
        (b'{"id": 1, "turns": "\n', "no JSON object"),
        (b"[[1]]", "expected an object, found list"),
        (b'{"id": 1, "question": "\xff\xfe"}\n', "is not UTF-8"),
        (b'{"id": 1, "question": "\\ud800"}\n', "holds half a character"),
        (b"[" * 100_000 + b"\n", "no JSON object"),
        (b'{"id": 1, "question": "a", "reference": ["b", "c"]}\n', "has 1 turns and 2 references"),
        (b"\n\n", "no JSON object"),
        (b"[]", "holds no questions"),
    ],
)
def test_rubbish_is_refused_by_file_and_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rubbish.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_benchmark(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no sheet", b"text" * 1000])
def test_a_damaged_sheet_is_refused(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("openpyxl", reason="needs the extra [xlsx]")
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as an Excel sheet"):
        read_benchmark(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl is missing"):
        read_benchmark(tmp_path / "nowhere.jsonl")
