"""Student's t: the tables, the normal limit, and that both directions agree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.measure.expand import measure_expansion, pool_freedom
from taco.measure.student import find_student_quantile, measure_student

# NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2, upper critical values.
TABLE = [
    (0.975, 1, 12.706),
    (0.975, 2, 4.303),
    (0.95, 4, 2.132),
    (0.975, 9, 2.262),
    (0.99, 30, 2.457),
    (0.999, 1, 318.313),
]


@pytest.mark.parametrize(("probability", "freedom", "value"), TABLE)
def test_quantiles_are_those_of_the_tables(probability: float, freedom: int, value: float) -> None:
    assert find_student_quantile(probability, freedom) == pytest.approx(value, rel=2e-4)


def test_many_rows_make_it_normal() -> None:
    assert find_student_quantile(0.975, 1e6) == pytest.approx(1.959964, abs=1e-5)
    assert measure_expansion(100_000, 0.95) == pytest.approx(1, abs=1e-4)


@given(st.floats(0.51, 0.9999), st.floats(1, 500))
def test_the_quantile_has_the_probability(probability: float, freedom: float) -> None:
    assert measure_student(find_student_quantile(probability, freedom), freedom) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize("value", [0.1, 1.0, 7.5, 300.0])
def test_one_and_two_degrees_of_freedom_have_closed_forms(value: float) -> None:
    assert measure_student(value, 1) == pytest.approx(0.5 + math.atan(value) / math.pi, abs=1e-12)
    assert measure_student(value, 2) == pytest.approx(0.5 + value / 2 / math.sqrt(2 + value**2), abs=1e-12)


@given(st.lists(st.tuples(st.floats(1e-6, 1e6), st.integers(1, 50)), min_size=1, max_size=9))
def test_freedom_of_a_sum_lies_between_the_least_and_all_together(parts: list[tuple[float, int]]) -> None:
    found = pool_freedom(parts)
    assert min(freedom for _, freedom in parts) - 1e-9 <= found <= sum(freedom for _, freedom in parts) + 1e-9
