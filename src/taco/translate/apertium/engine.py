"""The Apertium engine: several pipelines side by side, each a chain of hops from the source to the target language."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections import Counter
from collections.abc import Sequence

from taco.errors import EngineError
from taco.languages.table import ENGLISH, Language
from taco.translate.apertium.blanks import insert_filter
from taco.translate.apertium.hop import Hop, Start, Watchlist
from taco.translate.apertium.modes import (
    Mode,
    find_code,
    find_folder,
    find_path,
    find_program,
    list_modes,
    read_commands,
)
from taco.translate.apertium.options import ApertiumOptions
from taco.translate.apertium.packages import describe_install
from taco.translate.apertium.pipeline import Pipeline
from taco.translate.apertium.quotes import translate_keeping_quotes
from taco.translate.apertium.versions import make_signature
from taco.translate.engine import FREE, Closing, Limits, Translation
from taco.translate.slots import count_words


class ApertiumEngine(Closing):
    """Translates through one or more of Apertium's modes.

    Args:
        path: The modes, in order.
        processes: Number of pipelines that may run at the same time; each is started when first needed.
        timeout_s: Seconds that one text may take in one mode.
        signature: See `taco.translate.apertium.versions`.
        start: Starts a pipeline.
    """

    name = "apertium"
    keeps_slots = True
    price = FREE

    def __init__(
        self, path: Sequence[Mode], *, processes: int, timeout_s: float, signature: str, start: Start = Pipeline
    ) -> None:
        self.limits = Limits(parallel_calls=processes)
        self.signature = signature
        commands = [insert_filter(read_commands(mode.path)) for mode in path]
        watchlists = [Watchlist() for _ in path]
        self._free: queue.LifoQueue[list[Hop]] = queue.LifoQueue(processes)
        self._all: list[list[Hop]] = []
        self._starting: list[threading.Thread] = []
        for _ in range(processes):
            hops = [
                Hop(programs, timeout_s=timeout_s, watchlist=watchlist, start=start)
                for programs, watchlist in zip(commands, watchlists, strict=True)
            ]
            self._all.append(hops)
            self._free.put(hops)

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts with the next free pipeline; see `Engine.translate`."""
        hops = self._free.get()
        try:
            return _translate_along(hops, texts)
        finally:
            self._free.put(hops)

    def prepare(self) -> None:
        """Begin to start all pipelines, each in a thread of its own; see `taco.translate.engine.prepare`."""
        for _ in self._all:
            self._starting.append(threading.Thread(target=self._start_one, name="apertium-start"))
            self._starting[-1].start()

    def _start_one(self) -> None:
        hops = self._free.get()
        try:
            with contextlib.suppress(EngineError):  # who translates meets it again
                for hop in hops:
                    hop.prepare()
        finally:
            self._free.put(hops)

    def close(self) -> None:
        """End all programs; may be called more than once."""
        for thread in self._starting:
            thread.join()
        for hops in self._all:
            for hop in hops:
                hop.close()


def _translate_along(hops: Sequence[Hop], texts: Sequence[str]) -> list[Translation]:
    """Pass texts through the hops; a word that several hops do not know counts once."""
    current = list(texts)
    unknown: list[Counter[str]] = [Counter() for _ in texts]
    refusals = [""] * len(texts)
    for hop in hops:
        open_numbers = [number for number, refusal in enumerate(refusals) if not refusal]
        answers = translate_keeping_quotes(hop, [current[number] for number in open_numbers])
        for number, answer in zip(open_numbers, answers, strict=True):
            if isinstance(answer, str):
                refusals[number] = answer
            else:
                current[number] = answer.text
                unknown[number] |= answer.unknown
    return [
        Translation(
            text="" if refusal else text,
            words=(words := count_words(source)),
            unknown_words=min(words, unknown_here.total()),
            refusal=refusal,
        )
        for source, text, unknown_here, refusal in zip(texts, current, unknown, refusals, strict=True)
    ]


def open_apertium(options: ApertiumOptions, *, source: Language, target: Language) -> ApertiumEngine:
    """Open Apertium for a pair of languages, by a direct mode or by the shortest way through others.

    Raises:
        EngineError: Apertium or a pair is missing; the hint says what to install.
    """
    folder = find_folder(options.modes)
    has_apertium = find_program("lt-proc") is not None and folder.is_dir()
    path = find_path(list_modes(folder), source=find_code(source), target=find_code(target)) if has_apertium else None
    if not path:
        what = f"has no way from {source.name} to {target.name}" if has_apertium else "is not installed"
        hint = describe_install(target, has_apertium=has_apertium) if source == ENGLISH else ""
        raise EngineError(f"Apertium {what} (looked in {folder}).", hint=hint)
    return ApertiumEngine(
        path,
        processes=options.processes or len(os.sched_getaffinity(0)),
        timeout_s=options.timeout_s,
        signature=make_signature(path),
    )
