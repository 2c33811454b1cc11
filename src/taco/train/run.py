"""The `train` stage: chains in, a LoRA adapter (or a tuned model) out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from taco.model.base import Base, resolve_base
from taco.model.libraries import device_name, find_free_memory, quiet_libraries, require_libraries, set_threads
from taco.model.load import load_model, load_tokenizer
from taco.model.options import ModelOptions
from taco.model.shape import make_shape
from taco.progress import Progress
from taco.records import StageCount
from taco.store.jsonl import write_records
from taco.train.batches import Batch, plan_batches
from taco.train.budget import plan_budget
from taco.train.card import render_card
from taco.train.checkpoints import list_checkpoints, remove_old_checkpoints
from taco.train.curriculum import count_earlier_steps, list_rates, plan_stages, write_order
from taco.train.estimate import choose_recompute
from taco.train.intake import Intake, Reader
from taco.train.objective import MOST_LOGITS, attention_of_rows, chunks_exactly, packs_exactly
from taco.train.options import TrainOptions
from taco.train.outcome import read_outcome
from taco.train.processes import (
    check_processes,
    choose_device,
    count_processes,
    first_goes_first,
    is_first,
    wait_for_all,
)
from taco.train.result import save_result
from taco.train.tokens import EncodedRow
from taco.train.tuning import Plan, tune

PLAN_VERSION = 3
"""Counts up when the same rows and settings give other weights: no checkpoint of before is gone on from."""


def run_train(
    options: TrainOptions, *, model: ModelOptions, chain: Path, out: Path, cache: Path, seed: int, progress: Progress
) -> StageCount:
    """Tune on chain/train.jsonl or on the stages' rows, going on from the newest whole checkpoint in `out`.

    Args:
        options: The stage's settings.
        model: The base model.
        chain: Folder with train.jsonl (Example). Stages that learn English rows or another template find them beside
            it, in the run's `source`, `gate` and `translate`.
        out: Where adapter/, checkpoints/, log.jsonl, order.jsonl, dropped.jsonl and, where rows are looked at,
            evaluations.jsonl go. Where all weights are tuned, adapter/ holds the whole model.
        cache: The cache folder.
        seed: Decides the adapter's first weights, the order of the rows and the dropout.
        progress: Where to say how far it is.

    Raises:
        DataError: The rows are missing or damaged, or none of them fits.
        ModelError: The base model cannot be used, or training diverged.
        StoreError: `out` or the cache cannot be written.
    """
    require_libraries()
    check_processes(options)
    choose_device()
    threads = set_threads(model.threads)
    with first_goes_first():
        base = resolve_base(model, cache=cache, progress=progress)
    loaded = load_model(base, dtype=model.dtype, in_4_bits=options.method == "qlora")
    tokenizer = load_tokenizer(base)
    reader = Reader(
        chain=chain,
        tokenizer=tokenizer,
        max_row_tokens=_find_limit(options, loaded),
        shorten=options.over_long == "shorten",
        seed=seed,
        progress=progress,
    )
    intake = reader.read_all(options)
    if is_first():
        write_records(out / "dropped.jsonl", intake.drops)
    key = _digest_plan(options, base, rows=intake.digest, seed=seed, dtype=str(loaded.dtype))
    with quiet_libraries():
        plan = _lay_out(options, loaded, intake, key=key, seed=seed, threads=threads, progress=progress)
        order = write_order(out / "order.jsonl" if is_first() else None, plan.batches)
        with _speed_up(loaded, plan, intake.learnt):
            tuned = tune(options, loaded, plan, base_name=base.name, out=out, progress=progress)
        outcome = read_outcome(options, intake, plan, out=out, order=order)
        last = list_checkpoints(out / "checkpoints")[-1] if count_processes() > 1 else None
        if is_first():
            card = render_card(base, options=options, facts=outcome.list_facts())
            save_result(tuned, out / "adapter", card=card, tokenizer=tokenizer, last=last)
            if not options.keep_checkpoints:
                remove_old_checkpoints(out / "checkpoints", keep=0)
        wait_for_all()
    return outcome.count(base_digest=base.digest, threads=threads)


def _find_limit(options: TrainOptions, model: Any) -> int:
    window = getattr(model.config, "max_position_embeddings", None)
    return min(options.max_row_tokens, int(window)) if window else options.max_row_tokens


def _lay_out(
    options: TrainOptions, model: Any, intake: Intake, *, key: str, seed: int, threads: int, progress: Progress
) -> Plan:
    slots = options.micro_batch_tokens
    rows = intake.learnt
    if not packs_exactly(model, rows):
        progress.say("This base model mixes up packed rows; each row goes through it alone, which is slower.")
        slots = 1
    batches = _plan_batches(options, intake, slots=slots, seed=seed)
    return Plan(
        batches=batches,
        key=key,
        seed=seed,
        threads=threads,
        micro_batch_tokens=slots,
        most_logits=_bound_logits(model, batches, rows, progress=progress),
        recompute=_decide_recompute(options, model, threads=threads, progress=progress),
        rates=list_rates(options, batches) if options.stages else None,
        watched=intake.watched,
        english=intake.english,
        deciding_from=count_earlier_steps(options, intake.rows, batches),
    )


def _speed_up(model: Any, plan: Plan, rows: Sequence[EncodedRow]) -> AbstractContextManager[bool]:
    """Use the faster attention, except where layers run again in the backward pass or in several processes."""
    if plan.recompute or count_processes() > 1:
        return nullcontext(False)
    return attention_of_rows(model, rows)


def _plan_batches(options: TrainOptions, intake: Intake, *, slots: int, seed: int) -> list[Batch]:
    if options.stages:
        return plan_stages(options, intake.rows, micro_batch_tokens=slots, seed=seed)
    if options.max_tokens is not None:
        return plan_budget(
            list(intake.rows.values()), options, max_tokens=options.max_tokens, micro_batch_tokens=slots, seed=seed
        )
    return plan_batches(
        intake.learnt,
        epochs=options.epochs,
        effective_batch=options.effective_batch,
        micro_batch_tokens=slots,
        seed=seed,
    )


def _bound_logits(
    model: Any, batches: Sequence[Batch], rows: Sequence[EncodedRow], *, progress: Progress
) -> int | None:
    """Return the bound on logits, or None for a model that needs all of them together."""
    passes = (micro_batch for batch in batches for micro_batch in batch.micro_batches)
    most = max(sum(row.supervised_tokens for row in micro_batch) for micro_batch in passes)
    are_few = most * model.config.vocab_size <= MOST_LOGITS and model.device.type != "cpu"
    if are_few or chunks_exactly(model, rows):
        return MOST_LOGITS
    progress.say("This base model changes its logits after the output layer; all of a pass are held at once.")
    return None


def _decide_recompute(options: TrainOptions, model: Any, *, threads: int, progress: Progress) -> bool:
    # Threads work through a pass each, so each has a part of what is free.
    free = find_free_memory() // (threads if device_name() == "cpu" else 1)
    shape = make_shape(model.config.to_dict())
    wanted = choose_recompute(options, shape, bytes_per_number=model.dtype.itemsize, free=free)
    if wanted and not getattr(model, "supports_gradient_checkpointing", False):
        progress.say("This base model cannot compute its activations again; they are kept.")
        return False
    if wanted and options.recompute == "auto":
        progress.say("Activations are computed again in the backward pass, because memory is short; that is slower.")
    return wanted


def _digest_plan(options: TrainOptions, base: Base, *, rows: str, seed: int, dtype: str) -> str:
    parts = {
        "version": PLAN_VERSION,
        "options": options.select_deciding(),
        "base": base.digest,
        "rows": rows,
        "seed": seed,
        "dtype": dtype,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
