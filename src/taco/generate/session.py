"""Answers that grow together a token at a time, while others come and go: what a server needs of a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from taco.generate.backend import Limits, Refusal
from taco.generate.guard_options import GUARD_OFF, GuardOptions
from taco.records import Finish, Repair
from taco.registry import Entry, Registry

if TYPE_CHECKING:
    from taco.languages.table import Language
    from taco.model.options import ModelOptions
    from taco.progress import Progress

SESSIONS = Registry(
    "generation backend that can serve",
    {
        "transformers": Entry(
            "taco.generate.options:TransformersOptions", "taco.generate.transformers_session:TransformersSession"
        ),
        "auto": Entry("taco.generate.options:AutoOptions", "taco.generate.transformers_session:TransformersSession"),
        "llamacpp": Entry("taco.generate.options:LlamaCppOptions", "taco.generate.llamacpp_session:LlamaCppSession"),
        "openai": Entry(
            "taco.generate.openai_options:OpenAIBackendOptions", "taco.generate.openai_session:OpenAISession"
        ),
        "echo": Entry("taco.generate.options:EchoOptions", "taco.generate.echo_session:EchoSession"),
    },
)
"""Name -> options class and session class. A session is made as `Session(options, setup=setup)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetup:
    """What a session is opened with.

    Attributes:
        model: The base model of all adapters, and how to run it.
        adapters: Name -> folder of an adapter.
        cache: The cache folder.
        progress: Where to say how far a download or conversion is.
    """

    model: ModelOptions
    adapters: Mapping[str, Path]
    cache: Path
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        temperature: 0 for the likeliest token each time.
        top_p: Share of the probability that the nucleus holds, above 0 and up to 1.
        seed: The same seed gives the same answer to the same prompt, near ties aside.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


GREEDY = Sampling()
"""The likeliest token each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a session is asked.

    Attributes:
        id: Comes back with every piece; no two live asks have the same.
        adapter: Which adapter answers.
        system: The system message.
        turns: (role, text): "user" and "assistant" in turn, a user's first and last; empty for `text`.
        text: Where there are no turns: a text to go on with as it stands.
        template: Name of the chain template that the adapter answers in; "" where no chain is expected.
        language: The target language of that chain.
        prefix: What the answer begins with already; the pieces are of what comes after it.
        until: Name of the section at whose label the answer ends, see `taco.generate.ended_session`; "" to let it go on.
        limits: When to stop.
        sampling: How tokens are chosen.
        guard: What `taco.generate.guarded_session` repairs; sessions themselves do not look at it.
    """

    id: str
    adapter: str
    system: str = ""
    turns: Sequence[tuple[str, str]] = ()
    text: str = ""
    template: str
    language: Language
    prefix: str = ""
    until: str = ""
    limits: Limits
    sampling: Sampling = GREEDY
    guard: GuardOptions = GUARD_OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One token's worth of an answer, or as much as a server sends at once.

    Attributes:
        id: The ask's.
        text: The characters that became complete; "" for a part of a character and for the end token.
        finish: Why the answer is over; None while it goes on.
        repairs: With the last piece: what the chain guard did.
        ends: With the last piece, where text was held back or taken away: the ends of the tokens that are left, in characters
            of all pieces together; see `Generation.token_ends`.
        prompt_tokens: With the last piece, where `join` could not tell: the prompt's number of tokens.
        refusal: Why there is no more of an answer that was let in; then this is the last piece, without a finish.
    """

    id: str
    text: str
    finish: Finish | None = None
    repairs: tuple[Repair, ...] = ()
    ends: tuple[int, ...] | None = None
    prompt_tokens: int | None = None
    refusal: Refusal | None = None

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after it."""
        return self.finish is not None or self.refusal is not None


class Session(Protocol):
    """Live answers. All calls come from one thread."""

    @property
    def signature(self) -> str:
        """Versions and settings that the text of the answers may depend on."""

    def join(self, ask: Ask) -> int | Refusal | None:
        """Let an ask take part from the next step on.

        Returns:
            Its number of prompt tokens, 0 where nobody knows yet; or why it cannot be answered; or None where there is no
            room at present.
        """

    def step(self) -> list[Piece]:
        """Return a piece at most of each live answer; those that are over leave.

        Raises:
            ModelError: The answers under way are lost; others may join.
        """

    def leave(self, ask_id: str) -> None:
        """Give up an answer; nothing happens where there is none of that id."""

    def close(self) -> None:
        """Let go of the model."""
