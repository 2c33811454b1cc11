"""Frozen layers and LoRA layers as one step of differentiation each, for training on a CPU.

PEFT's layer makes nine tensors of the size of its input or output, and autograd keeps and adds them one by one. Here
the adapter's part is added to the base layer's inside the second product, and the gradient's likewise; what a frozen
weight would need for a gradient of its own is not kept. The numbers are the same up to rounding.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from taco.train.dropout import SeededDropout
from taco.train.products import multiply

ADAPTER = "default"
"""PEFT's name for the adapter that is trained."""


@contextmanager
def fused_layers(model: Any) -> Iterator[int]:
    """Let a model's layers run fused inside the context, those that can; all others, and the output layer, stay.

    What the output layer needs is in `taco.train.head`.

    Args:
        model: With its adapter, if it gets one.

    Yields:
        The number of layers that do.
    """
    from peft.tuners.lora.layer import Linear as LoraLinear

    inside = {id(module.base_layer) for module in model.modules() if isinstance(module, LoraLinear)}
    inside.add(id(model.get_output_embeddings()))
    replaced: list[torch.nn.Module] = []
    for module in model.modules():
        forward: Callable[..., torch.Tensor] | None = None
        if type(module) is LoraLinear and _is_plain_lora(module):
            forward = _run_lora
        elif id(module) not in inside and is_frozen(module):
            forward = _run_frozen
        if forward:
            module.forward = types.MethodType(forward, module)
            replaced.append(module)
    try:
        yield len(replaced)
    finally:
        for module in replaced:
            del module.forward


def is_frozen(module: Any) -> bool:
    """Whether a module is a plain linear layer on the CPU, in fp32 or fp64, none of whose weights is learnt."""
    return (
        type(module) is torch.nn.Linear
        and module.weight.device.type == "cpu"
        and module.weight.dtype in (torch.float32, torch.float64)
        and not module.weight.requires_grad
        and (module.bias is None or not module.bias.requires_grad)
        and not _has_hooks(module)
    )


def _is_plain_lora(module: Any) -> bool:
    """Whether a LoRA layer is the base layer, plus two products with dropout before them, and no more."""
    if list(module.lora_A) != [ADAPTER] or list(module.active_adapters) != [ADAPTER]:
        return False
    down, up = module.lora_A[ADAPTER], module.lora_B[ADAPTER]
    return (
        is_frozen(module.base_layer)
        and not module.fan_in_fan_out
        and not getattr(module, "lora_variant", {})
        and down.bias is None
        and up.bias is None
        and down.weight.dtype == up.weight.dtype == module.base_layer.weight.dtype
        and isinstance(module.lora_dropout[ADAPTER], SeededDropout | torch.nn.Identity)
        and not _has_hooks(module)
    )


def _has_hooks(module: torch.nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module))


def _run_frozen(self: Any, hidden: torch.Tensor) -> torch.Tensor:
    made = _Frozen.apply(hidden.reshape(-1, hidden.shape[-1]), self.weight, self.bias)  # type: ignore[no-untyped-call]
    return made.view(*hidden.shape[:-1], -1)  # type: ignore[no-any-return]


def _run_lora(self: Any, hidden: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    if self.disable_adapters or self.merged or args or kwargs:
        return type(self).forward(self, hidden, *args, **kwargs)  # type: ignore[no-any-return]
    flat = hidden.reshape(-1, hidden.shape[-1])
    dropout, base = self.lora_dropout[ADAPTER], self.base_layer
    kept = dropout.draw(flat) if isinstance(dropout, SeededDropout) else None
    weights = base.weight, base.bias, self.lora_A[ADAPTER].weight, self.lora_B[ADAPTER].weight
    made = _Lora.apply(flat, kept, *weights, self.scaling[ADAPTER])  # type: ignore[no-untyped-call]
    return made.view(*hidden.shape[:-1], -1)  # type: ignore[no-any-return]


class _Frozen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(weight)
        return multiply(hidden, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (weight,) = ctx.saved_tensors
        return multiply(gradients[0], weight.t()), None, None


class _Lora(torch.autograd.Function):
    """hidden W' + bias + scale (hidden * kept) A' B'."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        kept: torch.Tensor | None,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        thinned = hidden if kept is None else hidden * kept
        low = multiply(thinned, down)
        ctx.save_for_backward(weight, down, up, low, thinned, kept)
        ctx.scale = scale
        return multiply(hidden, weight, bias).addmm_(low, up.t(), alpha=scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        weight, down, up, low, thinned, kept = ctx.saved_tensors
        given = gradients[0]
        to_low = multiply(given, up.t()).mul_(ctx.scale)
        to_up = (given.t() @ low).mul_(ctx.scale)
        to_hidden = None
        if ctx.needs_input_grad[0]:
            to_hidden = multiply(given, weight.t())
            if kept is None:
                to_hidden.addmm_(to_low, down)
            else:
                to_hidden.addcmul_(to_low @ down, kept)
        return to_hidden, None, None, None, to_low.t() @ thinned, to_up, None
