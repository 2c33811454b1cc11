"""Dropout that follows from the seed, the step and the micro-batch, whichever thread draws it and in whatever order.

torch's own dropout draws from one generator that all threads share, so that the masks would depend on which thread
comes first. Here each forward pass has its own generator, and a training that goes on after a kill draws what it would
have drawn.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_LEVELS = 1 << 16
"""Shares of dropped numbers are multiples of 1 / 65536: four of them are drawn with each 64-bit random number."""

_drawing = threading.local()


@contextmanager
def seeded_dropout(key: str, *, device: Any) -> Iterator[None]:
    """Let every `SeededDropout` that this thread runs draw from a generator of its own.

    Args:
        key: Decides what is drawn, for instance "seed/step/micro-batch".
        device: Where the model runs.
    """
    digest = hashlib.sha256(key.encode()).digest()
    generator = torch.Generator(device=device)
    generator.manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    _drawing.generator = generator
    try:
        yield
    finally:
        _drawing.generator = None


def keep_dropout() -> tuple[Any, Any]:
    """Return contexts for `torch.utils.checkpoint`: what is computed again drops what was dropped the first time.

    The second pass may run in another thread, which has no generator of its own.
    """
    state: list[Any] = [None, None]

    @contextmanager
    def first() -> Iterator[None]:
        generator = getattr(_drawing, "generator", None)
        if generator is not None:
            state[:] = [generator.device, generator.get_state()]
        yield

    @contextmanager
    def again() -> Iterator[None]:
        before = getattr(_drawing, "generator", None)
        device, known = state
        if known is not None:
            _drawing.generator = torch.Generator(device=device)
            _drawing.generator.set_state(known)
        try:
            yield
        finally:
            _drawing.generator = before

    return first(), again()


class SeededDropout(torch.nn.Module):
    """Sets a share of the numbers to 0 and scales the others up, as `torch.nn.Dropout` does.

    Args:
        share: The share, in [0, 1); rounded to a multiple of 1 / 65536.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.dropped = round(share * _LEVELS)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return `hidden`, of any shape, with a part of it dropped; unchanged in evaluation mode."""
        kept = self.draw(hidden)
        return hidden if kept is None else hidden * kept

    def draw(self, hidden: torch.Tensor) -> torch.Tensor | None:
        """Return what `hidden` is multiplied by, of its shape: 0 or 1 / (1 - share); None where nothing is dropped."""
        if not self.training or not self.dropped:
            return None
        words = torch.empty((hidden.numel() + 3) // 4, dtype=torch.int64, device=hidden.device)
        words.random_(-(1 << 63), None, generator=getattr(_drawing, "generator", None))
        levels = words.view(torch.int16)[: hidden.numel()].view(hidden.shape)
        kept = (levels >= self.dropped - _LEVELS // 2).to(hidden.dtype)
        return kept.mul_(_LEVELS / (_LEVELS - self.dropped))

    def extra_repr(self) -> str:
        """Show the share."""
        return f"share={self.dropped / _LEVELS:.5f}"


def seed_dropouts(model: torch.nn.Module) -> None:
    """Replace the dropouts of a model's LoRA layers by `SeededDropout`."""
    for module in model.modules():
        found = getattr(module, "lora_dropout", None)
        if isinstance(found, torch.nn.ModuleDict):
            for name, dropout in found.items():
                if isinstance(dropout, torch.nn.Dropout):
                    found[name] = SeededDropout(dropout.p)


def seed_all_dropouts(model: torch.nn.Module) -> None:
    """Replace every dropout module of a model by `SeededDropout`."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.Dropout):
                setattr(module, name, SeededDropout(child.p))
