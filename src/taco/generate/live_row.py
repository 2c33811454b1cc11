"""One answer of a session whose engine gives tokens: followed as the backends follow theirs, told in pieces."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from taco.chain.parse import find_over
from taco.generate.decode import DecodedRow, judge_row
from taco.generate.detokenise import TextStream
from taco.generate.loop_guard import LoopGuard, make_loop_guard
from taco.generate.sampling import Dice, make_dice
from taco.generate.session import Ask, Piece
from taco.model.prompt import encode_prefix, encode_turns


@dataclass(slots=True)
class LiveRow:
    """One answer that grows.

    Attributes:
        ask: What was asked.
        prompt: Its tokens.
        row: What was decoded for it.
        text: Its text.
        ends: Tokens that end it.
        guard: What is done where it repeats itself; None for nothing.
        dice: How its tokens are chosen, unless the engine does that itself.
    """

    ask: Ask
    prompt: list[int]
    row: DecodedRow
    text: TextStream
    ends: Collection[int]
    guard: LoopGuard | None
    dice: Dice

    @property
    def left(self) -> int:
        """Tokens that it may still grow by."""
        return self.row.limit - len(self.row.tokens)

    def take(self, token: int) -> Piece:
        """Add a token; return what it adds to the text."""
        self.row.tokens.append(token)
        self.row.forbidden = None
        finish = judge_row(self.row, self.ends, self.guard)
        text = "" if finish == "stop" else self.text.push(token)
        if finish:
            text += self.text.flush()
        return Piece(id=self.ask.id, text=text, finish=finish)


def begin_row(ask: Ask, prompt: list[int], *, tokenizer: Any, ends: Collection[int], context: int) -> LiveRow:
    """Return an answer with nothing in it yet.

    Args:
        ask: What is asked.
        prompt: Its tokens, see `encode_ask`; fewer than `context`.
        tokenizer: The base model's tokenizer.
        ends: Tokens that end an answer.
        context: Tokens that prompt and answer may have together.
    """
    limit = min(ask.limits.max_new_tokens, context - len(prompt))
    text = TextStream(tokenizer, encode_prefix(tokenizer, ask.prefix))
    return LiveRow(ask, prompt, DecodedRow(0, limit), text, ends, _make_guard(ask, tokenizer), make_dice(ask.sampling))


def encode_ask(ask: Ask, *, tokenizer: Any, ends: Collection[int]) -> list[int]:
    """Return an ask's tokens, at least one."""
    if ask.turns:
        return encode_turns(tokenizer, system=ask.system, turns=ask.turns) + encode_prefix(tokenizer, ask.prefix)
    ids = [int(token) for token in tokenizer(ask.text)["input_ids"]]
    return ids or [int(tokenizer.bos_token_id or min(ends))]


def _make_guard(ask: Ask, tokenizer: Any) -> LoopGuard | None:
    if not ask.limits.loop_guard:
        return None

    def is_over(_: int, text: str) -> bool:
        if not ask.template:
            return False
        written = ask.prefix + text
        over = find_over(written, template=ask.template, language=ask.language, after=len(ask.prefix))
        return over is not None

    return make_loop_guard(ask.limits, tokenizer=tokenizer, is_over=is_over)
