"""What a server of OpenAI's chat protocol answers, apart from what the model wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taco.remote.chat_options import ChatOptions
from taco.remote.faults import Service, make_unreadable_fault, read_json

NAMES = ("model", "system_fingerprint")
"""Fields in which a server says what answered."""

Counts = tuple[int | None, int | None]
"""Tokens that were sent and written."""


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What a server answered.

    Attributes:
        content: What the model wrote; "" where it refused.
        refusal: What it, or the server's filter, said instead.
        is_cut: Whether it ran into a limit of length.
        tokens_sent, tokens_written: By the server's count, None where it gives none.
        snapshot: The model and the version of its system, as the server names them; "" where it does not.
    """

    content: str
    refusal: str = ""
    is_cut: bool = False
    tokens_sent: int | None = None
    tokens_written: int | None = None
    snapshot: str = ""

    def count_cost(self, options: ChatOptions) -> float | None:
        """Return US dollars by the server's counts of tokens, None where it gives none."""
        if self.tokens_sent is None or self.tokens_written is None:
            return None
        sent_usd = self.tokens_sent * (options.usd_per_million_input_tokens or 0.0)
        return (sent_usd + self.tokens_written * (options.usd_per_million_output_tokens or 0.0)) / 1e6


def read_reply(body: str, service: Service) -> ChatReply:
    """Read an answer.

    Raises:
        TacoError: It is none of this protocol; the service counts as busy.
    """
    answer = read_json(service, body)
    try:
        choice = answer["choices"][0]
        content, refusal = choice["message"].get("content") or "", choice["message"].get("refusal") or ""
        reason = choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise make_unreadable_fault(service, body, "an answer of a chat model") from None
    if not isinstance(content, str):
        raise make_unreadable_fault(service, body, "an answer of a chat model")
    return make_reply(content, str(refusal), reason, counts=read_usage(answer.get("usage")), names=answer)


def make_reply(content: str, refusal: str, reason: Any, *, counts: Counts, names: Mapping[str, Any]) -> ChatReply:
    """Put together what a server answered.

    Args:
        content: What the model wrote.
        refusal: What it said instead; "" for nothing.
        reason: Why it ended, in the protocol's words.
        counts: See `read_usage`.
        names: Holds `model` and `system_fingerprint` where the server names them.

    >>> make_reply("", "", "content_filter", counts=(7, 0), names={"model": "m"}).refusal
    "the server's content filter stopped it"
    """
    if reason == "content_filter":
        refusal = refusal or "the server's content filter stopped it"
    sent, written = counts
    return ChatReply(
        content,
        refusal,
        reason == "length",
        tokens_sent=sent,
        tokens_written=written,
        snapshot=" ".join(str(names[name]) for name in NAMES if names.get(name)),
    )


def read_usage(usage: Any) -> Counts:
    """Return the tokens that were sent and written by the server's count, None where it gives none."""
    if not isinstance(usage, dict):
        return None, None
    sent, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(sent, int) or not isinstance(written, int) or min(sent, written) < 0:
        return None, None
    return sent, written
