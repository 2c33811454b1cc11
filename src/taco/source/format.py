"""The schemas that rows may have, and how one is told from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from taco.source.alpaca import is_alpaca, parse_alpaca
from taco.source.dolly import is_dolly, parse_dolly
from taco.source.draft import Draft
from taco.source.messages import is_messages, parse_messages
from taco.source.seed import is_seed, parse_seed
from taco.source.self_instruct import is_self_instruct, parse_self_instruct


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One schema.

    Attributes:
        is_like: Whether an object has the fields that tell this schema from the others.
        parse: Object -> its rows; raises `Fault`.
        fields: The fields that a row needs, for messages.
    """

    is_like: Callable[[Mapping[str, object]], bool]
    parse: Callable[[Mapping[str, object]], list[Draft]]
    fields: str


FORMATS = {
    "seed": Format(is_like=is_seed, parse=parse_seed, fields="instruction, input, response, category, split"),
    "dolly": Format(is_like=is_dolly, parse=parse_dolly, fields="instruction, context, response, category"),
    "self-instruct": Format(
        is_like=is_self_instruct, parse=parse_self_instruct, fields="instruction, instances[] of input, output"
    ),
    "messages": Format(
        is_like=is_messages,
        parse=parse_messages,
        fields="messages[] of role, content; or conversations[] of from, value",
    ),
    "alpaca": Format(is_like=is_alpaca, parse=parse_alpaca, fields="instruction, input, output"),
}
"""Name -> schema, in the order in which they are tried on an object."""


def detect_format(fields: Mapping[str, object]) -> str | None:
    """Return the name of the schema that an object is like, or None.

    >>> detect_format({"instruction": "", "input": "", "output": ""})
    'alpaca'
    """
    return next((name for name, schema in FORMATS.items() if schema.is_like(fields)), None)


def describe_formats() -> str:
    """List the schemas and their fields, for hints."""
    return "; ".join(f"{name} ({schema.fields})" for name, schema in FORMATS.items())
