"""Requests in OpenAI's form, checked; fields that are not named here are passed over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from taco.generate.options import Mode

MOST_MESSAGES = 512
MOST_STOPS = 4
"""Stop sequences at most, as OpenAI has it."""


def _check_text(text: str) -> str:
    if "\0" in text:
        raise ValueError("the text holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("the text holds half a character (a lone surrogate)") from None
    return text


Text = Annotated[str, AfterValidator(_check_text)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_text)]


class TextPart(BaseModel):
    """One part of a message's content."""

    type: Literal["text"]
    text: Text


class Chain(BaseModel):
    """The English sections of an earlier answer, as the server gave them."""

    instruction_en: Text = ""
    response_en: Text = ""


class Message(BaseModel):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | list[TextPart] = Field(description="The text, or parts of it.")
    taco: Chain | None = Field(None, description="Of an assistant's message: the English sections that came with it.")

    @property
    def text(self) -> str:
        """The whole text."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)


class ChainOptions(BaseModel):
    """What a request says to taco alone."""

    model_config = ConfigDict(extra="forbid")

    chain: Literal["field", "inline", "none"] = Field(
        "field",
        description="Where the English sections go: beside the answer, into it with their labels, or nowhere.",
    )
    guard: bool = Field(
        True, description="Whether the chain guard may repair the answer, as the run's recipe says; see docs/guard.md."
    )
    mode: Mode | None = Field(
        None,
        description="Which steps a translation engine does, of the modes that the server was started with; its first one "
        "if left out. See docs/translate-test.md.",
    )


class StreamOptions(BaseModel):
    """How an answer is streamed."""

    include_usage: bool = False


class Generating(BaseModel):
    """What both endpoints share."""

    model: Name
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False, description="0 if left out.")
    top_p: float | None = Field(None, gt=0, le=1, allow_inf_nan=False)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    max_tokens: int | None = Field(None, ge=1, le=2**31, description="English sections included.")
    stop: Text | list[Text] | None = Field(None, description="Up to 4 texts that end the answer.")
    n: int | None = Field(None, description="1; other numbers are refused.")

    @field_validator("n")
    @classmethod
    def _check_n(cls, value: int | None) -> int | None:
        if value not in (None, 1):
            raise ValueError("only n = 1 is supported")
        return value

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop sequences."""
        listed = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(text for text in listed if text)

    @model_validator(mode="after")
    def _check_stops(self) -> Generating:
        if len(self.stops) > MOST_STOPS or any(len(stop) > 200 for stop in self.stops):
            raise ValueError(f"stop: at most {MOST_STOPS} texts of at most 200 characters")
        return self


class ChatRequest(Generating):
    """A conversation to go on with."""

    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    max_completion_tokens: int | None = Field(None, ge=1, le=2**31, description="The newer name of max_tokens.")
    taco: ChainOptions = ChainOptions(chain="field", guard=True, mode=None)
    logprobs: bool | None = Field(None, description="Not supported.")
    tools: list[Any] | None = Field(None, description="Not supported.")
    response_format: dict[str, Any] | None = Field(None, description="Only the type text is supported.")

    @model_validator(mode="after")
    def _check_supported(self) -> ChatRequest:
        kind = (self.response_format or {}).get("type", "text")
        found = {"logprobs": self.logprobs, "tools": self.tools, "response_format": kind != "text"}
        if refused := [name for name, value in found.items() if value]:
            raise ValueError(f"not supported: {', '.join(refused)}")
        return self

    @model_validator(mode="after")
    def _check_turns(self) -> ChatRequest:
        spoken = [message for message in self.messages if message.role in ("user", "assistant")]
        roles = [message.role for message in spoken]
        if not roles or roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
            raise ValueError("messages: user and assistant must take turns, a user's message first and last")
        if not spoken[-1].text.strip():
            raise ValueError("messages: the last message is empty")
        return self


class CompletionRequest(Generating):
    """A text to go on with, as it stands."""

    prompt: Text | list[Text] = Field(description="One text; a list may hold one.")
    echo: bool | None = Field(None, description="Not supported.")
    logprobs: int | None = Field(None, description="Not supported.")

    @property
    def text(self) -> str:
        """The prompt."""
        return self.prompt if isinstance(self.prompt, str) else self.prompt[0]

    @model_validator(mode="after")
    def _check_supported(self) -> CompletionRequest:
        if isinstance(self.prompt, list) and len(self.prompt) != 1:
            raise ValueError("prompt: only one text at a time is supported")
        if self.echo or self.logprobs is not None:
            raise ValueError("echo and logprobs are not supported")
        return self


class FeedbackRequest(BaseModel):
    """What a reader says about an answer."""

    model: Name
    question: Text = Field(min_length=1, max_length=50_000)
    answer: Text = Field(max_length=50_000)
    instruction_en: Text = Field("", max_length=50_000)
    response_en: Text = Field("", max_length=50_000)
    earlier_turns: int = Field(0, ge=0, description="Messages before the question; only a first one can stand alone.")
    rating: Literal["up", "down"] | None = None
    correction: Text = Field("", max_length=50_000, description="The answer as it should be, in the target language.")
    correction_en: Text = Field("", max_length=50_000, description="The English answer as it should be.")

    @model_validator(mode="after")
    def _check_content(self) -> FeedbackRequest:
        if self.rating is None and not self.correction.strip() and not self.correction_en.strip():
            raise ValueError("a rating or a correction must be given")
        return self
