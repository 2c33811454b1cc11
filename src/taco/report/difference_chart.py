"""Differences with their intervals, one line each, on an axis with zero in the middle."""

from __future__ import annotations

from collections.abc import Sequence

from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Estimate
from taco.report.chart import WIDTH, Scale, draw, draw_line, draw_mark, list_ticks, write_text
from taco.report.interval_chart import AXIS, LEFT, RIGHT, ROW, TOP, draw_label
from taco.report.markup import Html, element, join
from taco.report.wording import scale_value, write_interval, write_value

LEAST_SPAN = 5.0
"""The axis reaches at least so far to both sides, so that nothing is blown up to look large."""


def draw_differences(lines: Sequence[tuple[str, Estimate]], metric: Metric, *, title: str, left: float = LEFT) -> Html:
    """Draw one line for each (label, difference).

    Args:
        lines: Labels and differences.
        metric: What the difference is of.
        title: The figure's name.
        left: Width of the labels.
    """
    span = find_span([estimate for _, estimate in lines], metric)
    scale = Scale(-span, span, left, WIDTH - RIGHT)
    bottom = TOP + ROW * len(lines)
    drawn = [
        _draw_line(label, estimate, metric, scale, TOP + ROW * (index + 0.5))
        for index, (label, estimate) in enumerate(lines)
    ]
    text = "; ".join(f"{label}: {_describe(estimate, metric)}" for label, estimate in lines)
    zero = draw_line(scale.place(0), TOP - 4, scale.place(0), bottom, "zero")
    return draw(bottom + AXIS, _draw_axis(scale, metric, bottom), zero, *drawn, title=title, text=text)


def find_span(estimates: Sequence[Estimate], metric: Metric) -> float:
    """Return how far the axis reaches to both sides: the next five beyond all that is shown."""
    bounds = [
        abs(scale_value(bound, metric.unit))
        for estimate in estimates
        for bound in (estimate.value, estimate.low, estimate.high)
        if bound is not None
    ]
    return max(LEAST_SPAN, 5.0 * -(-max(bounds, default=0.0) // 5))


def _draw_line(label: str, estimate: Estimate, metric: Metric, scale: Scale, y: float) -> Html:
    count = write_text(f"n = {estimate.n}", 0, y + 14, "tick")
    rail = draw_line(scale.start, y, scale.end, y, "rail")
    if estimate.value is None:
        return element("g", rail, draw_label(label, y, width=scale.start), count)
    parts = [
        draw_mark("tuned", scale.place(scale_value(estimate.value, metric.unit)), y, title=_describe(estimate, metric))
    ]
    if estimate.low is not None and estimate.high is not None:
        low, high = (scale.place(scale_value(bound, metric.unit)) for bound in (estimate.low, estimate.high))
        parts.insert(0, draw_line(low, y, high, y, "whisker arm-tuned"))
    return element("g", rail, draw_label(label, y, width=scale.start), count, *parts)


def _draw_axis(scale: Scale, metric: Metric, bottom: float) -> Html:
    is_share = metric.unit in ("rate", "share")
    parts = []
    for value in list_ticks(scale.low, scale.high, count=4):
        x = scale.place(value)
        sign = "+" if value > 0 else "−" if value < 0 else ""
        parts.append(draw_line(x, TOP, x, bottom, "grid"))
        parts.append(write_text(f"{sign}{abs(value):g}", x, bottom + 16, "tick", text_anchor="middle"))
    name = "percentage points" if is_share else metric.unit
    parts.append(write_text(name, (scale.start + scale.end) / 2, bottom + 34, "axis", text_anchor="middle"))
    return join(parts)


def _describe(estimate: Estimate, metric: Metric) -> str:
    value = write_value(estimate, metric.unit, is_difference=True)
    return f"{value} {write_interval(estimate, metric.unit, is_difference=True)}".strip()
