"""Linear layers whose weights are laid out for the CPU's vector units once, not again for every token.

Decoding multiplies few rows with large weights. torch's own `linear` spends half of that time on reading the weights in
an order that does not suit (SmolLM2-135M in fp32 on two cores of an AMD EPYC: 130 ms for 40 rows, 63 ms with weights
packed by oneDNN). Where a trial with the model's first layer fails, the model stays as it is.
"""

from __future__ import annotations

from typing import Any

import torch

from taco.model import onednn

ROWS = 32
"""Rows that the layout is chosen for. It was the fastest, or as fast as any, for 1 to 64 rows and for prompts."""

_DTYPES = {torch.float32, torch.bfloat16}


class PackedLinear(torch.nn.Module):
    """A linear layer for inference only.

    Args:
        linear: The layer to take the place of, fp32 or bf16 on the CPU.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.weight = onednn.lay_out(linear.weight.detach(), ROWS)
        self.bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `inputs @ weight.T + bias`."""
        return onednn.multiply(inputs, self.weight, self.bias)


def pack_model(model: Any) -> bool:
    """Replace the linear layers of a model by packed ones, in place; say whether that was possible.

    The model can then only be used for inference, and no adapter can be merged into it any more. Sums are rounded in
    another order than before.
    """
    if model.device.type != "cpu" or model.dtype not in _DTYPES or not onednn.is_x86():
        return False
    layers = [(name, layer) for name, layer in model.named_modules() if type(layer) is torch.nn.Linear]
    with torch.inference_mode():
        if not layers or not _packs_rightly(layers[0][1]):
            return False
        for name, layer in layers:
            model.set_submodule(name, PackedLinear(layer))
    return True


def _packs_rightly(layer: torch.nn.Linear) -> bool:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn((2, 3, layer.in_features), generator=generator).to(layer.weight.dtype)
    near = 1e-4 if layer.weight.dtype == torch.float32 else 2e-2
    return onednn.is_right(lambda: PackedLinear(layer)(inputs), layer(inputs), near=near)
