"""`taco report` with a page to write: one run's page, or several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from taco.errors import DataError
from taco.report.page import render_page
from taco.report.side_by_side.content import SideBySide
from taco.report.side_by_side.inputs import load_run, read_runs
from taco.report.side_by_side.page import render_side_by_side
from taco.store.files import write_atomically


def write_side_by_side(runs: Sequence[Path], out: Path) -> SideBySide | None:
    """Write the page of some runs, and its content as JSON beside it.

    Args:
        runs: Run folders; of several, the first is the one that the others are compared with.
        out: The page, a file that ends in .html; the JSON has the same name and ends in .json.

    Returns:
        What the page of several runs holds; None of one run, whose page is that of the pipeline.

    Raises:
        DataError: A run is not finished or damaged, or the page's name does not end in .html.
        StoreError: A manifest is damaged, or a file cannot be written.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise DataError(f"The page's name is {out.name}, expected one that ends in .html.")
    beside = out.with_suffix(".json")
    if len(runs) == 1:
        report = load_run(runs[0]).report
        _write(out, beside, report, render_page(report, json_name=beside.name))
        return None
    content = read_runs(runs)
    _write(out, beside, content, render_side_by_side(content, json_name=beside.name))
    return content


def _write(out: Path, beside: Path, content: BaseModel, page: str) -> None:
    write_atomically(beside, [content.model_dump_json(indent=1).encode(), b"\n"])
    write_atomically(out, [page.encode()])
