"""The loss of packed rows, with vocabulary logits only where a label is, and never more of them than fit a bound.

Rows of a micro-batch lie one behind the other in a single sequence. Their positions start again at 0 with each row,
from which transformers builds an attention mask that keeps every row to itself; no slot is padding.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taco.train.sections import OTHER, PARTS
from taco.train.tokens import IGNORED, EncodedRow

if TYPE_CHECKING:
    import torch

ROUNDING = {"torch.float32": 1e-4, "torch.bfloat16": 1e-2}
"""Largest relative difference between the losses of packed and of single rows that rounding explains."""

MOST_LOGITS = 1 << 26
"""Logits that exist at a time, by default: 256 MiB in fp32, whatever the size of the vocabulary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Rows as tensors for one forward pass over N tokens, of which S are learnt.

    Attributes:
        input_ids, position_ids: [1, N].
        predictors: [S], places in the sequence whose logits predict a learnt token.
        targets: [S], the learnt tokens.
        sections: [S], number of each learnt token's part in `PARTS`.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    predictors: torch.Tensor
    targets: torch.Tensor
    sections: torch.Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Sums of the cross entropies, in nats, of learnt tokens.

    Attributes:
        total: Of all of them, a scalar with its gradient.
        parts: Of each part in `PARTS`, without gradient.
    """

    total: torch.Tensor
    parts: torch.Tensor


def pack_tensors(rows: Sequence[EncodedRow], *, device: Any) -> Packed:
    """Lay rows one behind the other."""
    import torch

    ids = [token for row in rows for token in row.input_ids]
    positions = [place for row in rows for place in range(len(row.input_ids))]
    labels = [label for row in rows for label in row.labels]
    predictors = [place - 1 for place, label in enumerate(labels) if label != IGNORED]
    other = bytes([PARTS.index(OTHER)])
    sections = b"".join(row.sections or other * row.supervised_tokens for row in rows)
    return Packed(
        input_ids=torch.tensor([ids], device=device),
        position_ids=torch.tensor([positions], device=device),
        predictors=torch.tensor(predictors, device=device),
        targets=torch.tensor([labels[place + 1] for place in predictors], device=device),
        sections=torch.tensor(list(sections), device=device),
    )


def sum_token_losses(model: Any, rows: Sequence[EncodedRow], *, most_logits: int | None = MOST_LOGITS) -> torch.Tensor:
    """Return the sum of the cross entropies, in nats, of the learnt tokens of rows that go through in one pass."""
    return measure_losses(model, rows, most_logits=most_logits).total


def measure_losses(model: Any, rows: Sequence[EncodedRow], *, most_logits: int | None = MOST_LOGITS) -> Losses:
    """Return the losses of rows that go through in one pass.

    Behind a frozen output layer on a CPU (`taco.train.head`), logits are made a few tokens at a time. Elsewhere, where there
    would be more than `most_logits` of them, they are made a part of the tokens at a time, and again in the backward pass.

    Args:
        model: A causal language model of transformers, bare or wrapped by PEFT.
        rows: The rows to pack.
        most_logits: Bound on tokens times vocabulary; None for a model whose logits are needed all together.
    """
    from taco.train.attention import attending_in_rows

    packed = pack_tensors(rows, device=model.device)
    with attending_in_rows([len(row.input_ids) for row in rows]):
        total, each = _measure_each(model, packed, _find_chunk(model, most_logits))
    return Losses(total=total, parts=_sum_parts(each, packed.sections))


def packs_exactly(model: Any, rows: Sequence[EncodedRow]) -> bool:
    """Whether rows that share a sequence get the losses that they get alone; tried on the two shortest rows.

    Models whose layers do not honour the mask of packed rows (recurrent ones, for instance) would mix them up.
    """
    pair = sorted(rows, key=lambda row: len(row.input_ids))[:2]
    if len(pair) < 2:
        return True
    return _are_equal(
        model,
        lambda: sum(float(sum_token_losses(model, [row])) for row in pair),
        lambda: float(sum_token_losses(model, pair)),
    )


def chunks_exactly(model: Any, rows: Sequence[EncodedRow]) -> bool:
    """Whether logits made by the output layer alone are the model's; tried on the shortest row.

    Models that scale or cap their logits afterwards would get another loss.
    """
    shortest = min(rows, key=lambda row: len(row.input_ids))
    return _are_equal(
        model,
        lambda: float(sum_token_losses(model, [shortest], most_logits=None)),
        lambda: float(sum_token_losses(model, [shortest], most_logits=1)),
    )


@contextmanager
def attention_of_rows(model: Any, rows: Sequence[EncodedRow]) -> Iterator[bool]:
    """Let a model on a CPU attend row by row (`taco.train.attention`) inside the context, if its losses stay what they are.

    Models whose attention is more than scores, softmax and sum (windows, caps, sinks, dropout) keep their own, and so do
    those for which two rows, packed, get another loss.

    Args:
        model: The bare model.
        rows: The rows; the two shortest are tried.

    Yields:
        Whether it does.
    """
    from taco.train.attention import NAME, is_plain, register

    if not is_plain(model):
        yield False
        return
    register()
    before = model.config._attn_implementation
    pair = sorted(rows, key=lambda row: len(row.input_ids))[:2]

    def measure(attention: str) -> float:
        model.set_attn_implementation(attention)
        return float(sum_token_losses(model, pair))

    try:
        is_equal = _are_equal(model, lambda: measure(before), lambda: measure(NAME))
        model.set_attn_implementation(NAME if is_equal else before)
        yield is_equal
    finally:
        model.set_attn_implementation(before)


def _are_equal(model: Any, first: Callable[[], float], second: Callable[[], float]) -> bool:
    import torch

    was_training = model.training
    model.eval()
    with torch.no_grad():
        expected, found = first(), second()
    model.train(was_training)
    return abs(found - expected) <= ROUNDING.get(str(model.dtype), 1e-2) * abs(expected)


def _measure_each(model: Any, packed: Packed, tokens_at_once: int | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of the cross entropies, with its gradient, and each of them without."""
    from taco.train.fused import is_frozen
    from taco.train.head import TOKENS, sum_at_head

    inputs = {"input_ids": packed.input_ids, "position_ids": packed.position_ids, "use_cache": False}
    if tokens_at_once is not None:
        bare = _take_off(model)
        head = bare.get_output_embeddings()
        frozen = is_frozen(head)
        if frozen or len(packed.targets) > tokens_at_once:
            hidden = bare.base_model(**inputs).last_hidden_state[0, packed.predictors]
            if frozen:
                return sum_at_head(head, hidden, packed.targets, tokens=min(TOKENS, tokens_at_once))
            return _sum_in_chunks(head, hidden, packed.targets, tokens=tokens_at_once)
    if _takes_positions_to_keep(model):
        logits = model(**inputs, logits_to_keep=packed.predictors).logits[0]
    else:
        logits = model(**inputs).logits[0, packed.predictors]
    return _sum_nats(logits, packed.targets)


