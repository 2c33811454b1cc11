"""Making a draft a row: the same text in the same form, whatever file it came from."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata

from taco.records import Row
from taco.source.draft import Draft, Fault

_NO_INPUT = re.compile(r"""[\s`"'<\[({]*no[\s_-]*input[\s`"'>\])}.]*""", re.IGNORECASE)
"""How Alpaca says that there is no input: <noinput>, `<noinput>`, < noinput >, noinput, No input., NoInput."""

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def normalise_text(text: str) -> str:
    r"""Compose (Unicode NFC), end lines with "\n", strip outer white space; nothing inside the text is changed.

    >>> normalise_text("  if x:\r\n    y()\r\n")
    'if x:\n    y()'
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def normalise_input(text: str) -> str:
    """Normalise the input field, "" for a marker that says there is none.

    >>> normalise_input("< NoInput >."), normalise_input("No input devices were found")
    ('', 'No input devices were found')
    """
    text = normalise_text(text)
    return "" if _NO_INPUT.fullmatch(text) else text


def make_row(draft: Draft, *, origin: str) -> Row:
    """Normalise a draft and give it the id of its content.

    Raises:
        Fault: Instruction or response is empty, or a text holds what is no text.
    """
    for name in ("instruction", "input", "response", "category"):
        _check_characters(getattr(draft, name), name)
    instruction, response = normalise_text(draft.instruction), normalise_text(draft.response)
    if not instruction:
        raise Fault("empty-instruction", "the instruction is empty; expected text")
    if not response:
        raise Fault("empty-response", "the response is empty; expected text")
    given = normalise_input(draft.input)
    return Row(
        id=make_id(instruction, given, response),
        instruction=instruction,
        input=given,
        response=response,
        category=normalise_text(draft.category),
        origin=origin,
    )


def make_id(instruction: str, given: str, response: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of the JSON list of the three texts."""
    content = json.dumps([instruction, given, response], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _check_characters(text: str, name: str) -> None:
    if found := _NO_TEXT.search(text):
        what = "a NUL character" if found[0] == "\x00" else "half a surrogate pair, or a byte that is no UTF-8,"
        raise Fault("bad-unicode", f"the {name} holds {what} at character {found.start()}; expected Unicode text")
