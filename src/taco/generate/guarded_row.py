"""One answer of an engine that gives tokens: its limit, its loop guard, its text, as the reference backend has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taco.generate.backend import Generation, Limits, Prompt
from taco.generate.detokenise import decode_after
from taco.generate.loop_guard import make_loop_guard
from taco.generate.transformers import cut_restart, find_end
from taco.model.prompt import encode_prefix

if TYPE_CHECKING:
    from taco.generate.streamed import Speech


class GuardedRow:
    """An answer that grows.

    Args:
        prompt: What was asked.
        ids: Its tokens, those of its prefix included.
        speech: Tokenizer, ends and context.
        limits: When to stop.
    """

    def __init__(self, prompt: Prompt, ids: Sequence[int], *, speech: Speech, limits: Limits) -> None:
        from taco.generate.decode import DecodedRow

        self.prompt, self.ids = prompt, list(ids)
        self._speech, self._limits = speech, limits
        self._row = DecodedRow(0, min(max(1, limits.max_new_tokens - prompt.spent), speech.context - len(ids)))
        self._is_guarded = limits.loop_guard or bool(prompt.until)
        guard = make_loop_guard(
            limits, tokenizer=speech.tokenizer, is_over=lambda _, text: find_end(text, prompt) is not None
        )
        self._guard = guard if self._is_guarded else None

    @property
    def tokens(self) -> list[int]:
        """The prompt's tokens and those that were generated."""
        return [*self.ids, *self._row.tokens]

    @property
    def left(self) -> int:
        """Tokens that it may still grow by."""
        return self._row.limit - len(self._row.tokens)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._row.finish is not None

    @property
    def forbidden(self) -> int | None:
        """The token that it may not go on with."""
        return self._row.forbidden

    @property
    def penalty(self) -> float:
        """See `Limits`."""
        return self._limits.penalty

    def take(self, token: int, seconds: float) -> bool:
        """Add a token; say whether the engine may simply go on: the row is not over, and no token is forbidden next.

        Args:
            token: The token.
            seconds: The time that it took.
        """
        from taco.generate.decode import judge_row

        row = self._row
        row.tokens.append(token)
        row.seconds.append(seconds)
        row.forbidden = None
        row.finish = judge_row(row, self._speech.ends, self._guard)
        return row.finish is None and row.forbidden is None

    def conclude(self) -> Generation:
        """Return the finished answer."""
        row, tokenizer = self._row, self._speech.tokenizer
        is_ended = row.finish == "stop"
        before = encode_prefix(tokenizer, self.prompt.prefix)
        text, ends = decode_after(tokenizer, before, row.tokens[:-1] if is_ended else row.tokens)
        generation = Generation(
            id=self.prompt.id,
            text=text,
            finish=row.finish or "stop",
            token_ends=[*ends, len(text)] if is_ended else ends,
            token_seconds=row.seconds,
            lead_outs=row.lead_outs,
        )
        return cut_restart(generation, self.prompt) if self._is_guarded else generation
