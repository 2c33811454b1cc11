"""From a laid-out training to a tuned model: going on from a checkpoint, training, keeping the best weights."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taco.model.libraries import device_name
from taco.progress import Progress, SilentProgress
from taco.store.jsonl import RecordLog, read_records
from taco.train.adapter import add_adapter
from taco.train.batches import Batch
from taco.train.checkpoints import find_checkpoint, read_step
from taco.train.log import Evaluation, LineT, StepLog, continue_log
from taco.train.options import TrainOptions
from taco.train.processes import MemoryLog, count_processes, is_first, wait_for_all
from taco.train.result import load_weights
from taco.train.tokens import EncodedRow
from taco.train.trackers import check_trackers


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A training, laid out before it starts.

    Attributes:
        batches: One for each optimiser step.
        key: Digest of all that decides the result; a checkpoint with another key is not gone on from.
        seed: The run's seed.
        threads: CPU threads in all.
        micro_batch_tokens: Tokens in a forward pass, at most.
        most_logits: Bound on the logits that exist at a time; None where this model needs all of them together.
        recompute: Whether activations are computed again in the backward pass.
        rates: For each step what the learning rate is multiplied by; None without stages.
        watched, english: Rows that are looked at and not learnt.
        deciding_from: The step from which on looks decide when to stop and what to keep.
    """

    batches: Sequence[Batch]
    key: str
    seed: int
    threads: int
    micro_batch_tokens: int
    most_logits: int | None
    recompute: bool = False
    rates: Sequence[float] | None = None
    watched: Sequence[EncodedRow] = ()
    english: Sequence[EncodedRow] = ()
    deciding_from: int = 0


def tune(options: TrainOptions, model: Any, plan: Plan, *, base_name: str, out: Path, progress: Progress) -> Any:
    """Train and return the tuned model.

    Args:
        options: The stage's settings.
        model: The base model; used up.
        plan: What to learn, in which order.
        base_name: The base model's name, for the adapter's config.
        out: Where checkpoints/, log.jsonl and, where rows are looked at, evaluations.jsonl and best/ go.
        progress: Where to say how far it is.

    Raises:
        ModelError: The model cannot be tuned so, or training diverged.
        StoreError: `out` cannot be written.
    """
    from transformers import set_seed

    from taco.train.fused import fused_layers
    from taco.train.trainer import ChainTrainer, StepRecorder, build_arguments
    from taco.train.watch import Watcher, is_over, restore_best

    check_trackers(options)
    folder, steps = out / "checkpoints", len(plan.batches)
    arguments = build_arguments(options, steps=steps, folder=folder, seed=plan.seed)
    checkpoint = _agree_on_checkpoint(folder, plan, progress)
    done = read_step(checkpoint) if checkpoint else 0
    set_seed(plan.seed)
    tuned = prepare(model, options, plan, base_name=base_name)
    bar = progress.task("Training", total=steps, unit="steps", done=done)
    workers = _make_workers(plan)
    watch = plan_watch(options, plan, out=out)
    with ExitStack() as stack:
        if device_name() == "cpu" and count_processes() == 1:
            stack.enter_context(fused_layers(tuned))
        log = _open_log(out / "log.jsonl", StepLog, done, stack)
        task = stack.enter_context(bar)
        trainer = ChainTrainer(tuned, plan.batches, arguments, workers=stack.enter_context(workers), rates=plan.rates)
        keep = max(1, options.keep_checkpoints)
        trainer.add_callback(StepRecorder(plan.batches, log=log, task=task, plan=plan.key, keep=keep, trainer=trainer))
        looks: Sequence[Evaluation] = ()
        if watch:
            file = _open_log(out / "evaluations.jsonl", Evaluation, done, stack)
            trainer.add_callback(Watcher(watch, workers, file, tell=trainer.log))
            looks = file.records
        if checkpoint and is_over(looks, options.patience, since=plan.deciding_from):
            load_weights(tuned, checkpoint)
        else:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if watch and options.patience is not None:
        restore_best(tuned, watch, looks, progress=progress)
    return tuned


def _make_workers(plan: Plan) -> Any:
    """Return what computes gradients in one process, and looks in any number of them.

    In several processes passes go one after the other and through the whole model, since each may need all processes.
    """
    from taco.train.workers import Workers

    if count_processes() > 1:
        return Workers(plan.threads, most=1, on_cpu=device_name() == "cpu", most_logits=None)
    most = max(len(batch.micro_batches) for batch in plan.batches)
    return Workers(plan.threads, most=most, on_cpu=device_name() == "cpu", most_logits=plan.most_logits)


def _agree_on_checkpoint(folder: Path, plan: Plan, progress: Progress) -> Path | None:
    """Return the checkpoint to go on from; the first process removes those that cannot be used before others look."""
    if is_first():
        find_checkpoint(folder, plan=plan.key, progress=progress)
    wait_for_all()
    return find_checkpoint(folder, plan=plan.key, progress=SilentProgress())


def _open_log(path: Path, kind: type[LineT], done: int, stack: ExitStack) -> RecordLog[LineT] | MemoryLog[LineT]:
    """Open a log that ends with the stack; in the processes that do not write, one in memory with the same records."""
    if is_first():
        log = stack.enter_context(continue_log(path, kind, after_step=done))
        wait_for_all()
        return log
    wait_for_all()
    kept: MemoryLog[LineT] = MemoryLog()
    kept.append(read_records(path, kind))
    return kept


def prepare(model: Any, options: TrainOptions, plan: Plan, *, base_name: str) -> Any:
    """Return the model with the weights that will be learnt ready and all others frozen."""
    if options.method == "full":
        from taco.train.dropout import seed_all_dropouts

        seed_all_dropouts(model)
        for weight in model.parameters():
            weight.requires_grad_(True)
        tuned = model
    else:
        seen = _list_seen(plan) if options.embeddings == "seen" else ()
        tuned = add_adapter(model, options, base_name=base_name, seen=seen)
    if plan.recompute:
        recompute_activations(tuned)
    return tuned


def recompute_activations(model: Any) -> None:
    """Let a model compute its layers' activations again in the backward pass, with the same dropout."""
    from taco.train.dropout import keep_dropout

    # The second name is what older versions of transformers call it.
    enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
    enable({"use_reentrant": False, "context_fn": keep_dropout})


def plan_watch(options: TrainOptions, plan: Plan, *, out: Path) -> Any:
    """Return what is looked at, or None for nothing."""
    from taco.train.watch import Watch

    if options.evaluate_every_steps is None or not plan.watched:
        return None
    return Watch(
        chains=plan.watched,
        english=plan.english,
        every=options.evaluate_every_steps,
        patience=options.patience,
        micro_batch_tokens=plan.micro_batch_tokens,
        deciding_from=plan.deciding_from,
        best=out / "best",
        plan=plan.key,
    )


def _list_seen(plan: Plan) -> list[int]:
    return sorted({token for batch in plan.batches for row in batch.rows for token in row.input_ids})
