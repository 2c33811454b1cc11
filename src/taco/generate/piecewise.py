"""An answer that comes from a server in pieces: followed as it grows, ended where it is over, its tokens placed.

A piece is mostly a token, but no server promises that. The server's own count of tokens is shared out among the pieces by
the order in which they came; where an answer is ended from here no count comes, and each piece is taken for a token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from taco.generate.backend import Generation, Limits, Prompt
from taco.generate.loops import find_loop
from taco.generate.transformers import find_end
from taco.records import Finish

_MARKS = ("\n", ":", "：")
"""Characters without one of which no piece completes a label."""


@dataclass(slots=True)
class Growth:
    """An answer as far as it came, through all calls that were made for it.

    Attributes:
        prompt: What was asked.
        limits: When to stop.
        read: Gives the time in seconds.
        pieces: What came.
        seconds: For each piece, the time that it took.
        finish: Why it was ended from here; None where it was not.
        earlier: Pieces of calls that broke off, which the last one goes on with.
        lost: Pieces that were thrown away.
    """

    prompt: Prompt
    limits: Limits
    read: Callable[[], float]
    pieces: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    finish: Finish | None = None
    earlier: int = 0
    lost: int = 0
    _last: float = 0.0

    def begin_call(self, *, goes_on: bool) -> Prompt:
        """Begin a call: return what is asked.

        Args:
            goes_on: Whether the server can go on with what came; else it is thrown away.
        """
        if not goes_on:
            self.lost += len(self.pieces)
            self.pieces, self.seconds = [], []
        self.earlier, self._last = len(self.pieces), self.read()
        begun = "".join(self.pieces)
        return replace(self.prompt, prefix=self.prompt.prefix + begun, spent=self.prompt.spent + self.earlier)

    def take(self, piece: str) -> bool:
        """Take a piece; say whether the answer may go on."""
        now = self.read()
        self.pieces.append(piece)
        self.seconds.append(now - self._last)
        self._last = now
        self.finish = self._judge(piece)
        return self.finish is None

    def conclude(self, finish: Finish, *, tokens: int | None) -> Generation:
        """Return the finished answer.

        Args:
            finish: Why the server ended it, unless it was ended from here.
            tokens: Tokens of the last call by the server's count; None where it gave none.
        """
        earlier, last = self.pieces[: self.earlier], self.pieces[self.earlier :]
        before = list(pairwise([0, *_add_up(earlier)]))
        start, text = (before[-1][1] if before else 0), "".join(self.pieces)
        count = len(last) if tokens is None else max(1, tokens)
        ends = [end for _, end in before] + [start + end for end in place_ends(last, count)]
        cost = sum(self.seconds[self.earlier :]) / max(1, count)
        seconds = self.seconds[: self.earlier] + [cost] * count
        return Generation(
            id=self.prompt.id, text=text, finish=self.finish or finish, token_ends=ends, token_seconds=seconds
        )

    def _judge(self, piece: str) -> Finish | None:
        limits, prompt = self.limits, self.prompt
        if not limits.loop_guard and not prompt.until:
            return None
        if any(mark in piece for mark in _MARKS) and find_end("".join(self.pieces), prompt) is not None:
            return "label"
        if limits.loop_guard and find_loop(self.pieces, is_wordless=_is_wordless) is not None:
            return "loop"
        return None


def place_ends(pieces: Sequence[str], tokens: int) -> list[int]:
    """Return where tokens end that came in pieces: one in each, the last at the end of the text, or spread over them.

    >>> place_ends(["ab", "c", "def"], 4), place_ends(["ab", "c", "def"], 2), place_ends(["abcdef"], 3)
    ([2, 3, 6, 6], [2, 6], [2, 4, 6])
    """
    ends = _add_up(pieces)
    length = ends[-1] if ends else 0
    if len(pieces) <= tokens <= len(pieces) + 1:
        return ends + [length] * (tokens - len(pieces))
    if tokens > len(pieces):
        return [length * number // tokens for number in range(1, tokens + 1)]
    return [ends[len(pieces) * number // tokens - 1] for number in range(1, tokens + 1)]


def _add_up(pieces: Sequence[str]) -> list[int]:
    ends, end = [], 0
    for piece in pieces:
        end += len(piece)
        ends.append(end)
    return ends


def _is_wordless(pieces: Sequence[str]) -> bool:
    return not any(letter.isalpha() for piece in pieces for letter in piece)
