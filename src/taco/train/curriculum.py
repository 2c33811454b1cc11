"""The stages of a training, laid out as batches one behind the other, and the record of their order."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from taco.errors import DataError
from taco.store.files import write_atomically
from taco.train.batches import Batch, pack_rows, split_evenly
from taco.train.mixing import Deck, Mixture, count_replayed, share_out
from taco.train.options import TrainOptions
from taco.train.rows import Origin, list_last_origins, list_stage_origins
from taco.train.stage import ENGLISH_ROWS, StageOptions
from taco.train.tokens import EncodedRow

Pool = Mapping[Origin, Sequence[EncodedRow]]
"""The rows that stages may draw: set of rows -> its rows."""


def plan_stages(options: TrainOptions, pool: Pool, *, micro_batch_tokens: int, seed: int) -> list[Batch]:
    """Lay out all stages.

    Args:
        options: The stages, at least one, and what they share.
        pool: Their rows.
        micro_batch_tokens: Tokens in a forward pass, at most, unless a single row has more.
        seed: The run's seed.

    Raises:
        DataError: A stage has no rows.
    """
    batches: list[Batch] = []
    for number, stage in enumerate(options.stages):
        mixture = mix(stage, pool, key=f"{seed}/{number}")
        steps_per_epoch = math.ceil(mixture.size / options.effective_batch)
        total = stage.steps or max(1, math.ceil((stage.epochs or options.epochs) * steps_per_epoch))
        done, epochs = 0, mixture.list_epochs()
        while done < total:
            for chosen in split_evenly(next(epochs), steps_per_epoch)[: total - done]:
                done += 1
                packed = pack_rows(chosen, micro_batch_tokens=micro_batch_tokens)
                epoch = round(done / steps_per_epoch, 4)
                batches.append(Batch(step=len(batches) + 1, epoch=epoch, micro_batches=packed, stage=stage.name))
    return batches


def mix(stage: StageOptions, pool: Pool, *, key: str) -> Mixture:
    """Say how many rows of which set an epoch of a stage has.

    Raises:
        DataError: One of the sets has no rows.
    """
    origins = list(list_stage_origins(stage))
    counts = (
        share_out([len(pool[origin]) for origin in origins], weights=stage.weights, temperature=stage.temperature)
        if all(pool[origin] for origin in origins)
        else [0] * len(origins)
    )
    if stage.replay:
        counts.append(count_replayed(sum(counts), stage.replay))
        origins.append(Origin(ENGLISH_ROWS))
    for origin in origins:
        if not pool[origin]:
            raise DataError(
                f"The stage {stage.name!r} has no rows of {origin.name!r} to learn.",
                hint="Too-long rows are dropped; train/dropped.jsonl says which and why.",
            )
    decks = [
        Deck(rows=pool[origin], count=count, key=f"{key}/{origin.name}/{origin.template}")
        for origin, count in zip(origins, counts, strict=True)
    ]
    return Mixture(decks=decks, order=stage.order, key=key)


def count_earlier_steps(options: TrainOptions, pool: Pool, batches: Sequence[Batch]) -> int:
    """Return how many steps come before those of the last stage, or of the last template where they follow each other.

    Args:
        options: The training's settings.
        pool: Every set of rows that it learns.
        batches: All its steps.
    """
    if options.order != "templates":
        return sum(batch.stage != batches[-1].stage for batch in batches)
    last = {id(row) for origin in list_last_origins(options) for row in pool[origin]}
    return sum(any(id(row) not in last for row in batch.rows) for batch in batches)


def write_order(path: Path | None, batches: Iterable[Batch]) -> str:
    """Write which rows each step learns, one step a line, and return the digest of that file; None writes nothing."""
    hashed = hashlib.sha256()

    def lines() -> Iterable[bytes]:
        for batch in batches:
            record = {"step": batch.step, "stage": batch.stage, "rows": [row.id for row in batch.rows]}
            line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
            hashed.update(line)
            yield line

    if path is None:
        for _ in lines():
            pass
    else:
        write_atomically(path, lines())
    return hashed.hexdigest()


def list_rates(options: TrainOptions, batches: Sequence[Batch]) -> list[float]:
    """Return for each step the factor that `train.learning_rate` is multiplied by.

    Each stage warms up and comes down as a training of its own does, to its own highest rate.
    """
    stages = {stage.name: stage for stage in options.stages}
    steps: dict[str, int] = {}
    for batch in batches:
        steps[batch.stage] = steps.get(batch.stage, 0) + 1
    factors: list[float] = []
    done: dict[str, int] = {}
    for batch in batches:
        place = done.get(batch.stage, 0)
        done[batch.stage] = place + 1
        peak = (stages[batch.stage].learning_rate or options.learning_rate) / options.learning_rate
        factors.append(peak * shape_rate(options, place, steps[batch.stage]))
    return factors


def shape_rate(options: TrainOptions, place: int, steps: int) -> float:
    """Return the share of the highest rate at a step: up from 0 in the warm-up, then along the schedule.

    It is transformers' own form (get_cosine_schedule_with_warmup and the others), so that a single stage has the rates
    of a training without stages.

    >>> [round(shape_rate(TrainOptions(warmup_ratio=0.5), place, 4), 2) for place in range(4)]
    [0.0, 0.5, 1.0, 0.5]
    """
    warmup = round(options.warmup_ratio * steps)
    if place < warmup:
        return place / max(1, warmup)
    gone = (place - warmup) / max(1, steps - warmup)
    if options.schedule == "linear":
        return max(0.0, 1 - gone)
    return max(0.0, 0.5 * (1 + math.cos(math.pi * gone))) if options.schedule == "cosine" else 1.0
