"""Which rows make up each optimiser step, and each forward pass within it.

An effective batch is what the optimiser sees: its loss is the sum of all token losses over the number of learnt tokens.
It is worked through in micro-batches of packed rows, whose size changes speed and memory but not the sum.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from taco.train.tokens import EncodedRow

MicroBatch = tuple[EncodedRow, ...]
"""Rows that go through the model in one pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows of one optimiser step.

    Attributes:
        step: Number of the step, from 1.
        epoch: Epochs done after this step.
        micro_batches: The rows, by forward pass.
        stage: Name of the curriculum's stage; "" without one.
    """

    step: int
    epoch: float
    micro_batches: tuple[MicroBatch, ...]
    stage: str = ""

    @property
    def rows(self) -> list[EncodedRow]:
        """The rows of all micro-batches."""
        return [row for micro_batch in self.micro_batches for row in micro_batch]

    @property
    def tokens(self) -> int:
        """Number of tokens, prompts included."""
        return sum(len(row.input_ids) for row in self.rows)

    @property
    def supervised_tokens(self) -> int:
        """Number of tokens that are learnt."""
        return sum(row.supervised_tokens for row in self.rows)


def plan_batches(
    rows: Sequence[EncodedRow], *, epochs: float, effective_batch: int, micro_batch_tokens: int, seed: int
) -> list[Batch]:
    """Lay out the whole training.

    Each epoch has its own order, which follows from the seed alone. The rows of an epoch are spread evenly over its
    steps, so that no step at an epoch's end consists of one or two rows.

    Args:
        rows: The rows, at least one.
        epochs: Times that every row is seen; the last epoch may be a part.
        effective_batch: Rows in a step, at most.
        micro_batch_tokens: Tokens in a forward pass, at most, unless a single row has more.
        seed: The run's seed.
    """
    steps_per_epoch = math.ceil(len(rows) / effective_batch)
    total = max(1, math.ceil(epochs * steps_per_epoch))
    batches: list[Batch] = []
    while len(batches) < total:
        epoch = len(batches) // steps_per_epoch
        for chosen in split_evenly(_shuffle(rows, seed=seed, epoch=epoch), steps_per_epoch)[: total - len(batches)]:
            step = len(batches) + 1
            packed = pack_rows(chosen, micro_batch_tokens=micro_batch_tokens)
            batches.append(Batch(step=step, epoch=round(step / steps_per_epoch, 4), micro_batches=packed))
    return batches


def pack_rows(rows: Sequence[EncodedRow], *, micro_batch_tokens: int) -> tuple[MicroBatch, ...]:
    """Pack rows into micro-batches, longest first, each into the first that has room for it.

    Args:
        rows: The rows of one step.
        micro_batch_tokens: Tokens in a micro-batch, at most, unless a single row has more.
    """
    bins: list[list[EncodedRow]] = []
    room: list[int] = []
    for row in sorted(rows, key=lambda row: (-len(row.input_ids), row.id)):
        length = len(row.input_ids)
        place = next((index for index, left in enumerate(room) if length <= left), None)
        if place is None:
            bins.append([row])
            room.append(micro_batch_tokens - length)
        else:
            bins[place].append(row)
            room[place] -= length
    return tuple(tuple(packed) for packed in bins)


def _shuffle(rows: Sequence[EncodedRow], *, seed: int, epoch: int) -> list[EncodedRow]:
    order = list(rows)
    random.Random(f"{seed}/{epoch}").shuffle(order)  # noqa: S311
    return order


def split_evenly(rows: Sequence[EncodedRow], parts: int) -> list[Sequence[EncodedRow]]:
    """Cut rows into stretches whose lengths differ by one at most, in their order."""
    bounds = [len(rows) * part // parts for part in range(parts + 1)]
    return [rows[start:end] for start, end in pairwise(bounds)]
