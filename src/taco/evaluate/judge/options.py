"""How answers are judged."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Mode = Literal["single", "rubric", "pair"]
"""single: each answer gets a rating. rubric: it gets one on each of four axes. pair: two systems' answers are compared."""


class CalibrationOptions(BaseModel):
    """When a judge counts as calibrated for a language: all of these must hold on answers with human scores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=30, ge=2, description="Answers with a human score and a verdict, at least.")
    agreement: float = Field(default=0.6, ge=-1, le=1, description="Spearman's rank correlation, at least.")
    bias: float = Field(
        default=0.1, ge=0, le=1, description="Mean of judge minus human, of the scale's length, at most, either way."
    )


class JudgeOptions(BaseModel):
    """How answers are judged, whoever the judge is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Field(default="single", description="single, rubric or pair.")
    prompts: Path | None = Field(default=None, description="FastChat's judge_prompts.jsonl, instead of taco's prompts.")
    reference_categories: tuple[str, ...] = Field(
        default=("coding", "math"), description="Categories whose answers are held against their references."
    )
    lowest: float = Field(default=1.0, description="Lowest rating.")
    highest: float = Field(default=10.0, description="Highest rating.")
    turns: int | None = Field(default=None, ge=1, description="Judge the first so many turns of conversations alone.")
    attempts: int = Field(default=3, ge=1, le=20, description="Replies at most before an answer stays unscored.")
    missing: Literal["lowest", "unscored"] = Field(
        default="lowest", description="What an answer without a target section counts as; it is never sent."
    )
    budget_usd: float | None = Field(default=None, ge=0, description="US dollars that the judge may cost in all.")
    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000, description="Resamples behind each interval.")
    confidence: float = Field(
        default=0.95, ge=0.5, le=0.999, description="Share of intervals that hold the true value."
    )
    seed: int = Field(default=17, ge=0, lt=2**32, description="Seed of intervals and p-values.")
    calibration: CalibrationOptions = CalibrationOptions()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError("lowest must be below highest")
        if self.prompts is not None and self.mode == "rubric":
            raise ValueError("FastChat has no prompt for a rubric")
        if self.prompts is not None and (self.lowest, self.highest) != (1.0, 10.0):
            raise ValueError("FastChat's prompts ask for ratings from 1 to 10")
        return self
