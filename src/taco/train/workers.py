"""Threads that work through the micro-batches of a step side by side.

On a CPU two passes of one thread each are about a quarter faster than one pass of two threads, which wait for each
other after every small matrix product, and they suffer less when another program takes one of the cores
(benchmarks/train.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import torch

from taco.train.batches import Batch, MicroBatch
from taco.train.dropout import seeded_dropout
from taco.train.objective import sum_token_losses

Gradients = Sequence[torch.Tensor]


class Workers:
    """Computes gradients of whole batches; use it as a context.

    Args:
        threads: CPU threads in all. They are shared out: first one to each micro-batch, then more to each product.
        most: Most micro-batches that a batch has; more threads than that cannot work side by side.
        on_cpu: Whether the model runs on the CPU; on a GPU the micro-batches go one after the other.
    """

    def __init__(self, threads: int, *, most: int, on_cpu: bool) -> None:
        self.count = max(1, min(threads, most)) if on_cpu else 1
        self._threads_each = max(1, threads // self.count)
        self._threads_before = threads
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Workers:
        self._threads_before = torch.get_num_threads()
        torch.set_num_threads(self._threads_each)
        if self.count > 1:
            self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="micro-batch")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        torch.set_num_threads(self._threads_before)

    def add_gradients(self, model: Any, batch: Batch, *, seed: int) -> torch.Tensor:
        """Add the gradient of a batch's mean token loss to the weights' `grad`; return that loss, in nats.

        The gradients of the micro-batches are added in their order, whichever is ready first, so the sum is always the
        same.

        Args:
            model: The model; its trainable weights get the gradient.
            batch: The batch.
            seed: The run's seed; with the step it decides the dropout.
        """
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        learnt = batch.supervised_tokens

        def differentiate(numbered: tuple[int, MicroBatch]) -> tuple[torch.Tensor, Gradients]:
            number, rows = numbered
            with seeded_dropout(f"{seed}/{batch.step}/{number}", device=model.device):
                loss = sum_token_losses(model, rows) / learnt
            return loss.detach(), torch.autograd.grad(loss, weights)

        total = torch.zeros((), device=model.device)
        for loss, gradients in self._map(differentiate, enumerate(batch.micro_batches)):
            total += loss
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient if weight.grad is None else weight.grad.add_(gradient)
        return total

    def _map(
        self,
        differentiate: Callable[[tuple[int, MicroBatch]], tuple[torch.Tensor, Gradients]],
        numbered: Iterable[tuple[int, MicroBatch]],
    ) -> Iterable[tuple[torch.Tensor, Gradients]]:
        return self._pool.map(differentiate, numbered) if self._pool else map(differentiate, numbered)
