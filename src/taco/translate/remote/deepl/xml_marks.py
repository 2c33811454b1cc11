"""Slots as XML: elements that DeepL is told to leave alone.

A word slot is an element with content, which `ignore_tags` protects: `<x>w3</x>` stands in the sentence as a name would. A
format slot is an empty element, `<f i="3"/>`, which DeepL keeps beside the words that it touches. Characters that XML
cannot hold are empty elements too. For every text t: decode_xml(encode_xml(t)) == t.
"""

from __future__ import annotations

import re

from taco.translate.slots import SLOT, is_word_slot, make_slot

IGNORED = "x"
"""The element whose content is not translated."""

_WORD_BASE = ord(make_slot(0, is_word=True))
_FORMAT_BASE = ord(make_slot(0, is_word=False))
_SPECIAL = re.compile(rf"[<>&]|[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|{SLOT.pattern}")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_NAMES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_PIECE = re.compile(
    r"<x>\s*w(?P<word>\d{1,5})\s*</x>"
    r'|<f i="(?P<format>\d{1,5})"\s*(?:/>|>\s*</f>)'
    r'|<c i="(?P<character>\d{1,7})"\s*(?:/>|>\s*</c>)'
    r"|&(?:(?P<name>lt|gt|amp|quot|apos)|\#(?P<decimal>\d{1,7})|\#x(?P<hexadecimal>[0-9A-Fa-f]{1,6}));"
    r"|(?P<broken><)"
)


def encode_xml(text: str) -> str:
    """Write a text as the content of an XML element.

    >>> encode_xml("2 < 3 & " + make_slot(0, is_word=True))
    '2 &lt; 3 &amp; <x>w0</x>'
    """
    return _SPECIAL.sub(_encode_character, text)


def _encode_character(found: re.Match[str]) -> str:
    character = found[0]
    if character in _ENTITIES:
        return _ENTITIES[character]
    if SLOT.fullmatch(character):
        number = ord(character)
        return f"<x>w{number - _WORD_BASE}</x>" if is_word_slot(character) else f'<f i="{number - _FORMAT_BASE}"/>'
    return f'<c i="{ord(character)}"/>'


def decode_xml(xml: str) -> str:
    """Read a text back.

    Raises:
        ValueError: There is a tag in it that `encode_xml` does not write.
    """
    return _PIECE.sub(_decode_piece, xml)


def _decode_piece(found: re.Match[str]) -> str:
    if found["broken"]:
        raise ValueError(f"the answer has broken tags near {found.string[found.start() : found.start() + 20]!r}")
    if name := found["name"]:
        return _NAMES[name]
    if number := found["word"]:
        return chr(_WORD_BASE + int(number))
    if number := found["format"]:
        return chr(_FORMAT_BASE + int(number))
    return chr(int(found["hexadecimal"], 16) if found["hexadecimal"] else int(found["character"] or found["decimal"]))
