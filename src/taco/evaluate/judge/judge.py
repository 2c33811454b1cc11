"""What every judge can do, and where each of them lives."""

from __future__ import annotations

from typing import Any, Protocol, cast

from taco.evaluate.judge.prompt import Form, JudgePrompt
from taco.registry import Entry, Registry
from taco.remote.chat_reply import ChatReply
from taco.remote.pace import MinuteLimits

JUDGES = Registry(
    "judge",
    {
        "echo": Entry("taco.evaluate.judge.echo:EchoJudgeOptions", "taco.evaluate.judge.echo:EchoJudge"),
        "openai": Entry("taco.evaluate.judge.openai:OpenAIJudgeOptions", "taco.evaluate.judge.openai:OpenAIJudge"),
    },
)
"""Name -> options class and a class `Judge(options)`."""


class Judge(Protocol):
    """Something that answers prompts of `taco.evaluate.judge.prompt`; several threads may ask it."""

    @property
    def signature(self) -> str:
        """All that decides a reply besides the prompt: judge, server, model, settings."""

    @property
    def form(self) -> Form:
        """What it can be asked to write."""

    @property
    def limits(self) -> MinuteLimits:
        """What may be sent in a minute."""

    @property
    def parallel_calls(self) -> int:
        """How many calls may run at the same time."""

    def estimate_cost(self, prompt: JudgePrompt) -> float:
        """Return what a call may cost at most, in US dollars; an estimate."""

    def count_cost(self, reply: ChatReply) -> float | None:
        """Return what a reply cost in US dollars, None where nobody can say."""

    def ask(self, prompt: JudgePrompt, *, attempt: int) -> ChatReply:
        """Ask once; waiting and asking again are the caller's part (`taco.evaluate.judge.asking`).

        Args:
            prompt: What is asked.
            attempt: From 1; each asks for another sample where the judge can give one.

        Raises:
            JudgeBusy: It cannot answer now; the same call may be sent again.
            JudgeRejected: It will not take this prompt.
            JudgeError: It cannot go on at all.
        """

    def close(self) -> None:
        """Let go of connections; may be called more than once."""


def open_judge(name: str, options: Any) -> Judge:
    """Open a judge; makes no call.

    Args:
        name: Its name in `JUDGES`.
        options: Its typed options, an instance of `JUDGES.load_options(name)`.

    Raises:
        RecipeError: There is no judge of that name.
        JudgeError: Its library or key is missing.
    """
    return cast(Judge, JUDGES.load_implementation(name)(options))
