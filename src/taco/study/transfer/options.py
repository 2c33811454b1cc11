"""The form of a transfer study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from taco.errors import RecipeError
from taco.languages.table import ENGLISH, find_language
from taco.study.options import NAME


class TransferStudy(BaseModel):
    """All that decides a transfer study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME, description="Name of the study and of its folder.")
    run: Path = Field(description="A finished run folder, whose adapter is asked in other languages.")
    languages: tuple[str, ...] = Field(
        default=(),
        description="In which languages, besides those of `benchmarks`; the run's own is always shown beside them.",
    )
    questions: int | None = Field(
        default=None, ge=2, description="How many questions are asked, the first ones; all if left out."
    )
    english: Path | None = Field(
        default=None,
        description="A benchmark in English that is asked in every language; the run's held-out rows if left out.",
    )
    references: Path | None = Field(default=None, description="Reference answers to `english`, by id.")
    benchmarks: Mapping[str, Path] = Field(
        default={},
        description="Language -> file of the same questions in it, with the same ids; no engine translates them.",
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

    @field_validator("benchmarks", "own")
    @classmethod
    def _resolve_keys(cls, value: Mapping[str, Path]) -> Mapping[str, Path]:
        found: dict[str, Path] = {}
        for name, path in value.items():
            if (code := _resolve(name)) in found:
                raise ValueError(f"{find_language(code).name} stands there twice")
            found[code] = path
        return found

    @model_validator(mode="after")
    def _check_together(self) -> TransferStudy:
        if not self.asked:
            raise ValueError("no language is asked; expected `languages`, `benchmarks` or both")
        if self.references is not None and self.english is None:
            raise ValueError("references: they are of `english`, which is not given")
        if self.english is not None and self.own:
            raise ValueError("own: these runs answered held-out rows, not `english`; leave one of both out")
        if both := sorted(set(self.own) & set(self.benchmarks)):
            raise ValueError(f"own: the run for {both[0]} was asked other words than its file in `benchmarks` has")
        return self

    @property
    def asked(self) -> tuple[str, ...]:
        """Codes of all languages that are asked, those of `languages` first."""
        return tuple(dict.fromkeys((*self.languages, *self.benchmarks)))


def _resolve(name: str) -> str:
    try:
        language = find_language(name)
    except RecipeError as error:
        raise ValueError(error.message) from error
    if language == ENGLISH:
        raise ValueError("the chain has an English half already; name another language than English")
    return language.code
