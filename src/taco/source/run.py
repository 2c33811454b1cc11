"""The stage: English rows in, normalised rows out, without hostile ones, split in train and held-out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from taco.errors import DataError
from taco.progress import Progress
from taco.records import Drop, StageCount
from taco.source.draft import Draft, Fault, show_value
from taco.source.format import FORMATS, describe_formats, detect_format
from taco.source.hygiene.sift import REASON, Sieve
from taco.source.json_file import Found
from taco.source.location import digest_source, open_rows
from taco.source.normalise import make_row
from taco.source.options import SourceOptions
from taco.source.shorten import Shortener
from taco.source.split import Index, choose_heldout, split_rows
from taco.store.files import write_atomically
from taco.store.jsonl import write_records
from taco.store.scratch import ScratchFile

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
    """What the rows of a source turned out to be. The rows and drops themselves wait on disk.

    Attributes:
        rows: The rows that stay.
        drops: The rows that do not stay, malformed ones too.
        rows_in: Number of rows read.
        index: Of the rows that stay.
        marked: Ids of those that the source marks as held out.
        reasons: Reason -> number of rows dropped for it.
        malformed: Number of malformed rows.
        shown: The first of them.
        hostile: Class -> number of hostile rows, whatever became of them.
        unused_turns: Number of turns of conversations that are in no row.
        shortened: Number of training rows whose response was shortened.
    """

    rows: ScratchFile
    drops: ScratchFile
    rows_in: int = 0
    index: Index = field(default_factory=Index)
    marked: set[str] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)
    malformed: int = 0
    shown: list[Drop] = field(default_factory=list)
    hostile: Counter[str] = field(default_factory=Counter)
    unused_turns: int = 0
    shortened: int = 0

    def drop(self, drop: Drop) -> None:
        """Take in a row that does not stay."""
        self.reasons[drop.reason] += 1
        self.drops.add(drop)


def run_source(options: SourceOptions, *, folder: Path, out: Path, seed: int, progress: Progress) -> StageCount:
    """Read the rows and write `train.jsonl`, `heldout.jsonl` and `dropped.jsonl`.

    Train rows keep the order of the source, and so do the held-out ones. Of a source as JSON Lines, some 300 bytes a row
    are held in memory; a JSON array is one piece of JSON and is held whole.

    Args:
        options: What to read.
        folder: What a relative path is relative to.
        out: Where to write.
        seed: Decides which rows are held out.
        progress: Where to say how far it is.

    Raises:
        DataError: The source is missing, broken or empty, holds malformed rows (and may not drop them), nothing but
            hostile ones, or too few rows for the split.
        StoreError: Something cannot be read or written.
    """
    readers = [_Reader(part) for part in options.parts]
    read = (reader.read(open_rows(part, folder=folder)) for reader, part in zip(readers, options.parts, strict=True))
    readings = islice(chain.from_iterable(read), options.limit)
    with ScratchFile(out / "rows.scratch") as rows, ScratchFile(out / "drops.scratch") as drops:
        sifted = _Sifted(rows=rows, drops=drops)
        _sift(readings, Sieve(options.hygiene), sifted, progress)
        formats = [reader.format for reader in readers if reader.format]
        _check_readable(formats, sifted, options)
        train, heldout = _write(sifted, options, out, seed)
    counters: dict[str, int | float | str] = {
        "train": train,
        "heldout": heldout,
        "duplicates": sifted.reasons["duplicate"],
        "format": " + ".join(dict.fromkeys(formats)),
    }
    if sifted.shortened:
        counters["shortened"] = sifted.shortened
    if sifted.unused_turns:
        counters["unused_turns"] = sifted.unused_turns
    counters |= {f"hostile_{name}": number for name, number in sorted(sifted.hostile.items())}
    dropped = {reason: number for reason, number in sorted(sifted.reasons.items()) if number}
    return StageCount(rows_in=sifted.rows_in, rows_kept=train + heldout, dropped=dropped, counters=counters)


def _write(sifted: _Sifted, options: SourceOptions, out: Path, seed: int) -> tuple[int, int]:
    """Write the stage's files; return the number of rows to train on and of those held out."""
    index, read = sifted.index, sifted.rows.read_lines
    chosen = choose_heldout(index.ids, marked=sifted.marked, count=options.heldout, seed=seed, name=options.path)
    split = split_rows(index, chosen, sifted.marked, lines=read(), again=read())
    train = len(index) - len(split.heldout) - len(split.drops)
    if not train:
        raise DataError(
            f"{options.path}: no row is left to train on: every instruction is one of a held-out row.",
            hint="Ask for fewer held-out rows (source.heldout).",
        )
    for drop in split.drops.values():
        sifted.drop(drop)
    shortener = Shortener(options.max_response_sentences)
    write_atomically(out / "train.jsonl", shortener.shorten_lines(split.list_train(index, read())))
    sifted.shortened = shortener.shortened
    write_records(out / "heldout.jsonl", split.heldout)
    write_atomically(out / "dropped.jsonl", sifted.drops.read_lines())
    return train, len(split.heldout)


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


