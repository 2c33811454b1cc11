"""The table for the terminal: 80 columns, every number with its interval."""

import io
from collections.abc import Callable

import pytest
from made_run import MadeRun
from rich.cells import cell_len
from rich.console import Console

from taco.evaluate.scores import read_scores
from taco.report.terminal import render_table


def show(run: MadeRun) -> list[str]:
    run.write()
    written = io.StringIO()
    Console(width=80, file=written).print(render_table(read_scores(run.folder / "evaluate" / "scores.json")))
    return written.getvalue().splitlines()


@pytest.mark.parametrize("code", ["gl", "fa"])
@pytest.mark.parametrize("rows", [0, 1, 6])
def test_table_fits_80_columns(make_run: Callable[..., MadeRun], code: str, rows: int) -> None:
    lines = show(make_run(code, rows=rows))
    assert max(cell_len(line.rstrip()) for line in lines) <= 80
    assert "…" not in "".join(lines)


def test_table_shows_means_intervals_and_what_they_are_not(make_run: Callable[..., MadeRun]) -> None:
    text = "\n".join(show(make_run()))
    complete = next(line for line in text.splitlines() if "Complete chains" in line)
    assert "0.0 %" in complete
    assert "66.7 %" in complete
    assert "+66.7 points" in complete
    assert "agreement with it is not quality" in text
    assert "none there" in text
    assert "the question itself reaches" in text
    assert "the English question itself reaches" in text
    assert "Question copied" in text
    assert "Ended by itself" in text
    assert "Galician text about another question reaches" in text
