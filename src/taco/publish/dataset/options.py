"""What a recipe may say about the data set that is made of its rows."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

LICENCE_LENGTH = 200
"""Characters that the name of a licence may have; it stands in every row and in the card."""


class DatasetOptions(BaseModel):
    """The table [dataset] of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_licence: str | dict[str, str] | None = Field(
        default=None,
        description="Licence of the English rows, best as an SPDX id ('CC-BY-4.0'): one for all, or a table of file or "
        "'hf:owner/name' -> licence. Without it what taco knows of the source is taken, else 'not stated'.",
    )
    shard_rows: int = Field(default=100_000, ge=1, description="Rows of one Parquet file at most.")
    shard_megabytes: int = Field(
        default=250,
        ge=1,
        le=5_000,
        description="A Parquet file is ended by the row group (2,000 rows or 8 million characters) that makes it larger.",
    )

    @field_validator("source_licence")
    @classmethod
    def _check_licence(cls, value: str | dict[str, str] | None) -> str | dict[str, str] | None:
        names = value.values() if isinstance(value, dict) else [value] if value is not None else []
        for name in names:
            if not name.strip() or not name.isprintable() or len(name) > LICENCE_LENGTH:
                raise ValueError(f"a licence is one line of 1 to {LICENCE_LENGTH} printable characters")
        return value
