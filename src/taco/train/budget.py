"""A training by tokens instead of epochs: so many tokens in all, about so many in each step.

Formats spend very different numbers of tokens on a row. Trainings that are to be compared therefore see the same number
of tokens in the same number of steps, and as many rows as that takes.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Sequence
from itertools import pairwise

from taco.train.batches import Batch, pack_rows
from taco.train.options import TrainOptions
from taco.train.tokens import EncodedRow

Placed = tuple[int, EncodedRow]
"""The number of a set, and a row of it."""


def plan_budget(
    sets: Sequence[Sequence[EncodedRow]],
    options: TrainOptions,
    *,
    max_tokens: int,
    micro_batch_tokens: int,
    seed: int,
) -> list[Batch]:
    """Lay out a training of `max_tokens` tokens, the last row whole.

    Args:
        sets: The rows, at least one; a set for each of `train.templates`.
        options: `batch_tokens`, or else `effective_batch`, says how large a step is; `order` in which order rows come.
        max_tokens: Tokens to learn from, prompts included.
        micro_batch_tokens: Tokens in a forward pass, at most, unless a single row has more.
        seed: Decides which rows are drawn, and their order.
    """
    rows = [(place, row) for place, found in enumerate(sets) for row in found]
    drawn = draw_rows(rows, max_tokens=max_tokens, seed=seed)
    if options.order == "templates":
        drawn.sort(key=lambda placed: placed[0])
    learnt = [row for _, row in drawn]
    batches: list[Batch] = []
    seen = 0
    for step, part in enumerate(cut_by_tokens(learnt, count_steps(learnt, options)), start=1):
        seen += len(part)
        packed = pack_rows(part, micro_batch_tokens=micro_batch_tokens)
        batches.append(Batch(step=step, epoch=round(seen / len(rows), 4), micro_batches=packed))
    return batches


def draw_rows(rows: Sequence[Placed], *, max_tokens: int, seed: int) -> list[Placed]:
    """Return rows in the shuffled order of one epoch after the other, until they have `max_tokens` tokens together."""
    drawn: list[Placed] = []
    tokens = epoch = 0
    while tokens < max_tokens:
        order = list(rows)
        random.Random(f"{seed}/{epoch}").shuffle(order)  # noqa: S311
        for placed in order:
            if tokens >= max_tokens:
                break
            drawn.append(placed)
            tokens += len(placed[1].input_ids)
        epoch += 1
    return drawn


def count_steps(rows: Sequence[EncodedRow], options: TrainOptions) -> int:
    """Return in how many steps rows are learnt; each has one row at least."""
    if options.batch_tokens is None:
        return -(-len(rows) // options.effective_batch)
    steps = round((options.max_tokens or sum(len(row.input_ids) for row in rows)) / options.batch_tokens)
    return max(1, min(steps, len(rows)))


def cut_by_tokens(rows: Sequence[EncodedRow], parts: int) -> list[Sequence[EncodedRow]]:
    """Cut rows, in their order, into parts of about as many tokens each, none empty.

    Args:
        rows: At least `parts` rows.
        parts: Number of parts.
    """
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row.input_ids))
    bounds = [0]
    for part in range(1, parts):
        place = find_nearest(ends, ends[-1] * part / parts)
        bounds.append(min(max(place, bounds[-1] + 1), len(rows) - (parts - part)))
    return [rows[start:end] for start, end in pairwise([*bounds, len(rows)])]


def find_nearest(places: Sequence[int], aim: float) -> int:
    """Return the index of the place that is nearest to `aim`.

    Args:
        places: In rising order, the last one not below `aim`.
        aim: Where it should be.

    >>> find_nearest([0, 10, 30], 12), find_nearest([0, 10, 30], 22)
    (1, 2)
    """
    after = bisect.bisect_left(places, aim)
    return after - 1 if after and aim - places[after - 1] < places[after] - aim else after
