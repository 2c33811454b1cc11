"""Finished runs in, one data set folder out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.progress import Progress
from taco.publish.dataset.card import CardLanguage, render_card
from taco.publish.dataset.columns import CHAINS, CONFIGURATIONS
from taco.publish.dataset.entry import (
    FOLDER,
    LanguageEntry,
    entry_place,
    find_source_path,
    make_key,
    read_entry,
    write_entry,
)
from taco.publish.dataset.folder import CARD, DatasetFolder
from taco.publish.dataset.language import write_language
from taco.publish.dataset.lineage import render_licence_file
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.recipe_file import recipe_place, render_recipe
from taco.publish.dataset.run_record import RunRecord, check_files, read_manifests
from taco.publish.dataset.shards import read_first_row, require_pyarrow
from taco.store.manifest import Manifest

LICENCE_FILE = "LICENSE.md"


def write_dataset(
    runs: Sequence[RunRecord], out: Path, *, options: DatasetOptions, progress: Progress, name: str = ""
) -> bool:
    """Write finished runs as one data set, which `datasets.load_dataset(out, LANGUAGE)` loads.

    What is under `data`, the card, the licence and the recipes depend on the runs' texts and the options alone. A killed
    call is gone on with by the same call; languages that are written already, with the same rows and options, are not
    written again. An older data set in `out` stays until the new one is whole.

    Args:
        runs: The runs, each finished up to the stage `chain`, in the order of the card.
        out: The folder; made where missing. Hidden files in it (a clone's) are left alone.
        options: Size of the shards, licence of the sources.
        progress: Where to say how far it is.
        name: Name of the data set, for the card; the folder's name if empty.

    Returns:
        Whether anything changed; if not, no file was touched.

    Raises:
        PublishError: A library is missing, a run is not finished or was changed, or `out` holds something else.
        DataError: A file of a run is damaged.
        StoreError: `out` cannot be written.
    """
    pyarrow = require_pyarrow()
    manifests = read_manifests(runs)
    job = _Job(folder=DatasetFolder(out), options=options, pyarrow=pyarrow, progress=progress)
    with job.folder.lock():
        entries = [job.provide_language(run, manifest) for run, manifest in zip(runs, manifests, strict=True)]
        texts = job.render_texts(name or job.folder.root.name, entries, manifests)
        shards = {name: digest for entry in entries for name, digest in entry.files.items()}
        summed = {name: digest for name, digest in shards.items() if not name.startswith(f"{FOLDER}/")}
        return job.folder.finish(texts, summed, beside=[*shards, *(entry_place(entry.language) for entry in entries)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One call of `write_dataset`.

    Attributes:
        pyarrow: Version of pyarrow.
    """

    folder: DatasetFolder
    options: DatasetOptions
    pyarrow: str
    progress: Progress

    def provide_language(self, run: RunRecord, manifest: Manifest) -> LanguageEntry:
        """See to it that a language is in the new data set: left by a killed call, as in the old one, or written."""
        code, folder = run.language.code, self.folder
        key = make_key(run, manifest, options=self.options, pyarrow=self.pyarrow)
        found = read_entry(folder.partial, code)
        if found and found.key == key and found.is_whole(folder.partial):
            self.progress.say(f"{run.language.name}: written before")
            return found
        found = read_entry(folder.root, code)
        if found and found.key == key and found.is_whole(folder.root):
            self.progress.say(f"{run.language.name}: up to date")
            folder.keep([*found.files, entry_place(code)])
            return found
        folder.clear(entry_place(code), *(config.place(code) for config in CONFIGURATIONS))
        check_files(run, manifest, progress=self.progress)
        entry = write_language(
            run, manifest, root=folder.partial, key=key, options=self.options, progress=self.progress
        )
        write_entry(folder.partial, entry)
        return entry

    def render_texts(
        self, name: str, entries: Sequence[LanguageEntry], manifests: Sequence[Manifest]
    ) -> dict[str, str]:
        """Return what is said about the data set: file -> text of the card, the licence and the recipes."""
        sources = [find_source_path(manifest) for manifest in manifests]
        shown = [
            CardLanguage(entry=entry, manifest=manifest, sample=self._read_sample(entry))
            for entry, manifest in zip(entries, manifests, strict=True)
        ]
        recipes = {
            recipe_place(entry.language): render_recipe(manifest, language=entry.language, options=self.options)
            for entry, manifest in zip(entries, manifests, strict=True)
        }
        return {
            CARD: render_card(name, shown, pyarrow=self.pyarrow),
            LICENCE_FILE: render_licence_file(entries, sources=sources),
            **recipes,
        }

    def _read_sample(self, entry: LanguageEntry) -> dict[str, str]:
        shards = sorted(name for name in entry.files if name.startswith(f"{CHAINS.place(entry.language)}/"))
        first = next(name for split in entry.rows for name in shards if f"/{split}-" in name)
        return read_first_row(self.folder.partial / first)
