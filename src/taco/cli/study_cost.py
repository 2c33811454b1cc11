"""`taco study cost`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def study_cost(
    study: Annotated[Path, typer.Argument(help="The study, a TOML file; see docs/study.md.", metavar="STUDY")],
    studies: Annotated[Path, typer.Option("--studies", help="Folder that holds the studies' folders.")] = Path(
        "studies"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Put side by side what finished runs took: time, memory, an estimate of energy, tokens.

    Example: taco study cost cost-gl.toml
    """
    from taco.progress import open_progress
    from taco.store.run_folder import RunFolder
    from taco.study.cost.options import CostStudy
    from taco.study.cost.run import run_cost
    from taco.study.cost.show import list_tables
    from taco.study.form import load_study

    options = load_study(study, CostStudy)
    folder = studies / options.name
    with RunFolder(folder).lock():
        results, paths = run_cost(options, folder=folder, progress=open_progress(quiet=quiet))
    for table in list_tables(results):
        print(f"**{table.title}**\n\n{table.to_markdown()}")
    print(f"Table and picture: {', '.join(map(str, paths))}")
