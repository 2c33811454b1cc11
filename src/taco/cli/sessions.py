"""Options that `taco serve` and `taco chat` share."""

from __future__ import annotations

from typing import Annotated

import typer

Backend = Annotated[
    str | None,
    typer.Option(
        help="transformers, llamacpp, openai, or echo, which is no model; by default the run's.", metavar="NAME"
    ),
]
Options = Annotated[
    list[str],
    typer.Option(
        "--option",
        help="An option of the backend, before the recipe's, such as weights=q8_0 of llamacpp; may be repeated.",
        metavar="NAME=VALUE",
    ),
]
