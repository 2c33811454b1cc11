"""Estimates with their intervals as a picture, one line each, on an axis that is named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from taco.annotate.wording import write_bounds, write_estimate
from taco.measure.bootstrap import Estimate
from taco.report.chart import WIDTH, Scale, draw, draw_line, draw_mark, list_ticks, write_text
from taco.report.interval_chart import AXIS, RIGHT, ROW, TOP, draw_label
from taco.report.markup import Html, element, join

LEFT = 190


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a picture."""

    label: str
    estimate: Estimate
    is_judge: bool = False


def draw_estimates(
    lines: Sequence[Line],
    *,
    title: str,
    axis: str,
    ends: tuple[float, float] | None = None,
    marks: Sequence[float] = (),
) -> Html:
    """Draw estimates with intervals; people's are circles, judges' diamonds.

    Args:
        lines: What is drawn.
        title: The picture's name.
        axis: What the axis is called.
        ends: The least that the axis shows.
        marks: Values that a line is drawn through.
    """
    scale = _make_scale(lines, ends or (0.0, 0.0))
    bottom = TOP + ROW * len(lines)
    drawn = [_draw_line(line, scale, TOP + ROW * (number + 0.5)) for number, line in enumerate(lines)]
    verticals = [
        draw_line(scale.place(mark), TOP - 4, scale.place(mark), bottom, "zero" if mark == 0 else "floor")
        for mark in marks
        if scale.low <= mark <= scale.high
    ]
    text = "; ".join(f"{line.label}: {_describe(line.estimate)}" for line in lines)
    return draw(bottom + AXIS, _draw_axis(scale, axis, bottom), *verticals, *drawn, title=title, text=text)


def _make_scale(lines: Sequence[Line], ends: tuple[float, float]) -> Scale:
    shown = [*ends]
    for line in lines:
        bounds = (line.estimate.value, line.estimate.low, line.estimate.high)
        shown += [bound for bound in bounds if bound is not None]
    low, high = min(shown), max(shown)
    step = 0.25 if high - low <= 4 else 1.0
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return Scale(low, high if high > low else low + step, LEFT, WIDTH - RIGHT)


def _draw_line(line: Line, scale: Scale, y: float) -> Html:
    estimate = line.estimate
    rail = draw_line(scale.start, y, scale.end, y, "rail")
    parts: list[Html] = [
        rail,
        draw_label(line.label, y, width=scale.start),
        write_text(f"n = {estimate.n}", 0, y + 14, "tick"),
    ]
    if estimate.value is None:
        return element("g", *parts, write_text("not defined", scale.start + 6, y + 4, "tick"))
    arm = "base" if line.is_judge else "tuned"
    if estimate.low is not None and estimate.high is not None:
        parts.append(draw_line(scale.place(estimate.low), y, scale.place(estimate.high), y, f"whisker arm-{arm}"))
    parts.append(draw_mark(arm, scale.place(estimate.value), y, title=_describe(estimate)))
    return element("g", *parts)


def _draw_axis(scale: Scale, name: str, bottom: float) -> Html:
    parts = []
    for value in list_ticks(scale.low, scale.high):
        x = scale.place(value)
        parts.append(draw_line(x, TOP, x, bottom, "grid"))
        parts.append(write_text(f"{value:g}".replace("-", "−"), x, bottom + 16, "tick", text_anchor="middle"))
    parts.append(write_text(name, (scale.start + scale.end) / 2, bottom + 34, "axis", text_anchor="middle"))
    return join(parts)


def _describe(estimate: Estimate) -> str:
    return f"{write_estimate(estimate)} {write_bounds(estimate)}".strip()
