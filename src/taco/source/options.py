"""What a recipe may say about its English rows."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from taco.source.hygiene.options import HygieneOptions

SEED = "seed"
HUB = "hf:"

FormatName = Literal["auto", "seed", "alpaca", "dolly", "self-instruct", "messages"]


class FurtherSource(BaseModel):
    """A table [[source.more]]: rows that are read after those of `source.path`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(min_length=1, description="Where the rows are, as in `source.path`.")
    format: FormatName = Field("auto", description="Schema of these rows.")
    split: str = Field("train", min_length=1, description="Split of a hub data set.")
    revision: str | None = Field(None, min_length=1, description="Commit, tag or branch of a hub data set.")


class SourceOptions(BaseModel):
    """The table [source] of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(
        SEED,
        min_length=1,
        description="Where the rows are: 'seed' (the set that comes with taco), a .json or .jsonl file (relative to "
        "the working directory), or 'hf:owner/name' for a data set of the Hugging Face hub (needs taco-llm[hub]).",
    )
    format: FormatName = Field(
        "auto", description="Schema of the rows; 'auto' goes by the fields of the first row that fits one."
    )
    limit: int | None = Field(
        None, gt=0, description="Read only the first so many rows; what comes after them is neither read nor counted."
    )
    heldout: int = Field(
        40, ge=0, description="Rows kept out of training as the benchmark; of the seed set, rows marked for it."
    )
    on_bad_row: Literal["fail", "drop"] = Field(
        "fail", description="Malformed rows: 'fail' names them and stops, 'drop' leaves them out and counts them."
    )
    split: str = Field("train", min_length=1, description="Split of a hub data set.")
    revision: str | None = Field(
        None, min_length=1, description="Commit, tag or branch of a hub data set; pin it to be able to repeat a run."
    )
    more: tuple[FurtherSource, ...] = Field(
        (),
        description="Further sources, as tables [[source.more]] with `path`, `format`, `split` and `revision`; they are "
        "read one after the other, and `limit` counts all of them together.",
    )
    max_response_sentences: int | None = Field(
        None,
        ge=1,
        description="Shorten the responses of the training rows to so many sentences, before translation is paid for; a line "
        "of a list, a table or code counts as one, and none of these is cut inside. `taco tokens RECIPE` says how many fit. "
        "Held-out rows stay as they are.",
    )
    hygiene: HygieneOptions = HygieneOptions()

    @property
    def parts(self) -> tuple[SourceOptions, ...]:
        """Every source as options of its own, in the order in which they are read.

        >>> [part.path for part in SourceOptions(path="a.json", more=[{"path": "b.json"}]).parts]
        ['a.json', 'b.json']
        """
        alone = self.model_dump(exclude={"more"})
        return tuple(
            SourceOptions.model_validate(alone | further) for further in ({}, *(one.model_dump() for one in self.more))
        )

    @model_validator(mode="after")
    def _check_more(self) -> SourceOptions:
        paths = [self.path, *(one.path for one in self.more)]
        if twice := {path for path in paths if paths.count(path) > 1}:
            raise ValueError(f"{sorted(twice)[0]!r} stands in source.path and source.more more than once")
        for number, one in enumerate(self.more, start=1):
            try:
                SourceOptions.model_validate(one.model_dump())
            except ValidationError as error:
                raise ValueError(f"source.more {number}: {error.errors()[0]['msg']}") from error
        return self

    @model_validator(mode="after")
    def _check_path(self) -> SourceOptions:
        if self.path == SEED and self.format not in ("auto", "seed"):
            raise ValueError(f"path 'seed' has the format 'seed', not {self.format!r}; leave `format` out")
        if self.path == HUB:
            raise ValueError("path 'hf:' names no data set; write 'hf:owner/name'")
        if self.revision is not None and not self.path.startswith(HUB):
            raise ValueError(f"revision belongs to a hub data set ('hf:owner/name'), but path is {self.path!r}")
        return self
