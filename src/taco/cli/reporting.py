"""`taco report`: the table of a run, or a page of several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from taco.cli.running import print_scores
from taco.errors import DataError


def print_report(runs: Sequence[Path], *, out: Path | None, as_json: bool) -> None:
    """Print the tables of some runs or their content as JSON; write their page where one is asked for.

    Raises:
        DataError: A run is not finished or damaged.
    """
    for run in runs:
        if not (run / "report.json").is_file():
            raise DataError(f"{run} holds no finished run.", hint="taco run RECIPE makes one.")
    if out is not None:
        from taco.report.side_by_side.write import write_side_by_side

        write_side_by_side(runs, out)
    if as_json:
        print(_read_json(runs), end="")
    elif len(runs) > 1:
        _print_side_by_side(runs)
    else:
        print_scores(runs[0])
    if out is not None and not as_json:
        print(f"\nReport: {out}")


def _read_json(runs: Sequence[Path]) -> str:
    from taco.report.side_by_side.inputs import load_run, read_runs

    if len(runs) == 1:  # anew: the run may have been judged since its report was written
        return load_run(runs[0]).report.model_dump_json(indent=1) + "\n"
    return read_runs(runs).model_dump_json(indent=1) + "\n"


def _print_side_by_side(runs: Sequence[Path]) -> None:
    from taco.cli.streams import open_console
    from taco.report.side_by_side.inputs import read_runs
    from taco.report.side_by_side.terminal import render_runs

    open_console().print(render_runs(read_runs(runs)))
