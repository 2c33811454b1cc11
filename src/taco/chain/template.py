r"""Chain templates: how the three sections of a TaCo answer are written down.

A template is three separators, one before each section, so that rendering is concatenation and strict parsing is
splitting at exactly the same bytes:

    render(chain) = separator[0] + instruction_en + separator[1] + response_en + separator[2] + response

`taco` puts each label on a line of its own. A line of a text that itself begins with a label gets a backslash in front,
which parsing removes again, so that every text survives. `taco-paper` is byte for byte the form of the released models
(arXiv 2311.10797, outputs in github.com/UNHSAILLab/TaCo): two spaces after the first label, 24 spaces before the other
two, a dot added to the first and a dot and a space to the second section. It cannot escape; a text that holds its
separators is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from taco.errors import DataError, RecipeError
from taco.languages.table import Language
from taco.records import Chain
from taco.registry import suggest

SECTIONS = ("instruction_en", "response_en", "response")
"""Names of the sections, in the order of the chain."""

LENGTH_RULE = "Your response must be less than 6 sentences."
"""The paper's rule, appended to instructions; it was left off for coding and math questions."""

LENGTH_RULE_FREE = frozenset({"coding", "math"})
"""Categories whose instructions the rule is not appended to."""

Separators = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Template:
    """One way to write a chain down.

    Attributes:
        name: The name used in recipes.
        version: Raised whenever the rendered bytes change.
        separators: Labels -> the text before each section.
        escapes: Whether a line that begins with a label is escaped.
        trim: Removes from a tolerantly parsed section what the template itself added, by section name.
    """

    name: str
    version: int
    separators: Callable[[tuple[str, str, str]], Separators]
    escapes: bool
    trim: Callable[[str, str], str]

    @property
    def signature(self) -> str:
        """Name and version, as written into manifests."""
        return f"{self.name} v{self.version}"

    def labels(self, language: Language) -> tuple[str, str, str]:
        """Return the labels of the three sections, colon included."""
        return ("Instruction in English:", "Response in English:", f"Response in {language.name}:")

    def system(self, language: Language) -> str:
        """Return the system message, worded as in the paper's release."""
        return (
            f"Translate the following instructions from {language.name} to English, formulate a response in English, "
            f"and then translate that response back into {language.name}."
        )

    def render(self, chain: Chain, language: Language) -> str:
        """Write a chain down as the completion to learn.

        Raises:
            DataError: The template cannot hold the texts, because they contain its separators.
        """
        labels = self.labels(language)
        texts = [getattr(chain, name) for name in SECTIONS]
        if self.escapes:
            texts = [escape_labels(text, language) for text in texts]
        rendered = "".join(sep + text for sep, text in zip(self.separators(labels), texts, strict=True))
        if self.split(rendered, language) != chain:
            raise DataError(f"The template {self.name!r} cannot hold a text that contains its own separators.")
        return rendered

    def split(self, text: str, language: Language) -> Chain | None:
        """Read a chain back that `render` wrote, byte for byte; None where the text is no such chain."""
        labels = self.labels(language)
        first, second, third = self.separators(labels)
        if not text.startswith(first):
            return None
        instruction_en, found_second, rest = text[len(first) :].partition(second)
        response_en, found_third, response = rest.partition(third)
        if not (found_second and found_third):
            return None
        texts = (instruction_en, response_en, response)
        if self.escapes:
            texts = tuple(unescape_labels(part, language) for part in texts)  # type: ignore[assignment]
        return Chain(**dict(zip(SECTIONS, texts, strict=True)))


@lru_cache(maxsize=256)
def label_pattern(language: Language) -> re.Pattern[str]:
    """Return the pattern of a label at the start of a line, group "s0", "s1" or "s2" for the section.

    White space and Markdown marks around the label are allowed, any case, and the target language named in English
    or in itself: what models make of labels.
    """
    target = "|".join(re.escape(name) for name in (language.name, language.autonym) if name)
    names = ("instruction[ \t]+in[ \t]+english", "response[ \t]+in[ \t]+english", f"response[ \t]+in[ \t]+(?:{target})")
    label = "|".join(f"(?P<s{index}>{name})" for index, name in enumerate(names))
    return re.compile(rf"^[ \t]*(?:[#*_>]+[ \t]*)?(?:{label})[ \t]*[*_]*[:：][*_]*", re.IGNORECASE | re.MULTILINE)


@lru_cache(maxsize=256)
def _escapable(language: Language) -> re.Pattern[str]:
    return re.compile(rf"^(\\*)(?={label_pattern(language).pattern[1:]})", re.IGNORECASE | re.MULTILINE)


def escape_labels(text: str, language: Language) -> str:
    r"""Put a backslash before every line that begins with (backslashes and) a label.

    >>> from taco.languages.table import find_language
    >>> print(escape_labels("Response in English: no", find_language("gl")))
    \Response in English: no
    """
    return _escapable(language).sub(r"\\\1", text)


def unescape_labels(text: str, language: Language) -> str:
    """Undo `escape_labels`."""
    return _escapable(language).sub(lambda match: match[1][1:], text)


def _separate_by_lines(labels: tuple[str, str, str]) -> Separators:
    first, second, third = labels
    return (f"{first}\n", f"\n\n{second}\n", f"\n\n{third}\n")


def _separate_as_the_paper(labels: tuple[str, str, str]) -> Separators:
    first, second, third = labels
    indent = " " * 24
    return (f"{first}  ", f".\n{indent}{second} ", f". \n{indent}{third} ")


def _trim_whitespace(section: str, text: str) -> str:
    return text.strip()


def _trim_whitespace_and_added_dot(section: str, text: str) -> str:
    text = text.strip()
    return text if section == "response" else text.removesuffix(".")


TEMPLATES = {
    template.name: template
    for template in (
        Template("taco", 1, _separate_by_lines, escapes=True, trim=_trim_whitespace),
        Template("taco-paper", 1, _separate_as_the_paper, escapes=False, trim=_trim_whitespace_and_added_dot),
    )
}
"""Name -> template."""


def find_template(name: str) -> Template:
    """Return the template of that name.

    Raises:
        RecipeError: There is none.
    """
    if name not in TEMPLATES:
        raise RecipeError(
            f"There is no chain template {name!r}{suggest(name, TEMPLATES)}", hint=f"Known: {', '.join(TEMPLATES)}."
        )
    return TEMPLATES[name]
