"""The stage `gate`: translated rows in, those that look right out, with the figures of all of them.

Rows are read several times and never held: once to measure them, which leaves their figures in a file and the training
rows' in arrays; once, over the figures, to judge them; and once for each file of rows that is written, whose lines are
those of `translate`, byte for byte. One byte a row says what became of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from taco.errors import DataError
from taco.gate.back import BackTranslator, open_back, score_back
from taco.gate.checks import CHECKS
from taco.gate.corpus import count_sent, run_corpus_round_trip
from taco.gate.measure import measure_rows
from taco.gate.options import GateOptions
from taco.gate.thresholds import Sample, Thresholds, find_thresholds, write_thresholds
from taco.gate.verdict import describe_faults, list_faults
from taco.languages.identify import identify
from taco.languages.table import Language
from taco.progress import Progress, Task
from taco.records import Drop, Figures, StageCount, TranslatedRow, to_json
from taco.store.files import disk_faults, write_atomically
from taco.store.jsonl import count_records, read_records, write_records
from taco.translate.run import Means

NAMES = ("train", "heldout")
"""The files of rows, in `translated` and in `out`, without their ending."""

WINDOW_ROWS = 512
"""Rows measured at a time, where none is translated back."""

HIGH_SHARE = 0.2
"""Share of training rows beyond a threshold from which on the user is told."""

KEPT, FLAGGED, DROPPED = range(3)
"""What becomes of a row: flagged rows lie beyond a threshold too and are kept all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """What every step needs."""

    options: GateOptions
    translated: Path
    out: Path
    target: Language
    progress: Progress


def run_gate(
    options: GateOptions,
    *,
    translated: Path,
    out: Path,
    target: Language,
    seed: int,
    back: Means | None,
    progress: Progress,
) -> StageCount:
    """Measure every row, and pass on those within the thresholds.

    A killed run begins anew and writes the same files; what was translated back is in the memory.

    Args:
        options: What is checked.
        translated: Folder with train.jsonl, heldout.jsonl and phrases.jsonl of `translate`.
        out: Folder for the same files, figures.jsonl, thresholds.json, dropped.jsonl, rejects.jsonl, flagged.jsonl and,
            where it is asked for, round_trip.json and round_trip.jsonl.
        target: The target language.
        seed: Seed of the sample of sentences and of its intervals.
        back: How to translate back, where `options` ask for it.
        progress: Where to say how far it is.

    Raises:
        DataError: A file is missing, or a row is malformed.
        EngineError: The engine that translates back is missing or cannot go on.
        StoreError: The memory or `out` cannot be used.
    """
    gate = _Gate(options=options, translated=translated, out=out, target=target, progress=progress)
    write_atomically(out / "phrases.jsonl", _read_lines(translated / "phrases.jsonl"))
    sample, sizes, unreturned = _measure(gate, back if options.round_trip else None)
    thresholds = _find_thresholds(gate, sample)
    write_thresholds(out / "thresholds.json", thresholds)
    fates = _judge(gate, thresholds, train_rows=sizes["train"])
    dropped, flagged = _write_rows(gate, thresholds, fates, sizes)
    _warn(gate, dropped, sizes)
    counters: dict[str, int | float | str] = {"flagged": flagged, **thresholds.list_counters()}
    if options.round_trip:
        counters["rows_without_round_trip"] = unreturned
    if back is not None and options.corpus_round_trip.sentences:
        counters |= run_corpus_round_trip(
            options.corpus_round_trip,
            rows=chain.from_iterable(read_records(out / f"{name}.jsonl", TranslatedRow) for name in NAMES),
            out=out,
            target=target,
            back=back,
            seed=seed,
            progress=progress,
        )
    if back is not None:
        counters |= count_sent(back, target)
    rows = sum(sizes.values())
    return StageCount(rows_in=rows, rows_kept=rows - sum(dropped.values()), dropped=dropped, counters=counters)


