"""What a user may say about a language model behind OpenAI's chat protocol."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from taco.remote.options import CallOptions, ServerUrl, VariableName


class ChatOptions(CallOptions):
    """The model, its server, and what tokens cost."""

    model: str = Field(min_length=1, description="The model, as the server calls it.")
    base_url: ServerUrl = Field(
        default="https://api.openai.com/v1", description="Address of any server that speaks OpenAI's chat protocol."
    )
    api_key_env: VariableName | Literal[""] = Field(
        default="OPENAI_API_KEY", description='Environment variable with the key; "" where the server wants none.'
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | Literal["default"] = Field(
        default=0.0, description="Randomness; 0 is the most repeatable. `default` leaves it to the server."
    )
    seed: int | Literal["default"] = Field(
        default=1, description="Seed of the sampling. `default` leaves it to the server; some know no such setting."
    )
    answer_format: Literal["json-schema", "plain"] = Field(
        default="json-schema",
        description="`json-schema` lets the server enforce the form of the answer; one that cannot is asked plainly.",
    )
    usd_per_million_input_tokens: float | None = Field(
        default=None,
        ge=0,
        description="Price of what is sent, in USD; must be given unless the server is this machine.",
    )
    usd_per_million_output_tokens: float | None = Field(
        default=None,
        ge=0,
        description="Price of what is written, in USD; must be given unless the server is this machine.",
    )

    @model_validator(mode="after")
    def _check_prices(self) -> Self:
        prices = (self.usd_per_million_input_tokens, self.usd_per_million_output_tokens)
        if None in prices and urlsplit(self.base_url).hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError(
                "usd_per_million_input_tokens and usd_per_million_output_tokens must be given, 0 where it costs nothing"
            )
        return self
