"""The reference backend: transformers decodes in batches, with the adapter merged into the model or without it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from taco.chain.parse import find_over
from taco.errors import ModelError
from taco.generate.adapter import check_adapter, load_tuned
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.detokenise import decode_after
from taco.generate.loop_guard import make_loop_guard
from taco.generate.merged import find_ends
from taco.generate.options import TransformersOptions
from taco.model.base import resolve_base
from taco.model.libraries import require_libraries, set_threads
from taco.model.load import load_model, load_tokenizer
from taco.model.prompt import encode_prefix, encode_turns

_MIB = 2**20

Encoded = tuple[Prompt, list[int]]


class TransformersBackend:
    """Greedy decoding with transformers.

    Prompts are decoded in the order of their length; one joins as soon as answers that ended make room. Which rows share
    a batch can decide a near tie between two tokens, because sums are rounded differently for batches of different sizes;
    the same prompts with the same options always make the same batches.

    Args:
        options: Size of the batches.
        setup: Base model, adapter and cache.

    Raises:
        ModelError: The model cannot be fetched or loaded, or the extra [train] is not installed.
    """

    name = "transformers"

    def __init__(self, options: TransformersOptions, *, setup: Setup) -> None:
        require_libraries()
        if setup.adapter is not None:
            check_adapter(setup.adapter)
        self._options, self._setup = options, setup
        set_threads(setup.model.threads)
        self._base = resolve_base(setup.model, cache=setup.cache, progress=setup.progress)
        self._tokenizer = load_tokenizer(self._base)
        self._model: Any = None
        self._load("base")
        self._ends = find_ends(self._tokenizer, self._model)
        self._context = find_context(self._model)

    @property
    def signature(self) -> str:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("transformers", "torch", "peft")]
        dtype = str(self._model.dtype).removeprefix("torch.")
        return ", ".join(
            [
                *versions,
                f"{self._base.name} {self._base.digest[:12]}",
                f"{dtype} on {self._model.device.type}" + (", weights packed by oneDNN" if self._is_packed else ""),
                f"greedy but out of loops, adapter merged, batches of {self._options.batch_size}",
            ]
        )

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt, in the order in which the answers are finished; see `Backend.generate`."""
        fitting: list[Encoded] = []
        for prompt in prompts:
            ids = encode_turns(self._tokenizer, system=prompt.system, turns=prompt.turns)
            ids += encode_prefix(self._tokenizer, prompt.prefix)
            if len(ids) >= self._context:
                detail = f"{len(ids)} tokens; the model's context holds {self._context}, one of them for the answer"
                yield Refusal(id=prompt.id, reason="prompt-too-long", detail=detail)
            else:
                fitting.append((prompt, ids))
        fitting.sort(key=lambda encoded: (len(encoded[1]), encoded[0].id))
        if fitting and arm != self._arm:
            self._load(arm)
        if fitting:
            yield from self._decode(fitting, limits, on_tokens)

    def close(self) -> None:
        """Let go of the model."""
        self._model = None

    def _load(self, arm: str) -> None:
        from taco.generate.packed import pack_model

        # Loaded anew, because packed weights take no adapter, and taking an adapter out again leaves rounding errors.
        self._model = None
        dtype = self._setup.model.dtype
        if arm == "tuned":
            if self._setup.adapter is None:
                raise ModelError("The arm 'tuned' was asked, but no adapter was given.")
            model = load_tuned(self._base, self._setup.adapter, dtype=dtype)
        else:
            model = load_model(self._base, dtype=dtype)
        self._is_packed = pack_model(model)
        self._model, self._arm = model, arm

    def _choose_size(self, fitting: Sequence[Encoded], limits: Limits) -> int:
        """Return how many answers grow together: as many as there is room for if all were as long as the longest."""
        from taco.generate.kv_cache import estimate_token_bytes

        token_bytes = estimate_token_bytes(self._model.config, bytes_per_number=self._model.dtype.itemsize)
        longest = max(len(ids) + self._limit(prompt, ids, limits) for prompt, ids in fitting)
        fit = self._options.cache_mib * _MIB // max(1, longest * token_bytes)
        return max(1, min(self._options.batch_size, fit))

    def _limit(self, prompt: Prompt, ids: Sequence[int], limits: Limits) -> int:
        return min(max(1, limits.max_new_tokens - prompt.spent), self._context - len(ids))

    def _decode(
        self, encoded: Sequence[Encoded], limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation]:
        from taco.generate.decode import decode_batch
        from taco.generate.prefix import PrefixMemory

        guard = make_loop_guard(
            limits,
            tokenizer=self._tokenizer,
            is_over=lambda index, text: find_end(text, encoded[index][0]) is not None,
        )
        rows = decode_batch(
            self._model,
            [ids for _, ids in encoded],
            limits=[self._limit(prompt, ids, limits) for prompt, ids in encoded],
            ends=self._ends,
            guard=guard if limits.loop_guard or any(prompt.until for prompt, _ in encoded) else None,
            on_tokens=on_tokens,
            penalty=limits.penalty,
            at_once=self._choose_size(encoded, limits),
            prefix=PrefixMemory().find(self._model, "", [ids for _, ids in encoded]),
        )
        for row in rows:
            prompt, is_ended = encoded[row.index][0], row.finish == "stop"
            before = encode_prefix(self._tokenizer, prompt.prefix)
            text, ends = decode_after(self._tokenizer, before, row.tokens[:-1] if is_ended else row.tokens)
            generation = Generation(
                id=prompt.id,
                text=text,
                finish=row.finish or "stop",
                token_ends=[*ends, len(text)] if is_ended else ends,
                token_seconds=row.seconds,
                lead_outs=row.lead_outs,
            )
            yield cut_restart(generation, prompt) if limits.loop_guard or prompt.until else generation


def find_end(text: str, prompt: Prompt) -> int | None:
    """Return where in what a model added to a prompt's prefix the answer is over; None where it may go on."""
    given = len(prompt.prefix)
    place = find_over(
        prompt.prefix + text,
        template=prompt.template,
        language=prompt.language,
        after=given,
        until=prompt.until,
    )
    return None if place is None else place - given


def cut_restart(generation: Generation, prompt: Prompt) -> Generation:
    """End an answer where it is over; its tokens stay counted, because they were paid for."""
    start = find_end(generation.text, prompt)
    if start is None:
        return generation
    ends = [min(end, start) for end in generation.token_ends]
    return replace(generation, text=generation.text[:start], finish="label", token_ends=ends)


def find_context(model: Any) -> int:
    text = model.config.get_text_config(decoder=True)
    return int(getattr(text, "max_position_embeddings", None) or 2**31)
