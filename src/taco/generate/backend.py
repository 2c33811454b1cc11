"""What every generation backend can do, and where each of them lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from taco.records import Finish
from taco.registry import Entry, Registry

if TYPE_CHECKING:
    from taco.languages.table import Language
    from taco.model.options import ModelOptions
    from taco.progress import Progress

BACKENDS = Registry(
    "generation backend",
    {
        "transformers": Entry(
            "taco.generate.options:TransformersOptions", "taco.generate.transformers:TransformersBackend"
        ),
        "llamacpp": Entry("taco.generate.options:LlamaCppOptions", "taco.generate.llamacpp:LlamaCppBackend"),
        "ctranslate2": Entry(
            "taco.generate.options:CTranslate2Options", "taco.generate.ctranslate2:CTranslate2Backend"
        ),
        "auto": Entry("taco.generate.options:AutoOptions", "taco.generate.auto:AutoBackend"),
        "openai": Entry("taco.generate.openai_options:OpenAIBackendOptions", "taco.generate.openai:OpenAIBackend"),
        "echo": Entry("taco.generate.options:EchoOptions", "taco.generate.echo:EchoBackend"),
    },
)
"""Name -> options class and backend class. A backend is made as `Backend(options, setup=setup)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a backend is opened with.

    Attributes:
        model: The base model and how to run it.
        adapter: Folder of the tuned adapter; None where only the base model is asked.
        cache: The cache folder.
        progress: Where to say how far a download or conversion is.
    """

    model: ModelOptions
    adapter: Path | None
    cache: Path
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One question.

    Attributes:
        id: Comes back with the answer; differs between the prompts of a call.
        system: The system message.
        text: The user's message.
        template: Name of the chain template that a tuned model answers in.
        language: The target language of that chain.
        prefix: What the answer begins with already: the backend goes on from there and gives what it added alone.
        until: Name of the section at whose label the answer ends; "" to let it go on.
        earlier: What was said before, (role, text): "user" and "assistant" in turn, a user's first; empty for a first turn.
        spent: Tokens of the prefix that count against the limit on new ones.
    """

    id: str
    system: str
    text: str
    template: str
    language: Language
    prefix: str = ""
    until: str = ""
    earlier: Sequence[tuple[str, str]] = ()
    spent: int = 0

    @property
    def turns(self) -> list[tuple[str, str]]:
        """The whole conversation, the user's message last."""
        return [*self.earlier, ("user", self.text)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop an answer that does not end by itself.

    Attributes:
        max_new_tokens: Number of tokens, end token included; the model's context may allow fewer.
        loop_guard: Whether to stop an answer that repeats itself: in a loop, see `taco.generate.loops`, or by
            beginning a section anew after the last one, see `taco.chain.parse.find_restart`.
        lead_outs: Times that such an answer is led out of its loop before it is stopped.
        penalty: What the score of a token that the answer has already is divided by where it is positive, and multiplied
            by where it is not (CTRL, arXiv 1909.05858); 1 for none.
    """

    max_new_tokens: int
    loop_guard: bool
    lead_outs: int = 0
    penalty: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One finished answer.

    Attributes:
        id: The prompt's id.
        text: What the model wrote, end token removed, otherwise as it is.
        finish: Why it ended.
        token_ends: For each generated token, how many characters of `text` are complete after it. It never falls; it
            stays where a token holds only a part of a character, or is the end token; the last is the text's length.
        token_seconds: For each generated token, the wall-clock time spent on it. Where rows are decoded together, each
            step's time is shared out equally among them, so that sums over answers are the time that passed. The first
            token carries the time to read the prompt.
        lead_outs: Times that the loop guard led it out of a loop.
    """

    id: str
    text: str
    finish: Finish
    token_ends: Sequence[int]
    token_seconds: Sequence[float]
    lead_outs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A prompt that a backend cannot answer.

    Attributes:
        id: The prompt's id.
        reason: A short, fixed phrase with hyphens, such as "prompt-too-long".
        detail: What was found, for a reader.
    """

    id: str
    reason: str
    detail: str


class Backend(Protocol):
    """Something that answers prompts, with the base model alone or with the adapter."""

    name: str

    @property
    def signature(self) -> str:
        """Versions and settings that the text of the answers may depend on."""

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt once, in the order in which the answers are finished.

        Args:
            prompts: The questions.
            arm: "base" for the base model alone, "tuned" for the model with the adapter.
            limits: When to stop.
            on_tokens: Called with the number of tokens made since the last call.

        Raises:
            ModelError: The model or the adapter cannot be used.
        """

    def close(self) -> None:
        """Let go of models, connections and processes."""
