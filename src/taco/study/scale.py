"""The scale that a study's scores are read on: what replies without merit reach, and what the references themselves do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from taco.evaluate.scores import read_scores
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.unit import find_scale
from taco.study.content import METRIC, read_content
from taco.study.table import Column, Line, Table

QUESTION, OTHER, REFERENCE = "the question itself", "another question's reference", "the references themselves"

FLOORS: Mapping[str, tuple[str, str]] = {
    "question": (QUESTION, "chrf_reply"),
    "question_en": (QUESTION, "chrf_english"),
    "other_row": (OTHER, "chrf_reply"),
    "other_row_en": (OTHER, "chrf_english"),
}
"""Floor of a run's scores -> line and column."""

OF_REFERENCES = ("reply_in_target", "repetition", "characters")
"""Measures of which the references' own value is a ceiling, or says what is usual."""

NOTE = (
    "What each of these would score as a reply to every question. Agreement with the machine translation is 100 for the "
    "references by definition; their content is what the engine brings back of the English that they were made from."
)


def tabulate_scale(runs: Sequence[Path], columns: Sequence[Column], bootstrap: Bootstrap) -> Table | None:
    """Make the table; None where no run has anything to say.

    Args:
        runs: Finished runs of the study, whose held-out questions are the same; each cell is of the first that has it.
        columns: The columns of the study's table; those without a value are left out.
        bootstrap: How intervals are made.
    """
    cells: dict[str, dict[str, Estimate]] = {QUESTION: {}, OTHER: {}, REFERENCE: {}}
    for run in runs:
        for (line, name), found in _list_cells(run, bootstrap, {column.name for column in columns}):
            if found.value is not None:
                cells[line].setdefault(name, found)
    lines = tuple(Line(label=label, cells=found) for label, found in cells.items() if found)
    shown = tuple(column for column in columns if any(column.name in line.cells for line in lines))
    return Table(title="for scale", stub="reply", columns=shown, lines=lines, note=NOTE) if lines else None


def _list_cells(run: Path, bootstrap: Bootstrap, names: Collection[str]) -> list[tuple[tuple[str, str], Estimate]]:
    """Return ((line, column), estimate) of one run."""
    scores = read_scores(run / "evaluate" / "scores.json")
    cells = [(FLOORS[name], found) for name, found in scores.floors.items() if name in FLOORS]
    if scores.reference is not None:
        of_references = scores.reference.metrics
        cells += [((REFERENCE, name), of_references[name]) for name in OF_REFERENCES if name in of_references]
    content = read_content(run)
    if content is not None:
        bounds = ((QUESTION, content.question), (OTHER, content.floor), (REFERENCE, content.reference))
        cells += [
            ((line, METRIC.name), bootstrap.estimate_mean(list(values.values()), scale=find_scale(METRIC.unit)))
            for line, values in bounds
            if values
        ]
    return [(place, found) for place, found in cells if place[1] in names]
