"""A loopback server that speaks OpenAI's chat protocol as a judge would, and submissions for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from faulty_server import Reply, Request, reply_json
from taco.evaluate.judge.openai import OpenAIJudge, OpenAIJudgeOptions
from taco.evaluate.judge.submission import Submission

Verdict = Callable[[str, int], Reply]
"""The answer that is judged, and how often it was asked about -> what the judge says."""

_BLOCK = re.compile(
    r"=== (?P<label>[A-Z0-9 -]+) (?P<mark>[0-9a-f]{8}) ===\n(?P<text>.*?)\n=== END (?P=mark) ===", re.DOTALL
)


class FakeJudge:
    """Answers requests; counts how often each answer was judged with success.

    Args:
        verdict: What it says.
    """

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.asked: Counter[str] = Counter()

    def __call__(self, request: Request) -> Reply:
        blocks = read_blocks(request)
        answer = blocks.get("ANSWER") or f"{blocks['ANSWER A']}|{blocks['ANSWER B']}"
        self.asked[answer] += 1
        return self.verdict(answer, self.asked[answer])


def read_blocks(request: Request) -> dict[str, str]:
    """Return label -> text of a prompt."""
    content = request.json["messages"][-1]["content"]
    return {match["label"]: match["text"] for match in _BLOCK.finditer(content)}


def write(content: str | None, *, finish_reason: str = "stop", **message: Any) -> Reply:
    """Return a reply of the chat protocol."""
    return reply_json(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "a-judge-2026-01-02",
            "system_fingerprint": "fp_1",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content, **message},
                    "finish_reason": finish_reason,
                }
            ],
            "usage": {"prompt_tokens": 400, "completion_tokens": 100, "total_tokens": 500},
        }
    )


def rate(rating: Any) -> Reply:
    """Return a rating in JSON."""
    return write(json.dumps({"explanation": "It says Rating: [[10]].", "rating": rating}))


def draw_rating(answer: str) -> int:
    """Return the true rating of an answer, from 1 to 10."""
    return 1 + hashlib.sha256(answer.encode()).digest()[0] % 10


def open_judge_at(url: str, **options: Any) -> OpenAIJudge:
    """Open the judge `openai` for a loopback server."""
    settings = {"model": "a-judge", "base_url": f"{url}/v1", "api_key_env": "", **options}
    return OpenAIJudge(OpenAIJudgeOptions(**settings))


def submit(answer: str, **fields: str) -> Submission:
    """Return a submission."""
    settings = {"id": "1", "system": "a", "category": "generic", "language": "gl", "question": "Que é o mar?"}
    return Submission(**{**settings, "answer": answer, **fields})
