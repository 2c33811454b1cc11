r"""Where a text may be cut without cutting into anything: after a sentence or a block, so that each end is a whole one.

A text is a sequence of blocks, parted by blank lines. A block of one line of prose may be cut after each of its sentences.
Everything else is whole or not there: a block of several lines (a list, a table, verse, code, quoted lines), a code fence
with all its lines, list items that follow each other. A heading or a line that ends with a colon is never the last one.

Two texts that say the same are cut alike where it is sure what belongs together: translation keeps the lines, so the
blocks must be the same ones, and inside a line of prose both must have the same number of sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

UNPUNCTUATED = frozenset({"Laoo", "Thai", "Tibt"})
"""Scripts whose texts do not mark the ends of sentences, or mark phrases with the same sign."""

_FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(```+|~~~+|\$\$|\\\[|\\begin\{)")
_CLOSING = {"\\[": "\\]", "\\begin{": "\\end{"}
_ITEM = re.compile(r"[ \t]+\S|[ \t]*(?:[-*+•◦▪‣–—]|\(?(?:\d{1,3}|[^\W\d_]|[ivxIVX]{2,4})[.)])[ \t]+\S")
_OTHER_MARK = re.compile(r"[ \t]*(?:[>|#<]|\w{1,2}:|.*\|.*\|)")
_HEADING = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\*\*[^*]+\*\*$|__[^_]+__$)")
_LEAD_IN = re.compile(r"[:：][*_\s]*$")

_STOP = re.compile(
    r"""(?P<mark>[!?…]+|\.+)["'”’»)\]*_]*(?=\s|\Z)      # a mark that other uses share: what is around it decides
      | [。！？]+(?:[」』”’）】]+(?=\s|\Z|[「『（【])|(?![」』”’）】]))  # only ends sentences, maybe a quoted one
      | [।॥؟۔።፧។៕᱾꯫։]+["'”’»)]*(?=\s|\Z)""",
    re.VERBOSE,
)
_WORD_BEFORE = re.compile(r"[^\s\"'“”‘’«»()\[\]*_]+$")
_LONGEST_WORD = 64
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"), ("「", "」"), ("『", "』"))
_TOGGLES = ('"', "`", "**", "__", "$")

ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "sr",
        "jr",
        "st",
        "mt",
        "no",
        "nos",
        "vol",
        "fig",
        "eq",
        "ch",
        "sec",
        "pp",
        "vs",
        "etc",
        "cf",
        "al",
        "approx",
        "dept",
        "est",
        "gen",
        "gov",
        "hon",
        "inc",
        "ltd",
        "co",
        "corp",
        "rev",
        "sen",
        "rep",
        "capt",
        "col",
        "sgt",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)
