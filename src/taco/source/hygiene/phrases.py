r"""A small notation for what a request says, and its translation to regular expressions.

A phrase is a row of tokens with a space between them. Case does not matter, nor does what stands between two words but
letters and digits.

    voice           the word; "*" inside or at an end stands for any letters: "re-writ*"
    voice|form      either; "point_of_view" is one alternative of three words, "re-write" is "rewrite" or "re-write"
    {change}        any of a named set of words
    ?the            the token, or nothing
    *               any one word
    #               a number
    "               a quoted text
    ..  ...         anything up to 25, up to 90 characters within a sentence
    ^  $            the request's start and end
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_GAPS = {"..": r"\b[^?!]{0,25}?", "...": r"\b[^?!]{0,90}?"}
_SEPARATOR = r"[^\w\"]+"


def compile_phrase(phrase: str, *, words: Mapping[str, str]) -> str:
    """Return the regular expression of a phrase.

    Args:
        phrase: See the module's docstring.
        words: Name -> alternatives, for `{name}`.

    >>> pattern = re.compile(compile_phrase("{change} ... passive ?* voice", words={"change": "re-writ*|turn"}))
    >>> bool(pattern.search("re-write this in the passive voice")), bool(pattern.search("what is the passive voice?"))
    (True, False)
    """
    pattern, glue = "", ""
    for part in phrase.split():
        if part == "^":
            pattern += r"^\W*"
        elif part == "$":
            pattern += r"\W*$"
        elif part in _GAPS:
            pattern, glue = pattern + _GAPS[part], ""
        elif part.startswith("?"):
            pattern, glue = f"{pattern}{glue}(?:{_compile_token(part[1:], words)}{_SEPARATOR})?", ""
        else:
            pattern, glue = pattern + glue + _compile_token(part, words), _SEPARATOR
    return pattern


def _compile_token(token: str, words: Mapping[str, str]) -> str:
    expanded = re.sub(r"\{(\w+)\}", lambda name: words[name[1]], token)
    return rf"(?:{'|'.join(_compile_word(word) for word in expanded.split('|'))})"


def _compile_word(word: str) -> str:
    if word == '"':
        return '"+'
    if word == "*":
        return r"\b\w[\w'-]*"
    escaped = re.escape(word).replace(r"\*", r"\w*").replace(r"\#", r"\d+")
    joined = escaped.replace("_", r"[\s-]+").replace(r"\-", r"[\s-]?")
    return rf"\b{joined}\b"
