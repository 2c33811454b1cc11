"""The log of a training: one line for each optimiser step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from taco.errors import DataError
from taco.store.jsonl import RecordLog, read_records, write_records


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLog:
    """What one optimiser step did.

    Attributes:
        step: Number of the step, from 1.
        epoch: Epochs done after this step.
        loss: Mean cross entropy, in nats, of the tokens learnt in this step.
        learning_rate: The rate that the step used.
        grad_norm: Norm of the gradient before it was scaled down.
        supervised_tokens: Tokens learnt in this step.
        tokens: Tokens of this step, prompts included.
        tokens_per_s: `tokens` / `seconds`.
        seconds: Wall-clock time of the step, without the time that saving a checkpoint took.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    step: int
    epoch: float
    loss: float
    learning_rate: float
    grad_norm: float
    supervised_tokens: int
    tokens: int
    tokens_per_s: float
    seconds: float


def read_log(path: Path) -> list[StepLog]:
    """Return the steps of a finished training.

    Raises:
        DataError: The file is missing or damaged.
    """
    return list(read_records(path, StepLog))


def continue_log(path: Path, *, after_step: int) -> RecordLog[StepLog]:
    """Open the log of a training that goes on after a checkpoint; lines of later steps are removed.

    Args:
        path: The log; made where missing.
        after_step: The checkpoint's step, 0 where training starts anew.

    Raises:
        StoreError: The file cannot be written.
    """
    kept = [line for line in _read_whole_lines(path) if line.step <= after_step]
    write_records(path, kept)
    return RecordLog(path, StepLog)


def _read_whole_lines(path: Path) -> Iterable[StepLog]:
    if not path.exists():
        return
    steps = read_records(path, StepLog)
    while True:
        try:
            yield next(steps)
        except (StopIteration, DataError):  # a kill leaves half a line behind
            return
