"""Intervals: they cover as often as they say, do not depend on each other, and own up where there is none."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.measure.bootstrap import Bootstrap
from taco.measure.expand import cut_means
from taco.measure.macro import estimate_macro

BOOTSTRAP = Bootstrap(samples=400, confidence=0.95, seed=17)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_intervals_cover_the_true_mean_at_the_stated_rate(confidence: float) -> None:
    generator = np.random.default_rng(1)
    trials, rows = 500, 40
    covered = 0
    for trial in range(trials):
        estimate = Bootstrap(samples=400, confidence=confidence, seed=trial).estimate_mean(
            generator.gamma(2.0, 1.0, size=rows).tolist()  # skewed, with mean 2
        )
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 2.0 <= estimate.high
    # Of skewed rows an interval from 40 of them still misses up to two points more often (docs/results/intervals.md);
    # three standard errors of this simulation come on top.
    error = 3 * math.sqrt(confidence * (1 - confidence) / trials)
    assert confidence - 0.02 - error <= covered / trials <= confidence + error


@pytest.mark.parametrize("rows", [3, 6, 12])
def test_intervals_of_few_rows_cover_where_plain_percentiles_do_not(rows: int) -> None:
    generator = np.random.default_rng(rows)
    trials, covered, plain = 500, 0, 0
    for trial in range(trials):
        values = generator.normal(5, 2, size=rows)
        estimate = Bootstrap(samples=300, confidence=0.95, seed=trial).estimate_mean(values.tolist())
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 5 <= estimate.high
        drawn = values[np.random.default_rng(trial).integers(0, rows, size=(300, rows))]
        low, high = cut_means(drawn.mean(axis=1), 0.95, factor=1)
        plain += low <= 5 <= high
    # With 1,000 resamples: 94 % for each of them, and 75, 86 and 90 % with plain percentiles. The standard error is 1 point.
    assert covered / trials >= 0.925
    assert plain / trials < 0.915


def test_interval_agrees_with_the_textbook_where_that_is_exact() -> None:
    values = np.random.default_rng(3).normal(50, 10, size=400)
    estimate = Bootstrap(samples=4000, confidence=0.95, seed=0).estimate_mean(values.tolist())
    half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    assert estimate.value == pytest.approx(values.mean(), abs=1e-6)
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.1)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.1)


def test_values_that_are_not_there_are_unscored_and_not_zero() -> None:
    estimate = BOOTSTRAP.estimate_mean([1.0, None, 3.0, None])
    assert (estimate.value, estimate.n, estimate.unscored) == (2.0, 2, 2)


def test_nothing_to_estimate() -> None:
    estimate = BOOTSTRAP.estimate_mean([None, None])
    assert (estimate.value, estimate.low, estimate.high, estimate.method) == (None, None, None, "none")
    assert estimate.unscored == 2


def test_one_row_has_no_interval() -> None:
    estimate = BOOTSTRAP.estimate_mean([7.0])
    assert (estimate.value, estimate.low, estimate.method) == (7.0, None, "none")


def test_rates_that_are_all_alike_get_exact_bounds() -> None:
    # Clopper-Pearson for 40 of 40 successes at 95 %: 0.025 ** (1 / 40); scipy 1.17 binomtest(40, 40) gives 0.911903.
    ones = BOOTSTRAP.estimate_mean([1.0] * 40, is_rate=True)
    assert (ones.low, ones.high, ones.method) == (pytest.approx(0.911903, abs=1e-6), 1.0, "exact")
    zeros = BOOTSTRAP.estimate_mean([0.0] * 40, is_rate=True)
    assert (zeros.low, zeros.high) == (0.0, pytest.approx(1 - 0.911903, abs=1e-6))


def test_other_values_that_are_all_alike_have_no_interval() -> None:
    estimate = BOOTSTRAP.estimate_mean([33.0] * 5)
    assert (estimate.value, estimate.low, estimate.method) == (33.0, None, "constant")


@given(st.lists(st.floats(0, 100), min_size=2, max_size=20), st.integers(0, 2**32 - 1))
def test_interval_lies_within_the_scale_and_is_the_same_each_time(values: list[float], seed: int) -> None:
    bootstrap = Bootstrap(samples=100, confidence=0.9, seed=seed)
    estimate = bootstrap.estimate_mean(values, scale=(0, 100))
    assert estimate == bootstrap.estimate_mean(values, scale=(0, 100))
    if estimate.low is not None and estimate.high is not None:
        assert 0 <= estimate.low <= estimate.high <= 100
        if len(values) > 8:  # further percentiles of the means are means of rows too
            assert min(values) - 1e-5 <= estimate.low <= estimate.high <= max(values) + 1e-5


@pytest.mark.parametrize("is_rate", [False, True])
def test_two_rows_that_differ_say_hardly_anything_and_not_more_than_the_scale_allows(is_rate: bool) -> None:
    estimate = BOOTSTRAP.estimate_mean([0.0, 1.0], is_rate=is_rate, scale=(0, 1))
    assert (estimate.value, estimate.low, estimate.high, estimate.method) == (0.5, 0.0, 1.0, "bootstrap")


@pytest.mark.parametrize("large", [1e154, 1e300])
def test_large_numbers_have_an_interval(large: float) -> None:
    values = [large, 1.0, 2.0]
    for estimate in (BOOTSTRAP.estimate_mean(values), estimate_macro([("a", value) for value in values], BOOTSTRAP)):
        assert estimate.low is not None and estimate.high is not None
        assert estimate.low < large / 3 < estimate.high


def test_totals_are_scored_after_adding_up() -> None:
    # 1 of 2 and 9 of 98: together 10 of 100, not the mean of 1/2 and 9/98.
    estimate = BOOTSTRAP.estimate_total([[1, 2], [9, 98]], lambda counts: counts[0] / counts[1])
    assert estimate.value == pytest.approx(0.1)
    assert estimate.n == 2


def test_many_rows_are_drawn_in_blocks_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taco.measure.bootstrap.BLOCK_CELLS", 1000)
    estimate = BOOTSTRAP.estimate_mean([float(number) for number in range(30)])
    assert estimate.low is not None
    assert estimate.high is not None
    assert 9 < estimate.low < 14.5 < estimate.high < 20


def test_totals_are_those_of_adding_up_drawn_rows_one_by_one() -> None:
    counts = np.random.default_rng(2).integers(0, 1000, size=(17, 5))
    drawn = np.random.default_rng(BOOTSTRAP.seed).integers(0, 17, size=(BOOTSTRAP.samples, 17))
    totals = [int(counts[rows].sum(axis=0)[3]) for rows in drawn]
    estimate = BOOTSTRAP.estimate_total(counts.tolist(), lambda total: float(total[3]))
    # Student's quantile for 17 rows is 2.119905 (NIST/SEMATECH e-Handbook, 1.3.6.7.2: 2.120).
    outside = NormalDist().cdf(-math.sqrt(17 / 16) * 2.119905)
    low, high = np.quantile(totals, [outside, 1 - outside])
    assert (estimate.low, estimate.high) == (pytest.approx(low), pytest.approx(high))
