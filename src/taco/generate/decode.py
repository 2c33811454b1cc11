"""Greedy decoding of a batch in which a finished row is taken out at once, so that it holds up no other."""

from __future__ import annotations

import inspect
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from taco.errors import ModelError
from taco.generate.kv_cache import Prefix, RoomyLayer, build_cache
from taco.generate.loop_guard import LoopGuard
from taco.generate.loops import LEAD_OUT_SPAN, MIN_SPAN
from taco.records import Finish

JOIN_SHARE = 8
"""Rows join when this share of the places is free: laying them beside the others copies all keys and values once."""

CHECK_EVERY = 8
"""Tokens between two looks for a loop in a row."""

PENALTY_WINDOW = 64
"""Tokens, counted from the end of prompt and answer, that a penalty looks back on."""

Penalty = tuple[float, Sequence[int]]
"""(penalty, see `taco.generate.backend.Limits`; tokens that it is for)."""

Choose = Callable[[torch.Tensor], torch.Tensor]
"""(scores [rows, vocabulary]) -> the next token of each row [rows]; see `taco.generate.sampling`."""


@dataclass(slots=True)
class DecodedRow:
    """What was decoded for one prompt.

    Attributes:
        index: The prompt's place in the batch.
        limit: Number of tokens at most.
        tokens: The new tokens, end token included.
        seconds: For each token this row's share of its step's time.
        finish: Why it ended; None while it goes on.
        lead_outs: Times that it was led out of a loop.
        forbidden: The token that it may not go on with, or None.
    """

    index: int
    limit: int
    tokens: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    finish: Finish | None = None
    lead_outs: int = 0
    forbidden: int | None = None


