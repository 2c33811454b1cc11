"""llama.cpp in this process: the server of the wheel xllamacpp, spoken to over a loopback port.

Sums are taken with 32-bit keys and values and without flash attention, so that a GGUF file in 32 bits answers as
transformers does. The port listens on 127.0.0.1 only.
"""

from __future__ import annotations

import http.client
import importlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from taco.errors import ModelError
from taco.generate.session import GREEDY, Sampling

_TIMEOUT_S = 600.0
_SEEDS = 2**32 - 1
"""The next one means any seed to llama.cpp."""

AT_ONCE = 32
"""Tokens that the server is asked for at a time: between two questions the others of its batch go on alone, and what comes
after a token that the loop guard stops at was made in vain."""


class LlamaServer:
    """One GGUF model, with adapters or without.

    Args:
        model: The GGUF file.
        adapters: GGUF files of LoRA adapters; each question says which one takes part, in full.
        context: Tokens that a prompt and its answer may have together.
        threads: CPU threads.
        slots: Answers that grow together at most.

    Raises:
        ModelError: The extra [llamacpp] is not installed, or llama.cpp cannot load a file.
    """

    def __init__(
        self, model: Path, *, adapters: Sequence[Path] = (), context: int, threads: int, slots: int = 1
    ) -> None:
        # Threads that spin while they wait slow llama.cpp down tenfold and more where something else runs too.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        library = _import_library()
        try:
            settings = _list_settings(library, model, adapters, context=context, threads=threads, slots=slots)
            self._server = library.Server(settings)
        except (RuntimeError, ValueError, OSError) as error:
            beside = f" with {', '.join(map(str, adapters))}" if adapters else ""
            raise ModelError(
                f"llama.cpp cannot load {model}{beside}: {error}.",
                hint="Export it again; an adapter must be of the same base model.",
            ) from error
        address = urlsplit(self._server.listening_address)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._adapters = len(adapters)
        self.context, self.slots = context, slots

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text as the server reads a prompt: special tokens known, the model's first token added."""
        found = self._post("/tokenize", {"content": text, "add_special": True, "parse_special": True})
        return [int(token) for token in found["tokens"]]

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return messages as the server's chat endpoint writes them down for the model."""
        return str(self._post("/apply-template", {"messages": list(messages)})["prompt"])

    def stream(
        self,
        tokens: Sequence[int],
        *,
        limit: int,
        forbidden: int | None = None,
        penalty: float = 1.0,
        slot: int = 0,
        adapter: int | None = 0,
        sampling: Sampling = GREEDY,
        at_once: int = AT_ONCE,
    ) -> Iterator[int]:
        """Yield the likeliest tokens after some others, an end token included; close it to stop early.

        The server is asked for a few tokens at a time and keeps what it read. Its own streaming holds tokens back that end
        inside a character, and then never tells their ids, which loses most of a text that is not in Latin script.

        Args:
            tokens: Prompt, and what was generated so far.
            limit: Number of new tokens at most.
            forbidden: A token that must not come first; then one token is yielded.
            penalty: See `Limits`; of the last 64 tokens.
            slot: Which of the answers that grow together this is; what its slot has read is not read again.
            adapter: Which of the adapters takes part; None for none of them. What was read with one is not used with another.
            sampling: How tokens are chosen.
            at_once: Tokens that the server is asked for at a time.

        Raises:
            ModelError: The server fails.
        """
        said = list(tokens)
        question: dict[str, object] = {"return_tokens": True, "cache_prompt": True, "id_slot": slot}
        question |= _describe_sampling(sampling, penalty)
        if self._adapters:
            question["lora"] = [{"id": place, "scale": float(place == adapter)} for place in range(self._adapters)]
        if forbidden is not None:
            limit, question["logit_bias"] = 1, [[forbidden, False]]
        while limit > 0:
            wanted = min(limit, at_once)
            question["seed"] = (sampling.seed + len(said)) % _SEEDS  # each call throws anew
            reply = self._post("/completion", {**question, "prompt": said, "n_predict": wanted})
            found = [int(token) for token in reply["tokens"]][:wanted]
            yield from found
            said += found
            limit -= len(found)
            if reply.get("stop_type") != "limit" or not found:
                return

    def close(self) -> None:
        """Stop the server and let go of the model."""
        self._server = None

    def _post(self, path: str, question: Mapping[str, object]) -> Any:
        try:
            with closing(http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)) as connection:
                connection.request("POST", path, json.dumps(question), {"Content-Type": "application/json"})
                return json.load(_check(connection.getresponse()))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ModelError(f"llama.cpp gave no answer to {path}: {type(error).__name__}: {error}.") from error


def _check(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    if response.status != http.client.OK:
        said = response.read(1000).decode(errors="replace")
        raise ModelError(f"llama.cpp refused a question with the status {response.status}: {said}")
    return response


def _import_library() -> Any:
    try:
        return importlib.import_module("xllamacpp")
    except ImportError as error:
        raise ModelError(
            f"llama.cpp cannot be imported: {error}.",
            hint='Install taco-llm[llamacpp]: pip install "taco-llm[llamacpp]"',
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One of the answers that a server makes together.

    Attributes:
        server: The server.
        number: Which one.
        adapter: Which of the server's adapters takes part; None for none of them.
    """

    server: LlamaServer
    number: int
    adapter: int | None

    def stream(
        self, tokens: Sequence[int], *, limit: int, forbidden: int | None = None, penalty: float = 1.0
    ) -> Iterator[int]:
        """Yield the likeliest tokens after some others; see `LlamaServer.stream`."""
        return self.server.stream(
            tokens, limit=limit, forbidden=forbidden, penalty=penalty, slot=self.number, adapter=self.adapter
        )


def _describe_sampling(sampling: Sampling, penalty: float) -> dict[str, object]:
    """Return the server's words for how tokens are chosen: the penalty, then the temperature, then the nucleus."""
    samplers, settings = (["penalties"], {"repeat_penalty": penalty, "repeat_last_n": 64}) if penalty != 1 else ([], {})
    if sampling.temperature == 0:
        return {"samplers": [*samplers, "top_k"], "top_k": 1, **settings}
    chance = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    return {"samplers": [*samplers, "temperature", "top_p"], **chance, **settings}


def _list_settings(
    library: Any, model: Path, adapters: Sequence[Path], *, context: int, threads: int, slots: int
) -> Any:
    settings = library.CommonParams()
    settings.model.path = str(model)
    settings.n_ctx, settings.n_parallel, settings.kv_unified = context * slots, slots, False
    settings.n_threads_http = slots + 4
    settings.cache_ram_mib = 0  # each slot keeps its own prompt; copies of them would cost time and memory
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    settings.hostnames, settings.port = ["127.0.0.1"], 0
    settings.cache_type_k = settings.cache_type_v = library.ggml_type.GGML_TYPE_F32
    settings.flash_attn_type = library.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    settings.ctx_shift = settings.warmup = settings.ui = False
    settings.verbosity = 0
    if adapters:
        settings.lora_adapters = [library.CommonAdapterLoraInfo(str(adapter), 1.0) for adapter in adapters]
    return settings
