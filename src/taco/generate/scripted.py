"""A backend and a session that say what a script says: fakes for what models do seldom, such as looping or leaving a heading out.

A script holds, for each question, what is said to it the first time, the second time and so on; the last line is said again
and again. Where an answer is gone on with from a prefix, the next line is what is added.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from taco.generate.backend import Generation, Limits, Prompt, Refusal
from taco.generate.session import Ask, Piece
from taco.records import Finish

_WORD = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True)
class Line:
    """What is said once.

    Attributes:
        text: The text.
        finish: Why it ends.
    """

    text: str
    finish: Finish = "stop"


Script = Mapping[str, Sequence[Line]]
"""Question -> what is said to it, one after the other; a question that is not there is refused."""


class ScriptedBackend:
    """Says a script, a word a token.

    Args:
        script: What to say.

    Attributes:
        asked: The prompts, in order.
        limits: The limits of each call.
    """

    name = "scripted"
    signature = "scripted 1"

    def __init__(self, script: Script) -> None:
        self.asked: list[Prompt] = []
        self.limits: list[Limits] = []
        self._script = script
        self._said: Counter[str] = Counter()

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt, in the order given; see `Backend.generate`."""
        self.limits.append(limits)
        for prompt in prompts:
            self.asked.append(prompt)
            line = next_line(self._script, self._said, prompt.text)
            if line is None:
                yield Refusal(id=prompt.id, reason="not-in-script", detail=prompt.text)
                continue
            words = _WORD.findall(line.text)[: limits.max_new_tokens - prompt.spent]
            text = "".join(words)
            ends = [len("".join(words[: count + 1])) for count in range(len(words))]
            ends += [len(text)] if line.finish == "stop" and text == line.text else []
            on_tokens(len(ends))
            yield Generation(
                id=prompt.id,
                text=text,
                finish=line.finish if text == line.text else "length",
                token_ends=ends,
                token_seconds=[0.001] * len(ends),
            )

    def close(self) -> None:
        """Do nothing; there is nothing to let go of."""


class ScriptedSession:
    """Says a script, a piece a step.

    Args:
        script: What to say.
        cut: Cuts a line into pieces, put together the line itself; by words where left out.
        room: Answers that grow together at most.

    Attributes:
        asked: The asks that joined, in order.
    """

    signature = "scripted 1"

    def __init__(self, script: Script, *, cut: Callable[[str], Sequence[str]] = _WORD.findall, room: int = 64) -> None:
        self.asked: list[Ask] = []
        self._script, self._cut, self._room = script, cut, room
        self._said: Counter[str] = Counter()
        self._live: dict[str, tuple[list[str], Finish]] = {}

    def join(self, ask: Ask) -> int | Refusal | None:
        """Take an ask; see `Session.join`."""
        if len(self._live) >= self._room:
            return None
        question = ask.turns[-1][1] if ask.turns else ask.text
        line = next_line(self._script, self._said, question)
        if line is None:
            return Refusal(id=ask.id, reason="not-in-script", detail=question)
        self.asked.append(ask)
        pieces, most = list(self._cut(line.text)), ask.limits.max_new_tokens
        finish = line.finish if len(pieces) < most else "length"
        self._live[ask.id] = (pieces[:most], finish)
        return max(1, len(question.split()))

    def step(self) -> list[Piece]:
        """Say one piece of each answer; see `Session.step`."""
        said = []
        for ask_id, (pieces, finish) in list(self._live.items()):
            text = pieces.pop(0) if pieces else ""
            is_over = not pieces and (finish != "stop" or not text)
            said.append(Piece(id=ask_id, text=text, finish=finish if is_over else None))
            if is_over:
                self.leave(ask_id)
        return said

    def leave(self, ask_id: str) -> None:
        """Give up an answer; see `Session.leave`."""
        self._live.pop(ask_id, None)

    def close(self) -> None:
        """Do nothing; there is nothing to let go of."""


def next_line(script: Script, said: Counter[str], question: str) -> Line | None:
    """Return the next line for a question and count it; None where the script has none."""
    lines = script.get(question, ())
    said[question] += 1
    return lines[min(said[question], len(lines)) - 1] if lines else None
