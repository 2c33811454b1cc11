"""What decoding does about answers that repeat themselves: how a loop is looked for, and when an answer is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from taco.generate.backend import Limits
from taco.generate.detokenise import decode_text
from taco.generate.loops import find_loop

FindPeriod = Callable[[Sequence[int], int], int]
"""(a row's tokens, span) -> period of the loop that they end with, 0 where there is none; see `taco.generate.loops`."""

HasRestarted = Callable[[int, Sequence[int]], bool]
"""(a prompt's place in the batch, its row's tokens) -> whether the answer is over and begins anew."""

IsOver = Callable[[int, str], bool]
"""(a prompt's place in the batch, the text that was written) -> whether the answer is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopGuard:
    """What to do about rows that repeat themselves.

    Attributes:
        find_period: Looks for a loop.
        has_restarted: Looks for a second answer after the first.
        lead_outs: Times that a row is led out of a loop before it is given up.
    """

    find_period: FindPeriod
    has_restarted: HasRestarted
    lead_outs: int


def make_loop_guard(limits: Limits, *, tokenizer: Any, is_over: IsOver) -> LoopGuard:
    """Return the guard of answers that a tokenizer reads.

    Args:
        limits: Whether loops are looked for, and how often an answer is led out of one.
        tokenizer: A transformers tokenizer.
        is_over: Whether an answer is over.
    """

    def has_restarted(index: int, tokens: Sequence[int]) -> bool:
        return is_over(index, decode_text(tokenizer, tokens))

    def is_wordless(run: Sequence[int]) -> bool:
        return not any(map(str.isalpha, decode_text(tokenizer, run)))

    def find_period(tokens: Sequence[int], span: int) -> int:
        loop = find_loop(tokens, is_wordless=is_wordless, span=span) if limits.loop_guard else None
        return loop.period if loop else 0

    return LoopGuard(find_period=find_period, has_restarted=has_restarted, lead_outs=limits.lead_outs)
