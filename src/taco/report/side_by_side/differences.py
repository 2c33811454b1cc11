"""How runs differ from the first one, row by row: figures and a table."""

from __future__ import annotations

from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Estimate
from taco.report.chart import frame_figure
from taco.report.difference_chart import draw_differences
from taco.report.markup import Child, Html, element
from taco.report.side_by_side.content import SideBySide
from taco.report.side_by_side.figures import HEADLINES, LABEL_WIDTH, find_metric, show_label
from taco.report.tables import make_table
from taco.report.wording import write_interval, write_value


def show_differences(content: SideBySide) -> Html:
    """Show how the runs differ from the first one, row by row."""
    if not content.differences:
        text = "No other run was asked a question with the same reference, so nothing can be compared row by row."
        return element("section", element("h2", "Against the first run"), element("p", text), id="differences")
    names = [name for name in HEADLINES if any(one.metric == name for one in content.differences)]
    figures = [_show_difference(content, metric) for name in names if (metric := find_metric(content, name))]
    note = (
        ", over the questions that both were asked in the same words and with the same reference. p: how often chance "
        "alone makes a difference as large, were the runs alike; after it, p corrected for the number of runs by Holm. An "
        "interval off zero and a small p are evidence that the runs differ on questions like these, no more."
    )
    return element(
        "section",
        element("h2", "Against the first run"),
        element("p", "The tuned answers of each run minus those of ", show_label(content.runs[0].label), note),
        element("div", *figures, class_="figures"),
        _tabulate_differences(content),
        id="differences",
    )


def write_p(p_value: float | None) -> str:
    """Write a p-value.

    >>> write_p(0.0312), write_p(0.0004), write_p(None)
    ('0.031', '<0.001', '–')
    """
    if p_value is None:
        return "–"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _show_difference(content: SideBySide, metric: Metric) -> Html:
    lines = [(content.runs[one.run].label, one.difference) for one in content.differences if one.metric == metric.name]
    heading = f"Difference: {metric.title}"
    return frame_figure(heading, draw_differences(lines, metric, title=heading, left=LABEL_WIDTH))


def _tabulate_differences(content: SideBySide) -> Html:
    names = list(dict.fromkeys(one.metric for one in content.differences))
    found = {(one.run, one.metric): one for one in content.differences}
    runs = sorted({one.run for one in content.differences})
    rows: list[list[Child]] = []
    for name in names:
        metric = find_metric(content, name)
        if metric is None:
            continue
        cells: list[Child] = [metric.title]
        for run in runs:
            one = found.get((run, name))
            if one is None:
                cells.append("–")
                continue
            p = f"p {write_p(one.p_value)}, corrected {write_p(one.adjusted)}, n = {one.difference.n}"
            cells.append(_show_difference_cell(one.difference, metric, p))
        rows.append(cells)
    table = make_table(
        ["measure", *(content.runs[run].label for run in runs)],
        rows,
        caption=f"Tuned answers minus those of {content.runs[0].label}, with interval and p-value",
    )
    return element("details", element("summary", "All differences as a table"), table)


def _show_difference_cell(difference: Estimate, metric: Metric, note: str) -> Html:
    interval = write_interval(difference, metric.unit, is_difference=True)
    return element(
        "span",
        element("span", write_value(difference, metric.unit, is_difference=True), class_="value"),
        element("span", interval, class_="interval") if interval else None,
        element("span", note, class_="counts"),
        class_="estimate",
    )
