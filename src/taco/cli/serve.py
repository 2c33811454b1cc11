"""`taco serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from taco.cli.sessions import Backend, Options

Runs = Annotated[
    list[Path], typer.Argument(help="Finished runs of one base model; each is a model to ask for.", metavar="RUN...")
]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all of this machine's.", metavar="ADDRESS")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65535)]
BatchSize = Annotated[
    int | None, typer.Option(help="Answers that grow together at most; by default the recipe's.", min=1, metavar="N")
]
MaxWaiting = Annotated[int, typer.Option(help="Requests that may wait; further ones get 429.", min=1, metavar="N")]
MaxTokens = Annotated[
    int, typer.Option(help="Tokens of an answer at most, English sections included.", min=1, metavar="N")
]
Timeout = Annotated[
    float, typer.Option("--timeout", help="Seconds after which an answer is ended.", min=0.1, metavar="S")
]
Origins = Annotated[
    list[str], typer.Option("--cors", help="Let pages of this origin call; may be repeated.", metavar="ORIGIN")
]
HostNames = Annotated[
    list[str],
    typer.Option("--host-name", help="A further name of this server, behind a proxy; may be repeated.", metavar="NAME"),
]
Modes = Annotated[
    list[str],
    typer.Option(
        "--mode",
        help="Which steps a translation engine does: chain, engine-question, engine-answer or engine-both; by default the "
        "recipe's. May be repeated: requests may ask for all of them, and get the first where they name none.",
        metavar="MODE",
    ),
]
Feedback = Annotated[
    Path | None, typer.Option(help="Folder of the readers' feedback; by default RUN/feedback.", metavar="FOLDER")
]
Check = Annotated[
    int | None,
    typer.Option(
        help="Serve nobody: hold the first run's server against transformers on so many held-out prompts; exit code 8 if "
        "prompts differ.",
        min=1,
        metavar="N",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def serve(
    runs: Runs,
    host: Host = "127.0.0.1",
    port: Port = 8642,
    backend: Backend = None,
    option: Options = [],  # noqa: B006
    batch_size: BatchSize = None,
    max_waiting: MaxWaiting = 256,
    max_tokens: MaxTokens = 2048,
    timeout: Timeout = 300.0,
    cors: Origins = [],  # noqa: B006 (typer copies it)
    host_names: HostNames = [],  # noqa: B006
    modes: Modes = [],  # noqa: B006
    feedback: Feedback = None,
    check: Check = None,
    quiet: Quiet = False,
) -> None:
    """Serve finished runs: OpenAI's protocol at /v1, a chat page at /.

    The model `auto` is the run of the question's language. The answer is the target section; the English sections come
    in a field of their own. Clients must send the key that the environment variable TACO_API_KEY holds, if it holds one.

    Example: taco serve runs/quickstart-gl
    """
    from taco.cli.settings import read_settings
    from taco.errors import RecipeError
    from taco.generate.modes import parse_mode
    from taco.progress import open_progress
    from taco.serve.options import ServeOptions
    from taco.serve.run import read_key, serve_runs
    from taco.store.cache import cache_folder

    if check is not None and (backend not in (None, "transformers") or option):
        raise RecipeError(
            "--check holds the server with transformers against transformers itself.",
            hint="Leave --backend and --option out; `taco export RUN --check N` holds other engines against it.",
        )
    if check is not None:
        from taco.cli.parity import check_served

        check_served(runs[0], prompts=check, cache=cache_folder(), progress=open_progress(quiet=quiet))
        return
    options = ServeOptions(
        host=host,
        port=port,
        api_key=read_key(),
        max_waiting=max_waiting,
        max_tokens=max_tokens,
        timeout_s=timeout,
        cors_origins=tuple(cors),
        host_names=tuple(host_names),
        modes=tuple(parse_mode(mode) for mode in modes),
    )
    serve_runs(
        runs,
        options=options,
        backend=backend,
        given=read_settings(option, "--option"),
        batch_size=batch_size,
        cache=cache_folder(),
        feedback=feedback,
        progress=open_progress(quiet=quiet),
    )