def _sift(readings: Iterable[_Reading], sieve: Sieve, sifted: _Sifted, progress: Progress) -> None:
    seen: dict[str, str] = {}
    with progress.task("Reading rows", total=None, unit="rows") as task:
        for reading in readings:
            sifted.rows_in += 1
            if sifted.rows_in % _BATCH == 0:
                task.advance(_BATCH)
            _sift_one(reading, sifted, seen, sieve)
        task.advance(sifted.rows_in % _BATCH)


def _sift_one(reading: _Reading, sifted: _Sifted, seen: dict[str, str], sieve: Sieve) -> None:
    try:
        if isinstance(reading.outcome, Fault):
            raise reading.outcome
        draft = reading.outcome
        row = make_row(draft, origin=reading.origin)
    except Fault as fault:
        drop = _drop(fault.reason, fault.detail, origin=reading.origin)
        sifted.malformed += 1
        sifted.shown += [drop] if len(sifted.shown) < FAULTS_SHOWN else []
        sifted.drop(drop)
        return
    if row.id in seen:
        sifted.drop(_drop("duplicate", f"equal to {seen[row.id]}", origin=reading.origin, row_id=row.id))
        return
    seen[row.id] = reading.origin
    outcome = sieve.sift(row)
    if isinstance(outcome, Drop):
        sifted.hostile[outcome.reason.removeprefix(REASON)] += 1
        sifted.drop(outcome)
        return
    if outcome.hostile:
        sifted.hostile[outcome.hostile] += 1
    sifted.rows.add(outcome)
    sifted.index.add(outcome)
    sifted.unused_turns += draft.unused_turns
    if draft.split == "heldout":
        sifted.marked.add(row.id)


def _drop(reason: str, detail: str, *, origin: str, row_id: str = "") -> Drop:
    return Drop(id=row_id, stage="source", reason=reason, detail=detail, origin=origin)


def _check_readable(formats: Sequence[str], sifted: _Sifted, options: SourceOptions) -> None:
    """Refuse a source of which no row stays, and one with malformed rows unless they may be dropped."""
    if not sifted.rows_in:
        raise DataError(f"{options.path} holds no rows.", hint="Expected JSON objects, one for each row.")
    is_some_well_formed = bool(sifted.index or sifted.hostile)
    if sifted.malformed and not (options.on_bad_row == "drop" and is_some_well_formed):
        raise _blame_malformed(formats, sifted, options, remedy=is_some_well_formed)
    if not sifted.index:
        found = ", ".join(f"{number} {name}" for name, number in sifted.hostile.most_common())
        raise DataError(
            f"{options.path}: no row is left: translation would spoil every one ({found}).",
            hint="Translate a class as it is (--set source.hygiene.CLASS=translate) or all of them "
            "(--set source.hygiene.enabled=false).",
        )


def _blame_malformed(formats: Sequence[str], sifted: _Sifted, options: SourceOptions, *, remedy: bool) -> DataError:
    bad, shown = sifted.malformed, sifted.shown
    lines = [f"  {drop.origin}: {drop.detail}." for drop in shown]
    if bad > len(shown):
        lines.append(f"  and {bad - len(shown)} more")
    if formats:
        expected = " ".join(
            f"A row of the format {one} has the fields {FORMATS[one].fields}." for one in dict.fromkeys(formats)
        )
    else:
        expected = f"Known formats: {describe_formats()}."
    if remedy:
        expected += " Correct the rows, or leave them out and count them with --on-bad-row drop."
    return DataError(
        f"{options.path}: {bad} of {sifted.rows_in} rows {'is' if bad == 1 else 'are'} malformed:\n" + "\n".join(lines),
        hint=expected,
    )
