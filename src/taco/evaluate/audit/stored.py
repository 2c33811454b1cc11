"""The stored rating of a row, whatever type it was written as."""

from __future__ import annotations

import math
import re

from taco.evaluate.verdict import parse_verdict

_NUMBER = re.compile(r"\s*([-−]?\d+(?:[.,٫]\d+)?)\s*(?:/\s*\d+)?\s*")


def read_stored(value: object) -> float | None:
    """Read a stored rating; None where there is none, or a negative one, FastChat's sign for "could not be read".

    >>> read_stored("8.5"), read_stored(9), read_stored("[[८]]"), read_stored("n/a"), read_stored(-1)
    (8.5, 9.0, 8.0, None, None)
    """
    number: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    elif isinstance(value, str):
        found = _NUMBER.fullmatch(value)
        number = float(found[1].translate({0x2212: "-", ord(","): ".", ord("٫"): "."})) if found else None
        number = parse_verdict(value).score if number is None else number
    return number if number is not None and math.isfinite(number) and number >= 0 else None


def name_type(value: object) -> str:
    """Name the type of a JSON value, whole numbers and fractions alike.

    >>> name_type(8), name_type(8.5), name_type("8"), name_type([8])
    ('number', 'number', 'text', 'list')
    """
    if isinstance(value, bool):
        return "truth value"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "object"
