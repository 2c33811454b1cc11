"""Every reply that a judge ever gave, and a ledger of what was asked.

The key of a reply is a digest of the judge's signature and of the whole prompt, so a change of the judge, of the prompt's
wording or of any text asks anew and nothing else does. What is kept is the reply itself: the verdict is read from it
each time. The store is one SQLite file in write-ahead mode; several processes may use it at the same time.

The ledger is written ahead. A call is recorded as sent before it is made, at the highest price that it may have, and as
answered together with its reply and its price. One that is recorded as sent only was under way when its process was
killed: what it may have cost stays counted.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from taco.errors import BudgetError, StoreError
from taco.remote.chat_reply import ChatReply
from taco.store.database import open_database, read_form, transaction, write_ahead
from taco.store.memory import Budget

_PARAMETERS = 500
"""Keys of one look-up; SQLite allowed 999 parameters before version 3.32."""

_FORM = 1
"""Version of the table, kept as SQLite's user_version."""

_TABLE = """
CREATE TABLE IF NOT EXISTS call (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, judge TEXT NOT NULL, account TEXT NOT NULL, usd REAL NOT NULL,
    sent_at REAL NOT NULL, answered_at REAL, failed_at REAL, content TEXT, refusal TEXT, is_cut INTEGER,
    tokens_sent INTEGER, tokens_written INTEGER, snapshot TEXT
);
CREATE INDEX IF NOT EXISTS call_key ON call (key);
CREATE INDEX IF NOT EXISTS call_account ON call (account);
"""


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply and what it cost in US dollars."""

    reply: ChatReply
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was asked on one account, over all its runs.

    Attributes:
        calls: Calls made, answered or not.
        answered, failed, lost: How many were answered, came back without an answer, or were under way at a kill.
        usd: What they cost: by the server's counts of tokens, else by the estimate; failed calls that the server turned
            away at once are free, lost ones are taken to have cost their estimate.
        tokens_sent, tokens_written: By the server's counts.
    """

    calls: int = 0
    answered: int = 0
    failed: int = 0
    lost: int = 0
    usd: float = 0.0
    tokens_sent: int = 0
    tokens_written: int = 0


class ReplyStore:
    """Replies of judges. Close it, or use it as a context manager; for one thread.

    Args:
        path: The file; made where missing.

    Raises:
        StoreError: The file is damaged, of another form, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._faults():
            self._database = open_database(path)
        try:
            with self._faults():
                self._prepare()
        except BaseException:
            self._database.close()
            raise

    def look_up(self, keys: Iterable[str]) -> dict[str, list[StoredReply]]:
        """Return the replies to those prompts, in the order in which they came."""
        found: dict[str, list[StoredReply]] = {}
        remaining = iter(keys)
        with self._faults():
            while chunk := list(islice(remaining, _PARAMETERS)):
                rows = self._database.execute(
                    "SELECT key, usd, content, refusal, is_cut, tokens_sent, tokens_written, snapshot FROM call "
                    f"WHERE answered_at IS NOT NULL AND key IN ({','.join('?' * len(chunk))}) ORDER BY id",
                    chunk,
                )
                for key, usd, content, refusal, is_cut, sent, written, snapshot in rows:
                    reply = ChatReply(content, refusal, bool(is_cut), sent, written, snapshot)
                    found.setdefault(key, []).append(StoredReply(reply, usd))
        return found

    def record_sent(self, key: str, *, judge: str, usd: float, budget: Budget) -> int:
        """Write down that a call is about to be made, and return its number.

        Args:
            key: The prompt's key.
            judge: The judge's signature.
            usd: What the call may cost at most.
            budget: The account that pays.

        Raises:
            BudgetError: The account would have spent more than it may; nothing is written.
        """
        with self._faults(), transaction(self._database):
            if budget.usd is not None:
                self._check_budget(budget.account, budget.usd, usd)
            cursor = self._database.execute(
                "INSERT INTO call (key, judge, account, usd, sent_at) VALUES (?, ?, ?, ?, ?)",
                (key, judge, budget.account, usd, time.time()),
            )
        return int(cursor.lastrowid or 0)

    def record_failed(self, call: int, *, is_free: bool) -> None:
        """Write down that a call came back without an answer.

        Args:
            call: Its number.
            is_free: Whether it surely cost nothing.
        """
        with self._faults(), transaction(self._database):
            self._database.execute(
                "UPDATE call SET failed_at = ?, usd = CASE WHEN ? THEN 0 ELSE usd END WHERE id = ?",
                (time.time(), is_free, call),
            )

    def store(self, call: int, reply: ChatReply, *, usd: float | None) -> StoredReply:
        """Keep an answer.

        Args:
            call: The call's number.
            reply: What the judge answered.
            usd: What it cost; None where nobody can say, which leaves the estimate.
        """
        with self._faults(), transaction(self._database):
            self._database.execute(
                "UPDATE call SET answered_at = ?, content = ?, refusal = ?, is_cut = ?, tokens_sent = ?, "
                "tokens_written = ?, snapshot = ?, usd = coalesce(?, usd) WHERE id = ?",
                (
                    time.time(),
                    reply.content,
                    reply.refusal,
                    reply.is_cut,
                    reply.tokens_sent,
                    reply.tokens_written,
                    reply.snapshot,
                    usd,
                    call,
                ),
            )
            (paid,) = self._database.execute("SELECT usd FROM call WHERE id = ?", (call,)).fetchone()
        return StoredReply(reply, paid)

    def read_spending(self, account: str) -> Spending:
        """Return what was asked on an account, over all its runs."""
        with self._faults():
            row = self._database.execute(
                "SELECT count(*), count(answered_at), count(failed_at), total(usd), total(tokens_sent), "
                "total(tokens_written) FROM call WHERE account = ?",
                (account,),
            ).fetchone()
        calls, answered, failed = (int(number) for number in row[:3])
        return Spending(
            calls=calls,
            answered=answered,
            failed=failed,
            lost=calls - answered - failed,
            usd=float(row[3]),
            tokens_sent=int(row[4]),
            tokens_written=int(row[5]),
        )

    def close(self) -> None:
        """Close the file; may be called more than once."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        form = read_form(self._database)
        if form not in (0, _FORM):
            raise StoreError(
                f"The store of verdicts {self.path} has form {form}, this version of taco writes form {_FORM}.",
                hint="Use the version of taco that made it, or another file with --store.",
            )
        write_ahead(self._database)
        if form != _FORM:
            with transaction(self._database):
                for statement in f"{_TABLE} PRAGMA user_version = {_FORM};".split(";")[:-1]:
                    self._database.execute(statement)

    def _check_budget(self, account: str, limit_usd: float, usd: float) -> None:
        query = "SELECT total(usd) FROM call WHERE account = ?"
        spent_usd = float(self._database.execute(query, (account,)).fetchone()[0])
        if spent_usd + usd > limit_usd:
            raise BudgetError(
                f"The budget of ${limit_usd:,.2f} is spent: ${spent_usd:,.4f} so far, the next call may cost "
                f"${usd:,.4f}.",
                hint="All that was paid for is kept. The same command with a larger --budget goes on from here.",
            )

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"The store of verdicts {self.path} cannot be used: {error}.",
                hint="What is stored is kept. If the file is damaged, move it away: its verdicts are then asked anew. "
                "Another file can be named with --store.",
            ) from error
