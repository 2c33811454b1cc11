"""The translation memory: every translation that an engine ever gave, and a ledger of what was sent to engines.

The key of a translation is its source text, the pair of languages and the engine's signature, so a change of any of them
asks the engine anew and nothing else does. The memory is one SQLite file in write-ahead mode; several processes may use
it at the same time.

The ledger is written ahead too. A batch is recorded as sent before the engine is called and as stored in the same
transaction that brings in its translations. A batch that is recorded as sent only was in flight when its process was
killed: what it cost is known, and that nothing else was lost. Each batch carries the key of its run (see
`taco.translate.run`), which stays the same when a killed run goes on.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from taco.errors import StoreError
from taco.store.files import disk_faults

BUSY_TIMEOUT_S = 60.0
"""How long to wait for another process that is writing."""

_PARAMETERS = 500
"""Texts of one look-up; SQLite allowed 999 parameters before version 3.32."""

_FORM = 1
"""Version of the tables, kept as SQLite's user_version."""

_TABLES = """
CREATE TABLE IF NOT EXISTS engine (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, signature TEXT NOT NULL,
    UNIQUE (source, target, signature)
);
CREATE TABLE IF NOT EXISTS translation (
    engine INTEGER NOT NULL, digest BLOB NOT NULL, source_text TEXT NOT NULL, text TEXT NOT NULL,
    words INTEGER NOT NULL, unknown_words INTEGER NOT NULL,
    PRIMARY KEY (engine, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, engine INTEGER NOT NULL, segments INTEGER NOT NULL,
    characters INTEGER NOT NULL, sent_at REAL NOT NULL, stored_at REAL
);
CREATE INDEX IF NOT EXISTS batch_run ON batch (run);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One translation in the memory.

    Attributes:
        text: The translation.
        words: Number of words of the source text.
        unknown_words: How many of them the engine did not know.
    """

    text: str
    words: int
    unknown_words: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a run sent to engines, over all its attempts.

    Attributes:
        batches: Number of batches.
        segments: Number of texts, those of lost batches counted again where they were sent again.
        characters: Their length.
        lost_batches: Batches that were in flight when an attempt was killed.
        lost_segments: Number of texts in those.
        lost_characters: Their length.
    """

    batches: int = 0
    segments: int = 0
    characters: int = 0
    lost_batches: int = 0
    lost_segments: int = 0
    lost_characters: int = 0


class TranslationMemory:
    """The memory, for one pair of languages and one engine. Close it, or use it as a context manager.

    Args:
        path: The file; made where missing.
        source: Code of the language of the texts.
        target: Code of the language they are translated into.
        signature: The engine's signature.

    Raises:
        StoreError: The file is damaged, not a memory, or cannot be written.
    """

    def __init__(self, path: Path, *, source: str, target: str, signature: str) -> None:
        self.path = path
        with disk_faults(path.parent, "make the folder"):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._faults():
            self._database = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            with self._faults():
                self._prepare()
                self._engine = self._find_engine(source, target, signature)
        except BaseException:
            self._database.close()
            raise

    def look_up(self, texts: Iterable[str]) -> dict[str, Remembered]:
        """Return the translations of those texts that are in the memory."""
        found: dict[str, Remembered] = {}
        remaining = iter(texts)
        with self._faults():
            while chunk := list(islice(remaining, _PARAMETERS)):
                wanted = {_digest(text): text for text in chunk}
                marks = ",".join("?" * len(wanted))
                rows = self._database.execute(
                    "SELECT digest, source_text, text, words, unknown_words FROM translation "
                    f"WHERE engine = ? AND digest IN ({marks})",
                    (self._engine, *wanted),
                )
                for digest, source_text, text, words, unknown_words in rows:
                    if wanted[digest] == source_text:
                        found[source_text] = Remembered(text=text, words=words, unknown_words=unknown_words)
        return found

    def record_sent(self, texts: Sequence[str], *, run: str) -> int:
        """Write down that a batch is about to be sent, and return the batch's number."""
        with self._faults(), self._transaction():
            cursor = self._database.execute(
                "INSERT INTO batch (run, engine, segments, characters, sent_at) VALUES (?, ?, ?, ?, ?)",
                (run, self._engine, len(texts), sum(map(len, texts)), time.time()),
            )
        return int(cursor.lastrowid or 0)

    def store(self, batch: int, translations: Mapping[str, Remembered]) -> None:
        """Bring in a batch's translations and close it in the ledger, all or nothing.

        Args:
            batch: The number that `record_sent` gave.
            translations: Source text -> translation. What another process stored meanwhile is kept.
        """
        rows = [
            (self._engine, _digest(source_text), source_text, kept.text, kept.words, kept.unknown_words)
            for source_text, kept in translations.items()
        ]
        with self._faults(), self._transaction():
            self._database.executemany("INSERT OR IGNORE INTO translation VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._database.execute("UPDATE batch SET stored_at = ? WHERE id = ?", (time.time(), batch))

    def read_ledger(self, run: str) -> Ledger:
        """Return what a run sent, over all its attempts; batches still in flight elsewhere count as lost."""
        lost = "stored_at IS NULL"
        with self._faults():
            row = self._database.execute(
                f"SELECT count(*), total(segments), total(characters), total({lost}), "
                f"total(segments * ({lost})), total(characters * ({lost})) FROM batch WHERE run = ?",
                (run,),
            ).fetchone()
        batches, segments, characters, lost_batches, lost_segments, lost_characters = (int(total) for total in row)
        return Ledger(
            batches=batches,
            segments=segments,
            characters=characters,
            lost_batches=lost_batches,
            lost_segments=lost_segments,
            lost_characters=lost_characters,
        )

    def list_translations(self) -> Iterator[tuple[str, Remembered]]:
        """Yield every (source text, translation) of this pair and engine, sorted by source text."""
        with self._faults():
            rows = self._database.execute(
                "SELECT source_text, text, words, unknown_words FROM translation WHERE engine = ? ORDER BY source_text",
                (self._engine,),
            )
            for source_text, text, words, unknown_words in rows:
                yield source_text, Remembered(text=text, words=words, unknown_words=unknown_words)

    def close(self) -> None:
        """Close the file; may be called more than once."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        form = self._database.execute("PRAGMA user_version").fetchone()[0]
        if form not in (0, _FORM):
            raise StoreError(
                f"The translation memory {self.path} has form {form}, this version of taco writes form {_FORM}.",
                hint="Use the version of taco that made it, or another file with translate.memory.",
            )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        if form == 0:
            self._database.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_FORM}; COMMIT;")

    def _find_engine(self, source: str, target: str, signature: str) -> int:
        key = (source, target, signature)
        with self._transaction():
            self._database.execute("INSERT OR IGNORE INTO engine (source, target, signature) VALUES (?, ?, ?)", key)
            found = self._database.execute(
                "SELECT id FROM engine WHERE source = ? AND target = ? AND signature = ?", key
            ).fetchone()
        return int(found[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"The translation memory {self.path} cannot be used: {error}.", hint=_find_hint(str(error))
            ) from error


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _find_hint(message: str) -> str:
    for sign, hint in _HINTS.items():
        if sign in message:
            return hint
    return "Run the same command again; what is stored is kept."


_DAMAGED = (
    "The file is damaged or no translation memory. Move it away and run the same command again: its texts are then "
    "translated anew. `sqlite3 FILE .recover` may save what it holds."
)
_HINTS = {
    "malformed": _DAMAGED,
    "not a database": _DAMAGED,
    "no such": _DAMAGED,
    "full": "The disk is full. Free some space and run the same command again; what is stored is kept.",
    "readonly": "The file or its folder may not be written. Choose another one with translate.memory or TACO_CACHE.",
    "unable to open": "The file or its folder may not be written. Choose another one with translate.memory or TACO_CACHE.",
    "disk I/O": "The disk failed or is full. Free some space and run the same command again; what is stored is kept.",
    "locked": "Another process has been writing for more than a minute. Wait for it, or stop it.",
}
