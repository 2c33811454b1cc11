r"""Texts in Apertium's stream format, and back.

In that format a backslash escapes `[ ] { } ^ $ / \ @ < >`, and what stands between unescaped square brackets is a
superblank: it travels through the pipeline as white space does. In the output `*` marks a word that the analyser does not
know, `@` one that the bilingual dictionary lacks and `#` one that cannot be inflected. So:

- a format slot, and each character that could be taken for a mark or for white space of its own, is a superblank;
- a word slot is a word that no dictionary knows ("Qxza"): it takes a noun's place in the sentence, where a superblank
  would let the words around it grow together, and no rule moves or doubles it;
- each text ends in a full stop and a superblank, as Apertium's own deformatters end a paragraph: the taggers only settle
  the last words at a full stop, and the superblank keeps that full stop from being swallowed by the end of the text. The
  superblank holds the text's number, so that an answer can never be taken for that of another text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from taco.translate.slots import SLOT, WORD_SLOT, is_word_slot, make_slot

STREAM_VERSION = 1
"""Raised when the same text is written in another way than before; a part of the engine's signature."""

_STEMS = ("Qxz", "Zqx", "Xqj", "Jqz", "Vwq")
_LETTERS = "abcdefghij"
_FORMAT_BASE = ord(make_slot(0, is_word=False))
_WORD_BASE = ord(make_slot(0, is_word=True))

_HELD = (chr(0x100000), chr(0x10FFFD))
"""Private characters that stand for superblanks while white space is tidied."""

_SPECIAL = re.compile(
    r"[\[\]{}^$/\\@<>]|[*#~]|’|[^\S ]+| {2,}|^ +| +\Z"
    rf"|[\x00-\x1f\x7f-\x9f\ufffe\uffff]+|[{_HELD[0]}-{_HELD[1]}]|{SLOT.pattern}"
)
_OUTPUT = re.compile(
    r"\\(?P<escaped>.)|\[(?P<blank>[^\]]*)\]|(?P<mark>[*#@])(?=\w)|(?P<plain>[^\\\[*#@]+|[\[*#@\\])", re.S
)
_SPACES = re.compile(r"(?<=\S) {2,}(?=\S)")
_LOOSE_STOP = re.compile(r" +(?=[,.;:!?)])")
_HELD_ONE = re.compile(f"[{_HELD[0]}-{_HELD[1]}]")
_FIRST_LETTER = re.compile(rf"[\W_]*?(?P<slot>{WORD_SLOT.pattern}[\W_]*)?(?P<letter>[^\W\d_])")
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


@dataclass(frozen=True, slots=True)
class Decoded:
    """One answer of a pipeline.

    Attributes:
        text: The text, slots in their places, marks removed.
        unknown: Folded form of each word that was marked -> how often.
    """

    text: str
    unknown: Counter[str]


def encode_text(text: str, number: int = 0) -> str:
    """Write a text, slots and all, in the stream format.

    Args:
        text: The text, without line ends.
        number: Its number; `decode_text` looks for it.

    >>> print(encode_text("Is [x] 5 < 6?"))
    Is \\[x\\] 5 \\< 6?.[e0]
    """
    stem = _find_stem(text)
    return f"{_SPECIAL.sub(lambda found: _encode_special(found, stem), text)}.[e{number:x}]"


def _encode_special(found: re.Match[str], stem: str) -> str:
    part = found[0]
    if part == "’" and ("‘" not in found.string or _is_inside_word(found)):
        return "'"
    if part in "[]{}^$/\\@<>":
        return "\\" + part
    if SLOT.fullmatch(part):
        if is_word_slot(part) and _stands_alone(found):
            return stem + _spell(ord(part) - _WORD_BASE)
        return f"[s{ord(part):x}]"
    return "[" + ",".join(f"{ord(character):x}" for character in part) + "]"


def _stands_alone(found: re.Match[str]) -> bool:
    around = found.string[max(found.start() - 1, 0) : found.start()] + found.string[found.end() : found.end() + 1]
    return not any(character.isalnum() or SLOT.fullmatch(character) for character in around)


