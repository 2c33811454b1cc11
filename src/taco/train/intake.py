"""The rows of a training, read and encoded: those to learn, and those that are only looked at."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taco.errors import DataError
from taco.model.libraries import quiet_libraries
from taco.progress import Progress
from taco.records import Drop, Example
from taco.store.files import digest_file
from taco.train.options import TrainOptions
from taco.train.rows import (
    HELDOUT,
    Heldout,
    Origin,
    digest_files,
    find_file,
    list_last_origins,
    list_origins,
    read_heldout,
    read_origin,
    read_quality,
)
from taco.train.stage import CHAIN, ENGLISH_ROWS
from taco.train.tokens import EncodedRow, encode_examples

WATCHED_SHARE = 10
"""Training rows that are kept back for early stopping are one in so many, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The rows of a training.

    Attributes:
        rows: Set of rows -> what is learnt of it.
        drops: What cannot be learnt.
        watched: Chains that are looked at and not learnt.
        english: English rows that are looked at and not learnt.
        kept_back: Number of the rows read that are not learnt because they are watched.
        digest: Digest of all files read.
    """

    rows: dict[Origin, list[EncodedRow]]
    drops: list[Drop]
    watched: list[EncodedRow] = field(default_factory=list)
    english: list[EncodedRow] = field(default_factory=list)
    kept_back: int = 0
    digest: str = ""

    @property
    def learnt(self) -> list[EncodedRow]:
        """All rows to learn, each set once."""
        return [row for rows in self.rows.values() for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads and encodes sets of rows.

    Attributes:
        chain: Folder of the chain stage of the run that trains; those of its other stages lie beside it.
        tokenizer: The base model's.
        max_row_tokens: Most tokens of a row.
        shorten: Whether longer rows are shortened by whole sentences where they can be.
        seed: The run's seed.
        progress: Where to say how far it is.
    """

    chain: Path
    tokenizer: Any
    max_row_tokens: int
    shorten: bool
    seed: int
    progress: Progress

    def read_all(self, options: TrainOptions) -> Intake:
        """Read every set of rows that a training needs.

        Raises:
            DataError: A file is missing or damaged, or none of its rows can be learnt.
        """
        rows: dict[Origin, list[EncodedRow]] = {}
        drops: list[Drop] = []
        origins = list_origins(options)
        heldout = read_heldout(self.chain) if any(origin.run for origin in origins) else Heldout()
        by_quality = any(stage.order == "quality" for stage in options.stages)
        for origin in origins:
            rows[origin], dropped = self._encode_set(origin, heldout, by_quality=by_quality)
            drops += dropped
        digest = digest_rows(options, chain=self.chain)
        watched, english = self._read_watched(options)
        before = sum(map(len, rows.values()))
        if options.patience is not None:
            last = list_last_origins(options)
            rows, watched = keep_back(rows, last, most=options.evaluate_rows, seed=self.seed)
        kept_back = before - sum(map(len, rows.values()))
        return Intake(
            rows=rows,
            drops=drops,
            watched=watched,
            english=english,
            kept_back=kept_back,
            digest=digest,
        )

    def _encode_set(self, origin: Origin, heldout: Heldout, *, by_quality: bool) -> tuple[list[EncodedRow], list[Drop]]:
        """Encode a set of rows; of another run those are left out that this run holds out.

        Args:
            origin: The set.
            heldout: What this run holds out.
            by_quality: Whether the rows are to know what the gate measured.

        Raises:
            DataError: None of them can be learnt.
        """
        found = self._read(origin, heldout)
        examples = [one for one in found if isinstance(one, Example)]
        unmade = [one for one in found if isinstance(one, Drop)]
        with self.progress.task("Encoding rows", total=len(examples), unit="rows") as task:

            def counted() -> Iterator[Example]:
                for example in examples:
                    yield example
                    task.advance()

            rows, drops = self._encode(counted())
        if not rows:
            path, reasons = find_file(origin, chain=self.chain), dict(Counter(drop.reason for drop in unmade + drops))
            raise DataError(
                f"None of the {len(found)} rows of {path} can be trained on: {reasons}.",
                hint=f"Rows may have at most {self.max_row_tokens} tokens; raise train.max_row_tokens if the model allows "
                "more, or set train.over_long = 'shorten'. `taco tokens RECIPE` says how long they are.",
            )
        if by_quality:
            quality = read_quality(origin, chain=self.chain)
            rows = [dataclasses.replace(row, quality=quality.get(_row_id(row), 0.0)) for row in rows]
        return rows, unmade + drops

    def _read(self, origin: Origin, heldout: Heldout) -> list[Example | Drop]:
        """Read a set of rows; those of another run bear its name, as ids are equal in all languages."""
        found, run = read_origin(origin, chain=self.chain), origin.run
        return [_mark_foreign(one, run, heldout) for one in found] if run else list(found)

    def _encode(self, examples: Iterable[Example]) -> tuple[list[EncodedRow], list[Drop]]:
        with quiet_libraries():
            return encode_examples(examples, self.tokenizer, max_row_tokens=self.max_row_tokens, shorten=self.shorten)

    def _read_watched(self, options: TrainOptions) -> tuple[list[EncodedRow], list[EncodedRow]]:
        """Return held-out chains and held-out English rows, where they are to be looked at and there are any."""
        found: list[list[EncodedRow]] = [[], []]
        if options.evaluate_every_steps is not None:
            for place, origin in enumerate((Origin(CHAIN), Origin(ENGLISH_ROWS))):
                if find_file(origin, chain=self.chain, split=HELDOUT).is_file():
                    made = read_origin(origin, chain=self.chain, split=HELDOUT)
                    rows, _ = self._encode(one for one in made if isinstance(one, Example))
                    found[place] = rows[: options.evaluate_rows]
        return found[0], found[1]


