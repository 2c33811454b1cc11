"""The fake judge that ships with taco: it needs no model, costs nothing and says the same each time.

Its rating is drawn from a digest of the answer, so that it differs between answers and means nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from taco.evaluate.judge.prompt import AXES, Form, JudgePrompt, Scale
from taco.remote.chat_reply import ChatReply
from taco.remote.options import CallOptions
from taco.remote.pace import MinuteLimits


class EchoJudgeOptions(BaseModel):
    """How the judge `echo` behaves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salt: str = Field(default="", description="Drawn with the answer: judges with different ones disagree.")


class EchoJudge:
    """Rates answers by a digest.

    Args:
        options: What it is.
    """

    form: Form = "json"
    limits: MinuteLimits = CallOptions()
    parallel_calls = 1

    def __init__(self, options: EchoJudgeOptions) -> None:
        self._salt = options.salt
        self.signature = f"echo 1 salt {options.salt!r}"

    def estimate_cost(self, prompt: JudgePrompt) -> float:
        return 0.0

    def count_cost(self, reply: ChatReply) -> float | None:
        return 0.0

    def ask(self, prompt: JudgePrompt, *, attempt: int) -> ChatReply:
        """Rate the answer; see `Judge.ask`."""
        return ChatReply(
            json.dumps({"explanation": "drawn from a digest", **self._decide(prompt)}), snapshot=self.signature
        )

    def close(self) -> None:
        """Do nothing; there is nothing to let go of."""

    def _decide(self, prompt: JudgePrompt) -> dict[str, Any]:
        texts = prompt.texts
        if prompt.kind == "pair":
            first, second = (self._draw(texts[name], prompt.scale) for name in ("answer_a", "answer_b"))
            return {"winner": "tie" if first == second else "A" if first > second else "B"}
        if prompt.kind == "rubric":
            return {axis: self._draw(f"{axis} {texts['answer']}", prompt.scale) for axis in AXES}
        return {"rating": self._draw(texts["answer"], prompt.scale)}

    def _draw(self, text: str, scale: Scale) -> float:
        steps = int(scale.highest - scale.lowest) + 1
        digest = hashlib.sha256(f"{self._salt}\0{text}".encode()).digest()
        return scale.lowest + int.from_bytes(digest[:4], "big") % steps
