"""Reading a chain out of what a model wrote: its sections, and the state that the chain is in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Literal, get_args

from taco.chain.template import SECTIONS, Template, find_template, label_pattern, unescape_labels
from taco.errors import DataError
from taco.languages.table import Language
from taco.records import Chain

State = Literal[
    "complete",
    "missing-instruction",
    "missing-response-en",
    "missing-response",
    "truncated",
    "duplicated-label",
    "wrong-order",
    "no-chain",
    "empty",
]
"""What became of a chain.

- complete: all three sections, each once, in order, none empty, and the model ended by itself or at a label.
- truncated: all three, but generation was ended by the token limit or by the guard against loops.
- missing-*: that section is absent or empty; the first one where several are.
- duplicated-label: a label occurs twice. wrong-order: the sections are not in the chain's order.
- no-chain: text without any label. empty: nothing but white space.
"""

STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class ParsedChain:
    """A chain as found in a text.

    Attributes:
        state: See `State`.
        instruction_en, response_en, response: The sections, trimmed; "" where missing.
        spans: Section name -> [start, end) in characters of the text, labels and white space around it left out.
    """

    state: State
    instruction_en: str = ""
    response_en: str = ""
    response: str = ""
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)


def parse_chain_strict(text: str, *, template: str, language: Language) -> Chain:
    """Read a chain that is exactly as the template renders it.

    Raises:
        DataError: It is not.
    """
    chain = find_template(template).split(text, language)
    if chain is None:
        raise DataError(f"The text is no chain of the template {template!r} for {language.name}.")
    return chain


def parse_chain(text: str, *, template: str, language: Language, finish: str = "stop") -> ParsedChain:
    """Read as much of a chain as there is.

    Labels are found at the start of a line, whatever their case, with Markdown marks around them and with the language
    named in English or in itself. Of a label that occurs twice the first is taken.

    Args:
        text: What the model wrote, end token removed.
        template: Name of the template that the model learnt.
        language: The target language.
        finish: Why generation ended, see `taco.records.Finish`.

    >>> from taco.languages.table import find_language
    >>> parse_chain("Hello", template="taco", language=find_language("gl")).state
    'no-chain'
    """
    if not text.strip():
        return ParsedChain("empty")
    made_by = find_template(template)
    marks = [
        (SECTIONS[_section_index(match)], match.start(), match.end())
        for match in label_pattern(language).finditer(text)
    ]
    if not marks:
        return ParsedChain("no-chain")
    spans = _find_spans(text, marks)
    sections = {name: _read_section(made_by, language, name, text[start:end]) for name, (start, end) in spans.items()}
    order = [name for name, _, _ in marks]
    return ParsedChain(_judge_state(order, sections, finish), spans=spans, **sections)


def find_restart(text: str, *, language: Language) -> int | None:
    """Return where a label comes again after all three sections, each once, in order and none empty; None if nowhere.

    What a model writes from there on is a second answer, which mostly repeats the first.

    >>> from taco.languages.table import find_language
    >>> galician = find_language("gl")
    >>> text = "".join(f"{label} a " + chr(10) for label in find_template("taco").labels(galician))
    >>> find_restart(text, language=galician), find_restart(text + "Response in Galician: a", language=galician) == len(text)
    (None, True)
    """
    marks = list(islice(label_pattern(language).finditer(text), len(SECTIONS) + 1))
    if [_section_index(mark) for mark in marks[:-1]] != list(range(len(SECTIONS))):
        return None
    is_whole = all(text[mark.end() : after.start()].strip() for mark, after in pairwise(marks))
    return marks[-1].start() if is_whole else None


def _read_section(template: Template, language: Language, name: str, text: str) -> str:
    return template.trim(name, unescape_labels(text, language) if template.escapes else text)


def _find_spans(text: str, marks: list[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    spans: dict[str, tuple[int, int]] = {}
    ends = [start for _, start, _ in marks[1:]] + [len(text)]
    for (name, _, start), end in zip(marks, ends, strict=True):
        if name not in spans:
            inner = text[start:end]
            left = start + len(inner) - len(inner.lstrip())
            spans[name] = (left, max(left, start + len(inner.rstrip())))
    return spans


def _judge_state(order: list[str], sections: dict[str, str], finish: str) -> State:
    if len(set(order)) != len(order):
        return "duplicated-label"
    if order != sorted(order, key=SECTIONS.index):
        return "wrong-order"
    missing: tuple[tuple[str, State], ...] = (
        ("instruction_en", "missing-instruction"),
        ("response_en", "missing-response-en"),
        ("response", "missing-response"),
    )
    for name, state in missing:
        if not sections.get(name):
            return state
    return "complete" if finish in ("stop", "label") else "truncated"


def _section_index(match: re.Match[str]) -> int:
    return int(match.lastgroup.removeprefix("s"))  # type: ignore[union-attr]
