"""What a recipe may say about translation."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from taco.errors import RecipeError, list_faults
from taco.translate.engine import ENGINES


class TranslateOptions(BaseModel):
    """The table [translate] of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str = Field(
        default="apertium",
        description="What translates: `apertium` (the embedded default), `google`, `deepl`, `libretranslate`, "
        "`apertium-apy`, `openai` (see docs/engines.md), `nllb`, `ctranslate2`, `transformers` (see "
        "docs/engines-neural.md), `shipped-memory` (the seed rows in Galician only) or `echo` (a "
        "fake).",
    )
    options: dict[str, Any] = Field(
        default={}, validate_default=True, description="The engine's own options, as a table [translate.options]."
    )
    fallback: tuple[str, ...] = Field(
        default=(),
        description="Engines to go on with, in this order: where the one before is missing, and for texts that it refuses "
        "or breaks. A name or a list of names.",
    )
    fallback_options: dict[str, dict[str, Any]] = Field(
        default={}, description="Options of the engines in `fallback`, as tables [translate.fallback_options.ENGINE]."
    )
    memory: Path | None = Field(
        default=None, description="File of the translation memory; by default memory.sqlite in the cache folder."
    )
    budget_usd: float | None = Field(
        default=None,
        ge=0,
        description="US dollars that all runs of this recipe's name may cost; the run stops before it is exceeded.",
    )
    budget_characters: int | None = Field(
        default=None, ge=0, description="Characters that all runs of this recipe's name may send."
    )
    batch_characters: int = Field(
        default=16_000,
        ge=1,
        le=10_000_000,
        description="Characters under way at the same time in a process, shared by parallel calls. They are sent again "
        "where a run is killed, so fewer are safer and more are faster.",
    )
    parallel_calls: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Calls at the same time, in each process; the engine's own choice if left out.",
    )
    characters_per_minute: int | None = Field(
        default=None,
        ge=1,
        description="Characters sent in a minute, by all processes; the engine's own limit if left out.",
    )
    calls_per_minute: int | None = Field(
        default=None, ge=1, description="Calls made in a minute, by all processes; the engine's own limit if left out."
    )
    shard_rows: int = Field(
        default=2000,
        ge=1,
        le=1_000_000,
        description="Rows that are translated together: the unit of work, and what is kept of a run that is killed.",
    )
    runner: Literal["local", "ray"] = Field(
        default="local",
        description="Where shards are translated: on this machine, or on a Ray cluster (taco-llm[scale]).",
    )
    processes: int = Field(
        default=1,
        ge=1,
        le=4096,
        description="Processes, or Ray actors, that translate shards side by side. One is enough for engines that are "
        "called over HTTP and for Apertium, which run several calls at once.",
    )
    ray_address: str | None = Field(
        default=None, description="The cluster, as ray.init takes it; one is started on this machine if left out."
    )
    max_unknown_share: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Rows of which the engine does not know a larger share of words are dropped.",
    )

    @field_validator("fallback", mode="before")
    @classmethod
    def _take_one_name(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("engine")
    @classmethod
    def _check_engine(cls, value: str) -> str:
        _load_kind(value)
        return value

    @field_validator("fallback")
    @classmethod
    def _check_fallback(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            _load_kind(name)
        return value

    @field_validator("options")
    @classmethod
    def _complete_options(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "engine" not in info.data:  # its own fault is reported
            return value
        return _complete(info.data["engine"], value)

    @field_validator("fallback_options")
    @classmethod
    def _complete_fallback_options(cls, value: dict[str, dict[str, Any]], info: ValidationInfo) -> dict[str, Any]:
        for name in value:
            if name not in info.data.get("fallback", value):
                raise ValueError(f"{name!r} is not in `fallback`")
        return {name: _complete(name, options) for name, options in value.items()}

    @property
    def engine_options(self) -> Any:
        """The engine's options in their typed form.

        >>> TranslateOptions(options={"processes": 3}).engine_options.processes
        3
        """
        return ENGINES.load_options(self.engine).model_validate(self.options)

    @property
    def engines(self) -> tuple[tuple[str, Any], ...]:
        """The chain of engines: the name and the typed options of each.

        >>> [name for name, _ in TranslateOptions(fallback="echo").engines]
        ['apertium', 'echo']
        """
        further = [
            (name, ENGINES.load_options(name).model_validate(self.fallback_options.get(name, {})))
            for name in self.fallback
        ]
        return ((self.engine, self.engine_options), *further)

    def select_deciding(self) -> dict[str, Any]:
        """Return the settings that decide what comes out; the others decide how fast, where and at what cost."""
        return self.model_dump(
            mode="json", include={"engine", "options", "fallback", "fallback_options", "max_unknown_share"}
        )


def _load_kind(name: str) -> type[BaseModel]:
    try:
        kind: type[BaseModel] = ENGINES.load_options(name)
    except RecipeError as error:
        raise ValueError(str(error)) from error
    return kind


def _complete(name: str, value: dict[str, Any]) -> dict[str, Any]:
    kind = _load_kind(name)
    try:
        return kind.model_validate(value).model_dump(mode="json")
    except ValidationError as error:
        faults = "; ".join(list_faults(error, whole="options"))
        known = ", ".join(kind.model_fields)
        raise ValueError(f"{faults}; options of {name}: {known}") from error
