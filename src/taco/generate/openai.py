"""The backend `openai`: a server of OpenAI's chat protocol decodes, many answers at a time.

The server's count of tokens is what counts; which characters each token made it does not tell, so an answer's tokens are
laid over the pieces in which it came, or spread evenly where it came whole, and figures of single sections are estimates. No
token can be forbidden from here, so nothing is led out of a loop; a streamed answer that loops or begins anew is ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from taco.errors import ModelError
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.calls import ask_all
from taco.generate.openai_options import OpenAIBackendOptions
from taco.generate.piecewise import Growth
from taco.generate.shared_clock import SharedClock
from taco.generate.transformers import cut_restart
from taco.remote.chat import ChatClient
from taco.remote.chat_options import ChatOptions
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
        self._spent = Spent()

    @property
    def signature(self) -> str:
        options = self._options
        extra = f", {sorted(options.extra_body.items())}" if options.extra_body else ""
        way = "laid over the stream's pieces" if options.stream else "spread evenly"
        return (
            f"{NAME} {describe_server(options.base_url)}, {options.base_model or 'no base model'}, {options.model}, "
            f"temperature {options.temperature}, seed {options.seed}{extra}, tokens by the server's count, {way}"
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
        growths = {prompt.id: Growth(prompt, limits, shared.read) for prompt in prompts}

        def ask(prompt: Prompt) -> ChatReply:
            shared.join()
            try:
                return self._ask(growths[prompt.id], model)
            finally:
                shared.leave()

        calls = self._options.parallel_calls
        try:
            for prompt, outcome in ask_all(
                prompts, ask=ask, parallel_calls=calls, pace=self._pace, clock=self._clock, say=self._progress.say
            ):
                if isinstance(outcome, Refusal):
                    yield outcome
                    continue
                made = self._read(growths[prompt.id], outcome)
                on_tokens(len(made.token_ends) if isinstance(made, Generation) else 0)
                yield made
        finally:
            self._spent.lost += sum(growth.lost for growth in growths.values())

    def close(self) -> None:
        """Close all connections, and say what was used."""
        if said := self._spent.describe():
            self._progress.say(f"{NAME}: {said}")
            self._spent = Spent()
        self._client.close()

    def _ask(self, growth: Growth, model: str) -> ChatReply:
        """Make a call for an answer, which goes on with what came of it before where the server can do that."""
        prompt = growth.begin_call(goes_on=self._options.can_continue)
        settings = make_settings(self._options, prompt, growth.limits)
        if self._options.stream:
            return self._client.stream(list_messages(prompt), take=growth.take, model=model, **settings)
        reply = self._client.ask(list_messages(prompt), model=model, **settings)
        growth.take(reply.content)
        return reply

    def _read(self, growth: Growth, reply: ChatReply) -> Generation | Refusal:
        is_whole = growth.finish is None or not self._options.stream
        if is_whole and None in (reply.tokens_sent, reply.tokens_written):
            raise ModelError(
                f"{NAME} gives no usage with its answers, so that nobody knows how many tokens they have.",
                hint="Use a server that counts tokens, as vLLM, llama-server and taco serve do; stream = false of "
                "generate.options where it does so for whole answers alone.",
            )
        made = growth.conclude("length" if reply.is_cut else "stop", tokens=reply.tokens_written)
        self._spent.count(reply, made, self._options)
        if reply.refusal:
            return Refusal(id=made.id, reason="refused-by-server", detail=reply.refusal[:200])
        is_looked_through = growth.limits.loop_guard or growth.prompt.until
        return cut_restart(made, growth.prompt) if is_looked_through else made


@dataclass(slots=True)
class Spent:
    """What a run used.

    Attributes:
        read, written: Tokens.
        usd: US dollars.
        lost: Tokens, a piece counted as one, of answers that broke off and were written anew.
        uncounted: Answers that were ended from here, of which the server did not say how many tokens it read.
    """

    read: int = 0
    written: int = 0
    usd: float = 0.0
    lost: int = 0
    uncounted: int = 0

    def count(self, reply: ChatReply, made: Generation, options: ChatOptions) -> None:
        """Count an answer."""
        counted = replace(reply, tokens_sent=reply.tokens_sent or 0, tokens_written=len(made.token_ends))
        self.read += reply.tokens_sent or 0
        self.written += len(made.token_ends)
        self.usd += counted.count_cost(options) or 0.0
        self.uncounted += reply.tokens_sent is None

    def describe(self) -> str:
        """Return it as a phrase, "" where nothing was used.

        >>> Spent(read=7, written=3, uncounted=1).describe()
        "7 tokens read and 3 written by the server's count, 0.00 USD; prompts of 1 answers that were ended early not counted"
        """
        if not (self.read or self.written or self.lost):
            return ""
        said = f"{self.read} tokens read and {self.written} written by the server's count, {self.usd:.2f} USD"
        said += f"; {self.lost} more written of answers that broke off" if self.lost else ""
        early = f"; prompts of {self.uncounted} answers that were ended early not counted"
        return said + (early if self.uncounted else "")


def list_messages(prompt: Prompt) -> list[dict[str, str]]:
    """Return a prompt in the chat protocol's form."""
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    begun = [{"role": "assistant", "content": prompt.prefix}] if prompt.prefix else []
    return [*system, *({"role": role, "content": text} for role, text in prompt.turns), *begun]


def make_settings(options: OpenAIBackendOptions, prompt: Prompt, limits: Limits) -> dict[str, Any]:
    """Return the fields of a request that are this prompt's own."""
    extra = dict(options.extra_body)
    if prompt.prefix:
        extra |= {"add_generation_prompt": False, "continue_final_message": True}
    if limits.penalty != 1:
        extra["repetition_penalty"] = limits.penalty
    return {options.max_tokens_field: max(1, limits.max_new_tokens - prompt.spent), "extra_body": extra or None}
