"""Looks at rows that are not learnt: is the held-out loss still falling, and what of the English is forgotten?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from taco.errors import ModelError
from taco.progress import Progress
from taco.store.jsonl import RecordLog
from taco.train.batches import pack_rows
from taco.train.checkpoints import list_checkpoints, read_step, remove_old_checkpoints, seal_checkpoint
from taco.train.log import Evaluation, find_best
from taco.train.processes import MemoryLog
from taco.train.result import load_weights, write_weights
from taco.train.sections import average_parts
from taco.train.tokens import EncodedRow
from taco.train.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is looked at, and when.

    Attributes:
        chains, english: The rows.
        every: Optimiser steps between two looks.
        patience: Looks in a row without a lower loss after which training stops; None for never.
        micro_batch_tokens: Tokens in a forward pass, at most.
        deciding_from: Looks before this step stop nothing and their weights are not kept: it ends the stages before the
            last one, which may make the loss of the last one's rows worse.
        best: Folder for the weights of the lowest loss, where there is a patience.
        plan: The digest that they are sealed with.
    """

    chains: Sequence[EncodedRow]
    english: Sequence[EncodedRow]
    every: int
    patience: int | None
    micro_batch_tokens: int
    deciding_from: int
    best: Path
    plan: str

    def look(self, model: Any, workers: Workers, *, step: int) -> Evaluation:
        """Measure the losses of the rows; the model is left in the mode that it was in."""
        loss, parts = self._measure(model, workers, self.chains)
        english = self._measure(model, workers, self.english)[0] if self.english else None
        return Evaluation(step=step, rows=len(self.chains), loss=loss, parts=parts, english=english)

    def _measure(self, model: Any, workers: Workers, rows: Sequence[EncodedRow]) -> tuple[float, dict[str, float]]:
        was_training = model.training
        model.eval()
        sums = workers.sum_losses(model, pack_rows(rows, micro_batch_tokens=self.micro_batch_tokens))
        model.train(was_training)
        tokens = sum(row.supervised_tokens for row in rows)
        return round(sum(sums) / tokens, 6), average_parts(sums, [row.sections for row in rows])


def is_over(looks: Sequence[Evaluation], patience: int | None, *, since: int = 0) -> bool:
    """Whether the last `patience` looks brought no loss below the lowest before them.

    >>> looks = [Evaluation(step=step, rows=1, loss=loss) for step, loss in ((0, 1.0), (5, 3.0), (10, 2.0))]
    >>> is_over(looks, 2), is_over(looks, 2, since=5)
    (True, False)
    """
    counted = [look for look in looks if look.step >= since]
    if patience is None or len(counted) <= patience:
        return False
    return find_best(counted) <= counted[-patience - 1].step


def restore_best(model: Any, watch: Watch, looks: Sequence[Evaluation], *, progress: Progress) -> int:
    """Put the weights of the lowest loss into the model, and return their step.

    Raises:
        ModelError: They are not there.
    """
    step = find_best(looks, since=watch.deciding_from)
    found = [folder for folder in list_checkpoints(watch.best) if read_step(folder) == step]
    if not found:
        raise ModelError(
            f"The weights of step {step}, the best ones, are not in {watch.best}.",
            hint="Train again: taco run RECIPE --again train.",
        )
    load_weights(model, found[0])
    progress.say(f"Kept the weights of step {step}, where the loss of rows that were not learnt was lowest.")
    return step


class Watcher(TrainerCallback):  # type: ignore[misc]
    """Looks when it is time, keeps the best weights, and stops a training that gets no better.

    Args:
        watch: What is looked at.
        workers: What measures.
        log: Where looks are written; those of a training that goes on are in it already.
        tell: Told the losses of each look by name, for trackers.
    """

    def __init__(
        self,
        watch: Watch,
        workers: Workers,
        log: RecordLog[Evaluation] | MemoryLog[Evaluation],
        *,
        tell: Callable[[dict[str, float]], None],
    ) -> None:
        self.watch, self.workers, self.log, self.tell = watch, workers, log, tell

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        if not self.log.records:
            self._look(model, state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, model: Any = None, **_: Any) -> None:
        if not logs or "loss" not in logs:  # the summary at the end
            return
        step = state.global_step
        if step % self.watch.every == 0 or step == state.max_steps:
            self._look(model, step)
            if is_over(self.log.records, self.watch.patience, since=self.watch.deciding_from):
                control.should_training_stop = control.should_save = True

    def _is_best(self, look: Evaluation) -> bool:
        since = self.watch.deciding_from
        if self.watch.patience is None or look.step < since:
            return False
        return find_best([*self.log.records, look], since=since) == look.step

    def _look(self, model: Any, step: int) -> None:
        look = self.watch.look(model, self.workers, step=step)
        if self._is_best(look):
            folder = self.watch.best / f"checkpoint-{step}"
            write_weights(model, folder)
            seal_checkpoint(folder, plan=self.watch.plan)
            remove_old_checkpoints(self.watch.best, keep=1)
        self.log.append([look])
        losses = {"heldout_loss": look.loss, **{f"heldout_loss_{name}": loss for name, loss in look.parts.items()}}
        self.tell(losses if look.english is None else {**losses, "english_loss": look.english})
