"""transformers' Trainer, given planned batches: each of its batches is one optimiser step of packed micro-batches."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from taco.errors import ModelError
from taco.progress import Task
from taco.store.jsonl import RecordLog
from taco.train.batches import Batch
from taco.train.checkpoints import remove_old_checkpoints, seal_checkpoint
from taco.train.log import StepLog
from taco.train.options import SCHEDULES, TrainOptions
from taco.train.processes import MemoryLog, count_processes, is_first, wait_for_all
from taco.train.result import write_weights
from taco.train.sections import average_parts
from taco.train.together import add_gradients_together
from taco.train.workers import Workers

EXPLODED = 2.0
"""A loss is taken for exploded from so many times ln(vocabulary) on: twice what guessing every token alike would cost."""


class ChainTrainer(Trainer):  # type: ignore[misc]
    """Trains on planned batches, in their order.

    Args:
        model: The base model with its adapter.
        batches: The plan, one batch for each optimiser step.
        arguments: From `build_arguments`.
        workers: What computes the gradients; its context must be open.
        rates: For each step what the learning rate is multiplied by; None for the schedule of `arguments`.
    """

    def __init__(
        self,
        model: Any,
        batches: Sequence[Batch],
        arguments: TrainingArguments,
        *,
        workers: Workers,
        rates: Sequence[float] | None = None,
    ) -> None:
        super().__init__(model=model, args=arguments, train_dataset=list(batches))
        self.workers, self.rates = workers, rates
        self.parts: dict[str, float] = {}
        self.remove_callback(PrinterCallback)

    def get_train_dataloader(self) -> Any:
        """Yield the batches one by one in the order of the plan."""
        return torch.utils.data.DataLoader(
            self.train_dataset, batch_size=1, shuffle=False, collate_fn=lambda batches: {"batch": batches[0]}
        )

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Follow the rates of the stages, where there are any."""
        if self.rates is None:
            return super().create_scheduler(num_training_steps, optimizer)
        rates = self.rates
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer or self.optimizer, lambda step: rates[min(step, len(rates) - 1)]
        )
        self.lr_scheduler: Any = scheduler
        return scheduler

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Add up the gradient of the mean token loss of a batch; return that loss.

        Raises:
            ModelError: The loss or the gradient is no number, or the loss is far above that of guessing.
        """
        model.train()
        batch: Batch = inputs["batch"]
        if count_processes() > 1:
            losses = add_gradients_together(self.accelerator, model, batch, seed=self.args.seed)
            self.parts = average_parts(losses.parts.tolist(), [row.sections for row in batch.rows])
            self.check(batch, loss=float(losses.mean), norm=0.0)  # the norm is known once all processes have their part
            return losses.mean
        losses = self.workers.add_gradients(model, batch, seed=self.args.seed)
        self.parts = average_parts(losses.parts.tolist(), [row.sections for row in batch.rows])
        gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients))
        self.check(batch, loss=float(losses.mean), norm=norm)
        return losses.mean

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Tell trackers, where there are any, the losses of the parts too."""
        if self.args.report_to and "loss" in logs:
            logs = {**logs, **{f"loss_{name}": loss for name, loss in self.parts.items()}}
        super().log(logs, start_time)

    def check(self, batch: Batch, *, loss: float, norm: float) -> None:
        """Stop a training that diverges, see `check_loss`."""
        check_loss(batch, loss=loss, norm=norm, vocabulary=int(self.model.config.vocab_size))

    def floating_point_ops(self, inputs: Any) -> int:
        """Return 0: transformers' estimate does not fit packed rows and nothing reads it."""
        return 0

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write the tuned weights and nothing else; Trainer itself would add its arguments as a pickle."""
        state = None
        if self.is_fsdp_enabled or self.is_deepspeed_enabled:
            state = self.accelerator.get_state_dict(self.model_wrapped)  # every process gives its part
        if is_first():
            write_weights(self.model, Path(output_dir or self.args.output_dir), state=state)


class StepRecorder(TrainerCallback):  # type: ignore[misc]
    """Writes the log, moves the bar and seals checkpoints.

    Args:
        batches: The plan.
        log: Where each step is written.
        task: The bar, counted in steps.
        plan: The digest that checkpoints are sealed with.
        keep: Number of checkpoints to keep.
        trainer: Where the losses of the parts come from.
    """

    def __init__(
        self,
        batches: Sequence[Batch],
        *,
        log: RecordLog[StepLog] | MemoryLog[StepLog],
        task: Task,
        plan: str,
        keep: int,
        trainer: ChainTrainer,
    ) -> None:
        self.batches, self.log, self.task, self.plan, self.keep = batches, log, task, plan, keep
        self._trainer = trainer
        self._started = time.perf_counter()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._started = time.perf_counter()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if not logs or "loss" not in logs:  # the summary at the end
            return
        batch = self.batches[state.global_step - 1]
        self._trainer.check(batch, loss=logs["loss"], norm=logs["grad_norm"])
        seconds = time.perf_counter() - self._started
        line = StepLog(
            step=batch.step,
            epoch=batch.epoch,
            loss=logs["loss"],
            learning_rate=logs["learning_rate"],
            grad_norm=logs["grad_norm"],
            supervised_tokens=batch.supervised_tokens,
            tokens=batch.tokens,
            tokens_per_s=round(batch.tokens / seconds, 2),
            seconds=round(seconds, 4),
            stage=batch.stage,
            parts=self._trainer.parts,
        )
        self.log.append([line])
        self.task.advance(note=f"loss {line.loss:.2f}, {line.tokens_per_s:.0f} tokens/s")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        wait_for_all()
        folder = Path(args.output_dir)
        if is_first():
            seal_checkpoint(folder / f"checkpoint-{state.global_step}", plan=self.plan)
            remove_old_checkpoints(folder, keep=self.keep)
        wait_for_all()


def build_arguments(options: TrainOptions, *, steps: int, folder: Path, seed: int) -> TrainingArguments:
    """Return Trainer's arguments for a training of `steps` steps with checkpoints in `folder`."""
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,
        num_train_epochs=1,
        learning_rate=options.learning_rate,
        lr_scheduler_type=SCHEDULES[options.schedule],
        warmup_steps=round(options.warmup_ratio * steps),
        weight_decay=options.weight_decay,
        max_grad_norm=options.max_grad_norm,
        optim="adamw_torch",
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=min(options.save_every_steps, steps),
        save_total_limit=None,  # old checkpoints go only when a new one is sealed
        seed=seed,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        report_to=list(options.trackers) or "none",
        disable_tqdm=True,
    )


def check_loss(batch: Batch, *, loss: float, norm: float, vocabulary: int) -> None:
    """Check that a step went well.

    Args:
        batch: The step's rows.
        loss: Its mean token loss, in nats.
        norm: The norm of its gradient.
        vocabulary: Number of tokens that the model knows.

    Raises:
        ModelError: The loss or the gradient is no number, or the loss is `EXPLODED`.
    """
    most = EXPLODED * math.log(vocabulary)
    if math.isfinite(loss) and math.isfinite(norm) and loss <= most:
        return
    ids = ", ".join(row.id for row in batch.rows)
    raise ModelError(
        f"Training diverged at step {batch.step}: the loss is {loss}, the norm of the gradient {norm}; a loss above "
        f"{most:.1f} is worse than guessing. Rows of the batch: {ids}.",
        hint="Lower the learning rate, for instance to a third: --set train.learning_rate=...; or look at these rows.",
    )
