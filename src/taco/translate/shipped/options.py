"""What a recipe may say about the shipped translations: nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ShippedOptions(BaseModel):
    """The table [translate.options] of a recipe with translate.engine = "shipped-memory"; it is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")
