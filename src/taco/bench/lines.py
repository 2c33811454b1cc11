"""Lines of plain and of gzipped files."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from taco.errors import DataError


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield a file's lines without their ends, unpacked if its name ends in .gz.

    Raises:
        DataError: The file cannot be read, or its gzip data is damaged.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as opened:
            yield from _cut_lines(opened)
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged: the gzip data breaks off or is wrong ({error}).") from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check the file and its permissions."
        ) from error


def _cut_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    for number, line in enumerate(lines, start=1):
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        yield line.removeprefix(codecs.BOM_UTF8) if number == 1 else line


def decode_line(line: bytes, path: Path, number: int) -> str:
    """Decode one line.

    Raises:
        DataError: It is no UTF-8.
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}:{number}: found the byte 0x{line[error.start]:02x}, which is no UTF-8; expected text in UTF-8.",
            hint="Convert the file first, for instance with iconv.",
        ) from error
