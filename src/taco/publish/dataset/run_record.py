"""A finished run, and the checks that it is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from taco.errors import PublishError
from taco.languages.table import Language
from taco.progress import Progress
from taco.store.files import digest_file
from taco.store.manifest import Manifest, read_manifest

FILES = {
    "source": ("train.jsonl", "heldout.jsonl"),
    "translate": ("train.jsonl", "heldout.jsonl"),
    "gate": ("train.jsonl", "heldout.jsonl", "figures.jsonl"),
    "chain": ("train.jsonl", "heldout.jsonl"),
}
"""Stage -> the files of it that a data set is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One language's finished run.

    Attributes:
        language: The target language.
        source, translate, chain: The folders of these stages.
        gate: The folder of the quality gate; None for a run without one.
        manifest: The run's manifest file.
    """

    language: Language
    source: Path
    translate: Path
    chain: Path
    manifest: Path
    gate: Path | None = None

    @classmethod
    def from_folder(cls, root: Path, *, language: Language) -> Self:
        """Return the record of a run folder; it has a gate if its manifest names the stage.

        Raises:
            StoreError: The manifest is damaged.
        """
        manifest = root / "manifest.json"
        return cls(
            language=language,
            source=root / "source",
            translate=root / "translate",
            chain=root / "chain",
            manifest=manifest,
            gate=root / "gate" if "gate" in read_manifest(manifest).stages else None,
        )

    @property
    def translated(self) -> Path:
        """The folder whose rows the chains were made of."""
        return self.gate or self.translate

    @property
    def stages(self) -> dict[str, Path]:
        """Stage -> its folder, in the order in which data moves."""
        gate = {"gate": self.gate} if self.gate else {}
        return {"source": self.source, "translate": self.translate, **gate, "chain": self.chain}


def read_manifests(runs: Sequence[RunRecord]) -> list[Manifest]:
    """Return the manifests of runs, each checked to be of a run that is finished up to the chains.

    Raises:
        PublishError: There is no run, two are of one language, or some are not finished (all are named).
        StoreError: A manifest is damaged.
    """
    if not runs:
        raise PublishError("A data set needs at least one finished run; found none.")
    codes = [run.language.code for run in runs]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise PublishError(f"Several runs teach the same language: {', '.join(twice)}; expected one run a language.")
    manifests = [read_manifest(run.manifest) for run in runs]
    faults = [
        f"  {run.language.name} ({run.manifest.parent}): {fault}."
        for run, manifest in zip(runs, manifests, strict=True)
        for fault in _list_faults(run, manifest)
    ]
    if faults:
        raise PublishError(
            "Not every language is finished:\n" + "\n".join(faults),
            hint="Finish these runs (taco run RECIPE --until chain), or leave the languages out.",
        )
    return manifests


def _list_faults(run: RunRecord, manifest: Manifest) -> Iterator[str]:
    for stage in run.stages:
        entry = manifest.stages.get(stage)
        if entry is None:
            yield f"the stage {stage} was never run"
        elif entry.status != "done":
            yield f"the stage {stage} was interrupted"
        elif stage == "chain" and not entry.rows_kept:
            yield "the stage chain kept no row"


def check_files(run: RunRecord, manifest: Manifest, *, progress: Progress) -> None:
    """Check that the files of a run are those that its manifest tells of.

    Raises:
        PublishError: A file is missing or was changed.
    """
    paths = {f"{stage}/{name}": folder / name for stage, folder in run.stages.items() for name in FILES[stage]}
    with progress.task(f"check {run.language.name}", total=len(paths), unit="files") as task:
        for name, path in paths.items():
            expected = manifest.stages[name.partition("/")[0]].outputs.get(name)
            if not path.is_file() or digest_file(path) != expected:
                what = "is not the one that the run wrote" if path.is_file() else "is missing"
                raise PublishError(f"{path} {what}.", hint="Run the recipe again: taco run RECIPE --until chain.")
            task.advance()
