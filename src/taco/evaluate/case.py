"""One answer with all that it is measured against."""

from __future__ import annotations

from dataclasses import dataclass

from taco.chain.parse import ParsedChain, parse_chain
from taco.chain.template import SECTIONS
from taco.languages.identify import Identification, identify
from taco.languages.table import Language
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
        reply: What a reader would be shown: the target section; where the answer has no label at all, the whole text;
            else "". A model that never learnt the chain is so judged on what it wrote, not on its form.
        identification: Which language the reply is in.
        language: The target language.
    """

    example: Example
    answer: Answer
    parsed: ParsedChain
    reply: str
    identification: Identification
    language: Language

    @property
    def missing(self) -> tuple[str, ...]:
        """The sections that the answer does not have, and "reply" where there is nothing to show a reader."""
        absent = tuple(name for name in SECTIONS if not getattr(self.parsed, name))
        return absent if self.reply else (*absent, "reply")


def build_case(example: Example, answer: Answer, language: Language) -> Case:
    """Parse an answer and identify its language.

    Raises:
        RecipeError: The example's template is unknown.
    """
    parsed = parse_chain(answer.text, template=example.template, language=language, finish=answer.finish)
    reply = answer.text.strip() if parsed.state == "no-chain" else parsed.response
    return Case(
        example=example,
        answer=answer,
        parsed=parsed,
        reply=reply,
        identification=identify(reply, target=language),
        language=language,
    )


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
