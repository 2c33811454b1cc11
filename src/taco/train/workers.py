"""Threads that work through the micro-batches of a step side by side.

On a CPU two passes of one thread each are about a quarter faster than one pass of two threads, which wait for each
other after every small matrix product, and they suffer less when another program takes one of the cores
(benchmarks/train.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import torch

from taco.train.batches import Batch, MicroBatch
from taco.train.dropout import seeded_dropout
from taco.train.objective import MOST_LOGITS, measure_losses
from taco.train.sections import PARTS

Gradients = Sequence[torch.Tensor | None]
WorkT = TypeVar("WorkT")
FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLosses:
    """The losses of a batch, in nats.

    Attributes:
        mean: Mean over all learnt tokens.
        parts: Sums over the learnt tokens of each part in `PARTS`.
    """

    mean: torch.Tensor
    parts: torch.Tensor


class Workers:
    """Computes gradients of whole batches; use it as a context.

    Args:
        threads: CPU threads in all. They are shared out: first one to each micro-batch, then more to each product.
        most: Most micro-batches that a batch has; more threads than that cannot work side by side.
        on_cpu: Whether the model runs on the CPU; on a GPU the micro-batches go one after the other.
        most_logits: See `taco.train.objective.measure_losses`.
    """

    def __init__(self, threads: int, *, most: int, on_cpu: bool, most_logits: int | None = MOST_LOGITS) -> None:
        self.count = max(1, min(threads, most)) if on_cpu else 1
        self._most_logits = most_logits
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

    def add_gradients(self, model: Any, batch: Batch, *, seed: int) -> BatchLosses:
        """Add the gradient of a batch's mean token loss to the weights' `grad`; return its losses.

        The gradients of the micro-batches are added in their order, whichever is ready first, so the sum is always the
        same.

        Args:
            model: The model; its trainable weights get the gradient.
            batch: The batch.
            seed: The run's seed; with the step it decides the dropout.
        """
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        learnt = batch.supervised_tokens

        def differentiate(numbered: tuple[int, MicroBatch]) -> tuple[BatchLosses, Gradients]:
            number, rows = numbered
            with seeded_dropout(f"{seed}/{batch.step}/{number}", device=model.device):
                losses = measure_losses(model, rows, most_logits=self._most_logits)
                loss = losses.total / learnt
            found = BatchLosses(mean=loss.detach(), parts=losses.parts)
            return found, torch.autograd.grad(loss, weights, allow_unused=True)

        total, parts = torch.zeros((), device=model.device), torch.zeros(len(PARTS), device=model.device)
        for losses, gradients in self._map(differentiate, enumerate(batch.micro_batches)):
            total += losses.mean
            parts += losses.parts
            for weight, gradient in zip(weights, gradients, strict=True):
                if gradient is not None:  # an expert that no token came to
                    weight.grad = gradient if weight.grad is None else weight.grad.add_(gradient)
        return BatchLosses(mean=total, parts=parts)

    def sum_losses(self, model: Any, micro_batches: Sequence[MicroBatch]) -> list[float]:
        """Return the sum of the losses of the learnt tokens, in nats, for each part in `PARTS`; nothing is learnt."""

        def measure(rows: MicroBatch) -> torch.Tensor:
            with torch.no_grad():  # holds for one thread
                return measure_losses(model, rows, most_logits=self._most_logits).parts.double()

        total = torch.zeros(len(PARTS), dtype=torch.float64, device=model.device)
        for parts in self._map(measure, micro_batches):
            total += parts
        return [float(part) for part in total]

    def _map(self, work: Callable[[WorkT], FoundT], portions: Iterable[WorkT]) -> Iterable[FoundT]:
        return self._pool.map(work, portions) if self._pool else map(work, portions)