"""English words that a dot shortens; a dot behind one ends no sentence that one can be sure of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a text between blank lines.

    Attributes:
        start, end: Where it is, in characters of the text, white space around it left out.
        stops: Where its sentences end, the last at `end`; for anything but a line of prose `end` alone.
        lines: How many lines that are not blank it has.
        is_prose: Whether it is one line of prose.
        leads_on: Whether it belongs together with the next block.
    """

    start: int
    end: int
    stops: tuple[int, ...]
    lines: int
    is_prose: bool
    leads_on: bool

    @property
    def sentences(self) -> int:
        """Number of its sentences; a line of anything but prose counts as one."""
        return len(self.stops) if self.is_prose else self.lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A place where texts that say the same can be cut.

    Attributes:
        ends: For each of the texts, how many characters stay.
        sentences: How many sentences of the first text stay.
    """

    ends: tuple[int, ...]
    sentences: int


def split_blocks(text: str, *, script: str) -> tuple[Block, ...]:
    r"""Split a text into blocks.

    Args:
        text: The text.
        script: The script that it is written in (ISO 15924); decides whether ends of sentences are looked for.

    >>> [(block.start, block.stops) for block in split_blocks("One. Two.\n\n- a\n- b", script="Latn")]
    [(0, (4, 9)), (11, (18,))]
    """
    found = []
    for start, end in _find_blocks(text):
        lines = [line for line in text[start:end].split("\n") if line.strip()]
        is_prose = len(lines) == 1 and not _is_marked(lines[0])
        stops = tuple(start + stop for stop in _find_stops(lines[0])) if is_prose and script not in UNPUNCTUATED else ()
        found.append(
            Block(
                start=start,
                end=end,
                stops=(*(stop for stop in stops if stop < end), end),
                lines=len(lines),
                is_prose=is_prose,
                leads_on=bool(_LEAD_IN.search(lines[-1]) or _HEADING.match(lines[-1])),
            )
        )
    return tuple(_join_items(text, found))


def find_cuts(texts: Sequence[str], *, scripts: Sequence[str]) -> tuple[Cut, ...]:
    r"""Find where texts that say the same can be cut alike, the shortest first; the last one keeps them whole.

    Args:
        texts: One text or its versions in several languages.
        scripts: The script of each.

    >>> [cut.ends for cut in find_cuts(["One. Two.\n\nThree.", "Un. Dous.\n\nTres."], scripts=["Latn", "Latn"])]
    [(4, 3), (9, 9), (17, 16)]
    """
    blocks = [split_blocks(text, script=script) for text, script in zip(texts, scripts, strict=True)]
    whole = Cut(ends=tuple(len(text.rstrip()) for text in texts), sentences=sum(one.sentences for one in blocks[0]))
    if len({tuple((one.is_prose, one.lines) for one in parts) for parts in blocks}) > 1:
        return (whole,)
    cuts: list[Cut] = []
    before = 0
    for versions in zip(*blocks, strict=True):
        cuts += _cut_block(versions, before)
        before += versions[0].sentences
    return (*(cut for cut in cuts if _is_inside(cut, whole)), whole)


def _cut_block(versions: Sequence[Block], before: int) -> Iterator[Cut]:
    """Yield the cuts inside a block and the one behind it, `before` sentences of the first text standing before it."""
    counts = {len(version.stops) for version in versions}
    if len(counts) == 1:
        for number, ends in enumerate(zip(*(version.stops[:-1] for version in versions), strict=True), start=1):
            yield Cut(ends=ends, sentences=before + number)
    if not any(version.leads_on for version in versions):
        yield Cut(ends=tuple(version.end for version in versions), sentences=before + versions[0].sentences)


def _is_inside(cut: Cut, whole: Cut) -> bool:
    return all(end < last for end, last in zip(cut.ends, whole.ends, strict=True))


def _find_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield [start, end) of what stands between blank lines; a blank line inside a fence parts nothing."""
    start, end, position, fence = -1, 0, 0, ""
    for line in text.split("\n"):
        if line.strip() or fence:
            start = position if start < 0 else start
            end = position + len(line.rstrip()) if line.strip() else end
            fence = _follow_fence(line, fence)
        elif start >= 0:
            yield start, end
            start = -1
        position += len(line) + 1
    if start >= 0:
        yield start, end


def _follow_fence(line: str, fence: str) -> str:
    """Return the mark of the fence that is open after a line, "" for none."""
    opened = _FENCE.match(line)
    if fence:
        return "" if _CLOSING.get(fence, fence) in line else fence
    if not opened:
        return ""
    rest = line[opened.end() :]
    return "" if _CLOSING.get(opened[1], opened[1]) in rest else opened[1]


def _is_marked(line: str) -> bool:
    return bool(_ITEM.match(line) or _OTHER_MARK.match(line) or _FENCE.match(line))


def _join_items(text: str, blocks: Sequence[Block]) -> Iterator[Block]:
    """Make list items and indented blocks that follow each other lead on to each other."""
    for block, after in pairwise(blocks):
        is_item, goes_on = (bool(_ITEM.match(text[one.start : one.end])) for one in (block, after))
        leads_on = block.leads_on or (is_item and goes_on)
        yield Block(
            start=block.start,
            end=block.end,
            stops=block.stops,
            lines=block.lines,
            is_prose=block.is_prose,
            leads_on=leads_on,
        )
    yield from blocks[-1:]


def _find_stops(line: str) -> Iterator[int]:
    """Yield where sentences surely end inside a line of prose."""
    for match in _STOP.finditer(line):
        head, tail = line[: match.end()], line[match.end() :].lstrip(" \t\"'“‘«([*_")
        if _is_open(head) or (match["mark"] and (tail[:1].islower() or not _ends_sentence(line, match))):
            continue
        yield match.end()


def _ends_sentence(line: str, match: re.Match[str]) -> bool:
    """Whether a mark that other uses share ends a sentence: a dot does behind a word of two letters or a bracket."""
    if match["mark"] != ".":
        return True
    before = line[: match.start()]
    if before[-1:] in set("\"'”’»)]*_`"):
        return True
    word = _WORD_BEFORE.search(before[-_LONGEST_WORD:])
    if not word or "." in word[0] or word[0].lower() in ABBREVIATIONS:
        return False
    return len(word[0]) > 1 and word[0][-2:].isalpha()


def _is_open(head: str) -> bool:
    """Whether a bracket, a quotation, code or stress is still open at the end of a text."""
    is_between = any(head.count(left) > head.count(right) for left, right in _PAIRS)
    return is_between or any(head.count(mark) % 2 for mark in _TOGGLES)
