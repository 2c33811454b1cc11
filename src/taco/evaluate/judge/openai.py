"""The judge `openai`: any model behind OpenAI's chat protocol."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from taco.evaluate.judge.prompt import Form, JudgePrompt
from taco.remote.chat import ChatClient
from taco.remote.chat_options import ChatOptions
from taco.remote.chat_reply import ChatReply
from taco.remote.options import describe_server
from taco.remote.pace import MinuteLimits
from taco.remote.role import JUDGE

NAME = "openai"

ASCII_CHARACTERS_PER_TOKEN = 4.0
"""English in the tokenizers of current models; every other character is taken for a token of its own, as it is in the
tokenizer of LLaMA for Nepali and Persian (0.93 to 1.04 characters a token). For the estimate before a call only: what a
call did cost comes from the server's own counts."""


class OpenAIJudgeOptions(ChatOptions):
    """How the judge `openai` is called."""

    max_tokens: int | Literal["default"] = Field(
        default=1024, description="Tokens that the judge may write; `default` leaves it to the server."
    )
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = Field(
        default="max_completion_tokens", description="What the server calls this limit; older ones say `max_tokens`."
    )


class OpenAIJudge:
    """Asks a language model for verdicts.

    Args:
        options: The model and its server.

    Raises:
        JudgeError: The library or the key is missing.
    """

    def __init__(self, options: OpenAIJudgeOptions) -> None:
        self._options = options
        self._client = ChatClient(options, name=NAME, role=JUDGE)

    @property
    def signature(self) -> str:
        options = self._options
        return (
            f"{NAME} {describe_server(options.base_url)} {options.model} temperature {options.temperature} "
            f"seed {options.seed} {options.answer_format} max_tokens {options.max_tokens}"
        )

    @property
    def form(self) -> Form:
        return "json" if self._options.answer_format == "json-schema" else "plain"

    @property
    def limits(self) -> MinuteLimits:
        return self._options

    @property
    def parallel_calls(self) -> int:
        return self._options.parallel_calls

    def estimate_cost(self, prompt: JudgePrompt) -> float:
        sent = sum(_estimate_tokens(content) for _, content in prompt.messages)
        written = 1024 if self._options.max_tokens == "default" else self._options.max_tokens
        reply = ChatReply("", tokens_sent=round(sent), tokens_written=written)
        return reply.count_cost(self._options) or 0.0

    def count_cost(self, reply: ChatReply) -> float | None:
        return reply.count_cost(self._options)

    def ask(self, prompt: JudgePrompt, *, attempt: int) -> ChatReply:
        """Ask once; see `Judge.ask`. A later attempt has another seed, as the same one may bring the same reply."""
        settings: dict[str, Any] = {}
        if self._options.max_tokens != "default":
            settings[self._options.max_tokens_field] = self._options.max_tokens
        if isinstance(self._options.seed, int):
            settings["seed"] = self._options.seed + attempt - 1
        messages = [{"role": role, "content": content} for role, content in prompt.messages]
        return self._client.ask(messages, schema=prompt.schema, schema_name="verdict", **settings)

    def close(self) -> None:
        self._client.close()


def _estimate_tokens(text: str) -> float:
    ascii_characters = sum(sign.isascii() for sign in text)
    return ascii_characters / ASCII_CHARACTERS_PER_TOKEN + len(text) - ascii_characters
