"""Which texts of a hostile row stay in English.

The texts that the row is about, and of the answer what is such a text itself: the corrected sentence, the list of
synonyms, the longest word. Prose about them ("... is an adverb") is translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from taco.records import Row
from taco.source.hygiene.request import QUOTED, Request, has_quotes, list_words, unquote

SHARED = 0.6
"""Share of a piece's words that stand in the given texts, from which it is taken for a version of them."""

LONGEST_ANSWER, EVER_SHORT = 3.0, 12
"""An answer is taken for a version of the given texts up to so many words for each of theirs, or so many in all."""

_COMMON = """
an and any are as at be both but by can did do does for from had has have he her his how if in is it its me my no
not of on one or our out she so some that the their them then there these they this those to two up us was we were
what when where which who will with would you your
"""
COMMON_WORDS = frozenset(_COMMON.split())
"""Words that are kept with their quote marks or not at all: alone they would be kept all over the row.

A row whose answer has to hold one of them alone cannot be kept.
"""

_LANGUAGE_TERMS = """
sentence sentences phrase phrases word words letter letters character characters string strings spell spelled
spelling spellings grammar grammatical grammatically correct incorrect error errors noun nouns verb verbs adjective
adjectives adverb adverbs pronoun pronouns preposition prepositions conjunction conjunctions determiner determiners
article articles clause clauses tense tenses subject predicate singular plural voice passive synonym synonyms antonym
antonyms similar opposite opposites mean means meaning refer refers translate translates translated translation
language idiom idioms expression prefix suffix root derived alphabetical alphabetically palindrome anagram syllable
syllables vowel vowels consonant consonants stand stands acronym abbreviation declarative interrogative imperative
exclamatory compound output code print prints
"""
_ABOUT_LANGUAGE = frozenset(_LANGUAGE_TERMS.split())
"""What an answer says that speaks about a text instead of being one."""

_REPLY = re.compile(r"(?:yes|no|here|sure)\b[^\w\s]", re.IGNORECASE)
_MARKER = re.compile(r"\s*(?:(?:[-*+•>#]+|\(?\d{1,3}[.):]|\(?[a-zA-Z][.)])\s+)*")
_LABEL_ENDS = re.compile(r"[:→–=]|\s-\s")
_LABEL = re.compile(r"(?P<label>[^\W\d][^:\n]{0,80}?)(?::|\s[-–=]|\s?→)\s+(?P<rest>\S.*)")
_NOTE = re.compile(r"\([^()]*\)[.,;]?$")
_BEFORE_TAIL = re.compile(r"\b(?:is|are|be|becomes?|includes?|say)\b:?\s+")
_LAST_WORD = re.compile(
    r"""\b(?:words?|verbs?|nouns?|adjectives?|adverbs?|terms?|phrases?|idioms?|expressions?|names?|acronyms?|strings?|
    abbreviations?|for|of|with|to|does|in|is)\s+(?P<text>[\w'-]+)(?:\s+(?:mean|stand\ for|backwards))?\s*[?.!:]*$""",
    re.VERBOSE | re.IGNORECASE,
)
_NO_TEXT = COMMON_WORDS | {"word", "words", "sentence", "sentences", "order", "text", "english", "form"}
_CAPITALS = re.compile(r"\b[A-Z]{2,8}\b")
_EXPANDED = re.compile(r"[^\W\d_]+")
_JOINT = re.compile(r"[ ,&-]+")
_SMALL_WORDS = frozenset(["of", "for", "and", "the", "in", "to", "on"])


def find_literals(row: Row, request: Request, *, answer: str) -> tuple[str, ...]:
    """Return the texts of a row to keep in English, longest first; none where they cannot be told from prose.

    Each stands in the row as it is returned, is a piece of one line, and holds a letter.

    Args:
        row: The row.
        request: Its request.
        answer: "text" if the answer has to hold a text to keep, "prose" if it need not.
    """
    given = list(dict.fromkeys(_list_given(row, request, with_items=answer == "prose")))
    if not given or row.input.lower() in COMMON_WORDS:
        return ()
    known = {text.strip(" .") for text in given}
    answers = list(_list_answers(row.response, given=given, is_text=answer == "text"))
    common = [text for text in answers if text.strip(" .,;").lower() in COMMON_WORDS]
    if answer == "text" and (common or all(text.strip(" .") in known for text in answers)):
        return ()
    quoted = (text for field in (row.instruction, row.input) for text in _list_quoted(field))
    kept = {text for text in (*given, *quoted, *answers, *_list_expansions(row)) if any(map(str.isalpha, text))}
    kept.difference_update(common)
    return tuple(sorted(kept, key=lambda text: (-len(text), text)))


