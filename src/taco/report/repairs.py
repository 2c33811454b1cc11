"""What the chain guard did to answers, and what they score with its repairs and without."""

from __future__ import annotations

from taco.evaluate.repairs import RepairScores
from taco.evaluate.scores import ArmScores
from taco.report.content import Report
from taco.report.markup import Child, Html, element
from taco.report.tables import make_table, show_cell
from taco.report.wording import write_count, write_seconds

TITLES = {
    "heading": "a heading was missing",
    "loop": "it ran in a loop",
    "budget": "a section was over its budget",
    "language": "the target section was in another language",
}
"""Kind of repair -> what it was for."""


def show_repairs(report: Report) -> Html | None:
    """Show the repairs of each arm that has any; None where none has."""
    arms = {arm: found for arm, found in report.scores.arms.items() if found.repairs is not None}
    if not arms:
        return None
    note = (
        "All other numbers of this page are of the answers as the model wrote them. Here they stand beside those of the "
        "answers that a reader would have got from taco serve: cut out of loops, gone on with from headings that were missing."
    )
    parts = [
        part for arm, found in arms.items() if found.repairs for part in _show_arm(report, arm, found, found.repairs)
    ]
    return element("section", element("h2", "With the chain guard's repairs"), element("p", note), *parts, id="repairs")


def _show_arm(report: Report, arm: str, found: ArmScores, repairs: RepairScores) -> list[Html]:
    metrics = [metric for metric in report.scores.metrics if metric.name in repairs.metrics]
    rows: list[list[Child]] = [
        [
            metric.title,
            show_cell(found.metrics.get(metric.name), metric),
            show_cell(repairs.metrics[metric.name], metric),
            show_cell(repairs.differences.get(metric.name), metric, is_difference=True),
        ]
        for metric in metrics
    ]
    kinds = [[TITLES.get(kind, kind), _write_rate(repairs, kind)] for kind in repairs.kinds]
    cost = (
        f"{write_count(repairs.answers)} of {write_count(found.rows)} answers of the arm {arm} have repairs, which took "
        f"{write_count(repairs.tokens)} tokens and {write_seconds(repairs.seconds)}."
    )
    return [
        element("p", cost),
        make_table(["what was repaired", "answers"], kinds, caption=f"Repairs of the arm {arm}"),
        make_table(
            ["measure", "as written", "with repairs", "difference"],
            rows,
            caption=f"Measures of the arm {arm}, both ways",
        ),
    ]


def _write_rate(repairs: RepairScores, kind: str) -> str:
    rate = repairs.kinds[kind]
    return "–" if rate.value is None else f"{round(rate.value * rate.n)} ({100 * rate.value:.1f} %)"
