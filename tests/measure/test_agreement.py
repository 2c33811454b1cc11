"""Alpha, kappa and tau-b: published worked examples, what must hold for any ratings, and intervals that cover."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.measure.alpha import Level, estimate_alpha, measure_alpha
from taco.measure.bootstrap import BLOCK_CELLS, Bootstrap
from taco.measure.concordance import (
    Weights,
    estimate_kappa,
    estimate_tau,
    measure_kappa,
    measure_tau,
    score_kappa,
    score_tau,
)

BOOTSTRAP = Bootstrap(samples=400, confidence=0.95, seed=17)

KRIPPENDORFF = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
"""Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, example C: four observers, twelve units."""

RADIOLOGISTS = ((21, 12, 0, 0), (4, 17, 1, 0), (3, 9, 15, 2), (0, 0, 0, 1))
"""Boyd et al. 1982, JNCI 68, 357-363, as in Altman 1991, Practical Statistics for Medical Research, page 403, and in Stata's
manual, entry kappa: two radiologists, 85 mammograms: normal, benign, suspect, cancer."""

DIAGNOSES = ((44, 5, 1), (7, 20, 3), (9, 5, 6))
"""Cohen 1968, Psychological Bulletin 70, table 1, in percent of 200 cases: personality disorder, neurosis, psychosis."""

Ratings = list[list[int]]
many_units = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=1, max_size=12)
many_pairs = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=25)


def list_pairs(table: Sequence[Sequence[int]]) -> list[tuple[float, float]]:
    return [
        (float(first), float(second))
        for first, row in enumerate(table)
        for second, times in enumerate(row)
        for _ in range(times)
    ]


@pytest.mark.parametrize(
    ("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_is_krippendorffs_own(level: Level, expected: float) -> None:
    units = [[value for value in unit if value is not None] for unit in zip(*KRIPPENDORFF, strict=True)]
    assert measure_alpha(units, level) == pytest.approx(expected, abs=5e-4)


def test_kappa_is_cohens_own() -> None:
    weights = [[0, 1, 3], [1, 0, 6], [3, 6, 0]]  # Cohen 1968, table 1
    assert score_kappa(DIAGNOSES, weights) == pytest.approx(0.348, abs=5e-4)
    assert score_kappa(DIAGNOSES, 1 - np.eye(3)) == pytest.approx(0.492, abs=5e-4)


@pytest.mark.parametrize(("weights", "expected"), [("equal", 0.4728), ("linear", 0.5684), ("quadratic", 0.6714)])
def test_weighted_kappa_is_statas(weights: Weights, expected: float) -> None:
    # Stata 13 Base Reference Manual, kappa: kap rada radb, with wgt(w) and wgt(w2).
    assert measure_kappa(list_pairs(RADIOLOGISTS), weights) == pytest.approx(expected, abs=5e-5)


def test_tau_b_is_that_of_published_examples() -> None:
    # Hollander and Wolfe 1973, Nonparametric Statistical Methods, table 8.1: tuna's lightness and panel score, 4/9 by R.
    lightness = (44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1)
    panel = (2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8)
    assert measure_tau(list(zip(lightness, panel, strict=True))) == pytest.approx(4 / 9, abs=1e-6)
    # SAS/STAT 9.22 User's Guide, The FREQ Procedure, pain study; DescTools::KendallTauB has 0.3372567.
    assert score_tau([[26, 26, 23, 18, 9], [6, 7, 9, 14, 23]]) == pytest.approx(0.3372567, abs=1e-7)


@given(many_pairs)
def test_tau_b_is_what_counting_pairs_gives(pairs: list[tuple[int, int]]) -> None:
    signs = [(np.sign(a[0] - b[0]), np.sign(a[1] - b[1])) for a, b in combinations(pairs, 2)]
    untied = [sum(abs(sign[side]) for sign in signs) for side in (0, 1)]
    found = measure_tau([(float(first), float(second)) for first, second in pairs])
    if not untied[0] or not untied[1]:
        assert found is None
        return
    assert found == pytest.approx(sum(a * b for a, b in signs) / math.sqrt(untied[0] * untied[1]), abs=1e-6)


@given(many_units, st.sampled_from(["nominal", "interval", "ratio"]))
def test_alpha_is_what_comparing_each_two_ratings_gives(units: Ratings, level: Level) -> None:
    def differ(a: int, b: int) -> float:
        return float(a != b) if level == "nominal" else ((a - b) / (a + b if level == "ratio" else 1)) ** 2

    used = [unit for unit in units if len(unit) > 1]
    values = [value for unit in used for value in unit]
    expected = sum(differ(a, b) for a in values for b in values) / max(1, len(values) - 1)
    observed = sum(sum(differ(a, b) for a in unit for b in unit) / (len(unit) - 1) for unit in used)
    found = measure_alpha(units, level)
    assert found == (None if not expected else pytest.approx(1 - observed / expected, abs=1e-6))


@given(many_units, st.randoms(use_true_random=False))
def test_alpha_does_not_know_who_rated_nor_how_levels_are_numbered(units: Ratings, drawn: object) -> None:
    shuffled = [list(unit) for unit in units]
    for unit in shuffled:
        drawn.shuffle(unit)  # type: ignore[attr-defined]
    stretched = [[value**3 for value in unit] for unit in units]
    moved = [[3 * value + 7 for value in unit] for unit in units]
    for level in ("nominal", "ordinal", "interval", "ratio"):
        assert measure_alpha(shuffled, level) == measure_alpha(units, level)
    assert measure_alpha(stretched, "ordinal") == measure_alpha(units, "ordinal")
    assert measure_alpha(moved, "interval") == pytest.approx(measure_alpha(units, "interval"), abs=1e-6)


@given(many_pairs, st.sampled_from(["equal", "linear", "quadratic"]))
def test_kappa_is_the_same_both_ways_and_one_for_the_same(pairs: list[tuple[int, int]], weights: Weights) -> None:
    turned = [(second, first) for first, second in pairs]
    assert measure_kappa(turned, weights) == measure_kappa(pairs, weights)
    alike = measure_kappa([(first, first) for first, _ in pairs], weights)
    assert alike == (1.0 if len({first for first, _ in pairs}) > 1 else None)


def test_quadratic_kappa_is_near_interval_alpha() -> None:
    # Krippendorff 1970: for two raters with the same marginals alpha is the intraclass correlation but for n / (n - 1).
    generator = np.random.default_rng(2)
    quality = generator.integers(1, 8, size=500)
    pairs = [(float(q + generator.integers(0, 3)), float(q + generator.integers(0, 3))) for q in quality]
    assert measure_kappa(pairs, "quadratic") == pytest.approx(measure_alpha(pairs, "interval"), abs=0.01)


def test_nothing_and_ratings_all_alike_have_no_score() -> None:
    assert measure_alpha([], "nominal") is None
    assert measure_alpha([[3], [4]], "interval") is None
    assert measure_kappa([], "equal") is measure_tau([]) is None
    for estimate in (
        estimate_alpha([[[3, 3]], [[3, 3]]], "ordinal", BOOTSTRAP),
        estimate_kappa([[(1, 1)], [(1, 1)]], "linear", BOOTSTRAP),
        estimate_tau([[(1, 1)], [(1, 2)]], BOOTSTRAP),
        estimate_tau([], BOOTSTRAP),
    ):
        assert (estimate.value, estimate.low, estimate.high) == (None, None, None)


def test_resamples_without_a_score_are_left_out() -> None:
    estimate = estimate_tau([[(1, 1)], [(2, 2)], [(2, 1)]], BOOTSTRAP)
    assert estimate.value == measure_tau([(1, 1), (2, 2), (2, 1)])
    assert estimate.low is not None
    assert estimate.low <= estimate.value <= estimate.high == 1.0


def test_no_alpha_of_few_clusters_ends_above_one() -> None:
    found = estimate_alpha([[[1, 1], [5, 5]], [[1, 2], [4, 5]], [[2, 2], [5, 4]]], "interval", BOOTSTRAP)
    assert found.value is not None and found.low is not None
    assert found.low < found.value < found.high == 1.0


def test_clusters_are_resampled_whole() -> None:
    generator = np.random.default_rng(3)
    clusters = []
    for _ in range(40):
        shared = generator.normal()
        clusters.append([(shared + generator.normal() / 9, shared + generator.normal() / 9) for _ in range(6)])
    clusters = [[(round(a), round(b)) for a, b in cluster] for cluster in clusters]
    apart = [[pair] for cluster in clusters for pair in cluster]
    whole, single = (estimate_kappa(given, "quadratic", BOOTSTRAP) for given in (clusters, apart))
    assert whole.value == single.value
    assert whole.n == 40
    assert whole.high - whole.low > single.high - single.low


def test_intervals_cover_the_true_agreement() -> None:
    # Two raters see a quality of variance 4 with errors of variance 1, and round, which adds a variance of 1/12 (Sheppard).
    true = 4 / (4 + 1 + 1 / 12)
    generator = np.random.default_rng(5)
    trials, covered = 120, 0
    for trial in range(trials):
        quality = generator.normal(0, 2, size=80)
        units = [[np.round(q + generator.normal(0, 1, size=2)).tolist()] for q in quality]
        found = estimate_alpha(units, "interval", Bootstrap(samples=200, confidence=0.95, seed=trial))
        covered += found.low <= true <= found.high
    error = 3 * math.sqrt(0.95 * 0.05 / trials)
    assert 0.95 - 0.03 - error <= covered / trials <= 1.0


def test_wide_counts_are_drawn_alike_in_smaller_blocks() -> None:
    rows = np.random.default_rng(1).integers(0, 9, size=(30, 2)).tolist()
    wide = [[*row, *([0] * (BLOCK_CELLS // 100))] for row in rows]
    narrow = BOOTSTRAP.estimate_total(rows, lambda total: total[0] / total[1])
    assert BOOTSTRAP.estimate_total(wide, lambda total: total[0] / total[1]) == narrow
