"""One language: the rows of a finished run to shards."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from taco.errors import PublishError
from taco.progress import Progress
from taco.publish.dataset.columns import CONFIGURATIONS
from taco.publish.dataset.entry import LanguageEntry, find_source_path
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.rows import SPLITS, PublishedRow, read_rows
from taco.publish.dataset.run_record import RunRecord
from taco.publish.dataset.shards import ShardLimits, ShardWriter
from taco.store.files import digest_file
from taco.store.manifest import Manifest

_MEGABYTE = 10**6

_BATCH = 500
"""Rows between two signs of progress."""


@dataclass
class _Tally:
    """What was written so far."""

    rows: Counter[str] = field(default_factory=Counter)
    engines: set[str] = field(default_factory=set)
    licences: Counter[str] = field(default_factory=Counter)

    def add(self, split: str, row: PublishedRow) -> None:
        self.rows[split] += 1
        self.engines.update(row.translated.engine.split(" + "))
        self.licences[row.licence] += 1


def write_language(
    run: RunRecord, manifest: Manifest, *, root: Path, key: str, options: DatasetOptions, progress: Progress
) -> LanguageEntry:
    """Write the shards of a run below a data set folder and return the language's entry, which is not written yet.

    Args:
        run: A finished run.
        manifest: Its manifest.
        root: The folder; it holds nothing of the language.
        key: See `taco.publish.dataset.entry.make_key`.
        options: Size of the shards, licence of the source.
        progress: Where to say how far it is.

    Raises:
        PublishError: The run holds more or fewer rows than its manifest says, or several examples of each row.
        DataError: A file of the run is damaged.
        StoreError: The folder cannot be written.
    """
    if "examples" in manifest.stages["chain"].counters:
        raise PublishError(
            f"The rows of {run.chain} give several examples each; a data set holds one for each row.",
            hint="Publish a run with another chain.template; the parallel rows are in every one of them.",
        )
    tally = _Tally()
    shards = _write_shards(run, manifest, tally, root=root, options=options, progress=progress)
    expected = manifest.stages["chain"].rows_kept
    if tally.rows.total() != expected:
        raise PublishError(f"{run.chain} holds {tally.rows.total()} rows; the manifest says {expected}.")
    return LanguageEntry(
        language=run.language.code,
        key=key,
        rows={split: tally.rows[split] for split in SPLITS if tally.rows[split]},
        engines=sorted(tally.engines),
        licences=dict(sorted(tally.licences.items())),
        files={path.relative_to(root).as_posix(): digest_file(path) for path in sorted(shards)},
        versions=manifest.versions,
        stages={stage: manifest.stages[stage] for stage in run.stages},
    )


def _write_shards(
    run: RunRecord, manifest: Manifest, tally: _Tally, *, root: Path, options: DatasetOptions, progress: Progress
) -> list[Path]:
    code, total = run.language.code, manifest.stages["chain"].rows_kept
    limits = ShardLimits(rows=options.shard_rows, bytes=options.shard_megabytes * _MEGABYTE)
    with ExitStack() as stack:
        writers = {
            split: [
                stack.enter_context(
                    ShardWriter(root / config.place(code), split, columns=config.columns, limits=limits)
                )
                for config in CONFIGURATIONS
            ]
            for split in SPLITS
        }
        task = stack.enter_context(progress.task(f"write {run.language.name}", total=total, unit="rows"))
        for split, row in read_rows(run, source_path=find_source_path(manifest), options=options):
            for writer in writers[split]:
                writer.append(row)
            tally.add(split, row)
            if tally.rows.total() % _BATCH == 0:
                task.advance(_BATCH)
        task.advance(tally.rows.total() % _BATCH)
        return [path for split in SPLITS for writer in writers[split] for path in writer.finish()]
