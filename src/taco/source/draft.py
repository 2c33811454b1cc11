"""A row as its file has it, before it is normalised, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_SHOWN = 60
"""Characters of a found value that a message shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The texts of one row, as found.

    Attributes:
        split: "train", "heldout", or "" where the file does not say.
        unused_turns: Turns of a conversation that the row leaves out.
    """

    instruction: str
    input: str
    response: str
    category: str = ""
    split: str = ""
    unused_turns: int = 0


class Fault(Exception):  # noqa: N818
    """One malformed row. It never leaves the stage: there it becomes a line of a DataError, or a Drop.

    Args:
        reason: Short fixed phrase with hyphens, by which drops are counted.
        detail: What was found and what was expected.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def take_text(fields: Mapping[str, object], name: str, *, where: str = "") -> str:
    """Return a field that has to be there and to be text; `where` is put before its name in messages.

    Raises:
        Fault: The field is missing or holds something else.
    """
    value = take_field(fields, name, where=where)
    if not isinstance(value, str):
        raise Fault("wrong-type", f"field {where + name!r} holds {show_value(value)}; expected text")
    return value


def take_field(fields: Mapping[str, object], name: str, *, where: str = "") -> object:
    """Return a field that has to be there.

    Raises:
        Fault: It is missing.
    """
    if name not in fields:
        found = ", ".join(repr(key) for key in list(fields)[:8]) or "none"
        raise Fault("missing-field", f"field {where + name!r} is missing; found the fields {found}")
    return fields[name]


def take_objects(fields: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """Return a field that has to be a list of objects, at least one.

    Raises:
        Fault: It is missing, no list, empty, or holds something else than objects.
    """
    value = take_field(fields, name)
    if not isinstance(value, list):
        raise Fault("wrong-type", f"field {name!r} holds {show_value(value)}; expected a list of objects")
    if not value:
        raise Fault("missing-field", f"field {name!r} is an empty list; expected at least one object")
    for position, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise Fault("wrong-type", f"{name}[{position}] is {show_value(entry)}; expected an object")
    return value


def show_value(value: object) -> str:
    """Name a JSON value's kind and show its start.

    >>> show_value(None), show_value([1, 2]), show_value("abc")
    ('null', 'a list ([1, 2])', "text ('abc')")
    """
    if value is None:
        return "null"
    kinds = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    shown = repr(value)
    if len(shown) > LONGEST_SHOWN:
        shown = shown[:LONGEST_SHOWN] + "..."
    return f"{kinds.get(type(value), type(value).__name__)} ({shown})"