def decode_batch(
    model: Any,
    prompts: Sequence[Sequence[int]],
    *,
    limits: Sequence[int],
    ends: Collection[int],
    guard: LoopGuard | None,
    on_tokens: Callable[[int], None],
    penalty: float = 1.0,
    at_once: int | None = None,
    prefix: Prefix | None = None,
) -> Iterator[DecodedRow]:
    """Decode prompts together and yield each row as soon as it is finished.

    Args:
        model: A causal language model of transformers, in evaluation mode.
        prompts: Token ids, none of them empty.
        limits: New tokens at most, one limit for each prompt.
        ends: Tokens that end an answer.
        guard: Asked every `CHECK_EVERY` tokens of a row; None to let rows repeat themselves.
        on_tokens: Called after each step with the number of tokens that it made.
        penalty: See `taco.generate.backend.Limits`.
        at_once: Rows decoded together at most; the others join, in order, as rows leave. None for all.
        prefix: What all prompts begin with, read before; None to read all of them.

    Raises:
        ModelError: The model's numbers overflowed.
    """
    waiting = deque(DecodedRow(index, limit) for index, limit in enumerate(limits))
    most = at_once or max(1, len(waiting))
    live: list[DecodedRow] = []
    batch: Batch | None = None

    def advance(one: Batch, rows: list[DecodedRow]) -> tuple[list[DecodedRow], list[DecodedRow]]:
        """Make a token for each row; return the rows that go on, and those that are finished."""
        started = time.perf_counter()
        penalties = [make_penalty(penalty, prompts[row.index], row.tokens) for row in rows]
        tokens = one.step([row.forbidden for row in rows], penalties=penalties)
        share = (time.perf_counter() - started) / len(rows)
        for row, token in zip(rows, tokens, strict=True):
            row.tokens.append(token)
            row.seconds.append(share)
            row.forbidden = None
            row.finish = judge_row(row, ends, guard)
        on_tokens(len(rows))
        finished = [row for row in rows if row.finish]
        if finished:
            order = fill_holes([row.finish is not None for row in rows])
            rows = [rows[place] for place in order]
            one.keep(order)
        return rows, finished

    while live or waiting:
        free = most - len(live)
        may_join = batch is None or not live or (batch.can_absorb and free >= max(1, most // JOIN_SHARE))
        if waiting and may_join:
            rows = [waiting.popleft() for _ in range(min(free, len(waiting)))]
            asked = [prompts[row.index] for row in rows]
            room = max(map(len, asked)) + max(row.limit for row in rows)
            newcomers = Batch(model, asked, room=room, prefix=prefix)
            rows, finished = advance(newcomers, rows)
            if batch is not None and live and rows:
                batch.absorb(newcomers, more=max(row.limit - len(row.tokens) for row in [*live, *rows]))
                live += rows
            elif rows:
                batch, live = newcomers, rows
        elif batch is not None:
            live, finished = advance(batch, live)
        yield from finished


def make_penalty(penalty: float, prompt: Sequence[int], tokens: Sequence[int]) -> Penalty | None:
    """Return the penalty of a row for its last tokens; None where there is none.

    >>> make_penalty(1.5, [7, 8], [9]), make_penalty(1.0, [7], [8])
    ((1.5, [7, 8, 9]), None)
    """
    return None if penalty == 1 else (penalty, [*prompt, *tokens][-PENALTY_WINDOW:])


def fill_holes(is_finished: Sequence[bool]) -> list[int]:
    """Return which old row each place holds once finished rows are gone, moving as few rows as possible.

    >>> fill_holes([False, True, False, False])
    [0, 3, 2]
    """
    left = sum(not done for done in is_finished)
    movers = (place for place in reversed(range(left, len(is_finished))) if not is_finished[place])
    return [next(movers) if is_finished[place] else place for place in range(left)]


class Batch:
    """Rows that are decoded together, padded on the left.

    Args:
        model: A causal language model of transformers, in evaluation mode.
        prompts: Token ids, none of them empty.
        room: Number of tokens, padding and prompt included, that a row may grow to.
        prefix: What all prompts begin with, read before: only what comes after it is read. It is not used where a prompt
            begins otherwise, or where a layer has a cache of transformers' own.
    """

    def __init__(
        self, model: Any, prompts: Sequence[Sequence[int]], *, room: int, prefix: Prefix | None = None
    ) -> None:
        device = model.device
        rows, width = len(prompts), max(map(len, prompts))
        tokens = torch.zeros((rows, width), dtype=torch.long)
        self._mask = torch.ones((rows, room), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            tokens[row, width - len(prompt) :] = torch.tensor(prompt, dtype=torch.long)
            self._mask[row, : width - len(prompt)] = 0
        positions = (self._mask[:, :width].cumsum(dim=1) - 1).clamp(min=0)
        self._model, self._length = model, width
        self._tokens, self._positions = tokens.to(device), positions.to(device)
        self._mask = self._mask.to(device)
        self._cache = build_cache(model.config, room=room)
        takes_last_only = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._last_only = {"logits_to_keep": 1} if takes_last_only else {}
        if prefix is not None and prefix.begins(prompts) and self.can_absorb:
            self._take_prefix(prefix, [len(prompt) for prompt in prompts])

    def step(
        self,
        forbidden: Sequence[int | None],
        *,
        choose: Choose | None = None,
        penalties: Sequence[Penalty | None] = (),
    ) -> list[int]:
        """Decode one token for each row.

        Args:
            forbidden: For each row a token that must not come next, or None.
            choose: Chooses the tokens; None for the likeliest.
            penalties: For each row its penalty, or None; empty for none at all.

        Raises:
            ModelError: The model's numbers overflowed.
        """
        with torch.inference_mode():
            output = self._model(
                input_ids=self._tokens,
                attention_mask=self._mask[:, : self._length],
                position_ids=self._positions,
                past_key_values=self._cache,
                use_cache=True,
                **self._last_only,
            )
            scores = output.logits[:, -1]
            for row, penalty in enumerate(penalties):
                if penalty is not None:
                    _penalise(scores[row], penalty)
            for row, token in enumerate(forbidden):
                if token is not None:
                    scores[row, token] = -torch.inf
            best, chosen = scores.max(dim=-1)
            if choose is not None and bool(torch.isfinite(best).all()):
                chosen = choose(scores)
            self._tokens = chosen[:, None]
            self._positions = self._positions[:, -1:] + 1
            self._length += 1
            if not bool(torch.isfinite(best).all()):
                raise ModelError(
                    "The model's numbers overflowed while it was answering: its scores are not finite.",
                    hint="Try model.dtype = 'fp32', or tune the adapter again with a lower learning rate.",
                )
            return [int(token) for token in chosen.tolist()]

    def read(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return the keys and values of the first row in each layer, after a step; they stay as they are."""
        return [(layer.keys[:1].clone(), layer.values[:1].clone()) for layer in self._cache.layers]

    def _take_prefix(self, prefix: Prefix, lengths: Sequence[int]) -> None:
        """Put what was read before into the cache, and leave what must be read as the next step's tokens."""
        read = max(lengths) - len(prefix.tokens)
        known = max(lengths) - read
        counts = [max(0, length - read) for length in lengths]
        with torch.inference_mode():
            for layer, (keys, values) in zip(self._cache.layers, prefix.states, strict=True):
                layer.preload(keys, values, counts=counts, length=known)
        self._tokens, self._positions = self._tokens[:, known:], self._positions[:, known:]

    def keep(self, order: Sequence[int]) -> None:
        """Make row i what row `order[i]` was, and give up the rows beyond."""
        if not order:
            return
        with torch.inference_mode():
            index = torch.tensor(order, device=self._tokens.device)
            self._tokens, self._positions = self._tokens[index], self._positions[index]
            self._mask = self._mask[index]
            self._cache.reorder_cache(index)

    @property
    def can_absorb(self) -> bool:
        """Whether other rows may join; not where a layer has a cache of transformers' own."""
        return all(type(layer) is RoomyLayer for layer in self._cache.layers)

    def absorb(self, other: Batch, *, more: int) -> None:
        """Take the rows of another batch behind the own ones; both have made a step. The other is used up.

        Left padding that no row needs any more is given up.

        Args:
            other: A batch of the same model that `can_absorb` too.
            more: Number of tokens that a row may still grow by.
        """
        batches = (self, other)
        length = max(batch._count_longest() for batch in batches)
        room = length + more + 1
        for own, others in zip(self._cache.layers, other._cache.layers, strict=True):
            own.absorb(others, rows=len(self._tokens), other_rows=len(other._tokens), length=length, room=room)
        self._mask = torch.cat([batch._move_mask(length, room) for batch in batches])
        self._tokens = torch.cat([batch._tokens for batch in batches])
        self._positions = torch.cat([batch._positions for batch in batches])
        self._length = length + 1

    def _count_longest(self) -> int:
        return int(self._mask[:, : self._length - 1].sum(dim=1).max())

    def _move_mask(self, length: int, room: int) -> torch.Tensor:
        """Return the mask with the rows' ends at another place; what is cut off or added on the left is padding."""
        moved = self._mask.new_ones((len(self._mask), room))
        taken = min(length, self._length - 1)
        moved[:, : length - taken] = 0
        moved[:, length - taken : length] = self._mask[:, self._length - 1 - taken : self._length - 1]
        return moved


def _penalise(scores: torch.Tensor, penalty: Penalty) -> None:
    """Make tokens less likely, in place; scores [vocabulary]."""
    factor, tokens = penalty
    places = torch.tensor(sorted(set(tokens)), device=scores.device)
    found = scores[places]
    scores[places] = torch.where(found > 0, found / factor, found * factor)


def judge_row(row: DecodedRow, ends: Collection[int], guard: LoopGuard | None) -> Finish | None:
    """Say why a row is over, None where it goes on; a row in a loop may be told which token not to go on with."""
    if row.tokens[-1] in ends:
        return "stop"
    if len(row.tokens) >= row.limit:
        return "length"
    if guard is None or len(row.tokens) % CHECK_EVERY:
        return None
    if guard.has_restarted(row.index, row.tokens):
        return "label"
    if row.lead_outs >= guard.lead_outs:
        return "loop" if guard.find_period(row.tokens, MIN_SPAN) else None
    if period := guard.find_period(row.tokens, LEAD_OUT_SPAN):
        row.lead_outs += 1
        row.forbidden = row.tokens[-period]
    return None
