"""Dolly: objects with `instruction`, `context`, `response` and `category`."""

from __future__ import annotations

from collections.abc import Mapping

from taco.source.draft import Draft, take_text


def is_dolly(fields: Mapping[str, object]) -> bool:
    """Whether an object looks like a Dolly row."""
    return {"instruction", "context", "response"} <= fields.keys()


def parse_dolly(fields: Mapping[str, object]) -> list[Draft]:
    """Read one Dolly row.

    Raises:
        Fault: A field is missing or no text.
    """
    draft = Draft(
        instruction=take_text(fields, "instruction"),
        input=take_text(fields, "context"),
        response=take_text(fields, "response"),
        category=take_text(fields, "category"),
    )
    return [draft]
