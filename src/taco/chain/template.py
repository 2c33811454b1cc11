r"""A template: which sections a completion has, how they are written down, and what the prompt is.

Rendering is concatenation, and strict parsing is splitting at exactly the same bytes:

    render(chain) = separator[0] + section[0] + separator[1] + section[1] + ...

In a template with labels that escapes, a line of a text that itself begins with a label gets a backslash in front, which
parsing removes again, so that every text survives. A template that has labels and does not escape refuses a text that
holds its separators. A template without labels has one section, and whatever text it gets is that section.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from taco.errors import DataError
from taco.languages.table import Language
from taco.records import Chain

SectionName = Literal["instruction_en", "response_en", "response"]

SECTIONS: tuple[SectionName, ...] = get_args(SectionName)
"""Names of the sections, in the order of the chain."""

TextName = Literal["instruction", "instruction_en", "instruction_en_alone", "response_en", "response"]
"""The texts of a row: the question in the target language and in English, both with the input where there is one, the
latter without, and the answer in English and in the target language."""

TEXTS: tuple[TextName, ...] = get_args(TextName)

LENGTH_RULE = "Your response must be less than 6 sentences."
"""The paper's rule, appended to instructions; it was left off for coding and math questions."""

LENGTH_RULE_FREE = frozenset({"coding", "math"})
"""Categories whose instructions the rule is not appended to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a template.

    Attributes:
        name: Its name in a `Chain`.
        text: The text of a row that it holds.
        label: What stands before it, "{language}" for the target's English name, ":" at the end; "" for no label.
        before, after: What stands before and after the label.
        added: What the template adds to the end of the text.
    """

    name: SectionName
    text: TextName
    label: str = ""
    before: str = ""
    after: str = ""
    added: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One way to write a prompt and its completion down.

    Attributes:
        name: Name of the format, with ":" and the part's name where it has several parts.
        part: Name of the part; "" where the format has one.
        version: Raised whenever the rendered bytes change.
        sections: In the order in which they are written.
        prompt: The text of a row that the user's message is.
        system_message: The system message, "{language}" for the target's English name; "" for none.
        escapes: Whether a line that begins with a label is escaped.
        takes_rule: Whether the length rule may be appended to its instructions.
    """

    name: str
    part: str = ""
    version: int
    sections: tuple[Section, ...]
    prompt: TextName
    system_message: str
    escapes: bool
    takes_rule: bool

    @property
    def signature(self) -> str:
        """Name and version, as written into manifests."""
        return f"{self.name} v{self.version}"

    @property
    def section_names(self) -> tuple[SectionName, ...]:
        """The names of its sections, in the order in which they are written."""
        return tuple(section.name for section in self.sections)

    @property
    def has_labels(self) -> bool:
        """Whether labels part its sections."""
        return bool(self.sections[0].label)

    def labels(self, language: Language) -> tuple[str, ...]:
        """Return the labels of the sections, colon included; "" for a section without one."""
        return tuple(section.label.replace("{language}", language.name) for section in self.sections)

    def separators(self, language: Language) -> tuple[str, ...]:
        """Return the text before each section."""
        added = ["", *(section.added for section in self.sections)]
        return tuple(
            ends + section.before + label + section.after
            for ends, section, label in zip(added, self.sections, self.labels(language), strict=False)
        )

    def system(self, language: Language) -> str:
        """Return the system message."""
        return self.system_message.replace("{language}", language.name)

    def render(self, chain: Chain, language: Language) -> str:
        """Write a chain down as the completion to learn.

        Raises:
            DataError: The template cannot hold the texts, because they contain its separators, or it has no section for
                one of them.
        """
        texts = [getattr(chain, name) for name in self.section_names]
        if self.escapes:
            texts = [escape_labels(text, self, language) for text in texts]
        rendered = "".join(sep + text for sep, text in zip(self.separators(language), texts, strict=True))
        if self.split(rendered, language) != chain:
            raise DataError(
                f"The template {self.name!r} cannot hold a text that contains its own separators, or one that it has no "
                "section for."
            )
        return rendered

    def split(self, text: str, language: Language) -> Chain | None:
        """Read a chain back that `render` wrote, byte for byte; None where the text is no such chain."""
        first, *others = self.separators(language)
        if not text.startswith(first):
            return None
        rest, texts = text[len(first) :], []
        for separator in others:
            part, found, rest = rest.partition(separator)
            if not found:
                return None
            texts.append(part)
        texts.append(rest)
        if self.escapes:
            texts = [unescape_labels(part, self, language) for part in texts]
        return make_chain(dict(zip(self.section_names, texts, strict=True)))

    def trim(self, name: str, text: str) -> str:
        """Take from a tolerantly parsed section the white space around it and what the template itself added."""
        section = self.sections[self.section_names.index(name)]
        return text.strip().removesuffix(section.added.strip())


def make_chain(texts: dict[SectionName, str]) -> Chain:
    """Make a chain of some of its sections; the others are "".

    >>> make_chain({"response": "Ola!"})
    Chain(instruction_en='', response_en='', response='Ola!')
    """
    return Chain(**{name: texts.get(name, "") for name in SECTIONS})


@lru_cache(maxsize=1024)
def label_pattern(template: Template, language: Language) -> re.Pattern[str]:
    """Return the pattern of a template's label at the start of a line, group "s0", "s1" ... for the section.

    White space and Markdown marks around the label are allowed, any case, and the target language named in English
    or in itself: what models make of labels. Of a template without labels it matches nothing.
    """
    if not template.has_labels:
        return re.compile(r"(?!)")
    target = "|".join(re.escape(name) for name in (language.name, language.autonym) if name)
    names = (_widen_label(section.label, target) for section in template.sections)
    label = "|".join(f"(?P<s{index}>{name})" for index, name in enumerate(names))
    return re.compile(rf"^[ \t]*(?:[#*_>]+[ \t]*)?(?:{label})[ \t]*[*_]*[:：][*_]*", re.IGNORECASE | re.MULTILINE)


def _widen_label(label: str, target: str) -> str:
    words = label.removesuffix(":").split()
    return "[ \t]+".join(f"(?:{target})".join(re.escape(piece) for piece in word.split("{language}")) for word in words)


@lru_cache(maxsize=1024)
def _escapable(template: Template, language: Language) -> re.Pattern[str]:
    pattern = label_pattern(template, language).pattern.removeprefix("^")
    return re.compile(rf"^(\\*)(?={pattern})", re.IGNORECASE | re.MULTILINE)


def escape_labels(text: str, template: Template, language: Language) -> str:
    r"""Put a backslash before every line that begins with (backslashes and) a label.

    >>> from taco.chain.formats import find_template
    >>> from taco.languages.table import find_language
    >>> print(escape_labels("Response in English: no", find_template("taco"), find_language("gl")))
    \Response in English: no
    """
    return _escapable(template, language).sub(r"\\\1", text)


def unescape_labels(text: str, template: Template, language: Language) -> str:
    """Undo `escape_labels`."""
    return _escapable(template, language).sub(lambda match: match[1][1:], text)


def is_in_order(names: Sequence[str], template: Template) -> bool:
    """Whether sections come in the template's order."""
    return list(names) == sorted(names, key=template.section_names.index)


def section_index(match: re.Match[str]) -> int:
    """Return which section of its template a match of `label_pattern` names, from 0 on."""
    return int(match.lastgroup.removeprefix("s"))  # type: ignore[union-attr]
