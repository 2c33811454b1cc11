"""The stage: English rows in, normalised rows out, split in train and held-out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from taco.errors import DataError
from taco.progress import Progress
from taco.records import Drop, Row, StageCount
from taco.source.draft import Draft, Fault, show_value
from taco.source.format import FORMATS, describe_formats, detect_format
from taco.source.json_file import Found
from taco.source.location import digest_source, open_rows
from taco.source.normalise import make_row
from taco.source.options import SourceOptions
from taco.source.split import choose_heldout
from taco.store.jsonl import write_records

__all__ = ["FAULTS_SHOWN", "digest_source", "run_source"]

FAULTS_SHOWN = 5
"""Malformed rows that an error names; it counts all of them."""

_BATCH = 256
"""Rows between two signs of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One row of the source: a draft, or what is wrong with it."""

    origin: str
    outcome: Draft | Fault


@dataclass(slots=True, kw_only=True)
class _Sifted:
    """What the rows of a source turned out to be."""

    rows_in: int = 0
    rows: list[Row] = field(default_factory=list)
    marked: set[str] = field(default_factory=set)
    drops: list[Drop] = field(default_factory=list)
    unused_turns: int = 0
    bad: int = 0


def run_source(options: SourceOptions, *, folder: Path, out: Path, seed: int, progress: Progress) -> StageCount:
    """Read the rows and write `train.jsonl`, `heldout.jsonl` and `dropped.jsonl`.

    Train rows keep the order of the source, and so do the held-out ones.

    Args:
        options: What to read.
        folder: What a relative path is relative to.
        out: Where to write.
        seed: Decides which rows are held out.
        progress: Where to say how far it is.

    Raises:
        DataError: The source is missing, broken or empty, holds malformed rows (and may not drop them), or too few
            rows for the split.
        StoreError: Something cannot be read or written.
    """
    reader = _Reader(options)
    readings = islice(reader.read(open_rows(options, folder=folder)), options.limit)
    sifted = _sift(readings, progress)
    _check_readable(reader, sifted, options)
    heldout_ids = choose_heldout(sifted.rows, marked=sifted.marked, count=options.heldout, seed=seed, name=options.path)
    heldout = [row for row in sifted.rows if row.id in heldout_ids]
    train, kept_out = _choose_train(sifted, heldout)
    if not train:
        raise DataError(
            f"{options.path}: no row is left to train on: every instruction is one of a held-out row.",
            hint="Ask for fewer held-out rows (source.heldout).",
        )
    drops = sifted.drops + kept_out
    for name, records in (("train", train), ("heldout", heldout), ("dropped", drops)):
        write_records(out / f"{name}.jsonl", records)
    reasons = Counter(drop.reason for drop in drops)
    counters: dict[str, int | float | str] = {
        "train": len(train),
        "heldout": len(heldout),
        "duplicates": reasons["duplicate"],
        "format": reader.format,
    }
    if sifted.unused_turns:
        counters["unused_turns"] = sifted.unused_turns
    kept = len(train) + len(heldout)
    return StageCount(rows_in=sifted.rows_in, rows_kept=kept, dropped=dict(sorted(reasons.items())), counters=counters)


class _Reader:
    """Turns the values of a source into drafts, by the schema asked for or by the first one that fits."""

    def __init__(self, options: SourceOptions) -> None:
        self.format: str = "" if options.format == "auto" else options.format

    def read(self, values: Iterable[Found]) -> Iterator[_Reading]:
        for found in values:
            try:
                drafts = self._parse(found.value)
            except Fault as fault:
                yield _Reading(origin=found.origin, outcome=fault)
                continue
            for number, draft in enumerate(drafts, start=1):
                origin = found.origin if len(drafts) == 1 else f"{found.origin}#{number}"
                yield _Reading(origin=origin, outcome=draft)

    def _parse(self, value: object | Fault) -> list[Draft]:
        if isinstance(value, Fault):
            raise value
        if not isinstance(value, dict):
            raise Fault("wrong-type", f"the row is {show_value(value)}; expected an object")
        self.format = self.format or detect_format(value) or ""
        if not self.format:
            found = ", ".join(repr(key) for key in list(value)[:8]) or "none"
            raise Fault("missing-field", f"the fields are those of no known format: {found}")
        return FORMATS[self.format].parse(value)


def _sift(readings: Iterable[_Reading], progress: Progress) -> _Sifted:
    sifted = _Sifted()
    seen: dict[str, str] = {}
    with progress.task("Reading rows", total=None, unit="rows") as task:
        for reading in readings:
            sifted.rows_in += 1
            if sifted.rows_in % _BATCH == 0:
                task.advance(_BATCH)
            _sift_one(reading, sifted, seen)
        task.advance(sifted.rows_in % _BATCH)
    return sifted


def _sift_one(reading: _Reading, sifted: _Sifted, seen: dict[str, str]) -> None:
    try:
        if isinstance(reading.outcome, Fault):
            raise reading.outcome
        draft = reading.outcome
        row = make_row(draft, origin=reading.origin)
    except Fault as fault:
        sifted.bad += 1
        sifted.drops.append(_drop(fault.reason, fault.detail, origin=reading.origin))
        return
    if row.id in seen:
        sifted.drops.append(_drop("duplicate", f"equal to {seen[row.id]}", origin=reading.origin, row_id=row.id))
        return
    seen[row.id] = reading.origin
    sifted.rows.append(row)
    sifted.unused_turns += draft.unused_turns
    if draft.split == "heldout":
        sifted.marked.add(row.id)


def _drop(reason: str, detail: str, *, origin: str, row_id: str = "") -> Drop:
    return Drop(id=row_id, stage="source", reason=reason, detail=detail, origin=origin)


def _check_readable(reader: _Reader, sifted: _Sifted, options: SourceOptions) -> None:
    """Refuse a source without rows, and one with malformed rows unless they may be dropped."""
    if not sifted.rows_in:
        raise DataError(f"{options.path} holds no rows.", hint="Expected JSON objects, one for each row.")
    if sifted.rows and (not sifted.bad or options.on_bad_row == "drop"):
        return
    shown = [drop for drop in sifted.drops if drop.reason != "duplicate"][:FAULTS_SHOWN]
    lines = [f"  {drop.origin}: {drop.detail}." for drop in shown]
    if sifted.bad > len(shown):
        lines.append(f"  and {sifted.bad - len(shown)} more")
    if reader.format:
        expected = f"A row of the format {reader.format} has the fields {FORMATS[reader.format].fields}."
    else:
        expected = f"Known formats: {describe_formats()}."
    remedy = "" if not sifted.rows else " Correct the rows, or leave them out and count them with --on-bad-row drop."
    raise DataError(
        f"{options.path}: {sifted.bad} of {sifted.rows_in} rows {'is' if sifted.bad == 1 else 'are'} malformed:\n"
        + "\n".join(lines),
        hint=expected + remedy,
    )


def _choose_train(sifted: _Sifted, heldout: list[Row]) -> tuple[list[Row], list[Drop]]:
    """Return the rows to train on, and drops for those that would give the benchmark away."""
    heldout_ids = {row.id for row in heldout}
    asked = {row.instruction.casefold(): row for row in heldout}
    train: list[Row] = []
    drops: list[Drop] = []
    for row in sifted.rows:
        if row.id in heldout_ids:
            continue
        if same := asked.get(row.instruction.casefold()):
            detail = f"asks what the held-out row {same.id} asks"
            drops.append(_drop("same-instruction-as-heldout", detail, origin=row.origin, row_id=row.id))
        elif row.id in sifted.marked:
            drops.append(_drop("heldout-not-used", "marked as held out", origin=row.origin, row_id=row.id))
        else:
            train.append(row)
    return train, drops
