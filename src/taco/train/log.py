"""The logs of a training: one line for each optimiser step, and one for each look at rows that are not learnt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

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
        stage: Name of the curriculum's stage; "" without one.
        parts: Mean loss of each part of the answers, see `taco.train.sections.PARTS`, those without tokens left out.
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
    stage: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A look at rows that are not learnt.

    Attributes:
        step: The optimiser step after which it was made; 0 before the first.
        rows: Number of chains looked at.
        loss: Mean cross entropy, in nats, of their completions' tokens.
        parts: The same for each part of the answers, as in `StepLog`.
        english: Mean loss of plain English answers to plain English questions, which says what was forgotten; None
            where the run has no such rows.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    step: int
    rows: int
    loss: float
    parts: Mapping[str, float] = field(default_factory=dict)
    english: float | None = None


class _Numbered(Protocol):
    @property
    def step(self) -> int: ...


LineT = TypeVar("LineT", bound=_Numbered)


def read_log(path: Path) -> list[StepLog]:
    """Return the steps of a finished training.

    Raises:
        DataError: The file is missing or damaged.
    """
    return list(read_records(path, StepLog))


def read_evaluations(path: Path) -> list[Evaluation]:
    """Return the looks at rows that are not learnt; none where the training did not look.

    Raises:
        DataError: The file is damaged.
    """
    return list(read_records(path, Evaluation)) if path.exists() else []


def find_best(looks: Sequence[Evaluation], *, since: int = 0) -> int:
    """Return the step of the lowest loss, the first of equals.

    Args:
        looks: At least one from `since` on.
        since: Looks before this step do not count.

    >>> find_best([Evaluation(step=0, rows=1, loss=2.0), Evaluation(step=5, rows=1, loss=1.5)])
    5
    """
    return min((look for look in looks if look.step >= since), key=lambda look: (look.loss, look.step)).step


def continue_log(path: Path, kind: type[LineT], *, after_step: int) -> RecordLog[LineT]:
    """Open the log of a training that goes on after a checkpoint; lines of later steps are removed.

    Args:
        path: The log; made where missing.
        kind: Class of its lines.
        after_step: The checkpoint's step, 0 where training starts anew.

    Raises:
        StoreError: The file cannot be written.
    """
    kept = [line for line in _read_whole_lines(path, kind) if line.step <= after_step]
    write_records(path, kept)
    return RecordLog(path, kind)


def _read_whole_lines(path: Path, kind: type[LineT]) -> Iterable[LineT]:
    if not path.exists():
        return
    lines: Iterator[LineT] = read_records(path, kind)
    while True:
        try:
            yield next(lines)
        except (StopIteration, DataError):  # a kill leaves half a line behind
            return
