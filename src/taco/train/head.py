"""The losses behind a frozen output layer: gradient made in the forward pass, a few tokens' logits at a time.

The gradient of a sum of cross entropies with respect to the logits is softmax minus target, known as soon as the logits
are. So a chunk of logits is made, used for both, and forgotten while it is still in the processor's cache (the idea of
Liger's fused loss, arXiv 2410.10989); without it, logits are written, read and kept three times over.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import log_softmax

from taco.train.products import multiply

TOKENS = 128
"""Tokens whose logits are made at once."""


def sum_at_head(
    head: torch.nn.Linear, hidden: torch.Tensor, targets: torch.Tensor, *, tokens: int = TOKENS
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of the cross entropies, in nats, with its gradient to `hidden`, and each of them without.

    Args:
        head: The output layer, none of whose weights is learnt.
        hidden: [S, width].
        targets: [S], the tokens to predict.
        tokens: How many tokens' logits exist at a time.
    """
    return _HeadLoss.apply(hidden, targets, head.weight, head.bias, tokens)  # type: ignore[no-any-return, no-untyped-call]


class _HeadLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        targets: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        tokens: int,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        each, slopes = [], []
        for part, wanted in zip(torch.split(hidden, tokens), torch.split(targets, tokens), strict=True):
            logs = log_softmax(multiply(part, weight, bias), dim=-1)
            each.append(-logs.gather(1, wanted[:, None])[:, 0])
            if ctx.needs_input_grad[0]:
                excess, places = logs.exp_(), wanted[:, None]
                excess.scatter_(1, places, 0.0)
                # p - 1, from what all others have: where p is near 1, the difference would lose its digits.
                excess.scatter_(1, places, -excess.sum(dim=1, keepdim=True))
                slopes.append(excess @ weight)
        ctx.save_for_backward(*([torch.cat(slopes)] if slopes else []))
        nats = torch.cat(each)
        ctx.mark_non_differentiable(nats)
        return nats.sum(), nats

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (slopes,) = ctx.saved_tensors
        return slopes * gradients[0], None, None, None, None
