"""Two systems on the same rows: how much their corpus-level scores differ, and whether chance alone would do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from taco.measure.bootstrap import BLOCK_CELLS, DECIMALS, Bootstrap, Estimate
from taco.measure.expand import EVERYWHERE, Scale

Score = Callable[[Any], float]
"""Added-up counts -> the score."""


def compare_totals(
    first: Sequence[Sequence[int]],
    second: Sequence[Sequence[int]],
    score: Score,
    bootstrap: Bootstrap,
    *,
    scale: Scale = EVERYWHERE,
) -> Estimate:
    """Estimate the second system's score minus the first one's; both are scored on the same drawn rows.

    Args:
        first: Counts of each row, which add up over rows.
        second: The same of the other system, row by row.
        score: Turns added-up counts into the score.
        bootstrap: How the interval is made.
        scale: Lowest and highest difference that there can be.
    """

    def subtract(counts: Any) -> float:
        half = len(counts) // 2
        return score(counts[half:]) - score(counts[:half])

    side_by_side = [[*old, *new] for old, new in zip(first, second, strict=True)]
    return bootstrap.estimate_total(side_by_side, subtract, scale=scale)


def estimate_p_value(
    first: Sequence[Sequence[int]], second: Sequence[Sequence[int]], score: Score, *, samples: int, seed: int
) -> float | None:
    """Return the p-value of the difference of two scores by approximate randomisation, two-sided.

    If the systems were alike, it would not matter which of them gave which answer to a row. So the answers of a random
    half of the rows change sides, `samples` times; p is how often the difference is at least as large as the true one,
    with 1 added to both counts (Noreen 1989; for machine translation Riezler and Maxwell 2005).

    Args:
        first, second, score: As in `compare_totals`.
        samples: Number of exchanges.
        seed: Seed of the generator, numpy's PCG64.

    Returns:
        From 1 / (samples + 1) to 1; None with fewer than two rows.
    """
    rows = [np.array(counts, dtype=np.float64) for counts in (first, second)]
    if len(rows[0]) < 2:
        return None
    totals = [counts.sum(axis=0) for counts in rows]
    found = abs(_subtract(score, *totals))
    extreme = 0
    for exchanged in _draw_exchanges(len(rows[0]), samples=samples, seed=seed):
        moved = exchanged @ (rows[1] - rows[0])
        # A difference that is only larger by a rounding error is the same one.
        extreme += sum(abs(_subtract(score, totals[0] + row, totals[1] - row)) >= found - 1e-9 for row in moved)
    return round((extreme + 1) / (samples + 1), DECIMALS)


def sign_p_value(*, samples: int, seed: int) -> str:
    """Return how `estimate_p_value` makes its p-values, in one line."""
    return (
        f"paired approximate randomisation, two-sided, {samples} exchanges, numpy {np.__version__} PCG64, seed {seed}"
    )


def _subtract(score: Score, first: Any, second: Any) -> float:
    return score(second.astype(np.int64)) - score(first.astype(np.int64))


def _draw_exchanges(rows: int, *, samples: int, seed: int) -> Iterator[Any]:
    generator = np.random.default_rng(seed)
    block = max(1, BLOCK_CELLS // rows)
    for start in range(0, samples, block):
        yield generator.integers(0, 2, size=(min(block, samples - start), rows)).astype(np.float64)
