"""The `report` stage: scores, answers and manifest in, a page and its JSON out."""

from __future__ import annotations

from pathlib import Path

from taco.languages.table import Language
from taco.progress import Progress
from taco.records import StageCount
from taco.report.inputs import read_report
from taco.report.page import render_page
from taco.store.files import write_atomically


def run_report(*, run: Path, name: str, language: Language, progress: Progress) -> StageCount:
    """Write report.html and report.json into a run folder.

    Args:
        run: The run folder, with manifest.json, evaluate/, generate/, chain/ and, where there is one, train/log.jsonl.
        name: Name of the run.
        language: The target language.
        progress: Where to say how far it is.

    Raises:
        DataError: Scores, answers or held-out examples are missing or damaged.
        StoreError: The manifest is damaged, or the folder cannot be written.
    """
    report = read_report(run, name=name, language=language)
    write_atomically(run / "report.json", [report.model_dump_json(indent=1).encode(), b"\n"])
    write_atomically(run / "report.html", [render_page(report).encode()])
    shown = len(report.samples)
    return StageCount(rows_in=shown, rows_kept=shown)
