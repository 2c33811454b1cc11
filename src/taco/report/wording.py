"""Numbers in words and units, for people."""

from __future__ import annotations

import re

from taco.measure.bootstrap import Estimate
from taco.measure.unit import Unit

NOT_RECORDED = "not recorded"

_MINUS = "−"  # the minus sign, not a hyphen

UNIT_SUFFIXES: dict[Unit, str] = {
    "rate": " %",
    "share": " %",
    "chrF++": "",
    "BLEU": "",
    "TER": "",
    "tokens": "",
    "characters": "",
    "sentences": "",
    "seconds": " s",
}
"""What is written after a value."""

_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_DECIMALS: dict[Unit, int] = {
    "rate": 1,
    "share": 1,
    "chrF++": 1,
    "BLEU": 1,
    "TER": 1,
    "tokens": 0,
    "characters": 0,
    "sentences": 1,
    "seconds": 2,
}


def scale_value(value: float, unit: Unit) -> float:
    """Return a value in the unit that it is shown in: shares and rates in percent."""
    return 100 * value if unit in ("rate", "share") else value


def write_number(value: float, unit: Unit, *, is_signed: bool = False) -> str:
    """Write a value without its unit.

    >>> write_number(0.925, "rate"), write_number(-3.04, "chrF++", is_signed=True)
    ('92.5', '−3.0')
    """
    text = f"{abs(scale_value(value, unit)):.{_DECIMALS[unit]}f}"
    is_zero = not float(text)
    sign = "" if is_zero else _MINUS if value < 0 else "+" if is_signed else ""
    return sign + text


def write_value(estimate: Estimate | None, unit: Unit, *, is_difference: bool = False) -> str:
    """Write a mean with its unit, a dash where there is none.

    >>> write_value(Estimate(value=0.5, low=None, high=None, n=2, method="none"), "rate", is_difference=True)
    '+50.0 points'
    """
    if estimate is None or estimate.value is None:
        return "–"
    is_points = is_difference and unit in ("rate", "share")
    suffix = " points" if is_points else UNIT_SUFFIXES[unit]
    return write_number(estimate.value, unit, is_signed=is_difference) + suffix


def write_interval(estimate: Estimate | None, unit: Unit, *, is_difference: bool = False) -> str:
    """Write an interval in brackets; why there is none, where there is none; "" where there is no value either.

    >>> write_interval(Estimate(value=0.5, low=0.25, high=0.75, n=9, method="bootstrap"), "rate")
    '[25.0, 75.0]'
    """
    if estimate is None or estimate.value is None:
        return ""
    if estimate.n and estimate.missing == estimate.n:
        return "none there"
    if estimate.low is None or estimate.high is None:
        return "all alike" if estimate.method == "constant" else "one row"
    bounds = (write_number(bound, unit, is_signed=is_difference) for bound in (estimate.low, estimate.high))
    return f"[{', '.join(bounds)}]"


def write_rating(estimate: Estimate | None, *, is_difference: bool = False) -> str:
    """Write a mean rating with interval and number of ratings.

    >>> write_rating(Estimate(value=7.5, low=7.0, high=8.0, n=40, method="bootstrap", unscored=2))
    '7.50 [7.00, 8.00], n = 40, 2 unscored'
    """
    if estimate is None or estimate.value is None:
        return "–"
    form = "+.2f" if is_difference else ".2f"
    bounds = (estimate.low, estimate.high)
    interval = "" if None in bounds else f" [{', '.join(format(bound, form) for bound in bounds)}]"
    unscored = f", {estimate.unscored} unscored" if estimate.unscored else ""
    return f"{estimate.value:{form}}{interval}, n = {estimate.n}{unscored}".replace("-", _MINUS)


def write_count(number: int | float) -> str:
    """Write a count with thin spaces between thousands.

    >>> write_count(1234567) == "1\u202f234\u202f567"
    True
    """
    return f"{number:,.0f}".replace(",", "\u202f")


def write_seconds(seconds: float) -> str:
    """Write a duration.

    >>> write_seconds(0.42), write_seconds(75), write_seconds(7260)
    ('0.4 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def write_rows(number: int) -> str:
    """Write a number of rows.

    >>> write_rows(1), write_rows(40)
    ('1 row', '40 rows')
    """
    return "1 row" if number == 1 else f"{write_count(number)} rows"


def write_plain(text: str) -> str:
    """Make a text that was read from a file fit for a terminal: what could steer it becomes U+FFFD.

    That is control characters, lone surrogates, and the marks that turn the direction of writing round; joiners, which
    Persian and the scripts of India need, stay.

    >>> write_plain("a\x1b[31m") == "a\ufffd[31m"
    True
    """
    return _STEERING.sub("\ufffd", text)
