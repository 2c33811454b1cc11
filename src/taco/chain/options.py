"""Settings of the `chain` stage."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ChainOptions(BaseModel):
    """How a translated row becomes a prompt and a completion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: Literal["taco", "taco-paper"] = Field(
        default="taco",
        description="`taco`: three labelled sections, layout kept. `taco-paper`: byte for byte as in the paper.",
    )
    length_rule: bool = Field(
        default=False,
        description="Append 'Your response must be less than 6 sentences.' to instructions other than coding and math.",
    )
