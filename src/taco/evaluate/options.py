"""Settings of the `evaluate` stage."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TerParts = Literal["question", "all"]


class EvaluateOptions(BaseModel):
    """How sure the numbers have to say they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_samples: int = Field(
        default=1000, ge=100, le=100_000, description="Number of resamples behind each interval."
    )
    confidence: float = Field(
        default=0.95, ge=0.5, le=0.999, description="Share of intervals that should hold the true value."
    )
    sentence_limit: int = Field(
        default=6,
        ge=1,
        le=1000,
        description="Count replies with this many sentences or more; the paper asks for less than 6.",
    )
    ter: TerParts = Field(
        default="question",
        description="Of which parts to take TER: of the English question alone, or of all, up to seconds for each answer.",
    )
    translate_step3: bool = Field(
        default=False,
        description="Translate each answer's English section with the recipe's engine, and hold the target section against "
        "that. Sends texts to the engine; the budget counts them, `taco plan` does not.",
    )
