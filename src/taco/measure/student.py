"""Student's t distribution, for intervals of few rows."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, pi, sqrt, tan

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)

_HALVINGS = 60
"""Enough for the last bit of an angle between 0 and a quarter turn."""


@lru_cache(maxsize=1024)
def find_student_quantile(probability: float, freedom: float) -> float:
    """Return the value that Student's t stays below with this probability.

    Args:
        probability: From one half up to, and without, 1.
        freedom: Degrees of freedom, 1 or more; no whole number is needed.

    >>> round(find_student_quantile(0.975, 1), 3), round(find_student_quantile(0.975, 39), 4)
    (12.706, 2.0227)
    """
    low, high = 0.0, pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _measure_angle(middle, freedom) < probability else (low, middle)
    return sqrt(freedom) * tan(low)


def _measure_angle(angle: float, freedom: float) -> float:
    """Return the probability up to sqrt(freedom) * tan(angle), by Gauss and Legendre's rule.

    With t = sqrt(freedom) * tan(a) the density becomes a constant times cos(a) ** (freedom - 1), which has no tail.
    """
    constant = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(pi)
    angles = angle / 2 * (_NODES + 1)
    return 0.5 + constant * angle / 2 * float(_WEIGHTS @ np.cos(angles) ** (freedom - 1))
