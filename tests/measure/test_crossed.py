"""Intervals over seeds and questions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.measure.bootstrap import Bootstrap
from taco.measure.crossed import estimate_crossed, subtract

BOOTSTRAP = Bootstrap(samples=400, confidence=0.95, seed=7)
CELLS = st.one_of(st.none(), st.floats(-100, 100, width=32))
MATRICES = st.integers(1, 6).flatmap(
    lambda columns: st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1, max_size=4)
)


@given(MATRICES)
def test_the_mean_is_that_of_the_cells_and_the_interval_lies_on_the_scale(matrix: list[list[float | None]]) -> None:
    cells = [value for row in matrix for value in row if value is not None]
    found = estimate_crossed(matrix, Bootstrap(samples=100, confidence=0.999, seed=1), scale=(-100, 100))
    assert found.n == len(cells)
    assert found.n + found.unscored == sum(map(len, matrix))
    if not cells:
        assert found.value is None
        return
    assert found.value == pytest.approx(np.mean(cells), abs=1e-5)
    if found.low is not None and found.high is not None:
        assert -100 <= found.low <= found.high <= 100


def test_one_row_has_the_interval_of_the_plain_bootstrap() -> None:
    row = [1.0, 4.0, 2.0, 8.0, None]
    assert estimate_crossed([row], BOOTSTRAP) == BOOTSTRAP.estimate_mean(row)


def test_seeds_that_disagree_make_the_interval_wider_than_questions_alone() -> None:
    questions = [float(value) for value in np.random.default_rng(1).normal(0, 1, 40)]
    alike = [questions, questions, questions]
    apart = [[value + shift for value in questions] for shift in (-2, 0, 2)]
    narrow, wide = (estimate_crossed(matrix, BOOTSTRAP) for matrix in (alike, apart))
    assert narrow.value == pytest.approx(wide.value or 0.0, abs=1e-6)
    assert (wide.high or 0) - (wide.low or 0) > 2 * ((narrow.high or 0) - (narrow.low or 0))


def test_the_width_is_what_theory_says() -> None:
    """The variance of a mean over r rows and c columns with row effects a, column effects b: var a / r + var b / c."""
    generator = np.random.default_rng(3)
    rows, columns = generator.normal(0, 1, 30), generator.normal(0, 2, 50)
    matrix = [[float(row + column) for column in columns] for row in rows]
    found = estimate_crossed(matrix, Bootstrap(samples=4000, confidence=0.95, seed=5))
    expected = 2 * 1.96 * np.sqrt(rows.var() / 30 + columns.var() / 50)
    assert (found.high or 0) - (found.low or 0) == pytest.approx(expected, rel=0.06)


def test_intervals_cover_where_few_seeds_differ_as_much_as_plain_percentiles_do_not() -> None:
    """Three trainings shift all 20 answers by N(0, 1), beside what questions and chance do."""
    generator = np.random.default_rng(11)
    trials, covered, plain = 200, 0, 0
    for trial in range(trials):
        shape = (3, 20)
        matrix = generator.normal(0, 1, (3, 1)) + generator.normal(0, 1, (1, 20)) + generator.normal(0, 1, shape)
        found = estimate_crossed(matrix.tolist(), Bootstrap(samples=200, confidence=0.95, seed=trial))
        assert found.low is not None and found.high is not None
        covered += found.low <= 0 <= found.high
        drawn = np.random.default_rng(trial)
        times = [drawn.multinomial(size, [1 / size] * size, size=200) for size in shape]
        low, high = np.quantile(((times[0] @ matrix) * times[1]).sum(axis=1) / matrix.size, [0.025, 0.975])
        plain += low <= 0 <= high
    # docs/results/intervals.md has more of them. The standard error is 1.5 points.
    assert covered / trials >= 0.91
    assert plain / trials < 0.85


def test_chance_in_every_cell_alone_still_has_an_interval() -> None:
    found = estimate_crossed([[0.0, 1.0], [1.0, 0.0]], BOOTSTRAP)  # neither seeds nor questions differ
    assert found.low is not None and found.high is not None
    assert found.low < 0.5 < found.high


def test_a_rate_that_never_varies_has_the_exact_bounds_of_the_questions() -> None:
    found = estimate_crossed([[1.0] * 40] * 3, BOOTSTRAP, is_rate=True)
    # Clopper-Pearson for 40 of 40 at 95 %: 0.025 ** (1 / 40) = 0.9119; three seeds are no 120 questions.
    assert (found.method, found.high, found.n) == ("exact", 1.0, 120)
    assert found.low == pytest.approx(0.9119, abs=1e-4)


def test_differences_need_both_values_and_one_row_stands_beside_each() -> None:
    assert subtract([[1.0, None, 3.0]], [[2.0, 2.0, None], [5.0, 1.0, 3.0]]) == [[1.0, None, None], [4.0, None, 0.0]]
    assert subtract([[1.0], [2.0]], [[4.0]]) == [[3.0], [2.0]]
