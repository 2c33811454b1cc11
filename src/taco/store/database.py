"""SQLite files that several processes share and that survive a kill: opening them, and all-or-nothing changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taco.store.files import disk_faults

BUSY_TIMEOUT_S = 60.0
"""How long one process waits for another that is writing."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open a file, made where missing, with its folder. Nothing is changed but inside `transaction`.

    Raises:
        StoreError: The folder cannot be made.
        sqlite3.Error: The file cannot be opened.
    """
    with disk_faults(path.parent, "make the folder"):
        path.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def read_form(database: sqlite3.Connection) -> int:
    """Return the number of the form that the tables have; 0 for a new file."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def write_ahead(database: sqlite3.Connection) -> None:
    """Let readers and one writer work side by side, and a kill lose nothing that was committed."""
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Make the changes inside the context all or not at all."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
