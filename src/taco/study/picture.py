"""A study's picture: figures one below the other in an SVG file that any browser or text processor shows."""

from __future__ import annotations

from collections.abc import Sequence

from taco.evaluate.metric import Metric
from taco.report.chart import WIDTH, write_text
from taco.report.difference_chart import draw_differences
from taco.report.interval_chart import AXIS, ROW, TOP, Group, draw_intervals
from taco.report.markup import Html, element, join, trust
from taco.study.table import Column, Table

HEADING = 26
"""Height of a figure's heading."""

LABELS = 150
"""Width of the labels."""

_MARK = "tuned"
_STYLE = """
svg { background: #fff; overflow: visible; font-family: system-ui, "Noto Sans", sans-serif; }
text { font-size: 12px; fill: #5a626b; } .label, .heading { fill: #1b1f23; font-weight: 600; } .heading { font-size: 14px; }
.rail { stroke: #eceae3; stroke-width: 10; } .grid { stroke: #dedbd2; } .zero { stroke: #5a626b; }
.whisker { stroke: #0072b2; stroke-width: 3; stroke-linecap: round; } .mark { fill: #0072b2; stroke: #fff; }
"""


def draw_table(tables: Sequence[tuple[Table, Sequence[str]]]) -> str:
    """Draw columns of tables, each as a figure with a line for each label that has a value.

    Args:
        tables: Each table with the names of the columns to draw; a column without any value is left out.
    """
    figures: list[tuple[str, Html, float]] = []
    for table, names in tables:
        columns = {column.name: column for column in table.columns}
        for name in names:
            if name in columns and (drawn := _draw_column(table, columns[name])):
                figures.append(drawn)
    return stack_figures(figures)


def stack_figures(figures: Sequence[tuple[str, Html, float]]) -> str:
    """Put figures one below the other.

    Args:
        figures: Heading, figure of the width `WIDTH`, and its height.
    """
    parts: list[Html] = []
    top = 0.0
    for heading, figure, height in figures:
        parts.append(write_text(heading, 0, top + 18, "heading"))
        parts.append(_place(figure, top + HEADING, height))
        top += HEADING + height
    drawing = element(
        "svg",
        element("style", trust(_STYLE)),
        join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"-8 0 {WIDTH + 16} {top:g}",
        width=WIDTH + 16,
        height=f"{top:g}",
    )
    return drawing.text + "\n"


def _place(figure: Html, top: float, height: float) -> Html:
    return element("svg", figure, x=0, y=f"{top:g}", width=WIDTH, height=f"{height:g}")


def _draw_column(table: Table, column: Column) -> tuple[str, Html, float] | None:
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
    heading = f"{column.title}, {table.title.replace('`', '')}" if column.is_difference else column.title
    if column.is_difference:
        figure = draw_differences(lines, metric, title=heading, left=LABELS)
    else:
        groups = [Group(label, {_MARK: cell}) for label, cell in lines]
        figure = draw_intervals(groups, metric, title=heading, left=LABELS)
    return heading, figure, TOP + ROW * len(lines) + AXIS
