"""The fake session that ships with taco: it needs no model and says the last question back, a word a step."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Mapping

from taco.errors import DataError
from taco.generate.backend import Refusal
from taco.generate.echo import render_rest
from taco.generate.options import EchoOptions
from taco.generate.session import Ask, Piece, SessionSetup
from taco.records import Chain

_WORD = re.compile(r"\s*\S+\s*")

ROOM = 64
"""Answers that grow together at most."""

CONTEXT = 4096
"""Words that a prompt may have at most."""


class EchoSession:
    """Answers with a complete chain whose sections are all the last question itself.

    Args:
        options: How long a step takes.
        setup: Not used; there is no model.
        answers: Question -> the chain to say instead.
    """

    def __init__(
        self, options: EchoOptions, *, setup: SessionSetup, answers: Mapping[str, Chain] | None = None
    ) -> None:
        self._answers = answers or {}
        self._seconds_per_token = options.seconds_per_token
        self._live: dict[str, tuple[deque[str], int]] = {}

    @property
    def signature(self) -> str:
        return "echo 1"

    def join(self, ask: Ask) -> int | Refusal | None:
        """Take an ask; see `Session.join`."""
        if len(self._live) >= ROOM:
            return None
        question = ask.turns[-1][1] if ask.turns else ask.text
        words = sum(len(text.split()) for _, text in ask.turns) + len(ask.text.split())
        if words >= CONTEXT:
            detail = f"{words} tokens; the model's context holds {CONTEXT}, one of them for the answer"
            return Refusal(id=ask.id, reason="prompt-too-long", detail=detail)
        try:
            answer = _render(ask, question, self._answers.get(question))
        except DataError as error:
            return Refusal(id=ask.id, reason="label-in-text", detail=error.message)
        self._live[ask.id] = (deque(_WORD.findall(answer)), ask.limits.max_new_tokens)
        return max(1, words)

    def step(self) -> list[Piece]:
        """Say one word of each answer; see `Session.step`."""
        time.sleep(self._seconds_per_token)
        pieces = []
        for ask_id, (words, left) in list(self._live.items()):
            if not words:
                pieces.append(Piece(id=ask_id, text="", finish="stop"))
            else:
                pieces.append(Piece(id=ask_id, text=words.popleft(), finish="length" if left == 1 else None))
            self._live[ask_id] = (words, left - 1)
            if pieces[-1].finish:
                self.leave(ask_id)
        return pieces

    def leave(self, ask_id: str) -> None:
        """Give up an answer; see `Session.leave`."""
        self._live.pop(ask_id, None)

    def close(self) -> None:
        """Do nothing; there is nothing to let go of."""


def _render(ask: Ask, question: str, chain: Chain | None) -> str:
    return render_rest(question.strip(), ask, chain) if ask.template else question