def _sum_in_chunks(
    head: Any, hidden: torch.Tensor, targets: torch.Tensor, *, tokens: int
) -> tuple[torch.Tensor, torch.Tensor]:
    import torch
    from torch.utils.checkpoint import checkpoint

    from taco.train.dropout import keep_dropout

    def sum_one(part: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return _sum_nats(head(part), targets)

    chunks = zip(torch.split(hidden, tokens), torch.split(targets, tokens), strict=True)
    sums = [checkpoint(sum_one, *chunk, use_reentrant=False, context_fn=keep_dropout) for chunk in chunks]
    return torch.stack([total for total, _ in sums]).sum(), torch.cat([losses for _, losses in sums])


def _sum_nats(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of the cross entropies, with its gradient, and each of them without; in fp32 at least."""
    import torch
    from torch.nn.functional import log_softmax, nll_loss

    logs = log_softmax(logits.to(torch.promote_types(logits.dtype, torch.float32)), dim=-1)
    return nll_loss(logs, targets, reduction="sum"), -logs.detach().gather(1, targets[:, None])[:, 0]


def _sum_parts(each: torch.Tensor, sections: torch.Tensor) -> torch.Tensor:
    import torch

    parts = torch.arange(len(PARTS), device=each.device)
    return (each * (sections == parts[:, None])).sum(dim=1)


def _find_chunk(model: Any, most_logits: int | None) -> int | None:
    """Return how many tokens' logits fit the bound, at least one; None for any number."""
    vocabulary = getattr(getattr(model, "config", None), "vocab_size", None)
    return max(1, most_logits // int(vocabulary)) if most_logits is not None and vocabulary else None


def _take_off(model: Any) -> Any:
    """Return transformers' own model from what PEFT and the processes of a training have put around it."""
    inner = model.module if hasattr(model, "module") else model
    return inner.get_base_model() if hasattr(inner, "get_base_model") else inner


def _takes_positions_to_keep(model: Any) -> bool:
    return "logits_to_keep" in inspect.signature(_take_off(model).forward).parameters
