"""What a recipe may say about Apertium."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ApertiumOptions(BaseModel):
    """The table [translate.options] of a recipe with translate.engine = "apertium"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    processes: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Pipelines that run at the same time; by default as many as there are CPUs.",
    )
    timeout_s: float = Field(
        default=60.0, gt=0, le=3600, description="Seconds that one text may take before its pipeline is taken for dead."
    )
    modes: Path | None = Field(
        default=None,
        description="Folder of .mode files; by default $APERTIUM_DATADIR/modes, else /usr/share/apertium/modes.",
    )
