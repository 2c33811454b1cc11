"""Student's t: the tables, the normal limit, and the closed forms of whole degrees of freedom."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.measure.expand import measure_expansion, pool_freedom
from taco.measure.student import find_student_quantile

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


def sum_series(value: float, freedom: int) -> float:
    """Return the probability below a value by Abramowitz and Stegun's 26.7.3 and 26.7.4, which are exact."""
    angle = math.atan(value / math.sqrt(freedom))
    is_odd = freedom % 2 == 1
    terms = [] if freedom == 1 else [math.cos(angle) if is_odd else 1.0]
    for place in range(2 + is_odd, freedom, 2):
        terms.append(terms[-1] * (place - 1) / place * math.cos(angle) ** 2)
    inside = math.sin(angle) * sum(terms)
    return 0.5 + ((angle + inside) / math.pi if is_odd else inside / 2)


@given(st.floats(0.51, 0.9999), st.integers(1, 500))
def test_the_quantile_has_the_probability(probability: float, freedom: int) -> None:
    assert sum_series(find_student_quantile(probability, freedom), freedom) == pytest.approx(probability, abs=1e-9)


@given(st.floats(0.51, 0.9999), st.floats(1, 500))
def test_quantiles_fall_from_one_whole_number_of_freedom_to_the_next(probability: float, freedom: float) -> None:
    least, most = (find_student_quantile(probability, round_(freedom)) for round_ in (math.ceil, math.floor))
    assert least * (1 - 1e-9) <= find_student_quantile(probability, freedom) <= most * (1 + 1e-9)


@given(st.lists(st.tuples(st.floats(1e-6, 1e6), st.integers(1, 50)), min_size=1, max_size=9))
def test_freedom_of_a_sum_lies_between_the_least_and_all_together(parts: list[tuple[float, int]]) -> None:
    found = pool_freedom(parts)
    assert min(freedom for _, freedom in parts) - 1e-9 <= found <= sum(freedom for _, freedom in parts) + 1e-9
