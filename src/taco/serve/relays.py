"""Translation engines behind the server: the steps of the chain that a mode takes from the model.

Each direction of each run has a thread that owns its engine. Texts wait for it and are translated together, so that neither
the event loop nor the thread that decodes ever waits for an engine.
"""

from __future__ import annotations

import queue
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from taco.errors import TacoError
from taco.generate.modes import ASKS_ENGLISH, SAYS_TARGET, check_mode
from taco.generate.options import Mode
from taco.generate.relay import NO_RELAY, Relay, make_jobs
from taco.progress import Progress
from taco.serve.engine import QueueFull
from taco.serve.served import Menu, Served
from taco.translate.run import Means, Payer
from taco.translate.texts import TextTranslation, TextTranslator
from taco.translate.worker import Job

MOST_TOGETHER = 64
"""Texts that are translated together at most."""

_END_S = 5.0
"""Seconds that an engine gets to end; one that hangs is left behind."""

Pending = Future[TextTranslation]


class EngineThread:
    """A thread that translates for all who wait.

    Args:
        job: Engine, pair of languages, memory and who pays.
        max_waiting: Texts that may wait.
        progress: Takes a line where an engine is missing and another one used.
    """

    def __init__(self, job: Job, *, max_waiting: int, progress: Progress) -> None:
        self._translator = TextTranslator(job, progress=progress)
        self._name = f"{job.options.engine} ({job.source}-{job.language})"
        self._max_waiting = max_waiting
        self._waiting: queue.SimpleQueue[tuple[str, Pending] | None] = queue.SimpleQueue()
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="taco-translate", daemon=True)

    def start(self) -> None:
        """Start the thread and wait until its engine is open.

        Raises:
            EngineError: The engine is missing.
        """
        self._thread.start()
        self._opened.result()

    def submit(self, text: str) -> Pending:
        """Let a text wait for its turn; cancelling what is returned takes it back.

        Raises:
            QueueFull: Too many wait already.
        """
        if self._waiting.qsize() >= self._max_waiting:
            raise QueueFull
        pending: Pending = Future()
        self._waiting.put((text, pending))
        return pending

    def close(self) -> None:
        """End the thread and its engine."""
        self._waiting.put(None)
        if self._thread.ident is not None:
            self._thread.join(_END_S)

    def _run(self) -> None:
        try:
            self._translator.open()
        except BaseException as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        while found := self._take():
            asked = [(text, pending) for text, pending in found if pending.set_running_or_notify_cancel()]
            if asked:
                self._translate(asked)
        self._translator.close()

    def _take(self) -> list[tuple[str, Pending]]:
        """Wait for texts; return those that are there, none where it is over."""
        found: list[tuple[str, Pending]] = []
        while len(found) < MOST_TOGETHER and (not found or not self._waiting.empty()):
            asked = self._waiting.get()
            if asked is None:
                self._waiting.put(None)
                break
            found.append(asked)
        return found

    def _translate(self, asked: Sequence[tuple[str, Pending]]) -> None:
        try:
            translations = self._translator.translate([text for text, _ in asked])
        except Exception as error:  # these texts are lost, the thread is not
            said = f"taco: {self._name}: {error}" if isinstance(error, TacoError) else traceback.format_exc()
            print(said, file=sys.stderr, flush=True)
            for _, pending in asked:
                pending.set_exception(error)
            return
        for text, pending in asked:
            pending.set_result(translations[text])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRelay:
    """What a run's engines do.

    Attributes:
        modes: The modes that the run is served in; the first is that of requests that name none.
        to_english: Puts questions into English; None where no mode needs it.
        to_target: Puts answers into the target language; None where no mode needs it.
    """

    modes: tuple[Mode, ...] = ("chain",)
    to_english: EngineThread | None = None
    to_target: EngineThread | None = None

    @property
    def offered(self) -> tuple[Mode, ...]:
        """The modes that a request may ask for: `chain`, which needs no engine, always.

        >>> RunRelay(modes=("engine-both",)).offered
        ('engine-both', 'chain')
        """
        return tuple(dict.fromkeys((*self.modes, "chain")))


NO_ENGINES = RunRelay()
"""The model does it all."""


def choose_modes(run: Served, asked: Sequence[Mode]) -> tuple[Mode, ...]:
    """Return the modes in which a run is served: those that are asked for, else that of its recipe.

    Raises:
        RecipeError: Its chain lacks a section that one of them needs.
    """
    modes = tuple(dict.fromkeys(asked)) or (run.recipe.generate.mode,)
    for mode in modes:
        check_mode(mode, run.template)
    return modes


def make_run_jobs(run: Served, *, cache: Path) -> tuple[Job, Job]:
    """Return how a run's questions are put into English, and its answers into the target language."""
    recipe = run.recipe
    means = Means(
        translate=recipe.translate,
        memory=recipe.translate.memory or cache / "memory.sqlite",
        payer=Payer(run=f"serve {recipe.run_name}", account=recipe.name),
    )
    return make_jobs(recipe.generate.relay, means=means, language=run.language)


@contextmanager
def open_relays(
    menu: Menu, asked: Sequence[Mode], *, cache: Path, max_waiting: int, progress: Progress
) -> Iterator[dict[str, RunRelay]]:
    """Open the engines of all runs, and close them in the end.

    Args:
        menu: The runs.
        asked: The modes; none for each recipe's own.
        cache: The cache folder, with the translation memory.
        max_waiting: Texts that may wait for each engine.
        progress: Takes a line where an engine is missing and another one used.

    Yields:
        Name of a run -> what its engines do.

    Raises:
        RecipeError: A run's chain lacks a section that a mode needs.
        EngineError: An engine is missing.
    """
    with ExitStack() as stack:

        def start(job: Job, *, is_needed: bool) -> EngineThread | None:
            if not is_needed:
                return None
            thread = EngineThread(job, max_waiting=max_waiting, progress=progress)
            stack.callback(thread.close)
            thread.start()
            return thread

        relays = {}
        for run in menu.runs:
            modes = choose_modes(run, asked)
            question, answer = make_run_jobs(run, cache=cache)
            relays[run.name] = RunRelay(
                modes=modes,
                to_english=start(question, is_needed=bool(ASKS_ENGLISH & set(modes))),
                to_target=start(answer, is_needed=bool(SAYS_TARGET & set(modes))),
            )
        yield relays


@contextmanager
def open_relay_here(run: Served, mode: Mode | None, *, cache: Path, progress: Progress) -> Iterator[Relay]:
    """Open a run's engines in this thread, and close them in the end.

    Args:
        run: The run.
        mode: Which steps are theirs; None for the recipe's.
        cache, progress: See `open_relays`.

    Raises:
        RecipeError, EngineError: See `open_relays`.
    """
    (chosen,) = choose_modes(run, [mode] if mode else [])
    if chosen == "chain":
        yield NO_RELAY
        return
    with ExitStack() as stack:
        found = [TextTranslator(job, progress=progress) for job in make_run_jobs(run, cache=cache)]
        for translator, modes in zip(found, (ASKS_ENGLISH, SAYS_TARGET), strict=True):
            stack.callback(translator.close)
            if chosen in modes:
                translator.open()
        yield Relay(mode=chosen, to_english=found[0].translate, to_target=found[1].translate)
