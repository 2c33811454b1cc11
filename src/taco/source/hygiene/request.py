"""What a row asks, apart from the texts that it asks about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from taco.records import Row

BLANK = '""'
"""What stands for a quoted or given text in a request."""

HEAD, TAIL = 600, 300
"""Characters of a long instruction that are read: chat prompts put the task before or after the text, not inside it."""

LONGEST_POINTER = 60
"""Characters of an instruction that may be a mere pointer ("Answer the question.")."""

SHORTEST_BESIDE_INPUT = 4
"""Words after a colon that are taken for a given text although the row has an input."""

QUOTED = re.compile(
    r"""
      "(?P<straight>[^"\n]{1,400})"
    | “(?P<curly>[^“”\n]{1,400})”
    | «(?P<angled>[^«»\n]{1,400})»
    | `(?P<code>[^`\n]{1,400})`
    | '(?<![\w']')(?P<single>[^'\n]{1,400}(?:'\w[^'\n]{0,400})*)'(?!\w)
    | ‘(?P<typographic>[^‘’\n]{1,400})’(?!\w)
    | \*\*(?P<bold>[^*\n]{1,100})\*\*
    """,
    re.VERBOSE,
)
"""A text in quote marks on one line; an apostrophe inside a word opens and closes nothing."""

_MARKS = re.compile("[\"“«`'‘*]")
_AFTER_COLON = re.compile(r":[ \t]*(?=[^\s/])(?P<text>[^\n]*[^\W\d_][^\n]*)")
_POINTER = re.compile(
    r"\W*(?:please\W+)?(?:answer|complete|do|follow|respond to|reply to|solve)\W+(?:(?:the|this|following|given|next|below)\W+)*"
    r"(?:question|prompt|instruction|task|request|query)s?(?:\W+(?:below|correctly|briefly))?\W*",
    re.IGNORECASE,
)
"""An instruction that only points at the input, which is then the request."""

_WORD = re.compile(r"[^\W\d_]+")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Request:
    """An instruction, read.

    Attributes:
        ask: What is asked, in lower case, every quoted text and that after a colon replaced by "".
        given: The texts that the row brings along: its input, what the instruction quotes, what stands after its colon
            or below its first line.
    """

    ask: str
    given: tuple[str, ...]


def read_request(row: Row) -> Request:
    """Part what is asked from what it is asked about.

    >>> row = Row(id="", instruction="Find a word that rhymes with 'moon'.", input="", response="spoon")
    >>> read_request(row)
    Request(ask='find a word that rhymes with "".', given=('moon',))
    """
    instruction, given = _find_instruction(row)
    if "```" in instruction:
        instruction = _FENCE.sub("", instruction)
    quoted = [unquote(match) for match in QUOTED.finditer(instruction)] if has_quotes(instruction) else []
    ask, texts = _part_texts(instruction, is_quoting=bool(quoted), has_input=bool(given))
    if quoted:
        ask = QUOTED.sub(BLANK, ask)
    return Request(ask.lower(), (*given, *quoted, *texts))


def list_request_words(row: Row) -> list[str]:
    """Return the words of what a row asks in lower case, those of quoted texts too: a quick look."""
    return _WORD.findall(_find_instruction(row)[0].lower())


def _find_instruction(row: Row) -> tuple[str, tuple[str, ...]]:
    """Return the instruction, shortened where it is long, and the input, if any; a mere pointer gives way to the input."""
    instruction, given = row.instruction, (row.input,) if row.input else ()
    if given and len(instruction) <= LONGEST_POINTER and _POINTER.fullmatch(instruction):
        instruction, given = row.input, ()
    if len(instruction) > HEAD + TAIL:
        instruction = instruction[:HEAD] + "\n" + instruction[-TAIL:]
    return instruction, given


def _part_texts(instruction: str, *, is_quoting: bool, has_input: bool) -> tuple[str, list[str]]:
    """Return an instruction without the text that stands after its colon or below it, and that text, line by line."""
    first, _, below = instruction.partition("\n")
    lines = [line.strip() for line in below.splitlines() if line.strip()]
    if lines:
        return (first + BLANK if first.rstrip().endswith(":") else instruction), lines
    if is_quoting or ":" not in first or not (colon := _AFTER_COLON.search(first)):
        return instruction, []
    text = colon["text"].strip()
    # Beside an input, a few words after a colon are choices ("as one of: noun, verb"), not a text.
    if has_input and ("," in text or len(text.split()) < SHORTEST_BESIDE_INPUT):
        return instruction, []
    return first[: colon.start("text")] + BLANK, [text]


def has_quotes(text: str) -> bool:
    """Whether there may be a quoted text; a quick look before the pattern."""
    return _MARKS.search(text) is not None


def unquote(match: re.Match[str]) -> str:
    """Return the text between the marks of a match of `QUOTED`."""
    return next(text for text in match.groups() if text is not None).strip()


def list_words(text: str) -> list[str]:
    """Return the words of a text in lower case, without digits.

    >>> list_words("It's 5 o'clock")
    ['it', 's', 'o', 'clock']
    """
    return _WORD.findall(text.lower())
