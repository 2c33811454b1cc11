"""Whether Python code in answers still compiles. Code is parsed, never run.

Answers are hostile: deeply nested source has crashed CPython's parser and its conversion of the tree, so what is longer
or deeper than code in an answer ever is counts as not compiling without being parsed.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings

from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values

MOST_CHARACTERS = 20_000
MOST_DEPTH = 40
"""Brackets within brackets, and four times as many spaces of indentation."""
MOST_SIGNS = 400
"""Operators, dots and keywords in one statement: each may nest the tree by one more level."""

_BLOCK = re.compile(
    r"^[ \t]*(?P<fence>```+|~~~+)[ \t]*(?P<tag>[^\s`]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*(?P=fence)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PYTHON_TAGS = frozenset({"python", "python3", "py", "py3"})
_QUOTED = re.compile(
    r"(?P<prefix>\b[A-Za-z]{1,2})?"
    r"(?:\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')|#[^\n]*",
    re.DOTALL,
)
_SIGN = re.compile(r"[(\[{+*/%@&|^~<>=.:-]|\b(?:not|and|or|if|else|lambda|await|yield|in|is|for)\b")

METRICS = (
    Metric(
        name="python_kept",
        title="Python that still compiles in step 3",
        unit="rate",
        better="higher",
        reads="response",
        meaning="Answers whose English section has Python blocks that all compile: how often the target section has as "
        "many, and all of them compile too.",
        limits="Compiling is not running: the code may do something else. Only blocks marked as Python are seen.",
        absent="zero",
        needs=("response_en",),
    ),
    Metric(
        name="python_valid",
        title="Python that compiles",
        unit="rate",
        better="higher",
        reads="reply",
        meaning="Replies with blocks marked as Python: how often all of them compile.",
        limits="Compiling is not running; replies without such a block are left out, even where code was asked for.",
        absent="unscored",
    ),
)


def measure(case: Case) -> Values:
    """Measure the Python code of one answer."""
    english, target = (list_python(text) for text in (case.parsed.response_en, case.parsed.response))
    reply = list_python(case.reply)
    kept = float(len(target) >= len(english) and all(map(compiles, target))) if english else None
    return {
        "python_kept": kept if all(map(compiles, english)) else None,
        "python_valid": float(all(map(compiles, reply))) if reply else None,
    }


def list_python(text: str) -> list[str]:
    """Return the code of the blocks that are marked as Python, an unclosed last one too.

    >>> list_python("See:\\n```python\\nprint(1)\\n```\\n```sh\\nls\\n```")
    ['print(1)\\n']
    """
    return [match["code"] for match in _BLOCK.finditer(text) if match["tag"].lower() in _PYTHON_TAGS]


def compiles(source: str) -> bool:
    """Whether a source text is Python, as this interpreter's parser sees it; a block may be indented as a whole.

    >>> compiles("print('ola')"), compiles("imprimir 'ola'"), compiles("(" * 10_000)
    (True, False, False)
    """
    if not is_harmless(source):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as that "\\d" is no escape: it compiles
        try:
            ast.parse(textwrap.dedent(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def is_harmless(source: str) -> bool:
    """Whether a source text is small and flat enough to be given to the parser."""
    if len(source) > MOST_CHARACTERS or len(re.findall(r"\belif\b", source)) > MOST_SIGNS:
        return False
    depth = signs = 0
    goes_on = False
    for line in _QUOTED.sub(_blank_text, source).splitlines():
        signs = len(_SIGN.findall(line)) + (signs if goes_on else 0)
        depth = _deepen(line, depth)
        goes_on = depth > 0 or line.endswith("\\")
        indented = len(line) - len(line.lstrip())
        if depth > MOST_DEPTH or signs > MOST_SIGNS or indented > 4 * MOST_DEPTH:
            return False
    return True


def _blank_text(quoted: re.Match[str]) -> str:
    """Empty a quoted text or a comment; what stands in an f-string is code."""
    return quoted[0] if "f" in (quoted["prefix"] or "").lower() else "''"


def _deepen(line: str, depth: int) -> int:
    """Return the depth of brackets after a line, its deepest one where that is more than is allowed."""
    for letter in line:
        depth += (letter in "([{") - (letter in ")]}")
        if depth > MOST_DEPTH:
            return depth
    return max(0, depth)


PYTHON_CODE = Family(METRICS, measure)
