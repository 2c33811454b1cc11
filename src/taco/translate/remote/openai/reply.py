"""What a server of OpenAI's chat protocol answers, apart from what the model wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taco.translate.remote.faults import Service, make_unreadable_fault, read_json
from taco.translate.remote.openai.options import OpenAIOptions


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered.

    Attributes:
        content: What the model wrote; "" where it refused.
        refusal: What it, or the server's filter, said instead.
        is_cut: Whether it ran into a limit of length.
        cost_usd: From the server's counts of tokens, None where it gives none.
    """

    content: str
    refusal: str
    is_cut: bool
    cost_usd: float | None


def read_reply(body: str, service: Service, options: OpenAIOptions) -> Reply:
    """Read an answer.

    Raises:
        EngineBusy: It is none of this protocol.
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
    if reason == "content_filter":
        refusal = refusal or "the server's content filter stopped it"
    return Reply(content, str(refusal), reason == "length", _count_cost(answer.get("usage"), options))


def _count_cost(usage: Any, options: OpenAIOptions) -> float | None:
    if not isinstance(usage, dict):
        return None
    sent, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(sent, int) or not isinstance(written, int):
        return None
    sent_usd = sent * (options.usd_per_million_input_tokens or 0.0)
    return (sent_usd + written * (options.usd_per_million_output_tokens or 0.0)) / 1e6
