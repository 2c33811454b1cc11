"""What is wrong with an answer that the chain guard can repair, and where the model has to go on.

One fault at a time is found, the first of: a section over its budget, a loop, a missing heading, another language. Repairing
it gives another text, which is looked at again; each kind is tried once for a section, so that it ends.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from taco.chain.formats import find_template
from taco.chain.parse import ParsedChain, parse_chain
from taco.chain.template import Template, label_pattern, section_index
from taco.generate.foreign import find_foreign
from taco.generate.guard_options import GuardOptions
from taco.generate.loops import LEAD_OUT_SPAN, find_loop
from taco.languages.sentences import find_cuts
from taco.languages.table import ENGLISH, Language
from taco.records import Finish, RepairKind

Tried = tuple[RepairKind, str]
"""(kind, section) of a repair that was made."""

_FENCE = re.compile(r"^[ \t>]*(```|~~~)", re.MULTILINE)

ANSWER = "response"
"""The section in the target language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How an answer should be written down.

    Attributes:
        template: The template.
        language: The target language.
    """

    template: Template
    language: Language

    def parse(self, draft: Draft) -> ParsedChain:
        """Read the chain of a draft."""
        return parse_chain(draft.text, template=self.template.name, language=self.language, finish=draft.finish)

    def find_next(self, section: str) -> str:
        """Return the heading of the section behind one, without a space at its end; "" behind the last."""
        place = self.template.section_names.index(section) + 1
        headings = self.template.separators(self.language)
        return headings[place].rstrip(" ") if place < len(headings) else ""

    def find_script(self, section: str) -> str:
        """Return the script that a section is written in."""
        return self.language.script if section == ANSWER else ENGLISH.script


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An answer as far as it is written.

    Attributes:
        text: What there is of it.
        finish: Why generation ended.
        ends: For each of the model's tokens in it, the number of characters that were there after it; it never falls.
    """

    text: str
    finish: Finish
    ends: Sequence[int]

    def keep_ends(self, start: int) -> list[int]:
        """Return the ends of the tokens that begin before a place, none beyond it."""
        begins = [0, *self.ends]
        return [min(end, start) for begin, end in zip(begins, self.ends, strict=False) if begin < start]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that can be repaired.

    Attributes:
        section: The section at fault, "" outside of sections.
        start: The text is cut here.
        heading: Written behind the cut: the end of open code, the heading from which the model goes on.
        is_last: Whether the answer ends there, so that the model does not go on.
        is_again: Whether the model goes on in another way than before, with the penalty.
        found: What was found, for a reader.
    """

    kind: RepairKind
    section: str
    start: int
    heading: str = ""
    is_last: bool = False
    is_again: bool = False
    found: str = ""


def find_fault(
    draft: Draft, form: Form, *, options: GuardOptions, tried: Collection[Tried], floor: int = 0
) -> Fault | None:
    """Find the next thing to repair; None where there is nothing more.

    Args:
        draft: The answer.
        form: How it should be written down.
        options: What is repaired.
        tried: What was repaired before.
        floor: Characters at the beginning that stay, because somebody has read them.
    """
    if not form.template.has_labels:
        return None  # nobody can say where a section begins
    parsed = form.parse(draft)
    found = find_overlong(draft, parsed, form, options=options, tried=tried, floor=floor)
    if found is None and options.loop and draft.finish == "loop":
        found = _find_loop_cut(draft, parsed, tried, floor)
    if found is None and options.heading:
        found = find_missing(draft, form, tried=tried, floor=floor)
    if found is None and options.language:
        found = find_foreign_section(draft, parsed, form, tried, floor)
    return found


def find_overlong(
    draft: Draft,
    parsed: ParsedChain,
    form: Form,
    *,
    options: GuardOptions,
    tried: Collection[Tried],
    floor: int,
) -> Fault | None:
    """Find the first section with more tokens than its budget."""
    for section in form.template.section_names:
        budget, span = options.budgets.get(section), parsed.spans.get(section)
        if budget is None or span is None or ("budget", section) in tried:
            continue
        inside = [end for end in draft.ends if span[0] < end <= span[1]]
        if len(inside) <= budget:
            continue
        text = draft.text[span[0] : span[1]]
        cut = span[0] + find_sentence_end(text, form.find_script(section), most=inside[budget - 1] - span[0])
        cut, heading = max(floor, cut), form.find_next(section)
        return Fault(
            kind="budget",
            section=section,
            start=cut,
            heading=find_fence_end(draft.text[span[0] : cut]) + heading,
            is_last=not heading,
            found=f"{len(inside)} tokens, {budget} allowed",
        )
    return None


def find_sentence_end(text: str, script: str, *, most: int) -> int:
    r"""Return where the last sentence ends that is whole within `most` characters; without one, the last word.

    >>> find_sentence_end("One is. Two are.\n\nThree", "Latn", most=16), find_sentence_end("One is two", "Latn", most=8)
    (16, 6)
    """
    ends = [cut.ends[0] for cut in find_cuts([text], scripts=[script]) if cut.ends[0] <= most]
    if ends:
        return ends[-1]
    words = len(text[:most].rstrip()) if text[most : most + 1].isspace() else text[:most].rfind(" ")
    return len(text[: words if words > 0 else most].rstrip())


def find_fence_end(text: str) -> str:
    r"""Return what closes the code that a text ends in; "" where it ends in none.

    >>> find_fence_end("```python\nx = 1"), find_fence_end("```\nx\n```\na")
    ('\n```', '')
    """
    fences = [match[1] for match in _FENCE.finditer(text)]
    return f"\n{fences[-1]}" if len(fences) % 2 else ""


def find_foreign_section(
    draft: Draft, parsed: ParsedChain, form: Form, tried: Collection[Tried], floor: int = 0
) -> Fault | None:
    """Find that the target section is surely in another language."""
    span = parsed.spans.get(ANSWER)
    if span is None or ("language", ANSWER) in tried or span[0] < floor or not parsed.response:
        return None
    code = find_foreign(parsed.response, form.language)
    if not code:
        return None
    start = len(draft.text[: span[0]].rstrip(" "))
    return Fault(kind="language", section=ANSWER, start=max(floor, start), is_again=True, found=code)


def _find_loop_cut(draft: Draft, parsed: ParsedChain, tried: Collection[Tried], floor: int) -> Fault | None:
    cut, period = find_loop_start(draft)
    if not period:
        return None
    section = _find_section(cut, parsed.spans)
    retried = any(kind == "loop" for kind, _ in tried)
    if retried and ("loop", "end") in tried:
        return None
    return Fault(
        kind="loop",
        section=section,
        start=max(floor, cut),
        is_last=retried,
        is_again=not retried,
        found=f"a run of {period} tokens over and over",
    )


def find_loop_start(draft: Draft) -> tuple[int, int]:
    """Return where the second run of the loop begins that a draft ends with, and the run's tokens; 0 tokens for none."""
    pieces = [draft.text[start:end] for start, end in pairwise([0, *draft.ends])]
    loop = find_loop(pieces, is_wordless=_is_wordless, span=LEAD_OUT_SPAN)
    if loop is None:
        return len(draft.text), 0
    first = len(pieces) - loop.period
    while first > 0 and pieces[first - 1] == pieces[first - 1 + loop.period]:
        first -= 1
    return draft.ends[first + loop.period - 1], loop.period


