"""Answers in OpenAI's form, whole and in pieces."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from taco.chain.template import SECTIONS
from taco.languages.table import Language
from taco.records import Repair
from taco.serve.answer import ANSWER, Delta
from taco.serve.desk import Ticket

BETWEEN = "\n\n"
"""What stands between the English sections in `reasoning_content`."""


def describe_language(language: Language) -> dict[str, str]:
    """Return what a page needs to show text of a language."""
    return {
        "language": language.code,
        "name": language.name,
        "autonym": language.autonym,
        "direction": language.direction,
    }


def render_chat(ticket: Ticket) -> dict[str, Any]:
    """Return a whole answer to /v1/chat/completions."""
    reader = ticket.reader
    message: dict[str, Any] = {"role": "assistant", "content": reader.content}
    if reader.english:
        message["reasoning_content"] = BETWEEN.join(reader.english.values())
        message["taco"] = {name: reader.english[name] for name in SECTIONS if name in reader.english}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reader.finish_reason}
    return {
        **_head(ticket, "chat.completion"),
        "choices": [choice],
        "usage": render_usage(ticket),
        "taco": render_summary(ticket),
    }


def render_completion(ticket: Ticket) -> dict[str, Any]:
    """Return a whole answer to /v1/completions."""
    reader = ticket.reader
    choice = {"index": 0, "text": reader.content, "logprobs": None, "finish_reason": reader.finish_reason}
    return {**_head(ticket, "text_completion"), "choices": [choice], "usage": render_usage(ticket)}


def render_usage(ticket: Ticket) -> dict[str, Any]:
    """Return the tokens of an answer, section by section; the sections and "other" add up to completion_tokens."""
    reader = ticket.reader
    sections = reader.count_tokens(reader.parse())
    made = len(reader.ends)
    return {
        "prompt_tokens": ticket.prompt_tokens,
        "completion_tokens": made,
        "total_tokens": ticket.prompt_tokens + made,
        "completion_tokens_details": {"reasoning_tokens": sections["instruction_en"] + sections["response_en"]},
        "taco_sections": sections,
    }


def render_summary(ticket: Ticket) -> dict[str, Any]:
    """Return what OpenAI's form has no place for."""
    reader = ticket.reader
    parsed = reader.parse()
    summary: dict[str, Any] = {**describe_language(ticket.run.language), "state": parsed.state, "finish": reader.finish}
    steps = ticket.steps
    summary |= {"mode": steps.mode} | ({"engines": steps.engines} if steps.engines else {})
    summary |= {"engine_fault": steps.fault} if steps.fault else {}
    summary["repairs"] = [_render_repair(repair, is_open=reader.mode != "none") for repair in reader.repairs]
    if parsed.state == "no-chain" and reader.mode != "none":
        summary["unlabelled"] = reader.text
    return summary


def _render_repair(repair: Repair, *, is_open: bool) -> dict[str, Any]:
    """Return a repair as a client gets it; the texts may be English, so they stay here where that is not wanted."""
    hidden = () if is_open else ("start", "removed", "added")
    return {key: value for key, value in dataclasses.asdict(repair).items() if key not in (*hidden, "seconds")}


class ChunkWriter:
    """Writes an answer as server-sent events.

    Args:
        ticket: The request.
        is_chat: Whether as chunks of a chat, or of a completion.
        with_usage: Whether a last chunk says what it cost.
    """

    def __init__(self, ticket: Ticket, *, is_chat: bool, with_usage: bool) -> None:
        self._ticket, self._is_chat, self._with_usage = ticket, is_chat, with_usage
        self._last_english = ""

    def begin(self) -> bytes:
        """Write what comes before the first character."""
        if not self._is_chat:
            return b""
        return self._chunk({"role": "assistant", "content": ""}, taco=describe_language(self._ticket.run.language))

    def write(self, deltas: list[Delta]) -> bytes:
        """Write characters."""
        return b"".join(self._write_delta(delta) for delta in deltas)

    def end(self) -> bytes:
        """Write the end."""
        reader = self._ticket.reader
        summary = {"taco": render_summary(self._ticket)} if self._is_chat else {}
        pieces = [self._chunk({}, finish_reason=reader.finish_reason, **summary)]
        if self._with_usage:
            kind = "chat.completion.chunk" if self._is_chat else "text_completion"
            pieces.append(_event({**_head(self._ticket, kind), "choices": [], "usage": render_usage(self._ticket)}))
        return b"".join([*pieces, b"data: [DONE]\n\n"])

    def _write_delta(self, delta: Delta) -> bytes:
        if not self._is_chat:
            return self._chunk({"text": delta.text})
        if delta.section == ANSWER:
            return self._chunk({"content": delta.text})
        text = delta.text
        if self._last_english not in ("", delta.section):
            text = BETWEEN + text
        self._last_english = delta.section
        return self._chunk({"reasoning_content": text, "taco_section": delta.section})

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None = None, **more: Any) -> bytes:
        choice: dict[str, Any] = {"index": 0, "logprobs": None, "finish_reason": finish_reason}
        choice |= {"delta": delta} if self._is_chat else {"text": delta.get("text", "")}
        kind = "chat.completion.chunk" if self._is_chat else "text_completion"
        return _event({**_head(self._ticket, kind), "choices": [choice], **more})


def write_error(body: dict[str, Any]) -> bytes:
    """Write an error into a stream that has begun."""
    return _event(body) + b"data: [DONE]\n\n"


def _head(ticket: Ticket, kind: str) -> dict[str, Any]:
    prefix = "chatcmpl" if kind.startswith("chat") else "cmpl"
    return {
        "id": f"{prefix}-{ticket.job.ask.id}",
        "object": kind,
        "created": ticket.created,
        "model": ticket.run.name,
    }


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"
