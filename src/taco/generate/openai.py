"""The backend `openai`: a server of OpenAI's chat protocol decodes, many answers at a time.

The server's count of tokens is what counts; which characters each token made it does not tell, so an answer's tokens are
spread evenly over its text, and figures of single sections are estimates. No token can be forbidden from here, so nothing
is led out of a loop; what begins anew after its last section is cut, as with every backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from taco.errors import ModelError
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.calls import ask_all
from taco.generate.openai_options import OpenAIBackendOptions
from taco.generate.shared_clock import SharedClock
from taco.generate.transformers import cut_restart
from taco.remote.chat import ChatClient
from taco.remote.chat_reply import ChatReply
from taco.remote.options import describe_server
from taco.remote.pace import Clock, Pace, SystemClock
from taco.remote.role import BACKEND

NAME = "openai"


class OpenAIBackend:
    """Asks a server.

    Args:
        options: The models and their server.
        setup: Only its progress is used: the server has the models.
        clock: The time between two attempts.

    Raises:
        ModelError: The library or the key is missing.
    """

    name = NAME

    def __init__(self, options: OpenAIBackendOptions, *, setup: Setup, clock: Clock | None = None) -> None:
        self._options, self._progress, self._clock = options, setup.progress, clock or SystemClock()
        self._client = ChatClient(options, name=NAME, role=BACKEND)
        self._pace = Pace(options)
        self._sent = self._written = 0
        self._usd = 0.0

    @property
    def signature(self) -> str:
        options = self._options
        extra = f", {sorted(options.extra_body.items())}" if options.extra_body else ""
        return (
            f"{NAME} {describe_server(options.base_url)}, {options.base_model or 'no base model'}, {options.model}, "
            f"temperature {options.temperature}, seed {options.seed}{extra}, tokens by the server's count, spread evenly"
        )

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt, in the order in which the answers come; see `Backend.generate`."""
        model = self._options.base_model if arm == "base" else self._options.model
        if not model:
            for prompt in prompts:
                yield Refusal(id=prompt.id, reason="no-base-model", detail="the server has no base model")
            return
        begun = [] if self._options.can_continue else [prompt for prompt in prompts if prompt.prefix]
        for prompt in begun:
            detail = "the answer is begun already; see can_continue"
            yield Refusal(id=prompt.id, reason="cannot-continue", detail=detail)
        prompts, shared = [prompt for prompt in prompts if prompt not in begun], SharedClock()

        def ask(prompt: Prompt) -> tuple[ChatReply, float]:
            start = shared.join()
            try:
                reply = self._client.ask(list_messages(prompt), model=model, **self._make_settings(prompt, limits))
                return reply, shared.read() - start
            finally:
                shared.leave()

        calls = self._options.parallel_calls
        for prompt, outcome in ask_all(
            prompts, ask=ask, parallel_calls=calls, pace=self._pace, clock=self._clock, say=self._progress.say
        ):
            if isinstance(outcome, Refusal):
                yield outcome
                continue
            made = self._read(prompt, *outcome, limits=limits)
            on_tokens(len(made.token_ends) if isinstance(made, Generation) else 0)
            yield made

    def close(self) -> None:
        """Close all connections, and say what was used."""
        if self._sent or self._written:
            self._progress.say(
                f"{NAME}: {self._sent} tokens read and {self._written} written by the server's count, {self._usd:.2f} USD"
            )
            self._sent = self._written = 0
        self._client.close()

    def _make_settings(self, prompt: Prompt, limits: Limits) -> dict[str, Any]:
        extra = dict(self._options.extra_body)
        if prompt.prefix:
            extra |= {"add_generation_prompt": False, "continue_final_message": True}
        if limits.penalty != 1:
            extra["repetition_penalty"] = limits.penalty
        return {
            self._options.max_tokens_field: max(1, limits.max_new_tokens - prompt.spent),
            "extra_body": extra or None,
        }

    def _read(self, prompt: Prompt, reply: ChatReply, seconds: float, *, limits: Limits) -> Generation | Refusal:
        if reply.tokens_sent is None or reply.tokens_written is None:
            raise ModelError(
                f"{NAME} gives no usage with its answers, so that nobody knows how many tokens they have.",
                hint="Use a server that counts tokens, as vLLM, llama-server and taco serve do.",
            )
        self._sent, self._written = self._sent + reply.tokens_sent, self._written + reply.tokens_written
        self._usd += reply.count_cost(self._options) or 0.0
        if reply.refusal:
            return Refusal(id=prompt.id, reason="refused-by-server", detail=reply.refusal[:200])
        count = max(1, reply.tokens_written)
        generation = Generation(
            id=prompt.id,
            text=reply.content,
            finish="length" if reply.is_cut else "stop",
            token_ends=spread_ends(len(reply.content), count),
            token_seconds=[seconds / count] * count,
        )
        return cut_restart(generation, prompt) if limits.loop_guard or prompt.until else generation


def list_messages(prompt: Prompt) -> list[dict[str, str]]:
    """Return a prompt in the chat protocol's form."""
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    begun = [{"role": "assistant", "content": prompt.prefix}] if prompt.prefix else []
    return [*system, *({"role": role, "content": text} for role, text in prompt.turns), *begun]


def spread_ends(characters: int, tokens: int) -> list[int]:
    """Return where tokens end that are spread evenly over a text.

    >>> spread_ends(10, 4)
    [2, 5, 7, 10]
    """
    return [characters * number // tokens for number in range(1, tokens + 1)]
