"""Puts back the space between two words that Apertium's transfer lost: a program of its own in the pipeline.

Rules write the white space that stood between the words they matched. Apertium 3.8 has none to give where one word becomes
several ("real-time data" -> "datodetiempo real"), and writes nothing; earlier versions wrote a space. In the stream
between transfer and generation each word is still a unit of its own, so the lost space can be seen there.

It runs as `python -I -S blanks.py`, between transfer and generator, so it imports nothing but the standard library.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

_CHUNK_BYTES = 1 << 16

_JOINT = re.compile(r"((?<!\\)\^\w[^$^]*(?<!\\)\$)(?=\^\w)(?!\^[^<$^]*(?:<[^<>]*>)*<(?:enc|gen)>)")
"""Two words that touch; enclitic pronouns and Esperanto's genitive ending ("Peter-a") do so rightly."""


def add_blanks(stream: str) -> str:
    """Put a space between words that touch.

    >>> add_blanks("^dato<n><sg>$^de<pr>$^tiempo<n><sg>$ ^ver<vblex><inf>$^lo<prn><enc>$^.<sent>$")
    '^dato<n><sg>$ ^de<pr>$ ^tiempo<n><sg>$ ^ver<vblex><inf>$^lo<prn><enc>$^.<sent>$'
    """
    return _JOINT.sub(r"\1 ", stream)


def insert_filter(commands: Sequence[list[str]]) -> list[list[str]]:
    """Return a mode's programs with this one before the generator, the first program that was told to generate."""
    generators = [
        place
        for place, command in enumerate(commands)
        if Path(command[0]).name != "apertium-tagger" and "-g" in command
    ]
    place = generators[0] if generators else len(commands)
    program = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
    return [*commands[:place], program, *commands[place:]] if place else list(commands)


def main() -> None:
    """Copy texts that end in a null character from standard input to standard output, each as soon as it is whole."""
    started = b""
    while chunk := os.read(0, _CHUNK_BYTES):
        *whole, started = (started + chunk).split(b"\0")
        if whole:
            text = "\0".join([*(part.decode(errors="surrogateescape") for part in whole), ""])
            sys.stdout.buffer.write(add_blanks(text).encode(errors="surrogateescape"))
            sys.stdout.buffer.flush()
    sys.stdout.buffer.write(started)


if __name__ == "__main__":
    main()
