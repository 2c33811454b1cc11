"""Products of oneDNN, which torch ships beside the library that it takes itself.

The operators are those that torch.compile uses for frozen weights. They have no public names, so who calls them tries them
first (`is_right`), and does without where another torch names or calls them otherwise.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable

import torch

KEPT_PRODUCTS = 128
"""Kinds of products, by the sizes of what is multiplied, whose machine code is kept. A step of decoding has five to ten."""

_CAPACITY = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "DNNL_PRIMITIVE_CACHE_CAPACITY")
"""Variables in which oneDNN looks for the number, the newer name first."""

_X86 = {"x86_64", "AMD64"}


def bound_kept_products() -> None:
    """Let oneDNN keep the machine code of `KEPT_PRODUCTS` products instead of 1,024; of no use after the first one.

    Batches that rows join and leave have hundreds of sizes, so that a server would grow for a long time. A number that the
    user gave is left alone.
    """
    if not any(name in os.environ for name in _CAPACITY):
        os.environ[_CAPACITY[0]] = str(KEPT_PRODUCTS)


def is_x86() -> bool:
    """Whether the processor is of the kind that the operators were measured on."""
    return platform.machine() in _X86


def multiply(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Return `inputs @ weight.T + bias`, without a gradient.

    Args:
        inputs: [..., in], fp32 or bf16.
        weight: [out, in]; a transposed view will do, and so will what `lay_out` returned.
        bias: [out], or none.
    """
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")
    return product


def lay_out(weight: torch.Tensor, rows: int) -> torch.Tensor:
    """Return a copy of a weight, [out, in], in the order that is read fastest for products with so many rows."""
    laid: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
    return laid


def is_right(product: Callable[[], torch.Tensor], expected: torch.Tensor, *, near: float = 0.0) -> bool:
    """Try a product: whether it can be made, and is what torch's own is.

    Args:
        product: Makes it.
        expected: Torch's own.
        near: Largest difference that is taken, absolute and relative.
    """
    try:
        found = product()
    except (AttributeError, RuntimeError, TypeError):
        return False
    return bool(torch.allclose(found, expected, rtol=near, atol=near))