def keep_back(
    rows: dict[Origin, list[EncodedRow]], last: Sequence[Origin], *, most: int, seed: int
) -> tuple[dict[Origin, list[EncodedRow]], list[EncodedRow]]:
    """Take some rows out of all sets; return what is left, and those rows as the last sets have them.

    Args:
        rows: Set of rows -> its rows.
        last: The sets that training ends with; those that are English count only where there are no others.
        most: Number of rows to take, at most; no more than one in `WATCHED_SHARE`, but one at least.
        seed: Decides which.

    Raises:
        DataError: A set has no other rows.
    """
    sets = [rows[origin] for origin in last if origin.name != ENGLISH_ROWS] or [rows[origin] for origin in last]
    chains = [row for found in sets for row in found]
    ids = sorted({_row_id(row) for row in chains})
    count = min(max(1, most // len(sets)), max(1, len(ids) // WATCHED_SHARE))
    chosen = set(random.Random(f"{seed}/watched").sample(ids, min(count, len(ids))))  # noqa: S311
    left = {origin: [row for row in found if _row_id(row) not in chosen] for origin, found in rows.items()}
    if empty := [origin.name for origin, found in left.items() if not found]:
        raise DataError(
            f"Early stopping keeps {len(chosen)} training rows back, and then none of {empty[0]!r} is left to learn.",
            hint="Leave train.patience out, or train on more rows.",
        )
    return left, [row for row in chains if _row_id(row) in chosen]


def digest_rows(options: TrainOptions, *, chain: Path) -> str:
    """Return the digest of all files of rows; without stages that of the run's chains."""
    chains = digest_file(chain / "train.jsonl") if Origin(CHAIN) in list_origins(options) else ""
    others = digest_files(options, chain=chain, digest=digest_file)
    if not others:
        return chains
    # Where a run lies is no matter, only what it holds.
    return hashlib.sha256(json.dumps([chains, *others.values()]).encode()).hexdigest()


def _mark_foreign(one: Example | Drop, run: str, heldout: Heldout) -> Example | Drop:
    if isinstance(one, Example) and heldout.holds(one):
        detail = f"a row of {run} asks what this run holds out"
        return Drop(id=f"{one.id}:{run}", stage="train", reason="held-out-here", detail=detail)
    return dataclasses.replace(one, id=f"{one.id}:{run}")


def _row_id(row: EncodedRow) -> str:
    return row.id.partition(":")[0]
