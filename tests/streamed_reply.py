"""Answers of OpenAI's chat protocol that come in pieces, for `faulty_server`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from faulty_server import Reply


def write_events(pieces: Sequence[str], *, finish: str | None = "stop", tokens: int | None = -1, **more: Any) -> bytes:
    """Write a stream; `tokens` -1 for one a piece and the end token, None for no usage."""
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    if finish:
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if tokens is not None:
        count = len(pieces) + 1 if tokens < 0 else tokens
        chunks.append({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": count}})
    has_halves = any("\ud800" <= letter <= "\udfff" for piece in pieces for letter in piece)
    lines = [json.dumps(chunk | more, ensure_ascii=has_halves) for chunk in chunks] + ["[DONE]"] * bool(finish)
    return "".join(f"data: {line}\n\n" for line in lines).encode()


def stream(pieces: Sequence[str], **more: Any) -> Reply:
    return Reply(write_events(pieces, **more), headers={"Content-Type": "text/event-stream"}, is_chunked=True)


def cut(text: str) -> list[str]:
    return [text[start : start + 3] for start in range(0, len(text), 3)]
