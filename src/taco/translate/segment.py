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
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from taco.translate.code_lines import is_code_line
from taco.translate.slots import has_words
from taco.translate.spans import Span, find_spans


@dataclass(frozen=True, slots=True)
class Fixed:
    """A part that no engine sees."""

    text: str


@dataclass(frozen=True, slots=True)
class Prose:
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

_GAP_HINT = re.compile(r"[^\S ]|\||\s\s")
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
        nodes.extend(_split_lines(text[position:start], keep))
        nodes.append(Fixed(text[start:end]))
        position = end
    nodes.extend(_split_lines(text[position:], keep))
    if sentences:
        nodes = [part for node in nodes for part in _split_sentences(node)]
    return tuple(_merge(nodes))


def join_nodes(nodes: tuple[Node, ...], translate: Callable[[Prose], str] = lambda prose: prose.text) -> str:
    """Put nodes together to a text, each prose as `translate` renders it."""
    return "".join(node.text if isinstance(node, Fixed) else translate(node) for node in nodes)


def _find_blocks(text: str) -> Iterator[tuple[int, int]]:
    if not any(sign in text for sign in ("```", "~~~", "$$", "\\[", "\\begin{", "<")):
        return
    for match in _BLOCK.finditer(text):
        if match["fence"] or "\n" in match[0]:
            yield match.span()


def _split_lines(text: str, keep: tuple[str, ...]) -> Iterator[Node]:
    for line in _LINE.findall(text):
        body = line.rstrip()
        if is_code_line(body):
            yield Fixed(line)
            continue
        marker = _MARKER.match(body)
        start = marker.end() if marker else 0
        yield Fixed(line[:start])
        yield from _split_body(body[start:], keep)
        yield Fixed(line[len(body) :])


def _split_body(body: str, keep: tuple[str, ...]) -> Iterator[Node]:
    spans = find_spans(body, keep=keep)
    start = 0
    for gap in _GAP.finditer(body) if _GAP_HINT.search(body) else ():
        if any(span.start < gap.end() and gap.start() < span.end for span in spans):
            continue
        yield from _make_prose(body, start, gap.start(), spans)
        yield Fixed(gap[0])
        start = gap.end()
    yield from _make_prose(body, start, len(body), spans)


def _make_prose(body: str, start: int, end: int, spans: list[Span]) -> Iterator[Node]:
    text = body[start:end]
    stripped = text.strip()
    lead = len(text) - len(text.lstrip())
    inside = tuple(
        Span(span.start - start - lead, span.end - start - lead, span.kind)
        for span in spans
        if start <= span.start and span.end <= end
    )
    yield Fixed(text[:lead])
    yield Prose(stripped, inside) if _has_prose(stripped, inside) else Fixed(stripped)
    yield Fixed(text[lead + len(stripped) :])


def _split_sentences(node: Node) -> Iterator[Node]:
    if isinstance(node, Fixed):
        yield node
        return
    start, spans = 0, list(node.spans)
    for stop in _STOP.finditer(node.text):
        if not any(span.start < stop.end() and stop.start() < span.end for span in spans):
            yield from _make_prose(node.text, start, stop.start(), spans)
            yield Fixed(stop[0])
            start = stop.end()
    yield from _make_prose(node.text, start, len(node.text), spans)


def _has_prose(text: str, spans: tuple[Span, ...]) -> bool:
    position = 0
    for span in spans:
        if has_words(text[position : span.start]):
            return True
        position = span.end
    return has_words(text[position:])


def _merge(nodes: list[Node]) -> Iterator[Node]:
    held = ""
    for node in nodes:
        if isinstance(node, Fixed):
            held += node.text
            continue
        if held:
            yield Fixed(held)
            held = ""
        yield node
    if held:
        yield Fixed(held)
