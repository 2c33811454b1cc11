"""Figures of a study in words, alike on the page and in the terminal."""

from __future__ import annotations

from taco.annotate.results import AxisResult, Results
from taco.languages.table import find_language
from taco.measure.bootstrap import Estimate

NOT_SHOWN = (
    "What this does not show. Intervals say how far other questions would change a figure, not how far other raters would: these raters "
    "are the whole sample of people. Agreement is no proof of being right: people may share a mistake. A bias is measured "
    "against these people, on these answers; it may hold for no other language, system or length."
)


def write_estimate(estimate: Estimate, *, is_signed: bool = False) -> str:
    """Write a value, a dash where there is none.

    >>> write_estimate(Estimate(value=-0.5, low=None, high=None, n=2, method="none"), is_signed=True)
    '−0.50'
    """
    if estimate.value is None:
        return "–"
    return f"{estimate.value:{'+' if is_signed else ''}.2f}".replace("-", "−")


def write_bounds(estimate: Estimate, *, is_signed: bool = False) -> str:
    """Write an interval in brackets, "" where there is none.

    >>> write_bounds(Estimate(value=0.5, low=0.25, high=0.75, n=9, method="bootstrap"))
    '[0.25, 0.75]'
    """
    if estimate.low is None or estimate.high is None:
        return ""
    form = f"{'+' if is_signed else ''}.2f"
    return f"[{estimate.low:{form}}, {estimate.high:{form}}]".replace("-", "−")


def write_both(estimate: Estimate, *, is_signed: bool = False) -> str:
    """Write a value with its interval."""
    return f"{write_estimate(estimate, is_signed=is_signed)} {write_bounds(estimate, is_signed=is_signed)}".strip()


def write_title(results: Results) -> str:
    """Write what a study is, in one line."""
    languages = ", ".join(find_language(code).name for code in results.languages)
    raters = {rater.rater for axis in results.axes for rater in axis.raters}
    return f"{', '.join(results.studies.values())}: {languages}, {len(raters)} rater{'s' * (len(raters) != 1)}"


def write_axis(axis: AxisResult) -> str:
    """Write how much was rated on an axis."""
    return f"{axis.ratings} ratings of {axis.units}, {axis.shared} of them rated by two people or more"


def name_bias(results: Results) -> str:
    """Name what a judge's bias is measured in."""
    return "judge minus people, points" if results.mode == "rating" else "judge minus people, toward the longer answer"


def name_slope(results: Results) -> str:
    """Name what the slope of a bias is over."""
    return "bias for each doubling of the length" if results.mode == "rating" else "bias for each doubling of the ratio"
