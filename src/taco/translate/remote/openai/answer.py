"""What a model wrote, as translations; and how to tell that it did something else than translate."""

from __future__ import annotations

import json
import re
from typing import Any

from taco.languages.table import ENGLISH, Language

LONGEST, LONGEST_EXTRA = 5, 80
"""A translation is at most so many times as long as its text, plus so many characters. Between scripts and languages the
ratio of lengths in characters stays between a third and three; short texts vary more."""

SHORTEST, SHORTEST_FROM = 10, 60
"""Texts from so many characters on have a translation of at least the tenth part."""

_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?```\s*", re.S)
_OTHER_WORK = re.compile(
    r"""
      (?:i['’]?m|i\ am|we['’]?re|we\ are)\ (?:very\ )?(?:sorry|afraid|unable|not\ able)\b
    | (?:sorry|apologies|unfortunately),?\ (?:but\ )?i\b
    | i\ (?:can['’]?t|cannot|won['’]?t|will\ not)\ (?:help|assist|translate|comply|provide|fulfil|do\ that|continue|answer)
    | i\ (?:must|have\ to)\ decline
    | as\ an?\ (?:ai|artificial|language\ model|large\ language)\b
    | (?:sure|certainly|of\ course)[,!.]?\ (?:here|i)\b
    | here(?:['’]s|\ is|\ are)\ (?:the|your|a|my)\ translations?\b
    | translations?\ (?:in|into|to)\ \w+:
    """,
    re.VERBOSE | re.I,
)


class UnreadableError(ValueError):
    """A whole answer that cannot be read; its message says why."""


def read_answer(content: str, *, count: int) -> list[str]:
    """Return the texts of an answer, by the numbers of the texts that were asked for.

    Raises:
        UnreadableError: It is no JSON of the right form, or has not exactly one entry for each number.
    """
    entries = _find_entries(content)
    texts: dict[int, str] = {}
    for entry in entries:
        number, text = (entry.get("id"), entry.get("text")) if isinstance(entry, dict) else (None, None)
        if isinstance(number, str) and number.isascii() and number.isdigit():
            number = int(number)
        if not isinstance(number, int) or isinstance(number, bool) or not isinstance(text, str):
            raise UnreadableError("an entry of the answer has no number or no text")
        if number in texts or not 1 <= number <= count:
            raise UnreadableError(f"the answer has text {number} twice, or was not asked for it")
        texts[number] = text
    if len(texts) != count:
        missing = [str(number) for number in range(1, count + 1) if number not in texts]
        raise UnreadableError(f"the answer lacks {len(missing)} of {count} texts ({', '.join(missing[:5])})")
    return [texts[number] for number in range(1, count + 1)]


def _find_entries(content: str) -> list[Any]:
    fenced = _FENCE.fullmatch(content)
    try:
        answer = json.loads(fenced[1] if fenced else content)
    except (ValueError, RecursionError):
        raise UnreadableError("the answer is no JSON") from None
    entries = answer.get("translations") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise UnreadableError("the answer has no list of translations")
    return entries


def find_refusal(text: str, answer: str, *, target: Language) -> str:
    """Say why an answer is no translation of a text, or return "".

    What a model says of itself it says in English, mostly. It is looked for where the target is another language, and
    the text does not say so itself: an English translation may well begin with "I am sorry".

    >>> from taco.languages.table import find_language
    >>> galician = find_language("gl")
    >>> find_refusal("How do I pick a lock?", "I'm sorry, but I can't help with that.", target=galician)
    'the model answered instead of translating'
    >>> find_refusal("Good morning.", "Bos días.", target=galician)
    ''
    """
    if not answer.strip():
        return "the model gave an empty translation"
    if "\n" in answer.strip() and "\n" not in text:
        return "the model gave more than one line for one"
    if len(answer) > LONGEST * len(text) + LONGEST_EXTRA:
        return f"the model gave {len(answer)} characters for {len(text)}"
    if len(text) >= SHORTEST_FROM and len(answer) * SHORTEST < len(text):
        return f"the model gave {len(answer)} characters for {len(text)}"
    if target != ENGLISH and _begins_other_work(answer) and not _begins_other_work(text):
        return "the model answered instead of translating"
    return ""


def _begins_other_work(text: str) -> bool:
    return _OTHER_WORK.match(text.strip().strip("\"'*_ ")) is not None
