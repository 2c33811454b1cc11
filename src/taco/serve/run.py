"""Opening the runs and serving them until the process is told to stop."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from taco.errors import ModelError, RecipeError, list_faults
from taco.generate.ended_session import EndedSession
from taco.generate.guarded_session import GuardedSession
from taco.generate.modes import ASKS_ENGLISH
from taco.generate.session import SESSIONS, Session, SessionSetup
from taco.progress import Progress
from taco.serve.options import KEY_VARIABLE, ServeOptions
from taco.serve.relays import RunRelay, open_relays
from taco.serve.served import Menu, read_served

if TYPE_CHECKING:
    import uvicorn

NEEDED = ("fastapi", "uvicorn", "prometheus_client")
"""Modules of the extra [serve]."""

BACKLOG = 1024
"""Connections that may wait to be taken."""


def require_server_libraries() -> None:
    """Check that the extra [serve] is installed.

    Raises:
        ModelError: It is not.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"Serving needs {', '.join(missing)}, not installed here.",
            hint='Install taco-llm[serve] to use `taco serve`: pip install "taco-llm[serve]".',
        )


def open_session(
    menu: Menu,
    *,
    backend: str | None,
    batch_size: int | None,
    cache: Path,
    progress: Progress,
    given: Mapping[str, Any] | None = None,
    goes_on: bool = False,
) -> Session:
    """Open the model with the adapters of all runs.

    Args:
        menu: The runs.
        backend: What decodes; None for what the first run's recipe names.
        batch_size: Answers that grow together at most; None for the recipe's.
        cache: The cache folder.
        progress: Where to say how far it is.
        given: Options of the backend, before the recipe's.
        goes_on: Whether answers will be begun by an engine, so that the backend has to go on with them.

    Raises:
        TacoError: The backend cannot serve, or cannot do that, or the model or an adapter cannot be used.
    """
    first = menu.runs[0].recipe
    name = backend or first.generate.backend
    settled = dict(first.generate.options) if name == first.generate.backend else {}
    if batch_size is not None and "batch_size" in SESSIONS.load_options(name).model_fields:
        settled["batch_size"] = batch_size
    settled |= given or {}
    adapters = {run.name: run.adapter for run in menu.runs}
    setup = SessionSetup(model=first.model, adapters=adapters, cache=cache, progress=progress)
    try:
        options = SESSIONS.load_options(name).model_validate(settled)
    except ValidationError as error:
        raise RecipeError(
            f"The backend {name} cannot be opened with these options: {'; '.join(list_faults(error, whole='options'))}.",
            hint="They are the recipe's generate.options where it names this backend; --option NAME=VALUE sets one.",
        ) from error
    if goes_on and not getattr(options, "can_continue", True):
        raise RecipeError(
            "An engine is to put questions into English, and the server is to go on from there, which it is not known to do.",
            hint="If it can (continue_final_message, as vLLM has it): --option can_continue=true. Else choose another --mode.",
        )
    session: Session = SESSIONS.load_implementation(name)(options, setup=setup)
    return GuardedSession(EndedSession(session))


def serve_runs(
    folders: Sequence[Path],
    *,
    options: ServeOptions,
    backend: str | None,
    batch_size: int | None,
    cache: Path,
    feedback: Path | None,
    progress: Progress,
    given: Mapping[str, Any] | None = None,
) -> None:
    """Serve runs until the process gets SIGINT or SIGTERM; answers under way are finished first.

    Args:
        folders: Run folders; the first one is what `auto` means where the question's language tells nothing.
        options: How to listen, and the limits.
        backend, batch_size, cache, given: See `open_session`.
        feedback: Folder of the feedback; None for the first run's own.
        progress: Where to say what happens.

    Raises:
        TacoError: A run cannot be served, or the port is taken.
    """
    require_server_libraries()
    menu = Menu([read_served(folder) for folder in folders])
    menu.warm_up()
    listening = bind(options)
    try:
        waiting = options.max_waiting
        with open_relays(menu, options.modes, cache=cache, max_waiting=waiting, progress=progress) as relays:
            session = open_session(
                menu,
                backend=backend,
                batch_size=batch_size,
                cache=cache,
                progress=progress,
                given=given,
                goes_on=any(mode in ASKS_ENGLISH for relay in relays.values() for mode in relay.offered),
            )
            server = build_server(
                menu,
                session,
                options=options,
                feedback=feedback or menu.runs[0].feedback,
                relays=relays,
                on_start=lambda: _say_hello(menu, session, options, listening, progress),
            )
            listening.listen(BACKLOG)
            with calm_signals():
                server.run(sockets=[listening])
    finally:
        listening.close()
    progress.say("Stopped.")


def build_server(
    menu: Menu,
    session: Session,
    *,
    options: ServeOptions,
    feedback: Path,
    relays: Mapping[str, RunRelay] | None = None,
    on_start: Callable[[], None] = lambda: None,
) -> uvicorn.Server:
    """Put the server together; it does not run yet.

    Args:
        menu: The runs.
        session: Their model.
        options: How to listen, and the limits.
        feedback: Folder of the feedback.
        relays: Name of a run -> its translation engines, where it has any.
        on_start: Called once signals stop the server in good order.
    """
    import uvicorn

    from taco.serve.app import build_app
    from taco.serve.desk import Desk
    from taco.serve.engine import Engine
    from taco.serve.feedback import FeedbackLog

    engine = Engine(session, max_waiting=options.max_waiting, timeout_s=options.timeout_s)
    log = FeedbackLog(feedback, most_bytes=options.feedback_mib * 2**20)
    config = uvicorn.Config(
        build_app(Desk(menu, engine, options, relays=relays), log, on_start=on_start),
        log_level="warning",
        access_log=False,
        ws="none",
        http="h11",
        loop="asyncio",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=options.shutdown_s,
    )
    return uvicorn.Server(config)


def bind(options: ServeOptions) -> socket.socket:
    """Take the port before the model is loaded, so that a taken one is known at once.

    Raises:
        RecipeError: The address cannot be listened on.
    """
    try:
        found = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(found[0], socket.SOCK_STREAM)
    except OSError as error:
        raise RecipeError(f"There is no address {options.host}: {error.strerror or error}.") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
    except OSError as error:
        listening.close()
        raise RecipeError(
            f"Cannot listen on {options.host}, port {options.port}: {error.strerror or error}.",
            hint="Choose another one with --port; --port 0 takes any free one.",
        ) from error
    return listening


@contextmanager
def calm_signals() -> Iterator[None]:
    """Let SIGINT and SIGTERM do nothing by themselves: uvicorn, which stops on them, sends them on when it is done."""
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda *_: None) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def read_key() -> str:
    """Return the key that clients must send; "" for none."""
    return os.environ.get(KEY_VARIABLE, "").strip()


def _say_hello(
    menu: Menu, session: Session, options: ServeOptions, listening: socket.socket, progress: Progress
) -> None:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    runs = ", ".join(f"{run.name} ({run.language.name})" for run in menu.runs)
    progress.say(f"{runs}: {session.signature}")
    if not options.is_loopback and not options.api_key:
        progress.say(
            f"Whoever reaches this address may ask: no key is set in {KEY_VARIABLE}, and nothing is encrypted."
        )
    progress.say(f"Serving at http://{shown}:{port}/ (OpenAI's protocol at /v1); stop with Ctrl-C.")
