"""Settings of the `chain` stage."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from taco.chain.formats import find_format, list_formats
from taco.errors import RecipeError


def _describe_formats() -> str:
    return "; ".join(f"`{one.name}`: {one.about}" for one in list_formats().values())


class ChainOptions(BaseModel):
    """How a translated row becomes a prompt and a completion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str = Field(
        default="taco",
        validate_default=True,
        description=f"The chain format, or a .toml file with your own, see docs/chain.md. {_describe_formats()}.",
    )
    heldout_template: str = Field(
        default="",
        description="Format of the held-out rows where it is another one, such as `direct` to see how a model that was "
        "taught translation alone answers; the same if left out.",
    )
    length_rule: bool = Field(
        default=False,
        description="Append 'Your response must be less than 6 sentences.' to instructions other than coding and math.",
    )

    @field_validator("template", "heldout_template")
    @classmethod
    def _check_format(cls, value: str, info: ValidationInfo) -> str:
        if value or info.field_name == "template":
            try:
                find_format(value)
            except RecipeError as error:
                raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _check_rule(self) -> ChainOptions:
        if self.length_rule and not find_format(self.template).takes_rule:
            raise ValueError(f"length_rule: the format {self.template!r} answers no questions; leave the rule out")
        return self

    def format_of(self, split: str) -> str:
        """Return the name of the format of a split, "train" or "heldout".

        >>> ChainOptions(template="translate-only", heldout_template="direct").format_of("heldout")
        'direct'
        """
        return (self.heldout_template or self.template) if split == "heldout" else self.template

    def list_signatures(self) -> tuple[str, ...]:
        """Return all that decides what is rendered besides the rows: the formats themselves.

        >>> len(ChainOptions().list_signatures())
        1
        """
        return tuple(repr(find_format(name)) for name in dict.fromkeys(map(self.format_of, ("train", "heldout"))))
