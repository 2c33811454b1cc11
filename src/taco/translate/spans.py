r"""Which parts of a line of prose must come out of a translation as they went in.

Three kinds of spans:

- *word*: stands for a word in the sentence. Inline code, URLs, e-mails, placeholders, LaTeX, paths, file names, handles,
  hashtags, identifiers, command-line flags, formulas with operators.
- *format*: stands for nothing that one would read aloud. HTML and XML tags, `<0>`, emphasis marks, link brackets, a
  second space between words.
- *number*: digits with all that is attached to them ("1,085.75", "$5", "9:00-11:00", "GPT-4", "5kg"). An engine may see
  numbers at first, because they help it to choose the right forms; they are protected only where it changed one.

Spans do not overlap. Word spans that touch are one span, and a word span takes in letters and digits that touch it, so
that a word slot always stands alone. The spans and the text between them make up the whole line.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Literal, NamedTuple

SpanKind = Literal["word", "format", "number"]


class Span(NamedTuple):
    """A part of a text that is kept, from `start` up to `end`."""

    start: int
    end: int
    kind: SpanKind


_TLD = "com|org|net|edu|gov|info|io|dev|ai|app|eu|uk|de|fr|es|pt|nl|gal|cat|eus|ca|br|mx|jp|cn|au"
_FILE = (
    "py|ipynb|js|jsx|ts|tsx|json|jsonl|csv|tsv|txt|md|rst|html?|css|xml|ya?ml|toml|ini|cfg|conf|sh|bat|exe|pdf|docx?|"
    "xlsx?|pptx?|png|jpe?g|gif|svg|mp[34]|wav|zip|tar|gz|c|h|cc|cpp|hpp|cs|java|kt|go|rs|rb|php|sql|db|log|lock|env"
)
_FUNCTION = "(?:arc|a)?(?:sin|cos|tan)h?|cot|sec|csc|log|ln|exp|sqrt|lim|max|min|det|gcd|lcm"
_OPERAND = r"(?:[$€£¥₹]?\d+(?:[.,]\d+)*[%$€£]?|\d*[A-Za-z](?:\^\w+|_\w)?|\d*[A-Za-z]{2,3}\^\w+)"
_OPERATOR = r"(?:(?:\s[A-Za-z]{1,3}[²³]?)?\s?(?:[!=<>]=|[=+*/^×÷·−<>≤≥≈≠±])\s?|(?<=\d)\s[-–]\s(?=\d))"
_FORMULA = rf"{_OPERAND}(?!/o\b)(?:{_OPERATOR}[−-]?{_OPERAND})+(?![\w.,]*\w)"
_NUMBER = (
    r"(?:[A-Z]{1,3})?[$€£¥₹]?(?:[^\W\d_]+-)?[^\W\d_]*\d\w*"
    r"(?:[.,:/'’·×\-–−^]\w*\d\w*)*[%‰°²³$€£¥₹]?(?:(?<=°)[CF]\b)?"
)

_AT_SYMBOLS: tuple[tuple[SpanKind, str], ...] = (
    ("word", r"[\U000F0000-\U000FFFFD]+"),  # what would be taken for slots
    ("word", r"(?<!`)(?P<tick>`+)(?!`)(?:.*?[^`])?(?P=tick)(?!`)"),
    ("word", r"\\\(.+?\\\)|\\\[.+?\\\]|\$\$.+?\$\$"),
    # $...$ that looks like mathematics: an operator or a lone symbol inside, no two plain words in a row, no money
    (
        "word",
        r"(?<![\w$\\])\$(?![\s$]|[^$]*(?<![\\A-Za-z{])[A-Za-z]{3,}\s+[A-Za-z]{2,})"
        r"(?=[^$]*[\\^_=+*/<>{}|−-]|\d*[A-Za-z]\w?\$|\d+\$)[^$]*[^\s$\\]\$(?![\w$])",
    ),
    ("word", r"<(?P<verbatim>code|kbd|samp|pre|script|style|math|svg)\b[^<>]*>.*?</(?P=verbatim)>"),
    ("word", r"<(?:https?://|mailto:)[^\s<>]+>|<\|[^\s|<>]+\|>"),
    ("format", r"<!--.*?-->|</?[A-Za-z][\w:.-]*(?:\s+[^<>]*)?/?>|</?\d+/?>|<![A-Z][^<>]*>"),
    ("word", r"&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]{1,31});"),
    ("word", r"\{\{[^{}]*\}\}|\$\{[^{}]*\}|\{%.*?%\}|\{[^{},]{0,40}\}|\{[^{}A-Za-z]*\}|\{\s*[\"'][^{}]*\}"),
    ("word", r"%\([\w.]+\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|(?<![\w%])%[-#0+]*\d*(?:\.\d+)?[lh]*[sdifgexXouc@](?!\w)"),
    ("format", r"!?\[(?=[^\[\]]*\]\()|\]\([^()\s]*(?:\s+\"[^\"]*\")?\)"),
    ("word", r"(?<![\w/.:<])(?:~|\.{1,2})?/(?![\d.]+(?![\w./]))(?=[\w.@])[\w.@+~-]*(?:/[\w.@+~-]*)*[\w/]"),
    ("word", r"(?<![\w.@])@\w(?:[\w.-]*\w)?"),
    ("word", r"(?<![\w#&])#[A-Za-z]\w*"),
    ("word", r"(?<![\w-])--[A-Za-z][\w-]*(?:=[^\s,;]*[^\s,;.])?|(?<![\w-])-[A-Za-z](?![\w'’-])"),
    ("word", r"__[A-Za-z]\w*__(?:\(\))?|_[A-Za-z]\w*_\w*[^\W_]\b(?:\(\))?"),
    ("word", _FORMULA),
    ("number", rf"(?<!\S)[+\-−±~#№]?{_NUMBER}|[#№]?[$€£¥₹]{_NUMBER}"),
    ("format", r"\*+|~+|#+|(?<![^\W_])_{1,3}(?=[^\W_])|(?<=[^\W_])_{1,3}(?![^\W_])|(?<=[^\s|])  (?=[^\s|])"),
)
"""Spans that begin with a symbol."""

_AT_WORDS: tuple[tuple[SpanKind, str], ...] = (
    ("word", r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>\"'`|{}\\^]*[^\s<>\"'`|{}\\^.,;:!?()\[\]*_~]"),
    ("word", r"(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("word", rf"(?:www\.[\w-]+(?:\.[\w-]+)+|(?:[a-z0-9-]+\.)+(?:{_TLD}))\b(?::\d+)?(?:/[\w./%#?=&+~@:-]*[\w/=~-])?"),
    ("word", r"[A-Za-z]:\\[^\s\"'<>|]*[^\s\"'<>|.,;:!?)]"),
    ("word", rf"[\w-]+(?:/[\w.-]+)+/(?!\w)|\w[\w-]*(?:[/.]\w[\w-]*)*\.(?:{_FILE})\b(?!\.\w)"),
    ("word", r"[A-Za-z_][\w.]*\((?:\)|[^()]*[\"'=_,\d\[\]][^()]*\))|[A-Za-z]\([A-Za-z](?:,\s?[A-Za-z])*\)"),
    ("word", rf"(?:{_FUNCTION})\([^()\s]{{1,20}}\)"),
    ("word", r"(?:[A-Za-z]\w*_\w+|_+[A-Za-z]\w*_+\w*)\b(?:\.\w+)*"),
    ("word", r"[A-Za-z]\w+(?:\.[a-z_]\w+)+"),
    ("word", r"[a-z]+[A-Z]\w*|[A-Z]\w*(?:\+\+|#)(?!\w)"),
    ("word", _FORMULA),
    ("number", rf"(?<![.,](?<=\d[.,])){_NUMBER}"),
)
"""Spans that begin with a letter, a digit or an underscore."""

_GUARD = (
    r"(?=[^\W\d_]*+(?:[^\s.,:;!?'’\"”)\u2026\u2014]|[.:]\S|\s(?:[A-Za-z]{1,3}[²³]?\s)?[=+*/^×÷·−<>≤≥≈≠±])|[a-z]++[A-Z])"
)
"""What must follow for a word to be worth a closer look; most words of prose fail it at once."""


def _compile() -> tuple[re.Pattern[str], dict[str, SpanKind]]:
    kinds: dict[str, SpanKind] = {}

    def join(patterns: tuple[tuple[SpanKind, str], ...], prefix: str) -> str:
        for number, (kind, _) in enumerate(patterns):
            kinds[f"{prefix}{number}"] = kind
        return "|".join(f"(?P<{prefix}{number}>{pattern})" for number, (_, pattern) in enumerate(patterns))

    symbols, words = join(_AT_SYMBOLS, "s"), join(_AT_WORDS, "w")
    return re.compile(rf"(?=[^\w\s.,;:'\"()]|\s\s|_|\.{{0,2}}/)(?:{symbols})|\b(?=\w){_GUARD}(?:{words})"), kinds


_SPAN, _KINDS = _compile()

_SUSPECT = re.compile(
    r"""
    [^a-z\ ,](?:
      (?<=[^\w\s.:;!?"'’‘“”«»()\u2013\u2014\u2026-]) | (?<=[\d_]) | (?<=[a-z][A-Z]) | (?<=\.)(?=\w) | (?<=\w\()
    | (?<=-)(?<!\w-)(?=[A-Za-z-])
    )
    """,
    re.VERBOSE,
)
"""A character without which there is no span around it, two spaces apart; most lines of prose hold none."""

_TOKENS_BACK = 3
"""How many spaces before such a character a span may hold: a formula may begin with "a km = "."""

_ORDINAL = re.compile(r"(?<![\d.,:])(\d+)(?:st|nd|rd|th)\b")
_NUMBERS = re.compile(rf"(?:(?<!\S)[+\-−±~#№]?|[#№]?(?=[$€£¥₹])|\b(?<!\d[.,])){_NUMBER}")
_FROM_DIGIT = re.compile(r"\d\S*")


def find_spans(text: str, *, keep: tuple[str, ...] = ()) -> list[Span]:
    """Find the protected spans of a line, from left to right.

    Args:
        text: The line.
        keep: Texts that are word spans too wherever they stand as whole words, see `find_kept`.

    >>> [text[span.start : span.end] for text in ["Run `ls -l` in ~/src, {name}."] for span in find_spans(text)]
    ['`ls -l`', '~/src', '{name}']
    >>> find_spans("It costs $5 and $10.")[0]
    Span(start=9, end=11, kind='number')
    """
    if not keep:
        return list(find_line_spans(text)) if has_spans(text) else []
    spans = _add_kept(text, _search_spans(text) if has_spans(text) else [], keep)
    return _isolate_words(text, spans) if spans else spans


@lru_cache(maxsize=8192)  # a line is looked at when it is cut up, and again when its translation is checked
def find_line_spans(text: str) -> tuple[Span, ...]:
    """Find the spans of a line without texts to keep; see `find_spans`."""
    return tuple(_isolate_words(text, _search_spans(text)))


def _search_spans(text: str) -> list[Span]:
    """Find the spans of a line, before those that touch are joined."""
    spans: list[Span] = []
    position = 0
    while (first := _find_first(text, position)) is not None and (found := _SPAN.search(text, first)):
        position = found.end()
        spans.append(Span(found.start(), position, _KINDS[found.lastgroup or ""]))
    return spans


def has_spans(text: str) -> bool:
    r"""Whether a line, or any line of a text, may hold a span.

    >>> has_spans("Once upon a time, there was a cat."), has_spans("A\nB `c`")
    (False, True)
    """
    return "  " in text or _SUSPECT.search(text) is not None


def _find_first(text: str, limit: int) -> int | None:
    """Return where the search for the next span has to begin, or None if there is none."""
    if "  " in text:
        return limit
    suspect = _SUSPECT.search(text, limit)
    if suspect is None:
        return None
    place = suspect.start()
    for _ in range(_TOKENS_BACK):
        place = text.rfind(" ", limit, place)
        if place < 0:
            return limit
    return place


def find_kept(text: str, keep: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return where texts to keep stand in a text, as whole words, from left to right; of several, the longest.

    >>> find_kept("The cat's name is Cat Ballou, cats.", ("cat", "Cat", "Cat Ballou"))
    [(4, 7), (18, 28)]
    """
    pattern = _compile_kept(keep)
    return [found.span() for found in pattern.finditer(text)] if pattern else []


@lru_cache(maxsize=256)
def _compile_kept(keep: tuple[str, ...]) -> re.Pattern[str] | None:
    texts = sorted({text.strip() for text in keep} - {""}, key=lambda text: (-len(text), text))
    if not texts:
        return None
    bounded = [
        (r"(?<!\w)" if text[0].isalnum() else "") + re.escape(text) + (r"(?!\w)" if text[-1].isalnum() else "")
        for text in texts
    ]
    return re.compile("|".join(bounded))


def _add_kept(text: str, spans: list[Span], keep: tuple[str, ...]) -> list[Span]:
    """Add the texts to keep; a span that lies partly in one grows together with it."""
    for start, end in find_kept(text, keep):
        around = [span for span in spans if span.start < end and start < span.end]
        if any(span.start <= start and end <= span.end and span.kind != "number" for span in around):
            continue
        start, end = min([start, *(span.start for span in around)]), max([end, *(span.end for span in around)])
        spans = [span for span in spans if span not in around]
        spans.append(Span(start, end, "word"))
        spans.sort(key=lambda span: span.start)
    return spans


def find_numbers(text: str) -> list[str]:
    """List the numbers of a text as they are written, those inside other spans too.

    >>> find_numbers("From 9:00-11:00 for $5 or 1,085.75 euros.")
    ['9:00-11:00', '$5', '1,085.75']
    """
    return _NUMBERS.findall(_pick_numbers(text)) if may_hold_digits(text) else []


_BYTES_OF_DIGITS = b"0123456789" + bytes([0xD9, 0xDB, 0xDF, 0xE0, 0xE1, 0xEA, *range(0xEF, 0xF5)])
"""ASCII digits, and with what byte of UTF-8 every other digit (Unicode's Nd) and every slot begins; a test compares."""


def may_hold_digits(text: str) -> bool:
    """Whether a text may hold a digit of any script; False is sure. Several times faster than a search.

    >>> may_hold_digits("não há números"), may_hold_digits("५"), may_hold_digits("3 cats")
    (False, True, True)
    """
    encoded = text.encode("utf-8", "surrogatepass")
    return len(encoded.translate(None, _BYTES_OF_DIGITS)) != len(encoded)


def _pick_numbers(text: str) -> str:
    """Return the words that hold digits, with what white space that is no space joins to them."""
    picked, end = [], 0
    for found in _FROM_DIGIT.finditer(text):
        place = found.start()
        start = max(text.rfind(" ", end, place), text.rfind("\n", end, place), end - 1) + 1
        end = found.end()
        picked.append(text[start:end])
    return " ".join(picked)


def compare_numbers(source: str, target: str) -> tuple[list[str], list[str]]:
    """Return the numbers that a translation lost and those that it gained, sorted.

    Digits of the target's script count as what they stand for, and an ordinal may take the ending of its new language.

    >>> compare_numbers("the 15th of 20", "la 15a de 20"), compare_numbers("5 of 20", "5 de 21")
    (([], []), (['20'], ['21']))
    """
    if not may_hold_digits(source + target):
        return [], []
    source, target = _pick_numbers(source), _pick_numbers(target)
    if source == target:
        return [], []
    for digits in _ORDINAL.findall(source):
        target = re.sub(rf"(?<![\d.,:]){digits}(?:\.?[ªº]|-?[^\W\d_]{{1,3}})(?!\w)", digits, target, count=1)
    before, after = (
        Counter(map(_fold_digits, _NUMBERS.findall(text))) for text in (_ORDINAL.sub(r"\1", source), target)
    )
    return sorted((before - after).elements()), sorted((after - before).elements())


def _fold_digits(number: str) -> str:
    if number.isascii():
        return number
    return "".join(str(unicodedata.digit(sign)) if sign.isdecimal() else sign for sign in number)


def _isolate_words(text: str, spans: list[Span]) -> list[Span]:
    """Let word spans take in touching letters and digits, and join word spans that then touch."""
    kept: list[Span] = []
    for position, span in enumerate(spans):
        if span.kind == "word":
            first = kept[-1].end if kept else 0
            last = spans[position + 1].start if position + 1 < len(spans) else len(text)
            span = Span(_grow_left(text, span.start, first), _grow_right(text, span.end, last), "word")
        while kept and kept[-1].end == span.start and "format" not in (kept[-1].kind, span.kind):
            span = Span(kept.pop().start, span.end, "word")
        kept.append(span)
    return kept


def _grow_left(text: str, start: int, limit: int) -> int:
    while start > limit and text[start - 1].isalnum():
        start -= 1
    return start


def _grow_right(text: str, end: int, limit: int) -> int:
    while end < limit and text[end].isalnum():
        end += 1
    return end
