"""Run folders as a training leaves them, and a server for them in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from taco.generate.echo_session import EchoSession
from taco.generate.options import EchoOptions
from taco.generate.session import Session, SessionSetup
from taco.model.options import ModelOptions
from taco.progress import SilentProgress
from taco.recipe.schema import Recipe
from taco.records import Chain
from taco.serve.options import ServeOptions
from taco.serve.served import Menu, read_served
from taco.store.manifest import Manifest, StageEntry, write_manifest

ANSWERS = {
    "پایتخت ایران کجاست؟": Chain(
        instruction_en="What is the capital of Iran?",
        response_en="The capital of Iran is Tehran. It lies at the foot of the Alborz mountains.",
        response="پایتخت ایران تهران است. این شهر در دامنهٔ کوه‌های البرز قرار دارد.",
    ),
    "Cal é a capital de Galicia?": Chain(
        instruction_en="What is the capital of Galicia?",
        response_en="The capital of Galicia is Santiago de Compostela.",
        response="A capital de Galicia é Santiago de Compostela.",
    ),
}
"""What the echo says to some questions, so that English and target differ."""


def make_run(folder: Path, language: str, *, template: str = "taco", base: str = "", **generate: Any) -> Path:
    """Write what `taco serve` reads of a run whose recipe names the echo backend."""
    recipe: dict[str, Any] = {"name": folder.name, "language": language, "generate": {"backend": "echo", **generate}}
    recipe["chain"] = {"template": template}
    if base:
        recipe |= {"model": {"base": base}, "generate": {"backend": "transformers", "max_new_tokens": 24}}
    resolved = Recipe.model_validate(recipe).model_dump(mode="json")
    entry = StageEntry(key="k", status="done")
    write_manifest(folder / "manifest.json", Manifest(name=folder.name, recipe=resolved, stages={"train": entry}))
    return folder


def open_echo(seconds_per_token: float = 0.0) -> EchoSession:
    setup = SessionSetup(model=ModelOptions(), adapters={}, cache=Path(), progress=SilentProgress())
    return EchoSession(EchoOptions(seconds_per_token=seconds_per_token), setup=setup, answers=ANSWERS)


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    url: str
    feedback: Path
    server: Any
    thread: threading.Thread
    http: httpx2.Client


@contextmanager
def start_server(
    runs: Sequence[Path],
    options: ServeOptions,
    *,
    session: Session | None = None,
    feedback: Path | None = None,
    relays: Mapping[str, Any] | None = None,
) -> Iterator[Running]:
    """Run a server until the context is left."""
    from taco.serve.run import bind, build_server

    folder = feedback or runs[0] / "feedback"
    listening = bind(options)
    server = build_server(
        Menu([read_served(run) for run in runs]),
        session or open_echo(),
        options=options,
        feedback=folder,
        relays=relays,
    )
    is_up = threading.Event()
    started = server.startup

    async def startup(*args: Any, **more: Any) -> None:
        await started(*args, **more)
        is_up.set()

    server.startup = startup  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        assert is_up.wait(30)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx2.Client(base_url=url, timeout=20) as http:
            yield Running(url, folder, server, thread, http)
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
    assert not thread.is_alive()
