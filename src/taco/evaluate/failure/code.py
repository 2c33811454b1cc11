"""Code whose keywords or names were translated along with the prose.

What the English section's code blocks hold, comments and texts in quotes left out, must stand in the target section's
code blocks too, word by word. Comments and quoted texts may be translated; the fields of a format string, "{name}", may
not.
"""

from __future__ import annotations

import re
from collections import Counter

from taco.evaluate.failure.layout import list_code_blocks
from taco.evaluate.failure.record import Failure, Subject

_WORD = re.compile(r"[^\W\d]\w*")
_PREFIX = r"(?:\b[rbfuRBFU]{1,2})?"
_QUOTED = re.compile(rf"{_PREFIX}(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')")
_FIELD = re.compile(r"\{([^\W\d]\w*)\}")
_SLASHED = re.compile(r"//[^\n]*|/\*[\s\S]*?\*/")
_HASHED = re.compile(r"(?<!\S)#(?:[ \t!][^\n]*|$)", re.MULTILINE)
_TAG = re.compile(r"[ \t]*([^\s`]*)[ \t]*(?:\n|\Z)")
_SLASHES = "c c++ cpp cc c# cs csharp java js javascript ts typescript go rust rs php swift kotlin scala"
_C_LIKE = frozenset(_SLASHES.split())
"""Tags of languages whose comments begin with slashes."""

SHOWN = 6
"""Lost words that are named."""


def find(subject: Subject) -> list[Failure]:
    """Report code words of the English section that the target section's code does not have."""
    english, target = subject.parsed.response_en, subject.parsed.response
    words: Counter[str] = Counter()
    for start, end in list_code_blocks(english):
        words += count_code_words(english[start:end])
    blocks = list_code_blocks(target)
    if not words or not blocks:
        return []
    # From the first fence to the last: a fence more or less, which translation leaves behind, hides no code.
    code = target[blocks[0][0] : blocks[-1][1]]
    lost = words - Counter(_WORD.findall(code))
    if not lost:
        return []
    span = subject.find_span("response")
    offset = subject.text.find(target, span[0], span[1])
    if offset >= 0:
        span = (offset + blocks[0][0], offset + blocks[-1][1])
    named = ", ".join(sorted(lost)[:SHOWN]) + (" ..." if len(lost) > SHOWN else "")
    return [
        subject.make_failure("translated-code", span, f"{lost.total()} of {words.total()} code words lost: {named}")
    ]


def count_code_words(block: str) -> Counter[str]:
    r"""Count keywords and names of a code block, which begins with its language tag.

    >>> sorted(count_code_words('python\nx = f"Hi {name}"  # greet\n'))
    ['name', 'x']
    """
    tag = _TAG.match(block)
    code = block[tag.end() :] if tag else block
    fields = [name for quoted in _QUOTED.findall(code) for name in _FIELD.findall(quoted)]
    code = _QUOTED.sub('""', code)
    is_c_like = bool(tag and tag[1].lower() in _C_LIKE)
    code = (_SLASHED if is_c_like else _HASHED).sub(" ", code)
    return Counter(_WORD.findall(code)) + Counter(fields)
