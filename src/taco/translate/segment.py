r"""A text as a sequence of parts: what is kept as it is, and prose to translate.

The algebra is small. A text is a tuple of nodes,

    Text  = Node*            join_nodes(split_text(t)) == t for every t
    Node  = Fixed | Prose
    Fixed = layout (line ends, indentation, list markers, headings, quote marks, table pipes, runs of white space)
          | a block that is no prose (code fence, unfenced code, display mathematics, comment, script)
          | a stretch without any word outside its spans
    Prose = one stretch of a line with its protected spans (see `taco.translate.spans`)

A Prose never holds a line end and neither begins nor ends with white space. So whatever an engine answers, the lines of
the source, their indentation and the empty ones between them are those of the target.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from taco.translate.code_lines import is_code_line
from taco.translate.slots import has_words
from taco.translate.spans import Span, find_spans


class Fixed(NamedTuple):
    """A part that no engine sees."""

    text: str


class Prose(NamedTuple):
    """A stretch of one line that is translated as one segment.

    Attributes:
        text: As it is in the source.
        spans: Its protected spans, counted from the start of `text`.
    """

    text: str
    spans: tuple[Span, ...] = ()


Node = Fixed | Prose

_BLOCK = re.compile(
    r"""
      ^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?(?P<fence>```+|~~~+)[^\n]*(?:\n(?:.*\n)*?[ \t>]*(?P=fence)[`~]*[ \t]*$|(?:\n.*)*)
    | \$\$[^$]+?\$\$
    | \\\[(?s:.+?)\\\]
    | \\begin\{(?P<environment>\w+\*?)\}(?s:.*?)(?:\\end\{(?P=environment)\}|\Z)
    | <!--(?s:.*?)(?:-->|\Z)
    | <(?P<verbatim>pre|script|style|svg|math|code)\b[^<>]*>(?s:.*?)(?:</(?P=verbatim)>|\Z)
    | </?[A-Za-z][\w:.-]*\s[^<>]*>
    """,
    re.VERBOSE | re.MULTILINE,
)
_MARKER = re.compile(
    r"""
    \s*(?:>\s?)*\s*
    (?:(?:[-*+•◦▪‣●○■□–—]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)]|\(?[ivxIVX]{1,5}[.)]|\#{1,6}|\[[ xX]\]|[A-Z]:|Q\d*:)\s+)*
    """,
    re.VERBOSE,
)
_GAP = re.compile(r"\s*\|[\s|]*|\s*[^\S ]\s*|\s{3,}")
"""What parts two stretches of prose within a line: table pipes, tabs, three spaces or more."""

_STOP = re.compile(
    r"""(?:(?<=[^\W_]{2}[.!?])|(?<=[.!?)\]"”’][.!?"”’)\]]))(?<!\b(?:Mr|Ms|Dr|St|vs|No|cf|al)\.)(?<!\b(?:Mrs|etc|Fig|Vol)\.)"""
    r"""\s+(?=["“‘'(\[]?(?:[^\W\d_a-z]|\d))"""
)
"""White space between two sentences; where in doubt, none."""

_GAP_SIGN = re.compile(r"[\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000|]")
"""A pipe, or white space that is no space: without one, and without two spaces, a line has no gap."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def split_text(text: str, *, keep: tuple[str, ...] = (), sentences: bool = False) -> tuple[Node, ...]:
    r"""Split a text into nodes.

    Args:
        text: The text.
        keep: Texts that stay as they are wherever they stand as whole words.
        sentences: Whether each sentence is a prose of its own, for engines that lose all but the first of several.

    >>> split_text("# Title\n\n- Run `ls` now.\n")
    ... # doctest: +NORMALIZE_WHITESPACE
    (Fixed(text='# '), Prose(text='Title', spans=()), Fixed(text='\n\n- '),
     Prose(text='Run `ls` now.', spans=(Span(start=4, end=8, kind='word'),)), Fixed(text='\n'))
    """
    nodes: list[Node] = []
    position = 0
    for start, end in _find_blocks(text):
        _split_lines(text[position:start], keep, nodes)
        _add(nodes, text[start:end])
        position = end
    _split_lines(text[position:] if position else text, keep, nodes)
    if sentences:
        parted: list[Node] = []
        for node in nodes:
            _split_sentences(node, parted)
        nodes = parted
    return tuple(nodes)


def join_nodes(nodes: tuple[Node, ...], translate: Callable[[Prose], str] = lambda prose: prose.text) -> str:
    """Put nodes together to a text, each prose as `translate` renders it."""
    return "".join([node.text if isinstance(node, Fixed) else translate(node) for node in nodes])


def _find_blocks(text: str) -> Iterator[tuple[int, int]]:
    if not ("<" in text or "```" in text or "~~~" in text or "$$" in text or "\\[" in text or "\\begin{" in text):
        return
    for match in _BLOCK.finditer(text):
        if match["fence"] or "\n" in match[0]:
            yield match.span()


def _add(nodes: list[Node], text: str) -> None:
    """Add a fixed part; two of them that touch are one."""
    if not text:
        return
    if nodes and isinstance(nodes[-1], Fixed):
        text = nodes.pop().text + text
    nodes.append(Fixed(text))


def _split_lines(text: str, keep: tuple[str, ...], nodes: list[Node]) -> None:
    held = ""  # of lines without prose, so that long code does not grow piece by piece
    for line in _LINE.findall(text):
        body = line.rstrip()
        if not body or is_code_line(body):
            held += line
            continue
        start = find_body(body)
        _add(nodes, held + line[:start])
        _split_body(body[start:] if start else body, keep, nodes)
        held = line[len(body) :]
    _add(nodes, held)


def find_body(line: str) -> int:
    """Return where a line's text begins, after its indentation and the markers of lists, headings and quotes.

    >>> find_body("  - 2. Two"), find_body("Two")
    (7, 0)
    """
    if line[:2].isalpha() and line[0] not in "ivxIVX":  # most lines: two letters begin no marker, Roman numbers may
        return 0
    marker = _MARKER.match(line)
    return marker.end() if marker else 0


def _split_body(body: str, keep: tuple[str, ...], nodes: list[Node]) -> None:
    spans = find_spans(body, keep=keep)
    has_gaps = "  " in body or _GAP_SIGN.search(body) is not None
    if not spans and not has_gaps and has_words(body):  # most lines
        nodes.append(Prose(body))
        return
    start = 0
    for gap in _GAP.finditer(body) if has_gaps else ():
        if any(span.start < gap.end() and gap.start() < span.end for span in spans):
            continue
        _add_prose(body, start, gap.start(), spans, nodes)
        _add(nodes, gap[0])
        start = gap.end()
    _add_prose(body, start, len(body), spans, nodes)


def _add_prose(body: str, start: int, end: int, spans: Sequence[Span], nodes: list[Node]) -> None:
    text = body[start:end]
    stripped = text.strip()
    lead = len(text) - len(text.lstrip())
    shift = start + lead
    inside = tuple(
        [Span(one.start - shift, one.end - shift, one.kind) for one in spans if start <= one.start and one.end <= end]
    )
    if _has_prose(stripped, inside):
        _add(nodes, text[:lead])
        nodes.append(Prose(stripped, inside))
        _add(nodes, text[lead + len(stripped) :])
    else:
        _add(nodes, text)


def _split_sentences(node: Node, nodes: list[Node]) -> None:
    if isinstance(node, Fixed):
        _add(nodes, node.text)
        return
    start, spans = 0, node.spans
    for stop in _STOP.finditer(node.text):
        if not any(span.start < stop.end() and stop.start() < span.end for span in spans):
            _add_prose(node.text, start, stop.start(), spans, nodes)
            _add(nodes, stop[0])
            start = stop.end()
    _add_prose(node.text, start, len(node.text), spans, nodes)


def _has_prose(text: str, spans: tuple[Span, ...]) -> bool:
    position = 0
    for span in spans:
        if has_words(text[position : span.start]):
            return True
        position = span.end
    return has_words(text[position:])
