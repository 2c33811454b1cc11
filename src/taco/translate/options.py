"""What a recipe may say about translation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from taco.errors import RecipeError
from taco.translate.engine import ENGINES


class TranslateOptions(BaseModel):
    """The table [translate] of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str = Field(
        default="apertium",
        description="What translates: `apertium`, `shipped-memory` (the seed rows in Galician only) or `echo` (a fake).",
    )
    options: dict[str, Any] = Field(
        default={}, validate_default=True, description="The engine's own options, as a table [translate.options]."
    )
    fallback: str | None = Field(
        default=None, description="Engine to use, with its default options, where the first one is missing."
    )
    memory: Path | None = Field(
        default=None, description="File of the translation memory; by default memory.sqlite in the cache folder."
    )
    batch_characters: int = Field(
        default=16_000,
        ge=1,
        le=10_000_000,
        description="Characters sent in one call. What is in flight when a run is killed is sent again, so smaller is safer.",
    )
    max_unknown_share: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Rows of which the engine does not know a larger share of words are dropped.",
    )

    @field_validator("engine", "fallback")
    @classmethod
    def _check_engine(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                ENGINES.load_options(value)
        except RecipeError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("options")
    @classmethod
    def _complete_options(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "engine" not in info.data:  # its own fault is reported
            return value
        kind: type[BaseModel] = ENGINES.load_options(info.data["engine"])
        try:
            return kind.model_validate(value).model_dump(mode="json")
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
            known = ", ".join(kind.model_fields)
            raise ValueError(f"{'; '.join(faults)}; options of {info.data['engine']}: {known}") from error

    @property
    def engine_options(self) -> Any:
        """The engine's options in their typed form.

        >>> TranslateOptions(options={"processes": 3}).engine_options.processes
        3
        """
        return ENGINES.load_options(self.engine).model_validate(self.options)