def _is_inside_word(found: re.Match[str]) -> bool:
    return (
        found.string[found.start() - 1 : found.start()].isalpha()
        and found.string[found.end() : found.end() + 1].isalpha()
    )


def _find_stem(text: str) -> str:
    folded = text.casefold()
    for stem in _STEMS:
        if stem.casefold() not in folded:
            return stem
    number = 0
    while (stem := _STEMS[0] + _spell(number) + "q").casefold() in folded:
        number += 1
    return stem


def _spell(number: int) -> str:
    return "".join(_LETTERS[int(digit)] for digit in str(number))


def decode_text(raw: str, source: str, number: int = 0) -> Decoded:
    """Read a pipeline's answer.

    Args:
        raw: The answer, without the null character that ended it.
        source: The text that was encoded; it says which words stand for slots and whether it began with a capital.
        number: The number that it was encoded with.

    Raises:
        ValueError: It is the answer to another text, or none at all.
    """
    stem = re.compile(rf"(?<!\w){_find_stem(source)}([a-j]+)(?!\w)", re.I)
    text = ""
    unknown: list[str] = []
    held: list[str] = []
    for piece, kind in _read_pieces(_strip_end(raw, number)):
        if kind == "blank":
            text += chr(ord(_HELD[0]) + len(held))
            held.append(piece)
            continue
        if kind == "marked" and (word := _WORD.match(piece)) and not stem.fullmatch(word[0]):
            unknown.append(word[0].casefold())
        text += piece
    text = stem.sub(lambda found: chr(_WORD_BASE + _unspell(found[1])), text)
    text = _SPACES.sub(" ", text.strip(" "))
    if not _LOOSE_STOP.search(source):  # some pairs, such as spa-ast, put spaces before them
        text = _LOOSE_STOP.sub("", text)
    text = fit_case(text, source)
    text = _HELD_ONE.sub(lambda found: held[ord(found[0]) - ord(_HELD[0])], text)
    return Decoded(text, Counter(unknown))


def _read_pieces(raw: str) -> Iterator[tuple[str, Literal["plain", "marked", "blank"]]]:
    is_marked = False
    for found in _OUTPUT.finditer(raw):
        if found["mark"]:
            is_marked = True
            continue
        if found["blank"] is not None:
            yield _read_blank(found["blank"]), "blank"
        else:
            yield found["escaped"] or found["plain"], "marked" if is_marked else "plain"
        is_marked = False


def _read_blank(blank: str) -> str:
    if blank.startswith("s"):
        return chr(int(blank[1:], 16))
    return "".join(chr(int(code, 16)) for code in blank.split(",") if code)


def _unspell(letters: str) -> int:
    return int("".join(str(_LETTERS.index(letter)) for letter in letters.lower())) % (_FORMAT_BASE - _WORD_BASE)


def _strip_end(raw: str, number: int) -> str:
    """Take away the full stop and the superblank that `encode_text` added, wherever other superblanks went."""
    body, found, rest = raw.rpartition(f"[e{number:x}]")
    if not found:
        raise ValueError(f"the end of text {number} is missing")
    body += rest
    stop = body.rfind(".")
    return body[:stop] + body[stop + 1 :] if stop >= 0 else body


def fit_case(text: str, source: str) -> str:
    """Give the first letter the case that it has in the source.

    Generation loses a capital where the word that had it goes away ("A message" -> "mesaĝo"), and makes one up after a
    word that it does not know.

    >>> fit_case("mesaĝo venas", "A message comes"), fit_case("\U000f0000 É o nome", "\U000f0000 is the name")
    ('Mesaĝo venas', '\U000f0000 é o nome')
    """
    wanted, found = _FIRST_LETTER.match(source), _FIRST_LETTER.match(text)
    if wanted is None or found is None or bool(wanted["slot"]) != bool(found["slot"]):
        return text
    letter, rest = found["letter"], text[found.end() :]
    if wanted["letter"].isupper() and letter.islower():
        return text[: found.start("letter")] + letter.upper() + rest
    if wanted["letter"].islower() and letter.isupper() and not rest[:1].isupper():
        return text[: found.start("letter")] + letter.lower() + rest
    return text
