"""What a recipe may say about Google's Cloud Translation."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from taco.remote.options import CallOptions, ServerUrl, VariableName

USD_PER_MILLION_CHARACTERS = 20.0
"""List price of the NMT model without the monthly free 500,000 characters, for v2 and v3:
https://cloud.google.com/translate/pricing, read on 2026-11-25."""


class GoogleOptions(CallOptions):
    """The table [translate.options] of a recipe with translate.engine = "google"."""

    version: Literal["v2", "v3"] = Field(
        default="v3", description="`v3` is Cloud Translation Advanced, `v2` Basic; only v2 takes keys."
    )
    project: str | None = Field(
        default=None, min_length=1, description="Google Cloud project (v3); by default that of the credentials."
    )
    location: str = Field(default="global", min_length=1, description="Where the project's calls are handled (v3).")
    api_key_env: VariableName | None = Field(
        default=None, description="Environment variable with a key (v2); otherwise application default credentials."
    )
    endpoint: ServerUrl | None = Field(
        default=None, description="Another address of the service, such as https://translate-eu.googleapis.com."
    )
    characters_per_minute: int | None = Field(
        default=6_000_000, ge=1, description="Characters that may be sent in a minute: Google's default quota."
    )
    usd_per_million_characters: float = Field(
        default=USD_PER_MILLION_CHARACTERS, ge=0, description="What your contract says, in USD."
    )

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        if self.version == "v3" and self.api_key_env is not None:
            raise ValueError('v3 takes no keys; leave api_key_env out, or set version = "v2"')
        return self