def _list_given(row: Row, request: Request, *, with_items: bool) -> Iterator[str]:
    """Yield the texts that are asked about in pieces of one line, and the items of short lists."""
    for text in request.given:
        for line in text.splitlines():
            piece = _strip_marker(line)
            label = _match_label(piece)
            if label and len(label["label"].split()) <= 3:
                piece = label["rest"]
            if piece and piece.lower() not in COMMON_WORDS and len(piece) > 1:
                yield piece
                yield from _list_items(piece) if with_items else ()
    if not request.given and (last := _LAST_WORD.search(row.instruction)) and last["text"].lower() not in _NO_TEXT:
        yield last["text"]


def _list_items(text: str) -> Iterator[str]:
    items = [item.strip(" .") for item in re.split(r"[,;/|]|\band\b|\bor\b", text)]
    if len(items) > 1 and all(len(item.split()) <= 2 for item in items):
        yield from (item for item in items if len(item) > 1 and item.lower() not in COMMON_WORDS)


def _list_quoted(text: str) -> Iterator[str]:
    """Yield quoted texts, common words and single letters with their quote marks."""
    for match in QUOTED.finditer(text) if has_quotes(text) else ():
        inside = unquote(match).rstrip(",.;")
        yield match[0] if len(inside) < 2 or inside.lower() in COMMON_WORDS else inside


def _list_answers(response: str, *, given: list[str], is_text: bool) -> Iterator[str]:
    words = {word for text in given for word in list_words(text)}
    limit = max(EVER_SHORT, LONGEST_ANSWER * sum(len(list_words(text)) for text in given)) if is_text else 0
    yield from _list_quoted(response)
    for line in response.splitlines():
        yield from _list_versions(_strip_marker(line), words=words, limit=limit)


def _list_versions(line: str, *, words: set[str], limit: float) -> Iterator[str]:
    """Yield the pieces of a line that are versions of the given texts: its label, what stands behind, or its end."""
    label = _match_label(line)
    if label:
        if _shares_words(label["label"], words):
            yield label["label"].strip()
        line = label["rest"]
    bare = _NOTE.sub("", line) if ")" in line else line
    unquoted = QUOTED.sub(" ", bare) if has_quotes(bare) else bare
    if _shares_words(unquoted, words) or _is_text(unquoted, limit):
        yield bare.strip()
    elif limit and unquoted == bare and _is_text(tail := _find_tail(line), EVER_SHORT):
        yield tail


def _find_tail(line: str) -> str:
    """Return what stands behind the last "is" of a line, or the like, without the full stop."""
    starts = [match.end() for match in _BEFORE_TAIL.finditer(line)]
    tail = line[starts[-1] :] if starts else ""
    return "" if ":" in tail else tail.removesuffix(".").strip()


def _match_label(line: str) -> re.Match[str] | None:
    return _LABEL.fullmatch(line) if _LABEL_ENDS.search(line) else None


def _shares_words(text: str, words: set[str]) -> bool:
    own = list_words(text)
    return bool(own) and sum(word in words for word in own) >= SHARED * len(own)


def _is_text(text: str, limit: float) -> bool:
    if not limit:
        return False
    own = list_words(text)
    return 0 < len(own) <= limit and _ABOUT_LANGUAGE.isdisjoint(own) and not _REPLY.match(text)


def _list_expansions(row: Row) -> Iterator[str]:
    """Yield what the answer says that abbreviations of the instruction stand for: words with their letters."""
    abbreviations = set(_CAPITALS.findall(row.instruction))
    words = list(_EXPANDED.finditer(row.response)) if abbreviations else []
    for letters in abbreviations:
        for first in range(len(words)):
            if last := _find_last(letters, words[first : first + 2 * len(letters)]):
                yield row.response[words[first].start() : last.end()]


def _find_last(letters: str, words: list[re.Match[str]]) -> re.Match[str] | None:
    """Return the word that completes an abbreviation, None where the words from the first on do not spell it."""
    spelled = ""
    for before, word in zip([None, *words], words, strict=False):
        if before and not _JOINT.fullmatch(word.string, before.end(), word.start()):
            return None
        initials = word[0][0].upper() + "".join(filter(str.isupper, word[0][1:]))
        if letters.startswith(spelled + initials):
            spelled += initials
        elif not (spelled and word[0] in _SMALL_WORDS):
            return None
        if spelled == letters:
            return word if before else None
    return None


def _strip_marker(line: str) -> str:
    marker = _MARKER.match(line)
    return line[marker.end() if marker else 0 :].strip()
