"""Several processes that train one model: started by torchrun or `accelerate launch`, which set WORLD_SIZE and RANK.

Each process works through its part of a step's micro-batches. The sum of their gradients is that of one process, up to
the order in which numbers are added. The first process alone writes files.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from taco.errors import ModelError
from taco.train.options import TrainOptions

RecordT = TypeVar("RecordT")


def count_processes() -> int:
    """Return the number of processes, 1 where nothing started several."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process is the one that writes."""
    return int(os.environ.get("RANK", "0")) == 0


def check_processes(options: TrainOptions) -> None:
    """Check that the settings can be trained by as many processes as there are.

    Raises:
        ModelError: They cannot.
    """
    if count_processes() > 1 and options.patience is not None:
        raise ModelError(
            "Early stopping (train.patience) needs one process; several were started.",
            hint="Leave train.patience out; train.evaluate_every_steps works with any number of processes.",
        )


def choose_device() -> None:
    """Let this process use its own GPU, where there are GPUs."""
    import torch

    if torch.cuda.is_available() and count_processes() > 1:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))


@contextmanager
def first_goes_first() -> Iterator[None]:
    """Let the first process do something before the others do it, such as fill the cache that they read then."""
    if count_processes() == 1:
        yield
        return
    import torch
    from accelerate import PartialState

    with PartialState(cpu=not torch.cuda.is_available()).main_process_first():
        yield


def wait_for_all() -> None:
    """Wait until every process is here."""
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()


def list_portions(count: int) -> Iterable[tuple[int, bool]]:
    """Yield the numbers of this process's micro-batches, and whether each counts.

    Every process gets as many, because each pass of a sharded model needs all processes; where they do not divide, some
    process works through a micro-batch once more for nothing.

    Args:
        count: Number of micro-batches of the step.
    """
    processes, rank = count_processes(), int(os.environ.get("RANK", "0"))
    for turn in range(math.ceil(count / processes)):
        number = turn * processes + rank
        yield (number, True) if number < count else (0, False)


class MemoryLog(Generic[RecordT]):
    """Stands for a log in the processes that do not write: it keeps records and writes nothing."""

    def __init__(self) -> None:
        self.records: list[RecordT] = []

    def append(self, records: Iterable[RecordT]) -> None:
        """Keep records."""
        self.records.extend(records)


def sum_over_processes(numbers: Any) -> Any:
    """Return a tensor summed over all processes."""
    import torch

    torch.distributed.all_reduce(numbers)
    return numbers
