"""One answer with all that it is measured against."""

from __future__ import annotations

from dataclasses import dataclass

from taco.chain.formats import find_template
from taco.chain.parse import ParsedChain, parse_chain
from taco.chain.template import Template
from taco.languages.identify import Identification, identify
from taco.languages.table import Language, find_language
from taco.records import Answer, Example

REFERENCE = "reference"
"""The arm that stands for the reference chains themselves; measured too, as the ceiling of every measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer, parsed and identified.

    Attributes:
        example: The question and its reference chain.
        answer: What was answered.
        parsed: The sections found in the answer.
        template: How the answer should be written down.
        reply: What a reader would be shown: the target section; where the answer has no label at all, the whole text;
            else "". A model that never learnt the chain is so judged on what it wrote, not on its form. "" too where the
            template has no target section.
        identification: Which language the reply is in.
        language: The target language.
    """

    example: Example
    answer: Answer
    parsed: ParsedChain
    template: Template
    reply: str
    identification: Identification
    language: Language

    @property
    def missing(self) -> tuple[str, ...]:
        """The template's sections that the answer does not have, and "reply" where it lacks what a reader is shown."""
        absent = tuple(name for name in self.template.section_names if not getattr(self.parsed, name))
        return absent if self.reply or not self.has_target else (*absent, "reply")

    @property
    def has_target(self) -> bool:
        """Whether the template has a section in the target language."""
        return "response" in self.template.section_names


def build_case(example: Example, answer: Answer, language: Language) -> Case:
    """Parse an answer and identify its language.

    Raises:
        RecipeError: The example's template is unknown.
    """
    template = find_template(example.template)
    parsed = parse_chain(answer.text, template=example.template, language=language, finish=answer.finish)
    reply = parsed.response
    if parsed.state == "no-chain" and "response" in template.section_names:
        reply = answer.text.strip()
    return Case(
        example=example,
        answer=answer,
        parsed=parsed,
        template=template,
        reply=reply,
        identification=identify(reply, target=language),
        language=language,
    )


def find_target_section(text: str, *, language: str, template: str) -> str:
    """Return what a reader would be shown: of a chain the target section, "" where it has none; else the whole text.

    >>> find_target_section("Response in English: Hi\\nResponse in Galician: Ola", language="gl", template="taco")
    'Ola'
    >>> find_target_section("Ola", language="gl", template="taco")
    'Ola'
    """
    parsed = parse_chain(text, template=template, language=find_language(language))
    return text.strip() if parsed.state == "no-chain" else parsed.response


def build_reference(example: Example, language: Language) -> Case:
    """Build the case of an example's own reference chain, as if it had been answered."""
    answer = Answer(
        id=example.id,
        arm=REFERENCE,
        prompt=example.prompt,
        text=example.completion,
        finish="stop",
        state="complete",
        tokens=0,
        seconds=0.0,
    )
    return build_case(example, answer, language)
