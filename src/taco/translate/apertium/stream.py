r"""Texts in Apertium's stream format, and back.

In that format a backslash escapes `[ ] { } ^ $ / \ @ < >`, and what stands between unescaped square brackets is a
superblank: it travels through the pipeline as white space does. In the output `*` marks a word that the analyser does not
know, `@` one that the bilingual dictionary lacks and `#` one that cannot be inflected; `/` stands between the forms that a
generator could not choose from, and `<>` around tags that it could do nothing with. The post-generator escapes some of
these as if they had been in the text. So:

- a format slot, and each character that could be taken for a mark or for white space of its own, is a superblank that says
  which: what is not in one is the pipeline's own, escaped or not;
- a word slot is a word that no dictionary knows ("Qxza"): it takes a noun's place in the sentence, where a superblank
  would let the words around it grow together, and no rule moves or doubles it;
- each text ends in a full stop and a superblank, as Apertium's own deformatters end a paragraph: the taggers only settle
  the last words at a full stop, and the superblank keeps that full stop from being swallowed by the end of the text. The
  superblank holds the text's number, so that an answer can never be taken for that of another text.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from taco.translate.slots import SLOT, WORD_SLOT, is_word_slot, make_slot

STREAM_VERSION = 2
"""Raised when the same text is written in another way than before; a part of the engine's signature."""

QUOTES = '"“”„«»'
"""Double quotes of all forms."""

_STEMS = ("Qxz", "Zqx", "Xqj", "Jqz", "Vwq")
_LETTERS = "abcdefghij"
_FORMAT_BASE = ord(make_slot(0, is_word=False))
_WORD_BASE = ord(make_slot(0, is_word=True))

_HELD = (chr(0x100000), chr(0x10FFFD))
"""Private characters that stand for superblanks while white space is tidied."""

_SPECIAL = re.compile(
    r"[\[\]{}^$\\]|[*#~@<>/]|’|[^\S ]+| {2,}|^ +| +\Z"
    rf"|[\x00-\x1f\x7f-\x9f\ufffe\uffff]+|[{_HELD[0]}-{_HELD[1]}]|{SLOT.pattern}"
)
_OUTPUT = re.compile(
    r"\[(?P<blank>[^\]]*)\]|\\?(?P<mark>[*#@])(?P<lost>(?=\\?<))?|\\?/(?P<other>[\w'’·-]*)|(?P<tag>\\?<[^<>\\]*\\?>)"
    r"|\\(?P<escaped>.)|(?P<plain>[^\\\[*#@/<]+|[\[<\\])",
    re.S,
)
_OUR_BLANK = re.compile(r"[cs](?P<codes>[0-9a-f]+(?:,[0-9a-f]+)*)")
_SPACES = re.compile(r"(?<=\S) {2,}(?=\S)")
_LOOSE_STOP = re.compile(r" +(?=[,.;:!?)])")
_DOUBLE_STOP = re.compile(r"([,.;:])\1+")
_CONTRACTION = re.compile(r"(?<!\w)[a-z]{1,2}[A-Z][^\W\d_]*(?!\w)")
_HELD_ONE = re.compile(f"[{_HELD[0]}-{_HELD[1]}]")
_FIRST_LETTER = re.compile(rf"[\W_]*?(?P<slot>{WORD_SLOT.pattern}[\W_]*)?(?P<letter>[^\W\d_])")
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
_SIGN = re.compile(r"[*#~@<>/+=|%_^$\\{}\[\]()\"“”„«»]")

SIGN_FAULT = "a sign was lost or doubled"
"""What `Decoded.fault` says where the signs of the source and the answer differ; a quote may become another quote."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One answer of a pipeline.

    Attributes:
        text: The text, slots in their places, marks removed.
        unknown: Folded form of each word that was marked -> how often.
        fault: Why the text cannot be used, "" where it can.
    """

    text: str
    unknown: Counter[str]
    fault: str = ""


def encode_text(text: str, number: int = 0) -> str:
    """Write a text, slots and all, in the stream format.

    Args:
        text: The text, without line ends.
        number: Its number; `decode_text` looks for it.

    >>> print(encode_text("Is [x] 5 < 6?"))
    Is \\[x\\] 5 [c3c] 6?.[e0]
    """
    stem = _find_stem(text)
    return f"{_SPECIAL.sub(lambda found: _encode_special(found, stem), text)}.[e{number:x}]"


def _encode_special(found: re.Match[str], stem: str) -> str:
    part = found[0]
    if part == "’" and ("‘" not in found.string or _is_inside_word(found)):
        return "'"
    if part in "[]{}^$\\":
        return "\\" + part
    if SLOT.fullmatch(part):
        if is_word_slot(part) and _stands_alone(found):
            return stem + _spell(ord(part) - _WORD_BASE)
        return f"[s{ord(part):x}]"
    return "[c" + ",".join(f"{ord(character):x}" for character in part) + "]"


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
    pieces = _Pieces(_strip_end(raw, number))
    stem = re.compile(rf"(?<!\w){_find_stem(source)}([a-j]+)(?!\w)", re.I)
    text = stem.sub(lambda found: chr(_WORD_BASE + _unspell(found[1])), pieces.text)
    text = _SPACES.sub(" ", text.strip(" "))
    for loose, neat in ((_LOOSE_STOP, ""), (_DOUBLE_STOP, r"\1")):  # some pairs' rules and dictionaries make them up
        if not loose.search(source):
            text = loose.sub(neat, text)
    # names such as "pH" are protected; what is left is "de" and "Un" grown together
    text = _CONTRACTION.sub(lambda found: found[0] if found[0] in source else found[0].lower(), text)
    text = fit_case(text, source)
    text = _HELD_ONE.sub(lambda found: pieces.held[ord(found[0]) - ord(_HELD[0])], text)
    fault = pieces.fault
    if not fault and _count_signs(source) != _count_signs(text):
        fault = SIGN_FAULT
    unknown = Counter(word.casefold() for word in pieces.marked if not stem.fullmatch(word))
    return Decoded(text, unknown, fault)


def _count_signs(text: str) -> Counter[str]:
    return Counter('"' if sign in QUOTES else sign for sign in _SIGN.findall(text))


class _Pieces:
    """What an answer consists of.

    Attributes:
        text: The answer, with a private character in the place of each of our superblanks.
        held: What these stand for.
        marked: The words that the pipeline said it does not know.
        fault: What it said it could not do at all, or "".
    """

    def __init__(self, raw: str) -> None:
        self.text, self.fault = "", ""
        self.held: list[str] = []
        self.marked: list[str] = []
        is_marked = False
        for found in _OUTPUT.finditer(raw):
            if found["lost"] is not None:
                self.fault = "the generator lost a word"
            if found["mark"]:
                is_marked = True
                continue
            piece = self._read(found)
            if is_marked and (word := _WORD.match(piece)):
                self.marked.append(word[0])
            self.text += piece
            is_marked = False

    def _read(self, found: re.Match[str]) -> str:
        if found["other"] is not None or found["tag"]:  # the first of several forms is taken
            return ""
        blank = found["blank"]
        if blank is None:
            return found["escaped"] or found["plain"]
        ours = _OUR_BLANK.fullmatch(blank)
        if ours is None:  # a rule's own: en-eo puts quotes into one
            return blank.replace("\\", "")
        self.held.append("".join(chr(int(code, 16)) for code in ours["codes"].split(",")))
        return chr(ord(_HELD[0]) + len(self.held) - 1)


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
