"""The scores as a table for the terminal, 80 columns wide."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from taco.evaluate.metric import Metric
from taco.evaluate.scores import ArmScores, Scores
from taco.measure.bootstrap import Estimate
from taco.report.scale import list_floors
from taco.report.wording import write_interval, write_rows, write_value

WIDTH = 80

SHOWN = {
    "complete_chain": "Complete chains",
    "ended_by_itself": "Ended by itself",
    "reply_in_target": "Reply in {language}",
    "chrf_reply": "Reply vs MT, chrF++",
    "chrf_response_en": "English answer, chrF++",
    "chrf_instruction_en": "Question back, chrF++",
    "copied_question": "Question copied",
    "repetition": "Repetition",
    "tokens": "Tokens an answer",
    "seconds": "Time an answer",
}
"""Measures in the table -> their short titles."""


def render_table(scores: Scores) -> Group:
    """Render the headline measures, base against tuned, each with its interval."""
    table = Table(
        width=WIDTH, title=f"{scores.language_name}: {write_rows(scores.rows)} held out", title_justify="left"
    )
    table.add_column("measure", overflow="fold", ratio=26)
    for title in ("base", "tuned", "tuned − base"):
        table.add_column(title, justify="right", ratio=17)
    for name, title in SHOWN.items():
        metric = scores.find_metric(name)
        if metric is not None:
            table.add_row(Text(title.format(language=scores.language_name)), *_list_cells(scores, metric))
    return Group(table, Text(_write_note(scores), style="dim"))


def _list_cells(scores: Scores, metric: Metric) -> list[Text]:
    estimates = [arm.metrics[metric.name] if (arm := scores.arms.get(name)) else None for name in ("base", "tuned")]
    difference = scores.differences.get(metric.name)
    return [
        *(_write_cell(estimate, metric) for estimate in estimates),
        _write_cell(difference, metric, is_difference=True),
    ]


def _write_cell(estimate: Estimate | None, metric: Metric, *, is_difference: bool = False) -> Text:
    value = write_value(estimate, metric.unit, is_difference=is_difference)
    interval = write_interval(estimate, metric.unit, is_difference=is_difference)
    return Text.assemble(value, ("\n" + interval if interval else "", "dim"))


def _write_note(scores: Scores) -> str:
    confidence = f"{100 * scores.bootstrap.confidence:g} %"
    lines = [
        f"In brackets: {confidence} bootstrap intervals. MT: machine translation of the reference",
        "answer; agreement with it is not quality, and no human has read the answers.",
    ]
    lines += [f"For scale: {label} reaches {value:.1f} chrF++ against MT." for label, value in list_floors(scores)]
    lines += [
        f"For scale: {label} reaches {value:.1f} against English."
        for label, value in list_floors(scores, "chrf_response_en")
    ]
    lines += [_write_repairs(arm, found) for arm, found in scores.arms.items() if found.repairs]
    return "\n".join(lines)


def _write_repairs(arm: str, found: ArmScores) -> str:
    """Say what the chain guard is worth; the table is without it."""
    repairs = found.repairs
    if repairs is None:
        return ""
    kinds = ", ".join(f"{round(rate.value * rate.n)} {kind}" for kind, rate in repairs.kinds.items() if rate.value)
    complete = [scored.get("complete_chain") for scored in (found.metrics, repairs.metrics)]
    both = " to ".join(write_value(estimate, "rate") for estimate in complete)
    gain = f"; complete chains {both}" if all(complete) else ""
    return f"With the chain guard's repairs ({arm}: {kinds}){gain}."
