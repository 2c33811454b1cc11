"""The form of a token study."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from taco.chain.formats import find_format
from taco.errors import RecipeError
from taco.languages.table import find_language
from taco.measure.bootstrap import Bootstrap
from taco.study.options import NAME


class TextsOptions(BaseModel):
    """Texts to count: answers in files, or what a run has learnt from or answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What the texts are called in the table.")
    path: Path = Field(description="A folder of text files or a JSON file of answers, or a run folder.")
    rows: Literal["answers", "chains"] = Field(
        default="answers", description="Of a run folder: the tuned model's answers, or the chains it learnt from."
    )
    language: str = Field(default="", description="The target language; of a run folder, the run's own.")
    template: str = Field(default="taco-paper", description="Chain format of answers in files; a run names its own.")
    questions: Path | None = Field(
        default=None, description="What the answers in files answer, with the same ids; without it prompts count as 0."
    )

    @field_validator("language")
    @classmethod
    def _resolve_language(cls, value: str) -> str:
        try:
            return find_language(value).code if value else ""
        except RecipeError as error:
            raise ValueError(error.message) from error

    @field_validator("template")
    @classmethod
    def _check_template(cls, value: str) -> str:
        try:
            found = find_format(value)
        except RecipeError as error:
            raise ValueError(error.message) from error
        if len(found.templates) > 1:
            raise ValueError(f"the format {value} has several parts; name one with a single part")
        return value


class TokenizerOptions(BaseModel):
    """What counts: a file tokenizer.json, or a base model's tokenizer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What the tokenizer is called in the table.")
    path: Path | None = Field(default=None, description="A file tokenizer.json.")
    base: str = Field(default="", description="A base model: alias, folder or hub id, as in [model] of a recipe.")

    @model_validator(mode="after")
    def _check_source(self) -> TokenizerOptions:
        if (self.path is None) == (not self.base):
            raise ValueError("one of path and base must be given")
        return self


class TokenStudy(BaseModel):
    """All that decides a token study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME, description="Name of the study and of its folder.")
    texts: tuple[TextsOptions, ...] = Field(min_length=1, description="Which texts are counted.")
    tokenizers: tuple[TokenizerOptions, ...] = Field(min_length=1, description="With what they are counted.")
    contexts: tuple[int, ...] = Field(
        default=(1024, 2048, 4096), min_length=1, description="Context lengths in tokens that answers are to fit."
    )
    fitting: float = Field(
        default=0.95, gt=0, le=1, description="Share of the answers that must fit for a length to be called the best."
    )
    bootstrap_samples: int = Field(default=1000, ge=100, le=100_000, description="Resamples behind each interval.")
    seed: int = Field(default=17, ge=0, lt=2**32, description="Seed of the resamples.")

    @field_validator("contexts")
    @classmethod
    def _check_contexts(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(context < 1 for context in value):
            raise ValueError("a context has 1 token or more")
        return value

    @property
    def bootstrap(self) -> Bootstrap:
        """How intervals are made."""
        return Bootstrap(samples=self.bootstrap_samples, confidence=0.95, seed=self.seed)
