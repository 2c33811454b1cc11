"""The form of a cost study."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from taco.measure.bootstrap import Bootstrap
from taco.study.options import NAME


class CostStudy(BaseModel):
    """All that decides a cost study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME, description="Name of the study and of its folder.")
    runs: tuple[str, ...] = Field(
        min_length=1, description="Finished run folders; * stands for any text: studies/NAME/runs/*."
    )
    watts_per_core: float = Field(
        default=10.0,
        gt=0,
        description="What a busy processor core draws, for the estimate of energy. An assumption, not a measurement.",
    )
    watts: float | None = Field(
        default=None,
        gt=0,
        description="What the whole machine draws while a stage runs, accelerators included; then energy is wall-clock time "
        "times this, and `watts_per_core` is not used.",
    )
    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000, description="Resamples behind each interval.")
    seed: int = Field(default=17, ge=0, lt=2**32, description="Seed of the resamples.")

    @property
    def bootstrap(self) -> Bootstrap:
        """How intervals are made."""
        return Bootstrap(samples=self.bootstrap_samples, confidence=0.95, seed=self.seed)
