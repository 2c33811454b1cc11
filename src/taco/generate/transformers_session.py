"""A session with transformers: rows join a batch that is being decoded, and leave it, between two tokens.

Rows of one adapter are one batch. Newcomers are read as a batch of their own, which gives their first token, and are then
laid beside the others; where a layer's cache has another form than `kv_cache.RoomyLayer` they stay a batch of their own.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass, field

from taco.generate.adapter import check_adapter
from taco.generate.adapter_set import AdapterSet
from taco.generate.backend import Refusal
from taco.generate.decode import Batch, fill_holes, make_penalty
from taco.generate.kv_cache import estimate_token_bytes
from taco.generate.live_row import LiveRow, begin_row, encode_ask
from taco.generate.merged import find_ends
from taco.generate.options import TransformersOptions
from taco.generate.prefix import PrefixMemory
from taco.generate.sampling import choose_tokens
from taco.generate.session import Ask, Piece, SessionSetup
from taco.generate.transformers import find_context
from taco.model.allocator import give_back_large_blocks
from taco.model.base import resolve_base
from taco.model.libraries import require_libraries, set_threads
from taco.model.load import load_tokenizer
from taco.model.onednn import bound_kept_products

_MIB = 2**20

READ_TOKENS = 512
"""Prompt tokens, padding included, that are read in one step at most, unless one prompt alone has more: the answers that
grow already wait for them."""


@dataclass(slots=True)
class LiveBatch:
    """Rows of one adapter that are decoded together."""

    adapter: str
    batch: Batch
    rows: list[LiveRow] = field(default_factory=list)


class TransformersSession:
    """Continuous batching with transformers.

    Args:
        options: Rows that are decoded together at most, and the memory for their keys and values.
        setup: Base model, adapters and cache.

    Raises:
        ModelError: The model or an adapter cannot be used, or the extra [train] is not installed.
    """

    def __init__(self, options: TransformersOptions, *, setup: SessionSetup) -> None:
        require_libraries()
        for adapter in setup.adapters.values():
            check_adapter(adapter)
        self._options = options
        give_back_large_blocks()
        bound_kept_products()
        set_threads(setup.model.threads)
        self._base = resolve_base(setup.model, cache=setup.cache, progress=setup.progress)
        self._tokenizer = load_tokenizer(self._base)
        self._adapters = AdapterSet(self._base, setup.adapters, dtype=setup.model.dtype)
        model = self._adapters.model
        self._ends, self._context = find_ends(self._tokenizer, model), find_context(model)
        self._token_bytes = estimate_token_bytes(model.config, bytes_per_number=model.dtype.itemsize)
        self._prefixes = PrefixMemory()
        self._batches: list[LiveBatch] = []
        self._new: list[LiveRow] = []

    @property
    def signature(self) -> str:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("transformers", "torch", "peft")]
        return ", ".join([*versions, f"{self._base.name} {self._base.digest[:12]}", self._adapters.signature])

    def encode(self, ask: Ask) -> list[int]:
        """Return an ask's tokens."""
        return encode_ask(ask, tokenizer=self._tokenizer, ends=self._ends)

    def join(self, ask: Ask) -> int | Refusal | None:
        """Take an ask; see `Session.join`."""
        prompt = self.encode(ask)
        if len(prompt) >= self._context:
            detail = f"{len(prompt)} tokens; the model's context holds {self._context}, one of them for the answer"
            return Refusal(id=ask.id, reason="prompt-too-long", detail=detail)
        row = begin_row(ask, prompt, tokenizer=self._tokenizer, ends=self._ends, context=self._context)
        if not self._has_room(len(prompt) + row.row.limit):
            return None
        self._new.append(row)
        return len(prompt)

    def step(self) -> list[Piece]:
        """Make one token for each live answer; see `Session.step`."""
        try:
            return self._step_all()
        except BaseException:
            self._batches, self._new = [], []  # what is left of them is not to be gone on with
            raise

    def _step_all(self) -> list[Piece]:
        newcomers = self._take_newcomers()
        pieces: list[Piece] = []
        for live in self._batches:
            pieces += self._advance(live)
        for adapter in dict.fromkeys(row.ask.adapter for row in newcomers):
            rows = [row for row in newcomers if row.ask.adapter == adapter]
            pieces += self._begin(adapter, rows)
        self._batches = [live for live in self._batches if live.rows]
        return pieces

    def leave(self, ask_id: str) -> None:
        """Give up an answer; see `Session.leave`."""
        self._new = [row for row in self._new if row.ask.id != ask_id]
        for live in self._batches:
            self._keep(live, [row.ask.id == ask_id for row in live.rows])
        self._batches = [live for live in self._batches if live.rows]

    def close(self) -> None:
        """Let go of the model."""
        self._batches, self._new = [], []
        self._adapters.close()

    def _has_room(self, tokens: int) -> bool:
        rows = [*self._new, *(row for live in self._batches for row in live.rows)]
        longest = max([tokens, *(len(row.prompt) + row.row.limit for row in rows)])
        fits = (len(rows) + 1) * longest * self._token_bytes <= self._options.cache_mib * _MIB
        return not rows or (len(rows) < self._options.batch_size and fits)

    def _take_newcomers(self) -> list[LiveRow]:
        count, widest = 0, 0
        for row in self._new:
            widest = max(widest, len(row.prompt))
            if count and (count + 1) * widest > READ_TOKENS:
                break
            count += 1
        newcomers, self._new = self._new[:count], self._new[count:]
        return newcomers

    def _begin(self, adapter: str, rows: list[LiveRow]) -> list[Piece]:
        """Read the newcomers' prompts, make their first tokens and lay them beside the others."""
        room = max(len(row.prompt) for row in rows) + max(row.row.limit for row in rows)
        model, prompts = self._adapters.activate(adapter), [row.prompt for row in rows]
        prefix = self._prefixes.find(model, adapter, prompts)
        live = LiveBatch(adapter, Batch(model, prompts, room=room, prefix=prefix), rows)
        pieces = self._advance(live)
        host = next((one for one in self._batches if one.adapter == adapter and one.rows), None)
        if host is None or not live.rows or not (host.batch.can_absorb and live.batch.can_absorb):
            self._batches.append(live)
            return pieces
        host.rows += live.rows
        host.batch.absorb(live.batch, more=max(row.left for row in host.rows))
        return pieces

    def _advance(self, live: LiveBatch) -> list[Piece]:
        self._adapters.activate(live.adapter)
        forbidden = [one.row.forbidden for one in live.rows]
        penalties = [make_penalty(one.ask.limits.penalty, one.prompt, one.row.tokens) for one in live.rows]
        choose = choose_tokens([one.dice for one in live.rows])
        tokens = live.batch.step(forbidden, choose=choose, penalties=penalties)
        pieces = [one.take(token) for one, token in zip(live.rows, tokens, strict=True)]
        self._keep(live, [piece.finish is not None for piece in pieces])
        return pieces

    def _keep(self, live: LiveBatch, is_over: Sequence[bool]) -> None:
        if any(is_over):
            order = fill_holes(is_over)
            live.rows = [live.rows[place] for place in order]
            live.batch.keep(order)