def _measure(gate: _Gate, back: Means | None) -> tuple[Sample, dict[str, int], int]:
    """Write figures.jsonl; return the training rows' figures, the number of rows of each file, and of those that did not
    come back."""
    sample, sizes = Sample(), dict.fromkeys(NAMES, 0)
    unreturned = 0
    total = sum(count_records(gate.translated / f"{name}.jsonl") for name in NAMES)

    def measure(translator: BackTranslator | None, task: Task, window_rows: int) -> Iterator[Figures]:
        nonlocal unreturned
        for name in NAMES:
            rows = read_records(gate.translated / f"{name}.jsonl", TranslatedRow)
            while window := list(islice(rows, window_rows)):
                returned = score_back(window, translator) if translator else None
                for figures in measure_rows(window, target=gate.target, round_trips=returned):
                    if name == "train":
                        sample.add(figures)
                    yield figures
                sizes[name] += len(window)
                if returned is not None:
                    unreturned += returned.count(None)
                else:
                    task.advance(len(window))

    with ExitStack() as stack:
        task = stack.enter_context(gate.progress.task("Checking rows", total=total, unit="rows"))
        translator, window_rows = None, WINDOW_ROWS
        if back is not None:
            translator = stack.enter_context(open_back(back, source=gate.target, progress=gate.progress, task=task))
            window_rows = back.translate.shard_rows * back.translate.processes
        write_records(gate.out / "figures.jsonl", measure(translator, task, window_rows))
    return sample, sizes, unreturned


def _find_thresholds(gate: _Gate, sample: Sample) -> Thresholds:
    blank = identify("", target=gate.target)
    return find_thresholds(
        sample,
        target=gate.target,
        identifier=blank.signature,
        knows_target=blank.knows_target,
        fixed=gate.options.thresholds,
        checks=[check for check in CHECKS if check.reason in gate.options.checks],
        least_rows=gate.options.least_rows,
    )


def _judge(gate: _Gate, thresholds: Thresholds, *, train_rows: int) -> bytearray:
    """Return what becomes of each row, one byte a row."""
    drops_train, drops_heldout = gate.options.drop != "none", gate.options.drop == "all"
    fates = bytearray()
    for place, figures in enumerate(read_records(gate.out / "figures.jsonl", Figures)):
        if not list_faults(figures, thresholds):
            fates.append(KEPT)
        else:
            fates.append(DROPPED if (drops_train if place < train_rows else drops_heldout) else FLAGGED)
    return fates


def _write_rows(
    gate: _Gate, thresholds: Thresholds, fates: bytearray, sizes: dict[str, int]
) -> tuple[Counter[str], int]:
    """Write the rows; return the number of drops by reason, and of rows that were flagged."""
    start = 0
    for name in NAMES:
        own = fates[start : start + sizes[name]]
        lines = _read_lines(gate.translated / f"{name}.jsonl")
        write_atomically(
            gate.out / f"{name}.jsonl", (line for line, fate in zip(lines, own, strict=True) if fate != DROPPED)
        )
        start += sizes[name]
    every = chain.from_iterable(_read_lines(gate.translated / f"{name}.jsonl") for name in NAMES)
    write_atomically(
        gate.out / "rejects.jsonl", (line for line, fate in zip(every, fates, strict=True) if fate == DROPPED)
    )
    dropped: Counter[str] = Counter()

    def count(drops: Iterable[Drop]) -> Iterator[bytes]:
        for drop in drops:
            dropped[drop.reason] += 1
            yield f"{to_json(drop)}\n".encode()

    write_atomically(gate.out / "dropped.jsonl", count(_describe(gate, thresholds, fates, sizes, fate=DROPPED)))
    flagged = write_records(gate.out / "flagged.jsonl", _describe(gate, thresholds, fates, sizes, fate=FLAGGED))
    return dropped, flagged


def _describe(
    gate: _Gate, thresholds: Thresholds, fates: bytearray, sizes: dict[str, int], *, fate: int
) -> Iterator[Drop]:
    origins = ((name, number) for name in NAMES for number in range(1, sizes[name] + 1))
    figures = read_records(gate.out / "figures.jsonl", Figures)
    for one, found, (name, number) in zip(figures, fates, origins, strict=True):
        if found == fate:
            yield describe_faults(one.id, list_faults(one, thresholds), origin=f"translate/{name}.jsonl:{number}")


def _warn(gate: _Gate, dropped: Counter[str], sizes: dict[str, int]) -> None:
    number = sum(dropped.values())
    if number > HIGH_SHARE * sum(sizes.values()):
        gate.progress.say(
            f"The gate drops {number} of {sum(sizes.values())} rows. Read some of gate/rejects.jsonl: either the "
            "translation is bad, or a threshold does not suit this language ([gate.thresholds])."
        )


def _read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, each with its line end."""
    try:
        opened = path.open("rb")
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing.", hint="Run the stage that writes it: taco run RECIPE.") from error
    with opened, disk_faults(path, "read"):
        yield from opened
