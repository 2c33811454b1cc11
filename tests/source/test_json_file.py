"""JSON Lines and arrays: values with their lines, and faults that say where."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.errors import DataError
from taco.source.draft import Fault
from taco.source.json_file import read_json_file, read_json_lines

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def read(path: Path) -> list[tuple[str, object]]:
    return [(found.origin, found.value) for found in read_json_file(path, name="f")]


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "f.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_lines_have_their_numbers_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    assert read(write(tmp_path, '{"a": 1}\r\n\n  \n{"b": "x\\ny"}')) == [("f:1", {"a": 1}), ("f:4", {"b": "x\ny"})]


def test_array_rows_have_the_line_that_they_start_on(tmp_path: Path) -> None:
    text = '\n[\n  {"a":\n 1},\n\n  {"b": 2}, 3\n]\n'
    assert read(write(tmp_path, text)) == [("f:3", {"a": 1}), ("f:6", {"b": 2}), ("f:6", 3)]


@pytest.mark.parametrize("content", ['[{"a": "é"}]', '{"a": "é"}'])
def test_a_byte_order_mark_is_passed_over(tmp_path: Path, content: str) -> None:
    assert read(write(tmp_path, b"\xef\xbb\xbf" + content.encode())) == [("f:1", {"a": "é"})]


@pytest.mark.parametrize("content", ["", " \n\n", "[]", " [ \n ] \n"])
def test_a_file_may_hold_nothing(tmp_path: Path, content: str) -> None:
    assert read(write(tmp_path, content)) == []


@given(st.lists(JSON_VALUES), st.sampled_from([None, 0, 2]))
def test_arrays_and_lines_hold_the_same_values(tmp_path_factory: pytest.TempPathFactory, values, indent) -> None:  # type: ignore[no-untyped-def]
    array = write(tmp_path_factory.mktemp("array"), json.dumps(values, ensure_ascii=False, indent=indent))
    assert [value for _, value in read(array)] == values
    lines = [("", json.dumps(value, ensure_ascii=False).encode()) for value in values]
    assert [found.value for found in read_json_lines(lines)] == values


@pytest.mark.parametrize(
    "line",
    ['{"a": 1', "hello", '{"a": 1} {"b": 2}', "{'a': 1}", '{"a": "' + "\x01" + '"}', "[" * 100_000, "9" * 5_000],
)
def test_a_line_that_is_no_json_is_a_fault_of_its_own(line: str) -> None:
    first, second = read_json_lines([("f:1", line.encode()), ("f:2", b'{"a": 1}')])
    assert isinstance(first.value, Fault) and first.value.reason == "not-json"
    assert len(first.value.detail) < 300
    assert second.value == {"a": 1}


def test_bytes_that_are_no_utf8_stay_the_fault_of_their_row(tmp_path: Path) -> None:
    content = b'[{"a": "caf\xe9"}, {"a": "ok"}]'
    (_, broken), (_, sound) = read(write(tmp_path, content))
    assert broken == {"a": "caf\udce9"} and sound == {"a": "ok"}


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        ('[\n{"a": 1},\n{"b": ', "f:3:7, where the file ends", "the row that starts on line 3"),
        ('[{"a": 1}\n{"b": 2}]', "f:2:1", "expected ',' or ']'"),
        ('[{"a": 1},\n]', "f:2:1", "a comma before the closing ']'"),
        ('[{"a": 1}', "f:1:10, where the file ends", "expected ',' or ']'"),
        ('[{"a": 1}] x', "f:1:12", "text after the closing ']'"),
        ("[", "f:1:2, where the file ends", "expecting value"),
        ("[{'a': 1}]", "f:1:3", "property name"),
        ("[" * 100_000, "f:1:2", "cannot be read"),
        ("[" + "9" * 5_000 + "]", "f:1:2", "cannot be read"),
    ],
)
def test_a_broken_array_says_where(tmp_path: Path, content: str, place: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(write(tmp_path, content))
    assert caught.value.message.startswith(place)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("content", "kind"),
    [('{"a": 1}'.encode("utf-16"), "UTF-16"), (b"\x1f\x8b\x08rest", "gzip"), (b"PK\x03\x04", "zip")],
)
def test_foreign_files_are_named(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(DataError, match=kind):
        read(write(tmp_path, content))


def test_lines_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    asked = []

    def lines():  # type: ignore[no-untyped-def]
        for number in range(1, 1_000):
            asked.append(number)
            yield f"f:{number}", b"{}"

    assert next(iter(read_json_lines(lines()))).origin == "f:1"
    assert asked == [1]
