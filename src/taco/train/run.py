"""The `train` stage: chains in, a LoRA adapter out."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taco.errors import DataError
from taco.model.base import Base, resolve_base
from taco.model.libraries import device_name, quiet_libraries, require_libraries, set_threads
from taco.model.load import load_model, load_tokenizer
from taco.model.options import ModelOptions
from taco.progress import Progress
from taco.records import Drop, Example, StageCount
from taco.store.files import digest_file
from taco.store.jsonl import read_records, write_records
from taco.train.adapter import add_adapter, render_card, save_adapter
from taco.train.batches import Batch, plan_batches
from taco.train.checkpoints import find_checkpoint, read_step
from taco.train.log import StepLog, continue_log, read_log
from taco.train.objective import packs_exactly
from taco.train.options import TrainOptions
from taco.train.tokens import EncodedRow, encode_examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A training, laid out before it starts.

    Attributes:
        batches: One for each optimiser step.
        key: Digest of all that decides the result; a checkpoint with another key is not gone on from.
        seed: The run's seed.
    """

    batches: Sequence[Batch]
    key: str
    seed: int


def run_train(
    options: TrainOptions, *, model: ModelOptions, chain: Path, out: Path, cache: Path, seed: int, progress: Progress
) -> StageCount:
    """Tune an adapter on chain/train.jsonl, going on from the newest whole checkpoint in `out` where there is one.

    Args:
        options: The stage's settings.
        model: The base model.
        chain: Folder with train.jsonl (Example).
        out: Where adapter/, checkpoints/, log.jsonl and dropped.jsonl go.
        cache: The cache folder.
        seed: Decides the adapter's first weights, the order of the rows and the dropout.
        progress: Where to say how far it is.

    Raises:
        DataError: The rows are missing or damaged, or none of them fits.
        ModelError: The base model cannot be used, or training diverged.
        StoreError: `out` or the cache cannot be written.
    """
    require_libraries()
    threads = set_threads(model.threads)
    base = resolve_base(model, cache=cache, progress=progress)
    rows_file = chain / "train.jsonl"
    digest = digest_file(rows_file)
    loaded = load_model(base, dtype=model.dtype)
    limit = _find_limit(options, loaded)
    shorten = options.over_long == "shorten"
    rows, drops = _encode(rows_file, load_tokenizer(base), limit=limit, shorten=shorten, progress=progress)
    write_records(out / "dropped.jsonl", drops)
    key = _digest_plan(options, base, rows=digest, seed=seed, dtype=str(loaded.dtype))
    with quiet_libraries():
        plan = Plan(batches=_lay_out(options, loaded, rows, seed=seed, progress=progress), key=key, seed=seed)
        tuned = _tune(options, loaded, plan, base_name=base.name, out=out, threads=threads, progress=progress)
        facts = {"SHA-256 of the rows": digest, "rows": len(rows), "steps": len(plan.batches), "seed": seed}
        save_adapter(tuned, out / "adapter", card=render_card(base, options=options, facts=facts))
    counters = {**_summarise(read_log(out / "log.jsonl")), "base_digest": base.digest, "threads": threads}
    if shorten:
        counters["shortened"] = sum(row.sentences_cut > 0 for row in rows)
    return StageCount(
        rows_in=len(rows) + len(drops),
        rows_kept=len(rows),
        dropped=Counter(drop.reason for drop in drops),
        counters={**counters, "peak_rss_mb": _measure_peak_mb()},
    )


def _encode(
    path: Path, tokenizer: Any, *, limit: int, shorten: bool, progress: Progress
) -> tuple[list[EncodedRow], list[Drop]]:
    examples = list(read_records(path, Example))

    def counted() -> Iterator[Example]:
        with progress.task("Encoding rows", total=len(examples), unit="rows") as task:
            for example in examples:
                yield example
                task.advance()

    with quiet_libraries():
        rows, drops = encode_examples(counted(), tokenizer, max_row_tokens=limit, shorten=shorten)
    if not rows:
        raise DataError(
            f"None of the {len(examples)} rows of {path} can be trained on: {dict(Counter(d.reason for d in drops))}.",
            hint=f"Rows may have at most {limit} tokens; raise train.max_row_tokens if the model allows more, or "
            "set train.over_long = 'shorten'. `taco tokens RECIPE` says how long they are.",
        )
    return rows, drops


def _find_limit(options: TrainOptions, model: Any) -> int:
    window = getattr(model.config, "max_position_embeddings", None)
    return min(options.max_row_tokens, int(window)) if window else options.max_row_tokens


def _lay_out(
    options: TrainOptions, model: Any, rows: Sequence[EncodedRow], *, seed: int, progress: Progress
) -> list[Batch]:
    slots = options.micro_batch_tokens
    if not packs_exactly(model, rows):
        progress.say("This base model mixes up packed rows; each row goes through it alone, which is slower.")
        slots = 1
    return plan_batches(
        rows,
        epochs=options.epochs,
        effective_batch=options.effective_batch,
        micro_batch_tokens=slots,
        seed=seed,
    )


def _tune(
    options: TrainOptions, model: Any, plan: Plan, *, base_name: str, out: Path, threads: int, progress: Progress
) -> Any:
    from transformers import set_seed

    from taco.train.trainer import ChainTrainer, StepRecorder, build_arguments
    from taco.train.workers import Workers

    folder, steps = out / "checkpoints", len(plan.batches)
    checkpoint = find_checkpoint(folder, plan=plan.key, progress=progress)
    done = read_step(checkpoint) if checkpoint else 0
    set_seed(plan.seed)
    tuned = add_adapter(model, options, base_name=base_name)
    arguments = build_arguments(options, steps=steps, folder=folder, seed=plan.seed)
    bar = progress.task("Training", total=steps, unit="steps", done=done)
    most = max(len(batch.micro_batches) for batch in plan.batches)
    workers = Workers(threads, most=most, on_cpu=device_name() == "cpu")
    with workers, continue_log(out / "log.jsonl", after_step=done) as log, bar as task:
        trainer = ChainTrainer(tuned, plan.batches, arguments, workers=workers)
        trainer.add_callback(
            StepRecorder(plan.batches, log=log, task=task, plan=plan.key, keep=options.keep_checkpoints)
        )
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return tuned


def _digest_plan(options: TrainOptions, base: Base, *, rows: str, seed: int, dtype: str) -> str:
    deciding = options.model_dump(mode="json", exclude={"save_every_steps", "keep_checkpoints"})
    parts = {"options": deciding, "base": base.digest, "rows": rows, "seed": seed, "dtype": dtype}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _summarise(steps: Sequence[StepLog]) -> dict[str, int | float | str]:
    tokens, seconds = sum(step.tokens for step in steps), sum(step.seconds for step in steps)
    return {
        "steps": len(steps),
        "tokens": tokens,
        "supervised_tokens": sum(step.supervised_tokens for step in steps),
        "final_loss": round(steps[-1].loss, 4),
        "seconds": round(seconds, 1),
        "tokens_per_s": round(tokens / seconds, 1),
    }


def _measure_peak_mb() -> int:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6) if sys.platform == "darwin" else round(peak * 1024 / 1e6)
