"""Sections out of a chain that is still being written: each character goes to its section once it cannot be a label."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from taco.chain.template import Template, label_pattern, section_index
from taco.languages.table import Language

OUTSIDE = ""
"""Stands for what is in no section: text before the first label, and what follows a label that was there before."""

_Start = Literal["line", "section", "none"]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of one section.

    Attributes:
        section: The section's name, or `OUTSIDE`.
        text: Its next characters, never empty.
    """

    section: str
    text: str


class SectionStream:
    r"""Tells sections apart while the text grows; what it gives is, put together, what `parse_chain` finds in the end.

    Held back are the start of a line as long as it may become a label, white space that may be the section's last, and
    what the template itself may have added.

    Args:
        template: The template that the model learnt.
        language: The target language.

    >>> from taco.chain.formats import find_template
    >>> from taco.languages.table import find_language
    >>> stream = SectionStream(find_template("taco"), find_language("gl"))
    >>> stream.push("Response in English: Hi\nResponse in Gal")
    [Part(section='response_en', text='Hi')]
    >>> stream.push("ician: Ola") + stream.finish()
    [Part(section='response', text='Ola')]
    """

    def __init__(self, template: Template, language: Language) -> None:
        self._template, self._language = template, language
        self._label = label_pattern(template, language)
        self._prefix = prefix_pattern(template, language)
        self._section: str = OUTSIDE if template.has_labels else template.section_names[0]
        self._seen: set[str] = set()
        self._start: _Start = "line" if template.has_labels else "section"
        self._pending = ""  # not yet known to be no label
        self._is_line = False  # whether nothing but space stands before a section's first character in its line
        self._held = ""  # in the section, if more of it comes
        self._is_begun = False  # whether the section has a character yet

    @property
    def section(self) -> str:
        """Name of the section that the last label began, or `OUTSIDE`."""
        return self._section

    @property
    def unsure(self) -> int:
        """Number of characters at the end that may yet become a label."""
        return len(self._pending)

    def push(self, text: str) -> list[Part]:
        """Take the next characters and return what became certain."""
        self._pending += text
        return self._advance(is_last=False)

    def finish(self) -> list[Part]:
        """Return what is left at the end of the text."""
        return [*self._advance(is_last=True), *self._end_section()]

    def _advance(self, *, is_last: bool) -> list[Part]:
        parts: list[Part] = []
        while self._pending:
            if self._start == "section" and not self._skip_space():
                break
            if self._start != "none" and not self._settle_start(parts, is_last=is_last):
                break
            if self._start == "none":
                line, found, rest = self._pending.partition("\n")
                parts += self._give(line + found)
                self._pending = rest
                if found and self._template.has_labels:
                    self._start = "line"
        return parts

    def _skip_space(self) -> bool:
        """Pass over white space before a section's first character; False where nothing is left."""
        rest = self._pending.lstrip()
        _, newline, indent = self._pending[: len(self._pending) - len(rest)].rpartition("\n")
        self._is_line = (bool(newline) or self._is_line) and not indent.strip(" \t")
        self._pending = rest
        return bool(rest)

    def _settle_start(self, parts: list[Part], *, is_last: bool) -> bool:
        """Decide what the pending text begins with; False where more of it is needed."""
        bare = self._pending.lstrip("\\") if self._template.escapes else self._pending
        is_escaped = len(bare) < len(self._pending)
        may_be = is_escaped or self._start == "line" or self._is_line
        match = self._label.match(bare) if may_be else None
        if match is None:
            if may_be and not is_last and self._prefix.fullmatch(bare):
                return False
            self._start = "none"
        elif is_escaped:
            self._pending, self._start = self._pending[1:], "none"
        elif match.end() == len(bare) and not is_last:
            return False
        else:
            parts += self._end_section()
            self._begin_section(match)
        return True

    def _begin_section(self, match: re.Match[str]) -> None:
        name = self._template.section_names[section_index(match)]
        self._section = OUTSIDE if name in self._seen else name
        self._seen.add(name)
        self._pending, self._start = self._pending[match.end() :], "section"
        self._is_line = False

    def _give(self, text: str) -> list[Part]:
        if not self._is_begun:
            text = text.lstrip()
        whole = self._held + text
        sure = whole.rstrip()
        added = self._added()
        if added:
            sure = sure.removesuffix(added)
        self._held = whole[len(sure) :]
        self._is_begun = self._is_begun or bool(whole)
        return [Part(self._section, sure)] if sure else []

    def _end_section(self) -> list[Part]:
        rest = self._held.rstrip().removesuffix(self._added())
        section, self._held, self._is_begun = self._section, "", False
        return [Part(section, rest)] if rest else []

    def _added(self) -> str:
        if self._section == OUTSIDE:
            return ""
        index = self._template.section_names.index(self._section)
        return self._template.sections[index].added.strip()


@lru_cache(maxsize=1024)
def prefix_pattern(template: Template, language: Language) -> re.Pattern[str]:
    """Return the pattern of what may yet become a label: every beginning of what `label_pattern` matches."""
    if not template.has_labels:
        return re.compile(r"(?!)")
    names = [name for name in (language.name, language.autonym) if name]
    labels = {
        section.label.removesuffix(":").replace("{language}", name) for section in template.sections for name in names
    }
    begun = "|".join(_nest(label) for label in sorted(labels))
    return re.compile(rf"[ \t]*(?:[#*_>]+[ \t]*)?(?:{begun})?", re.IGNORECASE)


def _nest(label: str) -> str:
    pattern = r"[ \t]*[*_]*"
    pieces = [word if word.strip() else r"[ \t]+" for word in re.split(r"(\s+)", label) if word]
    letters = [one for piece in pieces for one in ([piece] if piece == r"[ \t]+" else map(re.escape, piece))]
    for letter in reversed(letters):
        pattern = f"(?:{letter}{pattern})?"
    return pattern
