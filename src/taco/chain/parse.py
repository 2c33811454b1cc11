"""Reading a chain out of what a model wrote: its sections, and the state that the chain is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Literal, get_args

from taco.chain.formats import find_template
from taco.chain.template import SectionName, Template, is_in_order, label_pattern, section_index, unescape_labels
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

What counts are the sections of the template. Where it has no labels, any text is its section, so an answer is complete,
truncated or empty.

- complete: all sections, each once, in order, none empty, and the model ended by itself or at a label.
- truncated: all of them, but generation was ended by the token limit or by the guard against loops.
- missing-*: that section is absent or empty; the first one where several are.
- duplicated-label: a label occurs twice. wrong-order: the sections are not in the template's order.
- no-chain: text without any label, where the template has labels. empty: nothing but white space.
"""

STATES: tuple[State, ...] = get_args(State)

_MISSING: dict[SectionName, State] = {
    "instruction_en": "missing-instruction",
    "response_en": "missing-response-en",
    "response": "missing-response",
}


@dataclass(frozen=True, slots=True)
class ParsedChain:
    """A chain as found in a text.

    Attributes:
        state: See `State`.
        instruction_en, response_en, response: The sections, trimmed; "" where missing or not in the template.
        spans: Section name -> [start, end) in characters of the text, labels and white space around it left out.
    """

    state: State
    instruction_en: str = ""
    response_en: str = ""
    response: str = ""
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)


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
    if not made_by.has_labels:
        return _take_whole(text, made_by, finish)
    marks = [
        (made_by.section_names[section_index(match)], match.start(), match.end())
        for match in label_pattern(made_by, language).finditer(text)
    ]
    if not marks:
        return ParsedChain("no-chain")
    spans = _find_spans(text, marks)
    sections = {name: _read_section(made_by, language, name, text[start:end]) for name, (start, end) in spans.items()}
    order = [name for name, _, _ in marks]
    return ParsedChain(_judge_state(made_by, order, sections, finish), spans=spans, **sections)


def find_restart(text: str, *, template: str, language: Language) -> int | None:
    """Return where a label comes again after all sections, each once, in order and none empty; None if nowhere.

    What a model writes from there on is a second answer, which mostly repeats the first. In a template without labels
    nobody can say where a second answer begins.

    >>> from taco.languages.table import find_language
    >>> galician = find_language("gl")
    >>> text = "".join(f"{label} a " + chr(10) for label in find_template("taco").labels(galician))
    >>> find_restart(text, template="taco", language=galician) is None
    True
    >>> find_restart(text + "Response in Galician: a", template="taco", language=galician) == len(text)
    True
    """
    made_by = find_template(template)
    if not made_by.has_labels:
        return None
    sections = len(made_by.sections)
    marks = list(islice(label_pattern(made_by, language).finditer(text), sections + 1))
    if [section_index(mark) for mark in marks[:-1]] != list(range(sections)):
        return None
    is_whole = all(text[mark.end() : after.start()].strip() for mark, after in pairwise(marks))
    return marks[-1].start() if is_whole else None


def find_over(text: str, *, template: str, language: Language, after: int = 0, until: str = "") -> int | None:
    """Return where an answer is over although the model goes on: at a section's label, or where it begins anew.

    Args:
        text: The answer so far.
        template, language: See `parse_chain`.
        after: Characters at the beginning that are given; the place is never inside them.
        until: Name of the section whose label ends the answer; "" for none.

    >>> from taco.languages.table import find_language
    >>> find_over("a\\nResponse in English: b", template="taco", language=find_language("gl"), until="response_en")
    2
    """
    places = [find_restart(text, template=template, language=language)]
    made_by = find_template(template)
    if until and made_by.has_labels:
        marks = label_pattern(made_by, language).finditer(text)
        places += [mark.start() for mark in marks if made_by.section_names[section_index(mark)] == until]
    return min((place for place in places if place is not None and place >= after), default=None)


def _take_whole(text: str, template: Template, finish: str) -> ParsedChain:
    """Read a text that is one section without a label."""
    name, inner = template.section_names[0], text.strip()
    start = text.index(inner)
    state = _judge_state(template, [name], {name: inner}, finish)
    return ParsedChain(state, spans={name: (start, start + len(inner))}, **{name: inner})


def _read_section(template: Template, language: Language, name: str, text: str) -> str:
    return template.trim(name, unescape_labels(text, template, language) if template.escapes else text)


def _find_spans(text: str, marks: list[tuple[SectionName, int, int]]) -> dict[str, tuple[int, int]]:
    spans: dict[str, tuple[int, int]] = {}
    ends = [start for _, start, _ in marks[1:]] + [len(text)]
    for (name, _, start), end in zip(marks, ends, strict=True):
        if name not in spans:
            inner = text[start:end]
            left = start + len(inner) - len(inner.lstrip())
            spans[name] = (left, max(left, start + len(inner.rstrip())))
    return spans


def _judge_state(template: Template, order: list[SectionName], sections: Mapping[str, str], finish: str) -> State:
    if len(set(order)) != len(order):
        return "duplicated-label"
    if not is_in_order(order, template):
        return "wrong-order"
    for name in template.section_names:
        if not sections.get(name):
            return _MISSING[name]
    return "complete" if finish in ("stop", "label") else "truncated"
