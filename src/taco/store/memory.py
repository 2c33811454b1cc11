"""The translation memory: every translation that an engine ever gave, and a ledger of what was sent to engines.

The key of a translation is its source text, the pair of languages and the engine's signature, so a change of any of them
asks the engine anew and nothing else does. The memory is one SQLite file in write-ahead mode; several processes may use
it at the same time.

The ledger is written ahead too. A batch is recorded as sent before the engine is called and as stored in the same
transaction that brings in its translations; one that the engine refused is recorded as failed. A batch that is recorded as
sent only was in flight when its process was killed: what it cost is known, and that nothing else was lost. Each batch
carries the key of its run (see `taco.translate.run`), which stays the same when a killed run goes on, and counts towards the
spending of an account, which several runs may share and which a budget limits.
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

from taco.errors import BudgetError, StoreError
from taco.store.database import open_database, read_form, transaction, write_ahead

_PARAMETERS = 500
"""Texts of one look-up; SQLite allowed 999 parameters before version 3.32."""

_FORM = 2
"""Version of the tables, kept as SQLite's user_version."""

_TABLES = """
CREATE TABLE IF NOT EXISTS engine (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, signature TEXT NOT NULL,
    UNIQUE (source, target, signature)
);
CREATE TABLE IF NOT EXISTS translation (
    engine INTEGER NOT NULL, digest BLOB NOT NULL, source_text TEXT NOT NULL, text TEXT NOT NULL,
    words INTEGER NOT NULL, unknown_words INTEGER NOT NULL, batch INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (engine, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, engine INTEGER NOT NULL, segments INTEGER NOT NULL,
    characters INTEGER NOT NULL, sent_at REAL NOT NULL, stored_at REAL, failed_at REAL, usd REAL NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS batch_run ON batch (run);
CREATE INDEX IF NOT EXISTS batch_engine ON batch (engine);
CREATE TABLE IF NOT EXISTS account (
    name TEXT PRIMARY KEY, characters INTEGER NOT NULL DEFAULT 0, usd REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""

_MIGRATIONS = {
    1: "ALTER TABLE translation ADD COLUMN batch INTEGER NOT NULL DEFAULT 0; ALTER TABLE batch ADD COLUMN failed_at REAL; "
    "ALTER TABLE batch ADD COLUMN usd REAL NOT NULL DEFAULT 0; ",
}
"""Form -> what makes the next form of it, before `_TABLES` adds what is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One translation in the memory.

    Attributes:
        text: The translation.
        words: Number of words of the source text.
        unknown_words: How many of them the engine did not know.
        run: Key of the run that sent it to the engine; "" where that is not known. Not read by `store`.
    """

    text: str
    words: int
    unknown_words: int
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a run sent to engines, over all its attempts.

    Attributes:
        batches: Number of batches.
        segments: Number of texts, those of lost and failed batches counted again where they were sent again.
        characters: Their length.
        usd: What they cost, by the engine's word or its price list; lost and failed batches are taken to have cost too.
        lost_batches: Batches that were in flight when an attempt was killed.
        lost_segments: Number of texts in those.
        lost_characters: Their length.
        failed_batches: Batches that the engine was too busy for or refused.
        failed_segments: Number of texts in those.
        failed_characters: Their length.
    """

    batches: int = 0
    segments: int = 0
    characters: int = 0
    usd: float = 0.0
    lost_batches: int = 0
    lost_segments: int = 0
    lost_characters: int = 0
    failed_batches: int = 0
    failed_segments: int = 0
    failed_characters: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What an account may spend, over all runs that share it.

    Attributes:
        account: Its name.
        usd: US dollars; None where there is no limit.
        characters: Characters sent; None where there is no limit.
    """

    account: str
    usd: float | None = None
    characters: int | None = None


class TranslationMemory:
    """The memory, for one pair of languages and one engine. Close it, or use it as a context manager.

    Args:
        path: The file; made where missing.
        source: Code of the language of the texts.
        target: Code of the language they are translated into.
        signature: The engine's signature; None to read the ledger only.

    Raises:
        StoreError: The file is damaged, not a memory, or cannot be written.
    """

    def __init__(self, path: Path, *, source: str, target: str, signature: str | None) -> None:
        self.path = path
        with self._faults():
            self._database = open_database(path)
        try:
            with self._faults():
                self._prepare()
                self._engine = 0 if signature is None else self._find_engine(source, target, signature)
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
                    "SELECT digest, source_text, text, words, unknown_words, coalesce(run, '') FROM translation "
                    "LEFT JOIN batch ON batch.id = translation.batch "
                    f"WHERE translation.engine = ? AND digest IN ({marks})",
                    (self._engine, *wanted),
                )
                for digest, source_text, text, words, unknown_words, run in rows:
                    if wanted[digest] == source_text:
                        found[source_text] = Remembered(text=text, words=words, unknown_words=unknown_words, run=run)
        return found

    def record_sent(self, texts: Sequence[str], *, run: str, usd: float = 0.0, budget: Budget | None = None) -> int:
        """Write down that a batch is about to be sent, and return the batch's number.

        Args:
            texts: The batch.
            run: Key of the run.
            usd: What it is expected to cost.
            budget: The account that pays.

        Raises:
            BudgetError: The account would have spent more than it may; nothing is written.
        """
        characters = sum(map(len, texts))
        with self._faults(), transaction(self._database):
            if budget is not None:
                self._charge(budget, characters=characters, usd=usd)
            cursor = self._database.execute(
                "INSERT INTO batch (run, engine, segments, characters, sent_at, usd) VALUES (?, ?, ?, ?, ?, ?)",
                (run, self._engine, len(texts), characters, time.time(), usd),
            )
        return int(cursor.lastrowid or 0)

    def record_failed(self, batch: int) -> None:
        """Write down that a batch came back without translations."""
        with self._faults(), transaction(self._database):
            self._database.execute("UPDATE batch SET failed_at = ? WHERE id = ?", (time.time(), batch))

    def store(
        self,
        batch: int,
        translations: Mapping[str, Remembered],
        *,
        usd: float | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Bring in a batch's translations and close it in the ledger, all or nothing.

        Args:
            batch: The number that `record_sent` gave.
            translations: Source text -> translation. What another process stored meanwhile is kept.
            usd: What the engine says that it cost; None where what was expected stands.
            budget: The account that pays.
        """
        rows = [
            (self._engine, _digest(source_text), source_text, kept.text, kept.words, kept.unknown_words, batch)
            for source_text, kept in translations.items()
        ]
        with self._faults(), transaction(self._database):
            self._database.executemany("INSERT OR IGNORE INTO translation VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            if usd is not None:
                self._correct_cost(batch, usd, budget)
            self._database.execute("UPDATE batch SET stored_at = ? WHERE id = ?", (time.time(), batch))

    def read_ledger(self, run: str) -> Ledger:
        """Return what a run sent, over all its attempts; batches still in flight elsewhere count as lost."""
        failed, lost = "(failed_at IS NOT NULL)", "(stored_at IS NULL AND failed_at IS NULL)"
        with self._faults():
            row = self._database.execute(
                f"SELECT count(*), total(segments), total(characters), total({lost}), total(segments * {lost}), "
                f"total(characters * {lost}), total({failed}), total(segments * {failed}), total(characters * {failed}), "
                "total(usd) FROM batch WHERE run = ?",
                (run,),
            ).fetchone()
        kinds = [prefix + noun for prefix in ("", "lost_", "failed_") for noun in ("batches", "segments", "characters")]
        return Ledger(**{kind: int(total) for kind, total in zip(kinds, row[:-1], strict=True)}, usd=float(row[-1]))

    def read_spending(self, account: str) -> tuple[int, float]:
        """Return the characters that were sent on an account and what they cost in US dollars."""
        with self._faults():
            found = self._database.execute("SELECT characters, usd FROM account WHERE name = ?", (account,)).fetchone()
        return (int(found[0]), float(found[1])) if found else (0, 0.0)

    def measure_rate(self) -> float | None:
        """Return the characters a second that one call of this engine brought so far; None where nothing was sent."""
        with self._faults():
            characters, seconds = self._database.execute(
                "SELECT total(characters), total(stored_at - sent_at) FROM batch "
                "WHERE engine = ? AND stored_at IS NOT NULL",
                (self._engine,),
            ).fetchone()
        return float(characters / seconds) if seconds else None

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
        form = read_form(self._database)
        if form not in (0, _FORM, *_MIGRATIONS):
            raise StoreError(
                f"The translation memory {self.path} has form {form}, this version of taco writes form {_FORM}.",
                hint="Use the version of taco that made it, or another file with translate.memory.",
            )
        write_ahead(self._database)
        if form != _FORM:
            with transaction(self._database):
                form = read_form(self._database)  # another process may have been faster
                migrations = "".join(_MIGRATIONS.get(older, "") for older in range(form or _FORM, _FORM))
                for statement in f"{migrations}{_TABLES} PRAGMA user_version = {_FORM};".split(";")[:-1]:
                    self._database.execute(statement)

    def _charge(self, budget: Budget, *, characters: int, usd: float) -> None:
        self._database.execute("INSERT OR IGNORE INTO account (name) VALUES (?)", (budget.account,))
        query = "SELECT characters, usd FROM account WHERE name = ?"
        spent_characters, spent_usd = self._database.execute(query, (budget.account,)).fetchone()
        if budget.usd is not None and spent_usd + usd > budget.usd:
            raise BudgetError(
                f"The budget of ${budget.usd:,.2f} is spent: ${spent_usd:,.2f} so far, the next call costs ${usd:,.4f}.",
                hint=_BUDGET_HINT,
            )
        if budget.characters is not None and spent_characters + characters > budget.characters:
            raise BudgetError(
                f"The budget of {budget.characters:,} characters is spent: {spent_characters:,} were sent so far, "
                f"the next call has {characters:,}.",
                hint=_BUDGET_HINT,
            )
        self._database.execute(
            "UPDATE account SET characters = characters + ?, usd = usd + ? WHERE name = ?",
            (characters, usd, budget.account),
        )

    def _correct_cost(self, batch: int, usd: float, budget: Budget | None) -> None:
        (expected,) = self._database.execute("SELECT usd FROM batch WHERE id = ?", (batch,)).fetchone()
        self._database.execute("UPDATE batch SET usd = ? WHERE id = ?", (usd, batch))
        if budget is not None:
            change = usd - expected
            self._database.execute("UPDATE account SET usd = usd + ? WHERE name = ?", (change, budget.account))

    def _find_engine(self, source: str, target: str, signature: str) -> int:
        key = (source, target, signature)
        with transaction(self._database):
            self._database.execute("INSERT OR IGNORE INTO engine (source, target, signature) VALUES (?, ?, ?)", key)
            found = self._database.execute(
                "SELECT id FROM engine WHERE source = ? AND target = ? AND signature = ?", key
            ).fetchone()
        return int(found[0])

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


_BUDGET_HINT = "All that was paid for is kept. The same command with a larger --budget goes on from here."

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
