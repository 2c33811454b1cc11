"""Which rows are kept out of training."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from taco.errors import DataError
from taco.records import Row


def choose_heldout(rows: Sequence[Row], *, marked: Collection[str], count: int, seed: int, name: str) -> set[str]:
    """Choose the ids of `count` held-out rows: those with the smallest hash of seed and id.

    So the choice does not depend on the rows' order, and a row that is added or taken away changes at most one place.

    Args:
        rows: Rows with different ids.
        marked: Ids of the rows that the source marks as held out; where there are any, only they are chosen from.
        count: How many to choose.
        seed: The recipe's seed.
        name: How messages call the source.

    Raises:
        DataError: There are not enough rows, or none would be left for training.
    """
    if marked and count > len(marked):
        raise DataError(
            f"{name}: {count} held-out rows were asked for, but of the rows read only {len(marked)} are marked as "
            "held out.",
            hint=f"Ask for at most {len(marked)} (source.heldout), or read more rows (source.limit).",
        )
    if count >= len(rows):
        raise DataError(
            f"{name}: {count} held-out rows were asked for, but there are {len(rows)} different rows; expected at "
            "least one more, to train on.",
            hint="Ask for fewer (source.heldout), or read more rows (source.limit).",
        )
    pool = [row.id for row in rows if row.id in marked] if marked else [row.id for row in rows]
    return set(sorted(pool, key=lambda row_id: _hash_id(row_id, seed))[:count])


def _hash_id(row_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{row_id}".encode()).digest()
