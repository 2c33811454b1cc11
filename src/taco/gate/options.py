"""What a recipe may say about the quality gate."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from taco.gate.checks import CHECKS
from taco.registry import suggest
from taco.translate.options import TranslateOptions

REASONS = tuple(check.reason for check in CHECKS)


class ThresholdOptions(BaseModel):
    """The table [gate.thresholds]: what is given holds, what is left out is found from the rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Rows whose probability of being in the target language is lower are dropped.",
    )
    script_share: float | None = Field(
        default=None, ge=0, le=1, description="Rows with a smaller share of letters in the target's script are dropped."
    )
    length_ratio_low: float | None = Field(
        default=None, ge=0, description="Rows with fewer characters for each English character are dropped."
    )
    length_ratio_high: float | None = Field(
        default=None, ge=0, description="Rows with more characters for each English character are dropped."
    )
    copy_rate: float | None = Field(
        default=None, ge=0, le=1, description="Rows with a larger share of English words are dropped."
    )
    repetition: float | None = Field(
        default=None, ge=-1, le=1, description="Rows that repeat themselves more, the English texts' own share taken off, are "
        "dropped."
    )  # fmt: skip
    numbers_kept: float | None = Field(
        default=None, ge=0, le=1, description="Rows that kept a smaller share of the numbers are dropped."
    )
    entities_kept: float | None = Field(
        default=None, ge=0, le=1, description="Rows that kept a smaller share of the names are dropped."
    )
    unknown_rate: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Rows of which the engine did not know a larger share of words are dropped.",
    )
    round_trip: float | None = Field(
        default=None, ge=0, le=100, description="Rows whose back-translation has a lower chrF++ are dropped."
    )


class CorpusRoundTripOptions(BaseModel):
    """The table [gate.corpus_round_trip]: the paper's measure of translation quality."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentences: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Sentences of the kept rows that are translated back and compared (1000 in the paper); 0 for none.",
    )
    bootstrap_samples: int = Field(
        default=1000, ge=100, le=100_000, description="Number of resamples behind each interval."
    )


class GateOptions(BaseModel):
    """What is checked, and what happens to rows that fail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drop: Literal["train", "all", "none"] = Field(
        default="train",
        description="Which rows may be dropped: `train` keeps held-out rows, so that the benchmark stays the same, and lists "
        "those that fail in gate/flagged.jsonl; `all` drops them too; `none` drops nothing and lists all that fail.",
    )
    checks: tuple[str, ...] = Field(
        default=REASONS, description="The checks that are made, by the reason of their drops; see docs/gate.md."
    )
    least_rows: int = Field(
        default=100,
        ge=10,
        description="With fewer training rows that have a figure, its threshold is a default instead of a fence.",
    )
    round_trip: bool = Field(
        default=False, description="Translate every row back and compare it with the English row by chrF++ (costs)."
    )
    back_engine: str = Field(
        default="", description="The engine that translates back; `translate.engine` where left out. Needs the pair."
    )
    back_options: dict[str, Any] = Field(
        default={},
        description="Its own options, as a table [gate.back_options]; those of `translate` where it is the same engine.",
    )
    thresholds: ThresholdOptions = ThresholdOptions()
    corpus_round_trip: CorpusRoundTripOptions = CorpusRoundTripOptions()

    @field_validator("checks")
    @classmethod
    def _check_reasons(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for reason in value:
            if reason not in REASONS:
                raise ValueError(f"there is no check {reason!r}{suggest(reason, REASONS)}")
        return value

    @field_validator("back_options")
    @classmethod
    def _check_back_options(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        engine = info.data.get("back_engine", "")
        if value and not engine:
            raise ValueError("they are of gate.back_engine, which is not given")
        return TranslateOptions(engine=engine, options=value).options if engine else value

    @property
    def asks_back(self) -> bool:
        """Whether anything is translated back."""
        return self.round_trip or self.corpus_round_trip.sentences > 0

    def choose_back(self, translate: TranslateOptions) -> TranslateOptions:
        """Return how to translate back: as `translate` does it, with the engine of choice, and without dropping rows.

        >>> GateOptions(back_engine="echo").choose_back(TranslateOptions(max_unknown_share=0.1)).max_unknown_share
        1.0
        """
        engine = {"engine": self.back_engine, "options": self.back_options} if self.back_engine else {}
        changed = {"fallback": (), "fallback_options": {}, "max_unknown_share": 1.0, **engine}
        return translate.model_copy(update=changed)
