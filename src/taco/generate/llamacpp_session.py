"""A session with llama.cpp: its server batches what grows, and each answer has a slot and a thread of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from taco.errors import ModelError
from taco.generate.adapter import check_adapter
from taco.generate.backend import Refusal
from taco.generate.converted import prepare_gguf, prepare_lora
from taco.generate.growers import Growers, Outlet
from taco.generate.live_row import LiveRow, begin_row, encode_ask
from taco.generate.llama_server import LlamaServer
from taco.generate.llamacpp import describe_llamacpp, stands_beside
from taco.generate.options import LlamaCppOptions
from taco.generate.session import Ask, Piece, SessionSetup
from taco.generate.streamed import read_speech
from taco.model.base import Base, resolve_base
from taco.model.load import load_tokenizer
from taco.model.prompt import count_common

_STOP_S = 60.0

STREAMED = 4
"""Tokens that the server is asked for at a time: few, because they are shown as they come."""


class LlamaCppSession:
    """Answers that grow together in llama.cpp, all adapters beside one copy of the weights.

    Args:
        options: Number format, context and answers at a time.
        setup: Base model, adapters and cache.

    Raises:
        ModelError: The model or an adapter cannot be used, or the extra [llamacpp] is not installed.
    """

    def __init__(self, options: LlamaCppOptions, *, setup: SessionSetup) -> None:
        for adapter in setup.adapters.values():
            check_adapter(adapter)
        base = resolve_base(setup.model, cache=setup.cache, progress=setup.progress)
        self._speech = read_speech(base, load_tokenizer(base), context=options.context)
        model, adapters = _prepare(base, setup, options)
        self._adapters = {name: place for place, name in enumerate(adapters)}
        context = self._speech.context
        slots = self._speech.count_rows(context, most=options.batch_size, cache_mib=options.cache_mib)
        self._server = LlamaServer(
            model,
            adapters=list(adapters.values()),
            context=context,
            threads=setup.model.threads or os.cpu_count() or 1,
            slots=slots,
        )
        self._growers, self._slots = Growers(slots), Slots(slots)
        self._signature = describe_llamacpp(base, options, context=context, slots=slots)

    @property
    def signature(self) -> str:
        return self._signature

    def join(self, ask: Ask) -> int | Refusal | None:
        """Take an ask; see `Session.join`."""
        if not self._growers.has_place:
            return None
        speech = self._speech
        prompt = encode_ask(ask, tokenizer=speech.tokenizer, ends=speech.ends)
        if len(prompt) >= speech.context:
            detail = f"{len(prompt)} tokens; the context holds {speech.context}, one of them for the answer"
            return Refusal(id=ask.id, reason="prompt-too-long", detail=detail)
        row = begin_row(ask, prompt, tokenizer=speech.tokenizer, ends=speech.ends, context=speech.context)
        self._growers.start(ask.id, partial(self._grow, row))
        return len(prompt)

    def step(self) -> list[Piece]:
        """Return a token of each answer that has one; see `Session.step`."""
        return self._growers.take()

    def leave(self, ask_id: str) -> None:
        """Give up an answer; see `Session.leave`."""
        self._growers.leave(ask_id)

    def close(self) -> None:
        """Stop the server."""
        self._growers.close(wait_s=_STOP_S)
        self._server.close()

    def _grow(self, live: LiveRow, outlet: Outlet) -> None:
        row, ask = live.row, live.ask
        slot = self._slots.take(ask.adapter, live.prompt)
        try:
            while row.finish is None:
                before = len(row.tokens)
                steps = self._server.stream(
                    [*live.prompt, *row.tokens],
                    limit=live.left,
                    forbidden=row.forbidden,
                    penalty=ask.limits.penalty,
                    slot=slot,
                    adapter=self._adapters.get(ask.adapter),
                    sampling=ask.sampling,
                    at_once=STREAMED,
                )
                with closing(steps) as tokens:  # type: ignore[type-var]
                    for token in tokens:
                        piece = live.take(token)
                        if not outlet.give(piece):
                            return
                        if piece.finish or row.forbidden is not None:
                            break
                if len(row.tokens) == before:
                    raise ModelError(f"The engine gave no token after {len(live.prompt) + before} tokens.")
        finally:
            self._slots.give_back(slot, ask.adapter, live.prompt, row.tokens)


class Slots:
    """The places of a server, each of which keeps what it read last.

    Args:
        count: How many there are; no more answers than that ask for one at a time.
    """

    def __init__(self, count: int) -> None:
        self._free: dict[int, Kept] = dict.fromkeys(range(count), Kept("", (), ()))
        self._lock = threading.Lock()

    def take(self, adapter: str, prompt: Sequence[int]) -> int:
        """Return a free place: the one that has read this conversation's earlier turns, else that of the longest ago.

        What all prompts begin with, such as the system message, is no reason to take a place from another conversation.
        """
        with self._lock:
            shared = {number: kept.count_shared(adapter, prompt) for number, kept in self._free.items()}
            number = max(shared, key=lambda number: shared[number])  # the one of the longest ago where they are equal
            del self._free[number]
        return number

    def give_back(self, number: int, adapter: str, prompt: Sequence[int], said: Sequence[int]) -> None:
        """Let others have a place, which keeps what it read."""
        with self._lock:
            self._free[number] = Kept(adapter, prompt, said)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a place has read, with which adapter: a prompt, and what was said to it."""

    adapter: str
    prompt: Sequence[int]
    said: Sequence[int]

    def count_shared(self, adapter: str, prompt: Sequence[int]) -> int:
        """Return how many of its tokens another prompt begins with; 0 where that is not of the same conversation.

        >>> kept = Kept("a", [1, 2], [3, 4])
        >>> [kept.count_shared("a", prompt) for prompt in ([1, 2, 3, 9], [1, 5], [1, 2])], kept.count_shared("b", [1, 2])
        ([3, 0, 2], 0)
        """
        shared = count_common([*self.prompt, *self.said], prompt)
        return shared if adapter == self.adapter and shared >= len(self.prompt) else 0


def _prepare(base: Base, setup: SessionSetup, options: LlamaCppOptions) -> tuple[Path, Mapping[str, Path]]:
    """Return the model's file and the adapters' by name; a single one that GGUF has no words for is merged."""
    cache, progress = setup.cache, setup.progress
    whole = [name for name, folder in setup.adapters.items() if not stands_beside(folder)]
    if whole and len(setup.adapters) > 1:
        raise ModelError(
            f"{whole[0]} is no plain LoRA adapter, so that it cannot share the base model with others in llama.cpp.",
            hint="Start a server for it alone, or take the backend transformers.",
        )
    if whole:
        merged = setup.adapters[whole[0]]
        return prepare_gguf(base, merged, weights=options.weights, cache=cache, progress=progress), {}
    model = prepare_gguf(base, None, weights=options.weights, cache=cache, progress=progress)
    adapters = {
        name: prepare_lora(base, folder, cache=cache, progress=progress) for name, folder in setup.adapters.items()
    }
    return model, adapters
