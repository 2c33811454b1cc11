"""What a recipe may say about a language model as translator."""

from __future__ import annotations

from pydantic import Field

from taco.remote.chat_options import ChatOptions


class OpenAIOptions(ChatOptions):
    """The table [translate.options] of a recipe with translate.engine = "openai"."""

    texts_per_call: int = Field(default=20, ge=1, le=1000, description="Texts of one call.")
    characters_per_call: int = Field(default=4_000, ge=1, description="Characters of one call.")
