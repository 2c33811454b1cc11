"""Several runs as a table for the terminal, 80 columns wide."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Estimate
from taco.report.side_by_side.content import SideBySide
from taco.report.side_by_side.differences import write_p
from taco.report.side_by_side.figures import find_estimate, find_metric
from taco.report.terminal import WIDTH
from taco.report.wording import write_interval, write_value

SHOWN = {
    "complete_chain": "complete chains",
    "reply_in_target": "reply in language",
    "chrf_reply": "reply vs MT, chrF++",
}
"""Measures in the table -> their short titles."""


def render_runs(content: SideBySide) -> Group:
    """Render the tuned answers' headline measures, a line for each run, and the differences from the first run."""
    metrics = [(title, metric) for name, title in SHOWN.items() if (metric := find_metric(content, name))]
    table = Table(width=WIDTH, title=f"{len(content.runs)} runs, tuned answers", title_justify="left")
    table.add_column("run", overflow="fold", ratio=26)
    for title, _ in metrics:
        table.add_column(title, justify="right", ratio=17)
    found = {(one.run, one.metric): one for one in content.differences}
    for number, run in enumerate(content.runs):
        cells = []
        for _, metric in metrics:
            cell = _write_cell(find_estimate(run, "tuned", metric.name), metric)
            one = found.get((number, metric.name))
            if one is not None:
                gain = write_value(one.difference, metric.unit, is_difference=True)
                cell.append(f"\n{gain}\np {write_p(one.p_value)}", style="dim")
            cells.append(cell)
        table.add_row(Text(run.label), *cells)
    note = (
        f"In brackets: intervals. Below: minus {content.runs[0].label} on the same questions;\n"
        "p: how often chance does as much. MT: machine translation of the reference answer."
    )
    return Group(table, Text(note, style="dim"))


def _write_cell(estimate: Estimate | None, metric: Metric) -> Text:
    interval = write_interval(estimate, metric.unit)
    return Text.assemble(write_value(estimate, metric.unit), ("\n" + interval if interval else "", "dim"))
