"""Markdown that cannot be broken out of. Texts of rows, names and licences are hostile by assumption."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$@])")
"""What begins markup, HTML, a mention or a link in GitHub's or the hub's Markdown."""

_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
"""A mark that is no markup because of the backslash before it, as Markdown has it."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, line ends other than "\\n", and marks that turn the direction of what follows them."""


def escape(text: str) -> str:
    r"""Return a text as it shows itself inside a line or a table's cell; line ends become spaces.

    >>> print(escape("<b>|x|\n# y"))
    \<b\>\|x\| \# y
    """
    line = " ".join(_UNSEEN.sub("\ufffd", text).split())
    return _SPECIAL.sub(r"\\\1", line)


def unescape(text: str) -> str:
    r"""Return the text that a line shows, without the backslashes of `escape`.

    >>> unescape(escape("a_b <c>"))
    'a_b <c>'
    """
    return _ESCAPED.sub(r"\1", text)


def code(text: str) -> str:
    """Return a text as code inside a line or a table's cell; line ends become spaces.

    >>> code("a `b` c")
    '``a `b` c``'
    """
    line = " ".join(_UNSEEN.sub("\ufffd", text).split()).replace("|", "\u2223")  # a cell ends at "|", in code too
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fence(text: str, *, language: str = "") -> str:
    """Return a text as a block of code that only its own end closes; characters that are not seen become U+FFFD."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{_UNSEEN.sub(chr(0xFFFD), text)}\n{ticks}"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def shorten(text: str, length: int) -> str:
    """Return a text cut to a number of characters, with a mark where it was cut.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
