"""Settings of the backend `openai`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from taco.remote.chat_options import ChatOptions
from taco.remote.options import describe_server

if TYPE_CHECKING:
    from taco.generate.options import GenerateOptions


class OpenAIBackendOptions(ChatOptions):
    """How a server of OpenAI's chat protocol is asked for answers: vLLM, llama-server, `taco serve`, a hosted one."""

    model: str = Field(min_length=1, description="The tuned model, as the server calls it.")
    base_model: str = Field(
        default="",
        description='The base model, as the server calls it; "" where it serves none: its answers are then left out.',
    )
    timeout_s: float = Field(default=300.0, gt=0, le=3600, description="Seconds that a call may wait for an answer.")
    parallel_calls: int = Field(
        default=16, ge=1, le=256, description="Calls that may run at the same time; servers that batch want many."
    )
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="What the server calls the limit of an answer's length."
    )
    answer_format: Literal["plain"] = Field(default="plain", description="Answers are free text.")
    can_continue: bool = Field(
        default=False,
        description="Whether the server goes on with an answer that was begun: `continue_final_message`, as vLLM has it. "
        "Without it, what asks for that, such as a repair of the chain guard, is refused.",
    )
    stream: bool = Field(
        default=True,
        description="Take answers as they are written: one that begins anew or loops is ended then, and of one that breaks off "
        "what came stays, where the server can go on with it (`can_continue`). `false` for a server that cannot stream with usage.",
    )
    extra_body: dict[str, Any] = Field(
        default={},
        description='Further fields of every request, such as `{taco = {chain = "inline"}}`, without which `taco serve` '
        "leaves the English sections out of the text.",
    )


def describe_asked(options: GenerateOptions) -> str:
    """Return what a run would ask of a server, as a phrase; "" where nothing.

    >>> from taco.generate.options import GenerateOptions
    >>> local = {"model": "gl", "base_url": "http://127.0.0.1:8000/v1"}
    >>> describe_asked(GenerateOptions(backend="openai", options=local))
    'answers of gl from 127.0.0.1:8000/v1, to which the held-out questions are sent'
    >>> describe_asked(GenerateOptions())
    ''
    """
    if options.backend != "openai":
        return ""
    chosen = options.backend_options
    names = " and ".join(name for name in (chosen.base_model, chosen.model) if name)
    return f"answers of {names} from {describe_server(chosen.base_url)}, to which the held-out questions are sent"
