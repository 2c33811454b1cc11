"""The failures of a file of answers as a table for the terminal, 80 columns wide."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from taco.evaluate.failure.record import Failure
from taco.evaluate.failure.survey import Survey
from taco.languages.table import find_language
from taco.report.wording import write_count, write_plain

WIDTH = 80
IDS = 12
"""Ids that are named in a row; the rest is counted."""


def render_survey(survey: Survey) -> Group:
    """Render how many answers have which failure, and which ones."""
    title = f"{find_language(survey.language).name}: {write_count(survey.answers)} answer{'s' * (survey.answers != 1)}"
    table = Table(width=WIDTH, title=title, title_justify="left")
    table.add_column("failure", no_wrap=True)
    table.add_column("answers", justify="right")
    table.add_column("ids", overflow="fold", ratio=1)
    for kind, count in survey.count_answers().items():
        ids = list(dict.fromkeys(_name_answer(failure) for failure in survey.failures if failure.kind == kind))
        rest = f" and {len(ids) - IDS} more" if len(ids) > IDS else ""
        table.add_row(Text(kind), write_count(count), Text(write_plain(" ".join(ids[:IDS])) + rest))
    parts: list[RenderableType] = [table]
    if survey.questions < survey.answers:
        unknown = survey.answers - survey.questions
        parts.append(
            Text(f"changed-meaning: not judged for {unknown} answers, whose English question is unknown.", style="dim")
        )
    parts.append(Text(f"Languages told by {survey.identifier}.", style="dim"))
    if survey.unanswered:
        parts.append(Text(f"Turns without an answer, not looked at: {survey.unanswered}.", style="dim"))
    return Group(*parts, Text("--json shows the evidence: where in the answer, and what was found.", style="dim"))


def _name_answer(failure: Failure) -> str:
    return failure.id if failure.turn == 1 else f"{failure.id} (turn {failure.turn})"
