"""The one place where a bench meets the sender and the translation memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from taco.languages.table import Language
from taco.store.files import disk_faults
from taco.store.memory import TranslationMemory
from taco.translate.engine import Engine, Translation
from taco.translate.options import TranslateOptions
from taco.translate.repair import Send
from taco.translate.sender import Account, Meter, Sender


@contextmanager
def open_sender(
    engine: Engine, *, memory: Path, source: Language, target: Language, run: str, meter: Meter, asked: set[str]
) -> Iterator[Send]:
    """Open the way to an engine: the memory first, calls of the same size as those of the translate stage for the rest.

    Args:
        engine: The engine.
        memory: File of the translation memory.
        source, target: The pair of languages.
        run: Key of the run in the memory's ledger.
        meter: Hears how far requests are.
        asked: Gets every text that is asked for, of memory or engine.
    """
    size = TranslateOptions.model_fields["batch_characters"].default
    with TranslationMemory(memory, source=source.code, target=target.code, signature=engine.signature) as kept:
        sender = Sender(
            engine, kept, limits=engine.limits, account=Account(run=run), batch_characters=size, meter=meter
        )

        def send(texts: Sequence[str]) -> Mapping[str, Translation]:
            asked.update(texts)
            return sender.send(texts)

        try:
            yield send
        finally:
            sender.close()


def hand_over(fresh: Path, memory: Path, *, source: Language, target: Language, signature: str, run: str) -> None:
    """Bring what a fresh run stored in a memory of its own into the shared one, which keeps what it has."""
    pair = {"source": source.code, "target": target.code, "signature": signature}
    with TranslationMemory(fresh, **pair) as made, TranslationMemory(memory, **pair) as kept:
        translations = dict(made.list_translations())
        if translations:
            kept.store(kept.record_sent(list(translations), run=run), translations)


def remove_memory(path: Path) -> None:
    """Remove a memory with the files that SQLite keeps beside it."""
    with disk_faults(path, "remove"):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
