"""`taco chat`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from taco.cli.sessions import Backend, Options

Run = Annotated[Path, typer.Argument(help="A finished run.", metavar="RUN")]
ShowsChain = Annotated[bool, typer.Option("--chain", help="Show the English sections from the start.")]
MaxTokens = Annotated[
    int, typer.Option(help="Tokens of an answer at most, English sections included.", min=1, metavar="N")
]
Mode = Annotated[
    str | None,
    typer.Option(
        help="Which steps a translation engine does: chain, engine-question, engine-answer or engine-both; by default the "
        "recipe's.",
        metavar="MODE",
    ),
]
Feedback = Annotated[
    Path | None, typer.Option(help="Folder of the feedback; by default RUN/feedback.", metavar="FOLDER")
]


def chat(
    run: Run,
    backend: Backend = None,
    option: Options = [],  # noqa: B006 (typer copies it)
    chain: ShowsChain = False,
    max_tokens: MaxTokens = 2048,
    mode: Mode = None,
    feedback: Feedback = None,
) -> None:
    """Talk with a finished run in the terminal.

    Lines that begin with a slash are commands: /chain shows or hides the English sections, /retry asks again, /up and
    /down rate the answer, /correct TEXT says how it should be, /new begins anew, /quit ends. Ctrl-C stops an answer.
    Questions may also be piped in, one a line.

    Example: taco chat runs/quickstart-gl
    """
    from taco.cli.settings import read_settings
    from taco.generate.modes import ASKS_ENGLISH, parse_mode
    from taco.progress import open_progress
    from taco.serve.relays import open_relay_here
    from taco.serve.run import open_session
    from taco.serve.served import Menu, read_served
    from taco.serve.terminal import Terminal
    from taco.store.cache import cache_folder

    menu = Menu([read_served(run)])
    (served,) = menu.runs
    progress, cache = open_progress(), cache_folder()
    chosen = parse_mode(mode) if mode else None
    given = read_settings(option, "--option")
    with (
        open_relay_here(served, chosen, cache=cache, progress=progress) as relay,
        closing(
            open_session(
                menu,
                backend=backend,
                batch_size=1,
                cache=cache,
                progress=progress,
                given=given,
                goes_on=relay.mode in ASKS_ENGLISH,
            )
        ) as session,
    ):
        folder = feedback or served.feedback
        Terminal(served, session, max_tokens=max_tokens, folder=folder, shows_chain=chain, relay=relay).talk()
