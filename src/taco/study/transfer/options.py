"""The form of a transfer study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from taco.errors import RecipeError
from taco.languages.table import ENGLISH, find_language
from taco.study.options import NAME


class TransferStudy(BaseModel):
    """All that decides a transfer study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME, description="Name of the study and of its folder.")
    run: Path = Field(description="A finished run folder, whose adapter is asked in other languages.")
    languages: tuple[str, ...] = Field(
        min_length=1, description="In which languages; the run's own is always shown beside them."
    )
    questions: int | None = Field(
        default=None, ge=2, description="How many of the run's held-out rows are asked; all if left out."
    )
    typology: Path | None = Field(
        default=None, description="File of grammatical distances, as tools/make_typology.py writes it."
    )
    own: Mapping[str, Path] = Field(
        default={},
        description="Language -> finished run whose adapter was trained on it, asked the same held-out rows.",
    )

    @field_validator("languages")
    @classmethod
    def _resolve_languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_resolve(name) for name in value))

    @field_validator("own")
    @classmethod
    def _resolve_own(cls, value: Mapping[str, Path]) -> Mapping[str, Path]:
        return {_resolve(name): path for name, path in value.items()}


def _resolve(name: str) -> str:
    try:
        language = find_language(name)
    except RecipeError as error:
        raise ValueError(error.message) from error
    if language == ENGLISH:
        raise ValueError("the chain has an English half already; name another language than English")
    return language.code
