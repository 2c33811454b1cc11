"""Bootstrap intervals: rows are drawn with replacement (Efron and Tibshirani 1993); expanded percentiles are the ends.

Every estimate draws with a generator of its own from the same seed, so that a number does not depend on which other
numbers were asked for, and two arms with the same rows are resampled alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from taco.measure.expand import EVERYWHERE, Scale, cut_means, measure_expansion

METHOD = "expanded percentile bootstrap"
"""What the intervals are called in signatures; a new name where they come out different."""

DECIMALS = 6
"""Decimals kept in files, so that the last bits of a sum, which differ between machines, do not show."""

BLOCK_CELLS = 4_000_000
"""Row numbers drawn at a time: 32 MB, however many rows and resamples."""

Method = Literal["bootstrap", "exact", "constant", "none"]
"""How an interval was made.

- bootstrap: expanded percentiles of the resampled means, see `taco.measure.expand`.
- exact: all rows are 0, or all are 1, so every resample is alike; the Clopper-Pearson bounds, which have a closed form.
- constant: all rows have the same other value; how far another sample would differ cannot be told. No interval.
- none: fewer than two rows. No interval.
"""


class Estimate(BaseModel):
    """A mean over rows with its interval.

    Attributes:
        value: The mean; None where no row has a value.
        low, high: The interval; None where there is none.
        n: Number of rows that have a value.
        missing: How many of those n count as 0 because the answer lacks the part that is read.
        unscored: Number of rows without a value, which are in no mean.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: Method
    missing: int = 0
    unscored: int = 0


