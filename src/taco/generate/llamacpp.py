"""The backend `llamacpp`: llama.cpp decodes a GGUF of the base model, the adapter beside it as a LoRA of its own."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from taco.errors import ModelError
from taco.generate.adapter import check_adapter, is_whole_model
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.converted import prepare_gguf, prepare_lora
from taco.generate.llama_server import LlamaServer
from taco.generate.options import LlamaCppOptions
from taco.generate.streamed import answer_prompts, read_speech
from taco.model.base import resolve_base
from taco.model.convert.gguf import describe_converter, find_extras
from taco.model.load import load_tokenizer


class LlamaCppBackend:
    """Greedy decoding with llama.cpp in this process.

    Each arm has a server of its own: a server whose adapter is switched may use what it kept of the prompt from before.

    Args:
        options: Number format and context.
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
        self._converter = describe_converter()
        self._server: LlamaServer | None = None
        self._arm = ""

    @property
    def signature(self) -> str:
        return ", ".join(
            [
                f"xllamacpp {importlib.metadata.version('xllamacpp')}",
                self._converter,
                f"{self._base.name} {self._base.digest[:12]}",
                f"{self._options.weights}, context {self._speech.context}",
                "greedy but out of loops, adapter beside the model where it is plain LoRA",
            ]
        )

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt, the shortest first; see `Backend.generate`."""
        if not prompts:
            return
        server = self._open(arm)
        yield from answer_prompts(server, prompts, speech=self._speech, limits=limits, on_tokens=on_tokens)

    def close(self) -> None:
        """Stop the server."""
        if self._server:
            self._server.close()
        self._server = None

    def _open(self, arm: str) -> LlamaServer:
        if self._server and arm == self._arm:
            return self._server
        self.close()
        if arm == "tuned" and self._setup.adapter is None:
            raise ModelError("The arm 'tuned' was asked, but no adapter was given.")
        model, adapter = self._prepare(self._setup.adapter if arm == "tuned" else None)
        threads = self._setup.model.threads or os.cpu_count() or 1
        self._server = LlamaServer(model, adapter=adapter, context=self._speech.context, threads=threads)
        self._arm = arm
        return self._server

    def _prepare(self, tuned: Path | None) -> tuple[Path, Path | None]:
        """Return the model's file, and the adapter's where it can stand beside it; otherwise it is merged."""
        weights, cache, progress = self._options.weights, self._setup.cache, self._setup.progress
        if tuned is None or is_whole_model(tuned) or find_extras(tuned):
            return prepare_gguf(self._base, tuned, weights=weights, cache=cache, progress=progress), None
        model = prepare_gguf(self._base, None, weights=weights, cache=cache, progress=progress)
        return model, prepare_lora(self._base, tuned, cache=cache, progress=progress)
