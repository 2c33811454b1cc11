"""A table [[train.stages]]: a part of the training with rows, order and learning rate of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from taco.errors import RecipeError
from taco.train.render import digest_template

CHAIN = "chain"
"""Stands for the run's own rows, as the chain stage wrote them."""

ENGLISH_ROWS = "english"
"""Stands for the run's own English rows, before translation."""

Order = Literal["shuffled", "length", "quality", "given"]


class StageOptions(BaseModel):
    """One stage of a curriculum. Stages follow each other; the optimiser's memory goes on from one to the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Name of the stage, in logs and in the report.")
    rows: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(CHAIN,),
        min_length=1,
        description="What is learnt: `chain`, the run's own rows; `english`, the same rows before translation, with the "
        "base's own chat template; or the folders of other runs, for more languages.",
    )
    weights: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(), description="How often each of `rows` is drawn against its size; 1 each if left out."
    )
    temperature: float = Field(
        default=1.0,
        ge=1,
        le=100,
        description="A source of n rows is drawn in proportion to n^(1/temperature): at 1 every row once an epoch, above it "
        "small languages more often and large ones less.",
    )
    replay: float = Field(
        default=0.0,
        ge=0,
        le=0.9,
        description="Share of the stage's rows that are English rows again, against forgetting.",
    )
    template: str = Field(
        default="",
        description="Chain format of the stage's rows, made from the same translated rows; as the chain stage wrote them "
        "if left out.",
    )
    order: Order = Field(
        default="shuffled",
        description="Order within an epoch: `shuffled`, by `length` (short rows first), by the `quality` that the gate "
        "measured (best first), or as `given` by the files.",
    )
    epochs: float | None = Field(
        default=None, gt=0, le=1000, description="Times that the stage's rows are seen; `train.epochs` if left out."
    )
    steps: int | None = Field(default=None, ge=1, le=10_000_000, description="Optimiser steps, instead of `epochs`.")
    learning_rate: float | None = Field(
        default=None, gt=0, le=1, description="Highest learning rate of the stage; `train.learning_rate` if left out."
    )

    @field_validator("template")
    @classmethod
    def _check_template(cls, value: str) -> str:
        if value:
            try:
                digest_template(value)
            except RecipeError as error:
                raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _check_stage(self) -> StageOptions:
        if self.weights and len(self.weights) != len(self.rows):
            raise ValueError(f"weights: {len(self.weights)} for {len(self.rows)} of `rows`; give one for each")
        if twice := {name for name in self.rows if self.rows.count(name) > 1}:
            raise ValueError(f"rows: {sorted(twice)[0]!r} stands there more than once; give it a weight instead")
        if self.epochs is not None and self.steps is not None:
            raise ValueError("one of epochs and steps may be given, not both")
        if self.replay and ENGLISH_ROWS in self.rows:
            raise ValueError("replay: the stage learns the English rows already; give `english` a weight instead")
        return self
