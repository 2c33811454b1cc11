r"""A text as sentences with what stands between them, so that it can be put together again byte for byte.

sentencex cuts (MIT, rules for some 300 languages); what it cuts off after an abbreviation or a number is glued on again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from taco.remote.libraries import import_library
from taco.translate.slots import has_words

EXTRA = "neural"
"""The extra with the libraries that this package imports on use."""

_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|vs|cf|al|etc|Fig|Vol|e\.g|i\.e)\.\s*\Z")
"""After these a sentence goes on, whatever comes."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    Attributes:
        before: White space before it.
        text: The sentence, without white space around it; "" where there is none.
        after: White space behind it.
        has_words: Whether there is anything to translate.
    """

    before: str
    text: str
    after: str
    has_words: bool


def split_sentences(text: str, *, language: str) -> tuple[Sentence, ...]:
    """Cut a text into sentences.

    Args:
        text: The text.
        language: Code of its language, BCP-47.

    Raises:
        EngineError: sentencex is not installed.

    >>> [sentence.text for sentence in split_sentences("Ask Mr. Smith.  1. Go on!", language="en")]
    ['Ask Mr. Smith.', '1. Go on!']
    """
    return tuple(_strip(piece) for piece in _glue(_keep_all(_cut(text, language), text)))


def join_sentences(sentences: Sequence[Sentence], translations: Sequence[str]) -> str:
    """Put sentences together, each as its translation; white space stays as it was.

    >>> join_sentences(split_sentences(" One.  Two.", language="en"), ["Un.", "Dous."])
    ' Un.  Dous.'
    """
    pairs = zip(sentences, translations, strict=True)
    return "".join(f"{sentence.before}{translation}{sentence.after}" for sentence, translation in pairs)


def _cut(text: str, language: str) -> Sequence[str]:
    """Return what sentencex cuts, or the whole text where it gives up.

    Version 1.0.32 counts bytes wrongly for some texts with wide spaces ("။' D\u3000."), and its Rust code panics, which is no
    `Exception`.
    """
    library = import_library("sentencex", name="for translation models", extra=EXTRA)
    try:
        return library.segment(language, text)  # type: ignore[no-any-return]
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return [text]


def _keep_all(pieces: Sequence[str], text: str) -> list[str]:
    """Return the pieces if they are the whole text, else the text as one piece."""
    return list(pieces) if "".join(pieces) == text else [text]


def _glue(pieces: Sequence[str]) -> list[str]:
    glued: list[str] = []
    held = ""
    for piece in pieces:
        held += piece
        if has_words(held) and not _ABBREVIATION.search(held):
            glued.append(held)
            held = ""
    return [*glued, held] if held else glued


def _strip(piece: str) -> Sentence:
    text = piece.strip()
    lead = len(piece) - len(piece.lstrip())
    return Sentence(piece[:lead], text, piece[lead + len(text) :], has_words(text))
