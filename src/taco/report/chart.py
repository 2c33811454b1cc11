"""What all figures share: SVG elements, scales, legends. Colours and fonts come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from taco.report.markup import Attribute, Child, Html, element, join

WIDTH = 460
"""Width of a figure in its own units; about the pixels that a phone or half a page has for it."""

ARM_TITLES = {"base": "base", "tuned": "tuned", "reference": "reference"}
"""Arm -> what it is called in figures and tables."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis.

    Attributes:
        low, high: Ends of the axis, as values.
        start, end: Ends of the axis, as positions.
    """

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return the position of a value, kept inside the axis."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 1)


def list_ticks(low: float, high: float, *, count: int = 5, is_whole: bool = False) -> list[float]:
    """Return about `count` round values from `low` to `high`, whole numbers alone if `is_whole`.

    >>> list_ticks(0, 100)
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return [low]
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    factors = (1, 2, 5, 10) if is_whole else (1, 2, 2.5, 5, 10)
    step = next(power * factor for factor in factors if power * factor >= rough * 0.999)
    step = max(step, 1.0) if is_whole else step
    first = math.ceil(low / step - 1e-9)
    return [round((first + index) * step, 10) for index in range(int((high - first * step) / step + 1e-9) + 1)]


def draw(height: float, *children: Child, title: str, text: str, width: float = WIDTH, class_: str = "") -> Html:
    """Draw a figure: `title` is its name and `text` its content for those who do not see it."""
    return element(
        "svg",
        element("title", title),
        element("desc", text),
        *children,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=f"{title}. {text}",
        class_=f"chart {class_}".strip(),
    )


def write_text(text: str, x: float, y: float, class_: str = "", **attributes: Attribute) -> Html:
    """Write a text into a figure."""
    return element("text", text, x=f"{x:g}", y=f"{y:g}", class_=class_ or None, **attributes)


def draw_line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    """Draw a straight line."""
    return element("line", x1=f"{x1:g}", y1=f"{y1:g}", x2=f"{x2:g}", y2=f"{y2:g}", class_=class_)


def draw_mark(arm: str, x: float, y: float, *, title: str = "") -> Html:
    """Draw an arm's mark: told apart by shape as well as by colour."""
    name = element("title", title) if title else None
    if arm == "base":
        shape = f"M{x:g} {y - 5.5:g}l5.5 5.5-5.5 5.5-5.5-5.5z"
        return element("path", name, d=shape, class_="mark arm-base")
    return element("circle", name, cx=f"{x:g}", cy=f"{y:g}", r=5, class_=f"mark arm-{arm}")


def list_keys(keys: Sequence[tuple[Html, str]]) -> Html:
    """Return a legend: each entry a small drawing and what it stands for."""
    return element("ul", *(element("li", swatch, label) for swatch, label in keys), class_="keys")


def key_mark(arm: str) -> Html:
    """Return an arm's mark for a legend."""
    return element("svg", draw_mark(arm, 8, 8), viewBox="0 0 16 16", class_="swatch", aria_hidden="true")


def key_box(class_: str) -> Html:
    """Return a coloured box for a legend."""
    box = element("rect", x=1, y=1, width=14, height=14, rx=3, class_=class_)
    return element("svg", box, viewBox="0 0 16 16", class_="swatch", aria_hidden="true")


def frame_figure(heading: str, *parts: Child, note: Child = None, table: Child = None) -> Html:
    """Frame a figure with its heading, legend, explanation and the same numbers as a table."""
    details = element("details", element("summary", "The same as a table"), table, class_="as-table") if table else None
    caption = element("figcaption", element("h3", heading), element("p", note) if note else None)
    return element("figure", caption, join(parts), details, class_="panel")
