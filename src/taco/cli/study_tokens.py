"""`taco study tokens`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def study_tokens(
    study: Annotated[Path, typer.Argument(help="The study, a TOML file; see docs/study.md.", metavar="STUDY")],
    studies: Annotated[Path, typer.Option("--studies", help="Folder that holds the studies' folders.")] = Path(
        "studies"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Count what answers cost in tokens, by section, language and tokenizer; name the best length of a response.

    Example: taco study tokens studies/release-tokens.toml
    """
    from taco.progress import open_progress
    from taco.store.cache import cache_folder
    from taco.store.run_folder import RunFolder
    from taco.study.form import load_study
    from taco.study.tokens.options import TokenStudy
    from taco.study.tokens.run import run_tokens
    from taco.study.tokens.show import name_best

    options = load_study(study, TokenStudy)
    folder = studies / options.name
    with RunFolder(folder).lock():
        results, paths = run_tokens(options, folder=folder, cache=cache_folder(), progress=open_progress(quiet=quiet))
    for summary in results.summaries:
        for length in summary.lengths:
            print(name_best(summary, length))
    print(f"Table and picture: {', '.join(map(str, paths))}")
