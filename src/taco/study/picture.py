"""A study's picture: charts of the report below each other, in one SVG file that needs no page around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from taco.evaluate.metric import Metric
from taco.generate.sections import OTHER
from taco.report.chart import WIDTH, write_text
from taco.report.difference_chart import draw_differences
from taco.report.interval_chart import Floor, Group, draw_intervals
from taco.report.markup import Html, element, trust
from taco.study.table import Column, Table

MARGIN, HEADING, KEY, GAP = 20, 24, 20, 22

LABELS = 150
"""Width of the labels of a table's lines."""

_MARK = "tuned"

PIECES = (
    ("instruction_en", "instruction in English", "section-1"),
    ("response_en", "response in English", "section-2"),
    ("response", "response in the target language", "section-3"),
    (OTHER, "labels and the rest", "section-0"),
)
"""Pieces of an answer -> what they are, and their colour class."""

_VIEW = re.compile(r'viewBox="0 0 [0-9.]+ ([0-9.]+)"')
_RULES = re.compile(r"^\.(?:chart|grid|rail|floor|zero|whisker|mark|arm-|piece|section-|hue-)[^\n]*$", re.MULTILINE)
_COLOURS = re.compile(
    r"^(?::root \{.*?\n\}|@media \(prefers-color-scheme: dark\) \{\n  :root.*?\n\})$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of a picture.

    Attributes:
        heading: What it shows.
        drawing: The chart, made by `taco.report.chart.draw`.
        keys: Colour class -> what it stands for.
    """

    heading: str
    drawing: Html
    keys: Sequence[tuple[str, str]] = ()


def compose_picture(charts: Sequence[Chart], *, title: str) -> str:
    """Put charts below each other and return the text of an SVG file.

    Args:
        charts: From the top down.
        title: What the picture is called for those who do not see it.
    """
    parts, y = [], float(MARGIN)
    for chart in charts:
        parts.append(write_text(chart.heading, MARGIN, y + 12, "heading"))
        y += HEADING
        keys, rows = _draw_keys(chart.keys, y)
        parts += keys
        y += KEY * rows
        parts.append(_place(chart.drawing, y))
        y += _find_height(chart.drawing) + GAP
    width, height = WIDTH + 2 * MARGIN, y
    style = element("style", trust(_read_style()))
    back = element("rect", width=f"{width:g}", height=f"{height:g}", rx=10, class_="back")
    svg = element(
        "svg",
        style,
        element("title", title),
        back,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{1.6 * width:g}",
        role="img",
        class_="chart",
    )
    return f"{svg.text}\n"


def chart_table(tables: Sequence[tuple[Table, Sequence[str]]], *, scale: Table | None = None) -> tuple[Chart, ...]:
    """Chart columns of tables, each with a line for each label that has a value.

    Args:
        tables: Each table with the names of the columns to chart; a column without any value is left out.
        scale: What trivial replies score; its first line that has a value is drawn across the column's chart.
    """
    charts = []
    for table, names in tables:
        columns = {column.name: column for column in table.columns}
        charts += [_chart_column(table, columns[name], scale) for name in names if name in columns]
    return tuple(chart for chart in charts if chart is not None)


def _chart_column(table: Table, column: Column, scale: Table | None) -> Chart | None:
    lines = [
        (line.label, cell)
        for line in table.lines
        if (cell := line.cells.get(column.name)) is not None and cell.value is not None
    ]
    if not lines:
        return None
    metric = Metric(
        name=column.name,
        title=column.title,
        unit=column.unit,
        better=column.better,
        reads="answer",
        meaning=table.title,
        absent="unscored",
    )
    if column.is_difference:
        heading = f"{column.title}, {table.title.replace('`', '')}"
        return Chart(heading, draw_differences(lines, metric, title=heading, left=LABELS))
    groups = [Group(label, {_MARK: cell}) for label, cell in lines]
    floor = _find_floor(scale, column) if scale else None
    return Chart(column.title, draw_intervals(groups, metric, title=column.title, floor=floor, left=LABELS))


def _find_floor(scale: Table, column: Column) -> Floor | None:
    """Return the first line of the scale that has a value, in chrF++; shares are drawn without one."""
    if column.unit != "chrF++":
        return None
    found = [
        Floor(cell.value, line.label)
        for line in scale.lines
        if (cell := line.cells.get(column.name)) is not None and cell.value is not None
    ]
    return found[0] if found else None


def _place(drawing: Html, y: float) -> Html:
    """Put a chart at its place: an inner svg needs a size of its own."""
    size = f'<svg x="{MARGIN}" y="{y:g}" width="{WIDTH}" height="{_find_height(drawing):g}" '
    return trust(drawing.text.replace("<svg ", size, 1))


def _find_height(drawing: Html) -> float:
    found = _VIEW.search(drawing.text)
    return float(found[1]) if found else 0.0


def _draw_keys(keys: Sequence[tuple[str, str]], y: float) -> tuple[list[Html], int]:
    """Draw the legend; return it and the number of its lines."""
    parts: list[Html] = []
    x, row = float(MARGIN), 0
    for class_, label in keys:
        width = 26 + 6.6 * len(label)
        if x > MARGIN and x + width > MARGIN + WIDTH:
            x, row = float(MARGIN), row + 1
        top = y + KEY * row
        parts.append(_draw_key(class_, x, top))
        parts.append(write_text(label, x + 17, top + 11, "tick"))
        x += width
    return parts, row + 1 if keys else 0


def _draw_key(class_: str, x: float, top: float) -> Html:
    if class_.startswith("arm-"):
        return element("circle", cx=f"{x + 6:g}", cy=f"{top + 7:g}", r=5, class_=f"mark {class_}")
    return element("rect", x=f"{x:g}", y=f"{top + 1:g}", width=12, height=12, rx=3, class_=class_)


def _read_style() -> str:
    """Return the rules of the report's style sheet that charts need, and those of the picture itself."""
    sheet = resources.files("taco.report").joinpath("style.css").read_text(encoding="utf-8")
    rules = [*_COLOURS.findall(sheet), *_RULES.findall(sheet)]
    own = (
        ".back { fill: var(--panel); }",
        ".chart { width: auto; font: 12px system-ui, sans-serif; }",
        ".chart .heading { font-size: 14px; font-weight: 650; }",
    )
    return "\n".join([*rules, *own])
