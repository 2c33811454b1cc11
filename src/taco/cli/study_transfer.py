"""`taco study transfer`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def study_transfer(
    study: Annotated[Path, typer.Argument(help="The study, a TOML file; see docs/study.md.", metavar="STUDY")],
    studies: Annotated[Path, typer.Option("--studies", help="Folder that holds the studies' folders.")] = Path(
        "studies"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Ask a run's adapter in other languages, against the base model and against how far each language is.

    Nothing is trained. A study that was stopped goes on with the same command.

    Example: taco study transfer transfer-gl.toml
    """
    from taco.progress import open_progress
    from taco.store.cache import cache_folder
    from taco.store.run_folder import RunFolder
    from taco.study.form import load_study
    from taco.study.transfer.options import TransferStudy
    from taco.study.transfer.run import run_transfer
    from taco.study.transfer.show import list_tables

    options = load_study(study, TransferStudy)
    folder = studies / options.name
    with RunFolder(folder).lock():
        results, paths = run_transfer(options, folder=folder, cache=cache_folder(), progress=open_progress(quiet=quiet))
    for table in list_tables(results):
        print(f"**{table.title}**\n\n{table.to_markdown()}")
    print(f"Table and picture: {', '.join(map(str, paths))}")
