"""The backend `llamacpp`: llama.cpp decodes a GGUF of the base model, the adapter beside it as a LoRA of its own."""

from __future__ import annotations

import importlib.metadata
import os
import queue
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from taco.errors import ModelError
from taco.generate.adapter import check_adapter, is_whole_model
from taco.generate.aside import Outbox, run_aside
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.converted import prepare_gguf, prepare_lora
from taco.generate.guarded_row import GuardedRow
from taco.generate.llama_server import LlamaServer, Slot
from taco.generate.options import LlamaCppOptions
from taco.generate.shared_clock import SharedClock
from taco.generate.streamed import fit_prompts, grow_row, read_speech
from taco.model.base import Base, resolve_base
from taco.model.convert.gguf import describe_converter, find_extras
from taco.model.load import load_tokenizer


class LlamaCppBackend:
    """Greedy decoding with llama.cpp in this process; answers grow together, and each that ends makes room for the next.

    Args:
        options: Number format, context and answers at a time.
        setup: Base model, adapter and cache.

    Raises:
        ModelError: The model cannot be fetched, converted or loaded, or the extra [llamacpp] is not installed.
    """

    name = "llamacpp"

    def __init__(self, options: LlamaCppOptions, *, setup: Setup) -> None:
        if setup.adapter is not None:
            check_adapter(setup.adapter)
        self._options, self._setup = options, setup
        self._base = resolve_base(setup.model, cache=setup.cache, progress=setup.progress)
        self._speech = read_speech(self._base, load_tokenizer(self._base), context=options.context)
        context, size = self._speech.context, options.batch_size
        self._signature = describe_llamacpp(self._base, options, context=context, slots=size)
        self._server: LlamaServer | None = None
        self._files: tuple[Path, Path | None] | None = None

    @property
    def signature(self) -> str:
        return f"{self._signature}, greedy but out of loops, adapter beside the model where it is plain LoRA"

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt, in the order in which the answers are finished; see `Backend.generate`."""
        fitting, refusals = fit_prompts(prompts, self._speech)
        yield from refusals
        if not fitting:
            return
        longest = min(len(fitting[-1][1]) + limits.max_new_tokens, self._speech.context)
        most = min(self._options.batch_size, len(fitting))
        count = self._speech.count_rows(longest, most=most, cache_mib=self._options.cache_mib)
        server, clock = self._open(arm, context=longest, slots=count), SharedClock()
        free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(count):
            free.put(number)

        def grow(row: GuardedRow, outbox: Outbox) -> None:
            number = free.get()
            try:
                slot = Slot(server=server, number=number, adapter=0 if arm == "tuned" else None)
                grow_row(slot, row, clock=clock, outbox=outbox)
            finally:
                free.put(number)

        rows = [GuardedRow(prompt, ids, speech=self._speech, limits=limits) for prompt, ids in fitting]
        yield from run_aside([partial(grow, row) for row in rows], threads=count, on_tokens=on_tokens)

    def close(self) -> None:
        """Stop the server."""
        if self._server:
            self._server.close()
        self._server = self._files = None

    def _open(self, arm: str, *, context: int, slots: int) -> LlamaServer:
        """Return a server of the arm's files with room for so many answers of so many tokens; both arms may share it."""
        tuned = self._setup.adapter
        if arm == "tuned" and tuned is None:
            raise ModelError("The arm 'tuned' was asked, but no adapter was given.")
        is_shared = tuned is not None and stands_beside(tuned)
        files = self._prepare(tuned if arm == "tuned" or is_shared else None)
        server = self._server
        if server and files == self._files and server.context >= context and server.slots >= slots:
            return server
        self.close()
        threads = self._setup.model.threads or os.cpu_count() or 1
        self._server = LlamaServer(
            files[0], adapters=[files[1]] if files[1] else [], context=context, threads=threads, slots=slots
        )
        self._files = files
        return self._server

    def _prepare(self, tuned: Path | None) -> tuple[Path, Path | None]:
        """Return the model's file, and the adapter's where it can stand beside it; otherwise it is merged."""
        weights, cache, progress = self._options.weights, self._setup.cache, self._setup.progress
        if tuned is None or not stands_beside(tuned):
            return prepare_gguf(self._base, tuned, weights=weights, cache=cache, progress=progress), None
        model = prepare_gguf(self._base, None, weights=weights, cache=cache, progress=progress)
        return model, prepare_lora(self._base, tuned, cache=cache, progress=progress)


def stands_beside(adapter: Path) -> bool:
    """Return whether GGUF can hold an adapter beside the model, as plain LoRA; else it is merged."""
    return not is_whole_model(adapter) and not find_extras(adapter)


def describe_llamacpp(base: Base, options: LlamaCppOptions, *, context: int, slots: int) -> str:
    """Return what the answers of llama.cpp may depend on, see `Backend.signature`."""
    return ", ".join(
        [
            f"xllamacpp {importlib.metadata.version('xllamacpp')}",
            describe_converter(),
            f"{base.name} {base.digest[:12]}",
            f"{options.weights}, context {context}, {slots} at a time",
        ]
    )