class Bootstrap(BaseModel):
    """How intervals are made.

    Attributes:
        samples: Number of resamples.
        confidence: Share of intervals that should hold the true mean.
        seed: Seed of the generator, numpy's PCG64.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: int
    confidence: float
    seed: int

    @property
    def signature(self) -> str:
        """How an interval was made, in one line."""
        return (
            f"{METHOD} over rows (Hesterberg 2015), {self.samples} resamples, {100 * self.confidence:g} %, "
            f"numpy {np.__version__} PCG64, seed {self.seed}; Clopper-Pearson where a rate is 0 or 1 throughout"
        )

    def estimate_mean(
        self,
        values: Sequence[float | None],
        *,
        is_rate: bool = False,
        missing: int = 0,
        scale: Scale = EVERYWHERE,
    ) -> Estimate:
        """Estimate the mean of the values that are there.

        Args:
            values: One value a row; None for a row without one.
            is_rate: Whether a value can only be 0 or 1, so that exact bounds exist where all are alike.
            missing: Handed through to the estimate.
            scale: Lowest and highest value that there can be: intervals of few rows may reach beyond the rows, not beyond it.
        """
        scored = np.array([value for value in values if value is not None], dtype=np.float64)
        counts = {"n": len(scored), "missing": missing, "unscored": len(values) - len(scored)}
        if len(scored) == 0:
            return Estimate(value=None, low=None, high=None, method="none", **counts)
        mean = _round(scored.mean())
        if len(scored) == 1:
            return Estimate(value=mean, low=None, high=None, method="none", **counts)
        if np.all(scored == scored[0]):
            return self._estimate_constant(float(scored[0]), mean, is_rate=is_rate, counts=counts)
        means = np.concatenate([scored[drawn].mean(axis=1) for drawn in self._draw(len(scored))])
        low, high = self._cut(means, rows=len(scored), scale=(0.0, 1.0) if is_rate else scale)
        return Estimate(value=mean, low=low, high=high, method="bootstrap", **counts)

    def estimate_total(
        self, counts: Sequence[Sequence[int]], score: Callable[[Any], float], *, scale: Scale = EVERYWHERE
    ) -> Estimate:
        """Estimate a score of added-up counts, such as a corpus-level chrF++.

        Args:
            counts: The counts of each row, which add up over rows.
            score: Turns added-up counts into the score; NaN where it is not defined. Resamples without a score are left out
                of the interval.
            scale: As in `estimate_mean`.
        """
        rows = np.array(counts, dtype=np.int64)
        if len(rows) == 0:
            return Estimate(value=None, low=None, high=None, n=0, method="none")
        value = _round(score(rows.sum(axis=0)))
        if np.isnan(value):
            return Estimate(value=None, low=None, high=None, n=len(rows), method="none")
        if len(rows) == 1:
            return Estimate(value=value, low=None, high=None, n=1, method="none")
        totals = (_add_up(drawn, rows) for drawn in self._draw(len(rows), width=rows.shape[1]))
        low, high = self._cut([score(total) for block in totals for total in block], rows=len(rows), scale=scale)
        return Estimate(value=value, low=low, high=high, n=len(rows), method="bootstrap")

    def estimate_quantile(self, values: Sequence[float], share: float) -> Estimate:
        """Estimate the largest of the values that at most `share` of them are below; intervals of rare shares are rough.

        They are plain percentiles: a row's value, unlike a mean, is not surer for the rows around it.

        >>> Bootstrap(samples=100, confidence=0.95, seed=1).estimate_quantile([3.0, 1.0, 2.0, 4.0], 0.25).value
        2.0
        """
        if not values:
            return Estimate(value=None, low=None, high=None, n=0, method="none")
        ordered = np.sort(np.array(values, dtype=np.float64))
        place = min(len(ordered) - 1, int(share * len(ordered) + 1e-9))
        value = _round(ordered[place])
        if len(ordered) == 1:
            return Estimate(value=value, low=None, high=None, n=1, method="none")
        found = np.concatenate([ordered[np.sort(drawn, axis=1)[:, place]] for drawn in self._draw(len(ordered))])
        low, high = cut_means(found, self.confidence, factor=1)
        return Estimate(value=value, low=_round(low), high=_round(high), n=len(ordered), method="bootstrap")

    def _estimate_constant(self, value: float, mean: float, *, is_rate: bool, counts: dict[str, int]) -> Estimate:
        if not is_rate or value not in (0.0, 1.0):
            return Estimate(value=mean, low=None, high=None, method="constant", **counts)
        # Clopper and Pearson 1934, for none or n successes in n: the other bound comes from the nth root of alpha/2.
        bound = ((1 - self.confidence) / 2) ** (1 / counts["n"])
        low, high = (0.0, _round(1 - bound)) if value == 0 else (_round(bound), 1.0)
        return Estimate(value=mean, low=low, high=high, method="exact", **counts)

    def _draw(self, rows: int, *, width: int = 1) -> Iterator[Any]:
        """Yield blocks of resamples, each a matrix [resamples, rows] of row numbers, the same however long the blocks are.

        Args:
            rows: Number of rows.
            width: Numbers that are kept of each resample.
        """
        generator = np.random.default_rng(self.seed)
        block = max(1, BLOCK_CELLS // max(rows, width))
        for start in range(0, self.samples, block):
            yield generator.integers(0, rows, size=(min(block, self.samples - start), rows))

    def _cut(self, means: Any, *, rows: int, scale: Scale) -> tuple[float, float]:
        factor = measure_expansion(rows, self.confidence)
        low, high = cut_means(means, self.confidence, factor=factor, scale=scale)
        return _round(low), _round(high)


def _add_up(drawn: Any, rows: Any) -> Any:
    """Return the sums [resamples, counts] of the rows [rows, counts] that each resample drew.

    Each row counts as often as it was drawn, so one matrix product does it. Sums are whole numbers below 2**53, which
    float64, and so the BLAS, keeps exactly.
    """
    resamples, width = drawn.shape
    places = drawn + width * np.arange(resamples)[:, None]
    times = np.bincount(places.ravel(), minlength=resamples * width).reshape(resamples, width)
    return (times.astype(np.float64) @ rows.astype(np.float64)).astype(np.int64)


def _round(value: float) -> float:
    return round(float(value), DECIMALS)
