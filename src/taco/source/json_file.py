"""Objects out of JSON Lines (one a line, read as a stream) and JSON arrays, each with the line that it starts on."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from taco.errors import DataError
from taco.source.draft import Fault

_HEAD = 4096
"""Bytes that are enough to tell an array from lines."""

_SPACE = " \t\r\n"
_FOREIGN_MARKS = {
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One value of a file.

    Attributes:
        origin: "file:line" of the value's start.
        value: What the JSON text says, or the fault that keeps it from being read.
    """

    origin: str
    value: object | Fault


def read_json_file(path: Path, *, name: str) -> Iterator[Found]:
    """Yield the values of a file, which is taken for a JSON array if it starts with "[", for JSON Lines otherwise.

    Bytes that are no UTF-8 come through as lone surrogates, so that they are the fault of their row only.

    Args:
        path: The file.
        name: How messages and origins call it.

    Raises:
        DataError: The file cannot be read, is UTF-16 or packed, or is an array that breaks off or goes wrong between
            rows.
    """
    try:
        with path.open("rb") as opened:
            start = opened.read(_HEAD)
            opened.seek(0)
            for mark, kind in _FOREIGN_MARKS.items():
                if start.startswith(mark):
                    raise DataError(
                        f"{name} is {kind}; expected JSON or JSON Lines in UTF-8.", hint="Convert it first."
                    )
            if start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
                yield from _read_array(opened.read(), name)
            else:
                yield from read_json_lines((f"{name}:{number}", line) for number, line in enumerate(opened, start=1))
    except OSError as error:
        raise DataError(
            f"{name} cannot be read: {error.strerror or error}.", hint="Check the file and its permissions."
        ) from error


def read_json_lines(lines: Iterable[tuple[str, bytes]]) -> Iterator[Found]:
    """Yield the values of (origin, line) pairs; empty lines are passed over."""
    for origin, line in lines:
        text = line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape").strip()
        if text:
            yield Found(origin=origin, value=_read_line(text))


def _read_line(text: str) -> object | Fault:
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        return Fault("not-json", f"{_explain(error)}, column {error.colno}; expected one object a line, or one array")
    except (ValueError, RecursionError) as error:
        return Fault("not-json", f"the line cannot be read: {error}; expected one JSON object a line")
    return value


def _read_array(content: bytes, name: str) -> Iterator[Found]:
    text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder()
    place = _skip_space(text, text.index("[") + 1)
    line, counted = 1, 0
    while not text.startswith("]", place):
        line, counted = line + text.count("\n", counted, place), place
        try:
            value, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise _break_off(
                name, text, error.pos, f"{_explain(error)} in the row that starts on line {line}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise _break_off(name, text, place, f"the row cannot be read: {error}") from error
        yield Found(origin=f"{name}:{line}", value=value)
        place = _skip_space(text, place)
        if text.startswith(",", place):
            place = _skip_space(text, place + 1)
            if text.startswith("]", place):
                raise _break_off(name, text, place, "a comma before the closing ']'")
        elif not text.startswith("]", place):
            raise _break_off(name, text, place, "expected ',' or ']' after a row")
    rest = _skip_space(text, place + 1)
    if rest < len(text):
        raise _break_off(name, text, rest, "text after the closing ']'")


def _skip_space(text: str, place: int) -> int:
    while place < len(text) and text[place] in _SPACE:
        place += 1
    return place


def _explain(error: json.JSONDecodeError) -> str:
    return f"no valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"


def _break_off(name: str, text: str, place: int, fault: str) -> DataError:
    line = text.count("\n", 0, place) + 1
    column = place - text.rfind("\n", 0, place)
    at_end = ", where the file ends" if place >= len(text.rstrip()) else ""
    return DataError(
        f"{name}:{line}:{column}{at_end}: {fault}.",
        hint="An array is one piece of JSON, so rows cannot be dropped around this. Is the file complete? "
        "In JSON Lines, each row on a line of its own, a bad row can be dropped.",
    )