def _is_wordless(pieces: Sequence[str]) -> bool:
    return not any(letter.isalpha() for piece in pieces for letter in piece)


def find_missing(draft: Draft, form: Form, *, tried: Collection[Tried], floor: int = 0) -> Fault | None:
    """Find that the chain ends before a heading, or that an earlier heading comes again instead of it.

    The sections up to there must be in order and none empty. A heading that was left out, with a later one behind it, is no
    such fault: what stands behind it would be lost.
    """
    names = form.template.section_names
    count, end, found = 0, len(draft.text), f"ended: {draft.finish}"
    for mark in label_pattern(form.template, form.language).finditer(draft.text):
        place = section_index(mark)
        if place > count:
            return None
        if place < count:
            end, found = mark.start(), f"{names[place]} again"
            break
        count += 1
    if not 0 < count < len(names) or ("heading", names[count]) in tried or end < floor:
        return None
    parsed = form.parse(Draft(text=draft.text[:end], finish=draft.finish, ends=()))
    if any(not getattr(parsed, name) for name in names[:count]):
        return None
    start = max(floor, len(draft.text[:end].rstrip()))
    heading = fit_heading(form.find_next(names[count - 1]), draft.text[:start])
    return Fault(kind="heading", section=names[count], start=start, heading=heading, found=found)


def fit_heading(heading: str, before: str) -> str:
    r"""Return a heading without the line breaks that stand in front of it already.

    >>> fit_heading("\n\nResponse:", "a\n"), fit_heading("\n\nResponse:", "a")
    ('\nResponse:', '\n\nResponse:')
    """
    there = len(before) - len(before.rstrip("\n"))
    breaks = len(heading) - len(heading.lstrip("\n"))
    return heading[min(there, breaks) :]


def _find_section(place: int, spans: Mapping[str, tuple[int, int]]) -> str:
    return next((name for name, (start, end) in spans.items() if start <= place <= end), "")


def make_form(template: str, language: Language) -> Form:
    """Return the form of a template's name."""
    return Form(template=find_template(template), language=language)
