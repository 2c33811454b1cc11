"""Means with their intervals, one line for each group: categories, or the arms of one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Estimate
from taco.report.chart import ARM_TITLES, WIDTH, Scale, draw, draw_line, draw_mark, list_ticks, write_text
from taco.report.markup import Html, element, join
from taco.report.wording import UNIT_SUFFIXES, scale_value, write_interval, write_value

LEFT, RIGHT, TOP, ROW, AXIS = 124, 18, 22, 38, 42
LETTER = 8.2
"""Estimated width of a letter of a label."""
LEAST_TOP = 40.0
"""chrF++ axes reach at least this far, so that small differences do not look large."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A value that answers without merit reach, drawn as a line."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    """One line of the figure: its label and the estimate of each arm."""

    label: str
    estimates: Mapping[str, Estimate]

    @property
    def rows(self) -> int:
        """Rows behind the line, the largest number of any arm."""
        return max((estimate.n for estimate in self.estimates.values()), default=0)


def draw_intervals(
    groups: Sequence[Group], metric: Metric, *, title: str, floor: Floor | None = None, left: float = LEFT
) -> Html:
    """Draw one line for each group with the mean and interval of each arm.

    Args:
        groups: The lines.
        metric: What is shown.
        title: The figure's name.
        floor: A line to compare with.
        left: Width of the labels.
    """
    scale = Scale(0.0, find_top(groups, metric, floor), left, WIDTH - RIGHT)
    bottom = TOP + ROW * len(groups)
    lines = [_draw_group(group, metric, scale, TOP + ROW * (index + 0.5)) for index, group in enumerate(groups)]
    text = "; ".join(_describe_group(group, metric) for group in groups)
    return draw(
        bottom + AXIS,
        _draw_axis(scale, metric, bottom),
        _draw_floor(floor, scale, bottom) if floor else None,
        *lines,
        title=title,
        text=text,
    )


def draw_label(text: str, y: float, *, width: float) -> Html:
    """Draw a line's label, cut to a width; the whole of it is its title."""
    most = int(width / LETTER)
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    return element("text", short, element("title", text), x=0, y=f"{y:g}", class_="label")


def find_top(groups: Sequence[Group], metric: Metric, floor: Floor | None = None) -> float:
    """Return where the axis ends: 100 for shares, the next ten above all that is shown for the rest."""
    if metric.unit in ("rate", "share"):
        return 100.0
    shown = [floor.value if floor else 0.0]
    for estimate in (estimate for group in groups for estimate in group.estimates.values()):
        shown += [scale_value(bound, metric.unit) for bound in (estimate.value, estimate.high) if bound is not None]
    return max(LEAST_TOP, 10.0 * -(-max(shown) // 10))


def draw_pair(metric: Metric, estimates: Mapping[str, Estimate], *, title: str) -> Html:
    """Draw the arms of one number on a small axis without labels."""
    scale = Scale(0.0, find_top([Group("", estimates)], metric), 8, 292)
    rail = draw_line(scale.start, 20, scale.end, 20, "rail")
    ends = [
        write_text(f"{value:g}{UNIT_SUFFIXES[metric.unit]}", scale.place(value), 44, "tick", text_anchor=anchor)
        for value, anchor in ((0.0, "start"), (scale.high, "end"))
    ]
    marks = [
        _draw_estimate(arm, estimate, metric, scale, 20 + shift)
        for (arm, estimate), shift in zip(estimates.items(), (-6, 6, 0), strict=False)
    ]
    return draw(
        48,
        rail,
        *ends,
        *marks,
        title=title,
        text=_describe_group(Group(title, estimates), metric),
        width=300,
        class_="pair",
    )


def _draw_group(group: Group, metric: Metric, scale: Scale, y: float) -> Html:
    label = draw_label(group.label, y, width=scale.start)
    count = write_text(f"n = {group.rows}", 0, y + 14, "tick")
    rail = draw_line(scale.start, y, scale.end, y, "rail")
    shifts = (-7, 7, 0) if len(group.estimates) > 1 else (0,)
    marks = [
        _draw_estimate(arm, estimate, metric, scale, y + shift)
        for (arm, estimate), shift in zip(group.estimates.items(), shifts, strict=False)
    ]
    return element("g", rail, label, count, *marks)


def _draw_estimate(arm: str, estimate: Estimate, metric: Metric, scale: Scale, y: float) -> Html:
    if estimate.value is None:
        return write_text(f"{ARM_TITLES.get(arm, arm)}: nothing to score", scale.start + 6, y + 4, "tick")
    text = f"{ARM_TITLES.get(arm, arm)}: {_describe_estimate(estimate, metric)}"
    parts = [draw_mark(arm, scale.place(scale_value(estimate.value, metric.unit)), y, title=text)]
    if estimate.low is not None and estimate.high is not None:
        low, high = (scale.place(scale_value(bound, metric.unit)) for bound in (estimate.low, estimate.high))
        parts.insert(0, draw_line(low, y, high, y, f"whisker arm-{arm}"))
    return join(parts)


def _draw_axis(scale: Scale, metric: Metric, bottom: float) -> Html:
    suffix = UNIT_SUFFIXES[metric.unit]
    parts = []
    for value in list_ticks(scale.low, scale.high):
        x = scale.place(value)
        parts.append(draw_line(x, TOP, x, bottom, "grid"))
        parts.append(write_text(f"{value:g}{suffix}", x, bottom + 16, "tick", text_anchor="middle"))
    name = "share of answers" if suffix else metric.unit
    parts.append(write_text(name, (scale.start + scale.end) / 2, bottom + 34, "axis", text_anchor="middle"))
    return join(parts)


def _draw_floor(floor: Floor, scale: Scale, bottom: float) -> Html:
    x = scale.place(floor.value)
    anchor = "end" if x > (scale.start + scale.end) / 2 else "start"
    text = write_text(f"{floor.label}: {floor.value:.1f}", x, TOP - 8, "tick", text_anchor=anchor)
    return join([draw_line(x, TOP - 4, x, bottom, "floor"), text])


def _describe_group(group: Group, metric: Metric) -> str:
    arms = ", ".join(
        f"{ARM_TITLES.get(arm, arm)} {_describe_estimate(estimate, metric)}"
        for arm, estimate in group.estimates.items()
    )
    return f"{group.label}: {arms}"


def _describe_estimate(estimate: Estimate, metric: Metric) -> str:
    if estimate.value is None:
        return "nothing to score"
    unit = "" if UNIT_SUFFIXES[metric.unit] else f" {metric.unit}"
    return f"{write_value(estimate, metric.unit)}{unit} {write_interval(estimate, metric.unit)}, n = {estimate.n}"
