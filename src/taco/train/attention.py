"""Attention of packed rows on a CPU: each row by itself, no mask, nothing computed that causality hides.

torch's own attention gets packed rows as one sequence with a mask, computes the scores of every pair of tokens, and throws
most of them away. Here a row is worked through in blocks of queries, each against the keys up to its end; the scores of a
block stay in the processor's cache, and are computed again on the way back rather than kept (as in FlashAttention,
arXiv 2205.14135). Heads that share keys (grouped queries) are one matrix product.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

NAME = "taco_rows"
"""Name under which transformers knows it."""

BLOCK = 64
"""Queries in a block; 32 to 128 are about as fast on an AMD EPYC core."""

_rows = threading.local()


@contextmanager
def attending_in_rows(lengths: Sequence[int]) -> Iterator[None]:
    """Let this thread's forward passes attend within rows of these lengths, which lie one behind the other."""
    _rows.lengths = tuple(lengths)
    try:
        yield
    finally:
        _rows.lengths = None


def register() -> None:
    """Make it known to transformers; calling it again changes nothing."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, lambda *_, **__: None)


def is_plain(model: Any) -> bool:
    """Whether a model's attention is scores, softmax and sum in fp32 on a CPU, as far as its configuration tells."""
    config = model.config.to_dict()
    layers = set(config.get("layer_types") or ())
    others = ("attention_dropout", "attn_logit_softcapping", "attention_chunk_size", "kv_lora_rank", "alibi")
    has_window = bool(config.get("sliding_window")) and config.get("use_sliding_window", True)
    return (
        model.device.type == "cpu"
        and model.dtype == torch.float32
        and model.config._attn_implementation == "sdpa"
        and layers <= {"full_attention"}
        and not has_window
        and not any(config.get(name) for name in others)
    )


def attend_in_rows(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *, lengths: Sequence[int], scale: float
) -> torch.Tensor:
    """Return causal attention within each row.

    Args:
        query: [H, N, D], H heads.
        key, value: [K, N, D]; H is a multiple of K.
        lengths: Of the rows; their sum is N.
        scale: What the scores are multiplied by, usually 1 / sqrt(D).

    Returns:
        [H, N, D].
    """
    return _RowAttention.apply(query, key, value, tuple(lengths), scale)  # type: ignore[no-any-return, no-untyped-call]


def _attend(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any, **settings: Any
) -> tuple[torch.Tensor, None]:
    """Attend as transformers asks: [1, H, N, D] in, [1, N, H, D] out."""
    lengths = getattr(_rows, "lengths", None) or (query.shape[2],)
    scale = settings.get("scaling") or query.shape[-1] ** -0.5
    made = attend_in_rows(query[0], key[0], value[0], lengths=lengths, scale=scale)
    return made.transpose(0, 1).unsqueeze(0), None


class _RowAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: tuple[int, ...], scale: float
    ) -> torch.Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.lengths, ctx.scale = lengths, scale
        heads, tokens, width = query.shape
        shared = key.shape[0]
        grouped = query.reshape(shared, heads // shared, tokens, width)
        out = torch.empty_like(grouped)
        later = _hide_later(query)
        for begin, first, last in _cut(lengths):
            scaled = grouped[:, :, first:last] * scale
            for head in range(shared):
                scores = _score(scaled[head], key[head, begin:last], later)
                out[head, :, first:last] = (torch.softmax(scores, -1) @ value[head, begin:last]).view_as(scaled[head])
        return out.view(heads, tokens, width)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        query, key, value = ctx.saved_tensors
        heads, tokens, width = query.shape
        shared = key.shape[0]
        grouped, given = (one.reshape(shared, heads // shared, tokens, width) for one in (query, gradients[0]))
        to_query, to_key, to_value = torch.empty_like(grouped), torch.zeros_like(key), torch.zeros_like(value)
        later = _hide_later(query)
        for begin, first, last in _cut(ctx.lengths):
            scaled = grouped[:, :, first:last] * ctx.scale
            for head in range(shared):
                keys, values = key[head, begin:last], value[head, begin:last]
                asked, back = scaled[head].reshape(-1, width), given[head, :, first:last].reshape(-1, width)
                shares = torch.softmax(_score(scaled[head], keys, later), -1)
                to_value[head, begin:last].addmm_(shares.t(), back)
                slopes = torch._softmax_backward_data(back @ values.t(), shares, -1, shares.dtype)
                to_query[head, :, first:last] = (slopes @ keys).mul_(ctx.scale).view_as(scaled[head])
                to_key[head, begin:last].addmm_(slopes.t(), asked)
        return to_query.view(heads, tokens, width), to_key, to_value, None, None


def _cut(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield for each block where its row begins, its first query and the one after its last."""
    begin = 0
    for length in lengths:
        for first in range(begin, begin + length, BLOCK):
            yield begin, first, min(first + BLOCK, begin + length)
        begin += length


def _hide_later(like: torch.Tensor) -> torch.Tensor:
    """Return what is added to the scores of a block's own keys, [BLOCK, BLOCK]."""
    return torch.full((BLOCK, BLOCK), -math.inf, dtype=like.dtype).triu_(1)


def _score(scaled: torch.Tensor, keys: torch.Tensor, later: torch.Tensor) -> torch.Tensor:
    """Return the scores of a block of queries, [G, B, D], against keys that end with its own, [E, D], as [G * B, E]."""
    group, size, width = scaled.shape
    scores = scaled.reshape(group * size, width) @ keys.t()
    scores.view(group, size, -1)[..., keys.shape[0] - size :].add_(later[:size, :size])
    return scores
