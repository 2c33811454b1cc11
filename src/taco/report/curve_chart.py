"""The loss over the steps of a training."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from taco.report.chart import WIDTH, Scale, draw, draw_line, list_ticks, write_text
from taco.report.content import TrainStep
from taco.report.markup import Html, element, join

HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 270, 46, 44, 14, 44
MOST_POINTS = 400
"""Points drawn at most; longer logs are averaged over equal stretches."""
SMOOTHING = 0.8
"""Weight of the past in the smoothed line, an exponential mean, as training tools draw it."""
LEAST_SMOOTHED = 20
"""Fewer points than this are not smoothed."""
SECTION_COLOURS = {"instruction_en": "section-1", "response_en": "section-2", "response": "section-3"}
"""Section -> class of its line, the colours of the section figures."""


def draw_curve(steps: Sequence[TrainStep]) -> Html:
    """Draw the loss of at least two steps, and that of each section where the log tells them apart."""
    points = average_stretches([(float(step.step), step.loss) for step in steps])
    parts = {name: smooth(average_stretches(found)) for name, found in list_section_losses(steps).items()}
    losses = [loss for series in (points, *parts.values()) for _, loss in series]
    across = Scale(points[0][0], points[-1][0], LEFT, WIDTH - RIGHT)
    upwards = Scale(min(0.0, *losses), max(losses) * 1.05, HEIGHT - BOTTOM, TOP)
    line = _draw_line(points, across, upwards, "loss-raw" if len(points) >= LEAST_SMOOTHED else "loss")
    smoothed = _draw_line(smooth(points), across, upwards, "loss") if len(points) >= LEAST_SMOOTHED else None
    first, last = steps[0].loss, steps[-1].loss
    end = write_text(f"{last:.2f}", across.end + 8, upwards.place(last) + 4, "label")
    return draw(
        HEIGHT,
        _draw_axes(across, upwards),
        _draw_epochs(steps, across),
        *(_draw_line(series, across, upwards, f"loss-part {SECTION_COLOURS[name]}") for name, series in parts.items()),
        line,
        smoothed,
        end,
        title="Training loss",
        text=f"{len(steps)} steps; loss {first:.2f} at the first, {last:.2f} at the last, in nats a token.",
    )


def list_section_losses(steps: Sequence[TrainStep]) -> dict[str, list[tuple[float, float]]]:
    """Return section -> its loss at each step that has it; sections with fewer than two such steps are left out."""
    found = {
        name: [(float(step.step), loss) for step in steps if (loss := getattr(step, name)) is not None]
        for name in SECTION_COLOURS
    }
    return {name: points for name, points in found.items() if len(points) > 1}


def average_stretches(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Average a long series over equal stretches, so that at most `MOST_POINTS` are left."""
    length = -(-len(points) // MOST_POINTS)
    stretches = [points[start : start + length] for start in range(0, len(points), length)]
    return [(stretch[-1][0], sum(value for _, value in stretch) / len(stretch)) for stretch in stretches]


def smooth(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the exponential mean, corrected for its start at nothing."""
    smoothed, total, weight = [], 0.0, 0.0
    for x, value in points:
        total = SMOOTHING * total + (1 - SMOOTHING) * value
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        smoothed.append((x, total / weight))
    return smoothed


def _draw_line(points: Sequence[tuple[float, float]], across: Scale, upwards: Scale, class_: str) -> Html:
    path = " ".join(f"{across.place(x):g},{upwards.place(y):g}" for x, y in points)
    return element("polyline", points=path, class_=class_)


def _draw_axes(across: Scale, upwards: Scale) -> Html:
    parts = []
    for value in list_ticks(upwards.low, upwards.high):
        y = upwards.place(value)
        parts.append(draw_line(across.start, y, across.end, y, "grid"))
        parts.append(write_text(f"{value:g}", across.start - 8, y + 4, "tick", text_anchor="end"))
    for value in list_ticks(across.low, across.high, is_whole=True):
        parts.append(write_text(f"{value:g}", across.place(value), HEIGHT - BOTTOM + 18, "tick", text_anchor="middle"))
    middle = (across.start + across.end) / 2
    parts.append(write_text("optimiser step", middle, HEIGHT - 8, "axis", text_anchor="middle"))
    centre = (upwards.start + upwards.end) / 2
    turned = f"rotate(-90 12 {centre:g})"
    parts.append(write_text("loss (nats a token)", 12, centre, "axis", text_anchor="middle", transform=turned))
    return join(parts)


def _draw_epochs(steps: Sequence[TrainStep], across: Scale) -> Html:
    """Draw a line where each epoch but the last ends."""
    parts = []
    for step, following in itertools.pairwise(steps):
        if step.epoch is not None and following.epoch is not None and int(following.epoch) > int(step.epoch):
            x = across.place(following.step)
            if x < across.end:
                parts.append(draw_line(x, TOP, x, HEIGHT - BOTTOM, "floor"))
                parts.append(write_text(f"epoch {int(following.epoch)}", x - 4, TOP + 10, "tick", text_anchor="end"))
    return join(parts)
