"""Alpaca: objects with `instruction`, `input` and `output`."""

from __future__ import annotations

from collections.abc import Mapping

from taco.source.draft import Draft, take_text


def is_alpaca(fields: Mapping[str, object]) -> bool:
    """Whether an object looks like an Alpaca row."""
    return {"instruction", "output"} <= fields.keys()


def parse_alpaca(fields: Mapping[str, object]) -> list[Draft]:
    """Read one Alpaca row.

    Raises:
        Fault: A field is missing or no text.
    """
    draft = Draft(
        instruction=take_text(fields, "instruction"),
        input=take_text(fields, "input"),
        response=take_text(fields, "output"),
    )
    return [draft]
