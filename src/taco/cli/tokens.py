"""`taco tokens`: the command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tokens(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a TOML file.", metavar="RECIPE")],
    settings: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Take this value instead of the recipe's; may be repeated."),
    ] = [],  # noqa: B006 (typer copies it)
    runs: Annotated[Path, typer.Option("--runs", help="Folder that holds the run folders.")] = Path("runs"),
    context: Annotated[
        list[int],
        typer.Option(help="A context to look at, in tokens; may be repeated. 512, 1024, 2048 and 4096 if not given."),
    ] = [],  # noqa: B006 (typer copies it)
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a recipe's training rows cost in the base model's tokens, and how long responses may be.

    Rows that a run has translated are measured and the others predicted from them. Before a run, translate a sample:
    taco run RECIPE --until translate --set source.limit=200. Without any, the translations that come with taco are
    taken. Of the base model only the tokenizer is used; nothing is trained or sent.

    Example: taco tokens recipes/quickstart.toml --context 1024
    """
    from taco.cli.token_table import print_tokens
    from taco.progress import open_progress
    from taco.recipe.load import load_recipe
    from taco.store.cache import cache_folder

    print_tokens(
        load_recipe(recipe, settings=settings),
        runs=runs,
        cache=cache_folder(),
        contexts=context,
        as_json=as_json,
        progress=open_progress(quiet=as_json),
    )
