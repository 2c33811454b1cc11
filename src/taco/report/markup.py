"""HTML that cannot be injected into: a tree of elements in which every plain text is escaped.

Model output is hostile by assumption. `Html` is only ever made by `element` and `join`, which escape all that is not
`Html` already, and by `trust`, which is for constants of this package.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

Attribute = str | int | float | bool | None

_VOID = frozenset({"br", "col", "input", "link", "meta"})

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is safe to write as it is."""

    text: str


Child = Html | str | None


def element(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """Build an element.

    Args:
        name: The tag.
        children: Elements, or plain text, which is escaped; None is left out.
        attributes: A trailing "_" is cut, other "_" become "-"; True stands without a value, None and False are left
            out, other values are escaped.

    >>> element("p", "1 < 2", class_="note", hidden=True).text
    '<p class="note" hidden>1 &lt; 2</p>'
    """
    opening = f"<{name}{''.join(_write_attribute(key, value) for key, value in attributes.items())}>"
    if name in _VOID:
        return Html(opening)
    return Html(f"{opening}{join(children).text}</{name}>")


def join(children: Iterable[Child]) -> Html:
    """Put children next to each other, plain text escaped."""
    return Html("".join(child.text if isinstance(child, Html) else escape(child) for child in children if child))


def trust(text: str) -> Html:
    """Take a constant of this package as markup. Never for anything that was read."""
    return Html(text)


def escape(text: str) -> str:
    """Escape a text for elements and attributes; control characters, which no page may hold, become U+FFFD.

    >>> escape('<a title="x">')
    '&lt;a title=&quot;x&quot;&gt;'
    """
    return html.escape(_CONTROL.sub("\ufffd", text), quote=True)


def _write_attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
