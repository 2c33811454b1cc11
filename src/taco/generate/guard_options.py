"""Which faults of an answer the chain guard repairs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BudgetOptions(BaseModel):
    """Tokens that a section may have; one that has more is closed at the end of a sentence, and the next one begun."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instruction_en: int | None = Field(default=None, ge=1, description="Of the question in English; none if left out.")
    response_en: int | None = Field(default=None, ge=1, description="Of the answer in English; none if left out.")
    response: int | None = Field(
        default=None, ge=1, description="Of the answer in the target language; none if left out."
    )


class GuardOptions(BaseModel):
    """The chain guard: what is repaired in answers of the tuned model. The text as it was stays beside the repaired one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: bool = Field(
        default=True, description="Where the chain ends before a heading, write that heading and let the model go on."
    )
    loop: bool = Field(
        default=True, description="Cut an answer that ended in a loop before its repeats, and let the model go on once."
    )
    language: bool = Field(
        default=True,
        description="Let the model write a target section once more that is surely in another language; the better one stays.",
    )
    budget: BudgetOptions = BudgetOptions()
    penalty: float = Field(
        default=1.2,
        ge=1,
        le=10,
        description="How much less likely tokens become that were there, when a loop or a language is tried again; 1.2 is the "
        "value of CTRL (arXiv 1909.05858).",
    )

    @property
    def is_on(self) -> bool:
        """Whether anything is repaired.

        >>> GuardOptions(heading=False, loop=False, language=False).is_on
        False
        """
        return self.heading or self.loop or self.language or bool(self.budgets)

    @property
    def budgets(self) -> dict[str, int]:
        """The budgets that are set: section -> tokens.

        >>> GuardOptions(budget=BudgetOptions(response_en=40)).budgets
        {'response_en': 40}
        """
        return {name: tokens for name, tokens in self.budget.model_dump().items() if tokens is not None}


GUARD_OFF = GuardOptions(heading=False, loop=False, language=False)
"""Repairs nothing."""
