"""The gradient of a step that several processes share."""

from __future__ import annotations

from typing import Any

import torch

from taco.train.batches import Batch
from taco.train.dropout import seeded_dropout
from taco.train.objective import measure_losses
from taco.train.processes import count_processes, list_portions, sum_over_processes
from taco.train.sections import PARTS
from taco.train.workers import BatchLosses


def add_gradients_together(accelerator: Any, model: Any, batch: Batch, *, seed: int) -> BatchLosses:
    """Add the gradient of a batch's mean token loss to the weights' `grad`; return the losses of the whole batch.

    Args:
        accelerator: accelerate's, which prepared the model.
        model: The model, wrapped as the launcher asked for.
        batch: The batch, the same in every process.
        seed: The run's seed; with the step and the micro-batch it decides the dropout.
    """
    device = accelerator.device
    sums = torch.zeros(1 + len(PARTS), device=device)
    portions = list(list_portions(len(batch.micro_batches)))
    for turn, (number, counts) in enumerate(portions, start=1):
        # DeepSpeed steps at the last backward pass of a step, which it learns from here.
        accelerator.gradient_state._set_sync_gradients(turn == len(portions))
        with seeded_dropout(f"{seed}/{batch.step}/{number}", device=device):
            losses = measure_losses(model, batch.micro_batches[number], most_logits=None)
        share = losses.total / batch.supervised_tokens * (1.0 if counts else 0.0)
        accelerator.backward(share * count_processes())  # gradients are averaged over the processes
        if counts:
            sums[0] += share.detach()
            sums[1:] += losses.parts
    sums = sum_over_processes(sums)
    return BatchLosses(mean=sums[0], parts=sums[1:])
