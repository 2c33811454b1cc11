"""Running a recipe's stages, or saying which would run."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from taco import __version__
from taco.errors import RecipeError, StoreError, TacoError
from taco.pipeline.stage import Context, Finding, Stage
from taco.pipeline.stages import STAGES
from taco.pipeline.usage import Meter
from taco.progress import Progress, SilentProgress
from taco.recipe.schema import Recipe
from taco.records import StageCount
from taco.registry import suggest
from taco.store.manifest import Manifest, StageEntry
from taco.store.run_folder import RunFolder

PACKAGES = ("torch", "transformers", "peft", "accelerate", "numpy", "sacrebleu", "py3langid", "pydantic")
"""Packages whose versions the manifest records."""

DISK_RESERVE_BYTES = 16 * 2**20
"""A failure with less free space than this is put down to the full disk: libraries report it in many ways."""


def run_recipe(
    recipe: Recipe,
    *,
    runs: Path,
    cache: Path,
    progress: Progress,
    until: str | None = None,
    again: str | None = None,
    stages: Sequence[Stage] = STAGES,
) -> RunFolder:
    """Run every stage of a recipe that is not up to date, and return the run's folder.

    Args:
        recipe: What to do.
        runs: Folder that holds the run folders.
        cache: Folder for models and the translation memory.
        progress: Where to say how far it is.
        until: Name of the last stage to run; None for all.
        again: Name of a stage to run even if it is up to date.
        stages: The stages, in their order; the usual ones if not given.

    Raises:
        TacoError: A stage could not finish. What was done is kept; the same call goes on from there.
    """
    last = len(stages) if until is None else _stage_index(until, stages) + 1
    forced = None if again is None else stages[_stage_index(again, stages)].name
    context = Context(recipe, RunFolder(runs / recipe.run_name), cache, progress)
    with context.folder.lock():
        manifest = context.folder.read_manifest()
        manifest.name, manifest.seed = recipe.run_name, recipe.seed
        manifest.versions, manifest.recipe = collect_versions(), recipe.model_dump(mode="json")
        for stage in stages[:last]:
            finding = _find_state(stage, context, manifest)
            if finding.is_fresh and stage.name != forced:
                progress.say(f"{stage.name}: {finding.reason}")
                continue
            if stage.name == forced and manifest.stages.get(stage.name):
                manifest.stages[stage.name].key = ""
            _run_stage(stage, context, manifest)
        context.folder.digests.save()
    return context.folder


def plan_recipe(recipe: Recipe, *, runs: Path, cache: Path, progress: Progress) -> list[Finding]:
    """Say for each stage whether it has to run, without running anything.

    A stage whose inputs are going to change is stale too, whatever its files hold now.
    """
    context = Context(recipe, RunFolder(runs / recipe.run_name), cache, progress)
    manifest = context.folder.read_manifest()
    findings: list[Finding] = []
    for stage in STAGES:
        stale = [found.stage for found in findings if not found.is_fresh and found.stage in stage.inputs]
        if stale:
            findings.append(Finding(stage.name, False, f"waits for {', '.join(stale)}"))
        else:
            findings.append(_find_state(stage, context, manifest))
    return findings


def list_outdated(recipe: Recipe, root: Path, *, stages: Sequence[str], cache: Path) -> list[str]:
    """Return the stages that are not as a run's recipe and the files before them would have them now.

    Args:
        recipe: The recipe that the manifest holds.
        root: The run's folder, whatever its name.
        stages: Names of the stages to look at.
        cache: The cache folder.
    """
    context = Context(recipe, RunFolder(root), cache, SilentProgress())
    manifest = context.folder.read_manifest()
    looked_at = [stage for stage in STAGES if stage.name in stages]
    return [stage.name for stage in looked_at if not _find_state(stage, context, manifest).is_fresh]


def collect_versions() -> dict[str, str]:
    """Return name -> version of what a run's results may depend on."""
    from taco.languages.profile import load_profiles

    profiles = load_profiles()
    versions = {"taco": __version__, "python": platform.python_version(), "machine": platform.machine()}
    versions[f"language profiles {profiles.name}"] = str(profiles.version)
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _stage_index(name: str, stages: Sequence[Stage]) -> int:
    names = [stage.name for stage in stages]
    if name not in names:
        raise RecipeError(f"There is no stage {name!r}{suggest(name, names)}", hint=f"Stages: {', '.join(names)}.")
    return names.index(name)


def _find_state(stage: Stage, context: Context, manifest: Manifest) -> Finding:
    if stage.name == "train" and not context.recipe.is_trained:
        return Finding(stage.name, True, "not needed, the base model alone answers")
    entry = manifest.stages.get(stage.name)
    if entry is None:
        return Finding(stage.name, False, "was never run")
    if entry.key != make_key(stage, context, manifest):
        return Finding(stage.name, False, "its options or inputs changed")
    if entry.status != "done":
        return Finding(stage.name, False, "was interrupted")
    if _digest_outputs(stage, context.folder) != entry.outputs:
        return Finding(stage.name, False, "its files were changed or are missing")
    return Finding(stage.name, True, "up to date")


def make_key(stage: Stage, context: Context, manifest: Manifest) -> str:
    """Return the digest of all that decides a stage's output: options, inputs, code version."""
    settings = [
        part.model_dump(mode="json") if hasattr(part, "model_dump") else part for part in stage.settings(context)
    ]
    inputs = {name: manifest.stages[name].outputs for name in stage.inputs if name in manifest.stages}
    decided_by = json.dumps([stage.name, stage.version, settings, inputs], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(decided_by.encode()).hexdigest()


def _digest_outputs(stage: Stage, folder: RunFolder) -> dict[str, str]:
    if stage.files:
        return {
            name: folder.digests.digest(folder.root / name) for name in stage.files if (folder.root / name).is_file()
        }
    return folder.digest_outputs(stage.name)


def _run_stage(stage: Stage, context: Context, manifest: Manifest) -> None:
    key = make_key(stage, context, manifest)
    before = manifest.stages.get(stage.name)
    goes_on = before is not None and before.key == key and before.status == "running"
    if not goes_on:
        context.folder.clear_stage(stage.name)
    entry = StageEntry(
        key=key,
        status="running",
        attempts=before.attempts + 1 if before is not None and goes_on else 1,
        started_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    manifest.stages[stage.name] = entry
    context.folder.write_manifest(manifest)
    context.progress.say(f"{stage.name}: {'going on' if goes_on else 'started'}")
    meter = Meter()
    count = _call_stage(stage, dataclasses.replace(context, key=key))
    used = meter.read()
    entry.seconds, entry.cpu_seconds, entry.peak_mib = used.seconds, used.cpu_seconds, used.peak_mib
    _record_count(stage, entry, count)
    entry.outputs = _digest_outputs(stage, context.folder)
    entry.status = "done"
    context.folder.write_manifest(manifest)
    context.progress.say(f"{stage.name}: done in {entry.seconds:.1f} s, {_describe_count(count)}")


def _call_stage(stage: Stage, context: Context) -> StageCount:
    try:
        return stage.run(context)
    except (TacoError, MemoryError):
        raise
    except Exception as error:
        for place in (context.folder.root, context.cache):
            if place.exists() and shutil.disk_usage(place).free < DISK_RESERVE_BYTES:
                raise StoreError(
                    f"The stage {stage.name} failed and the disk of {place} is full ({error}).",
                    hint="Free some space and run the same command again; what is done is kept.",
                ) from error
        raise


def _record_count(stage: Stage, entry: StageEntry, count: StageCount) -> None:
    entry.rows_in, entry.rows_kept = count.rows_in, count.rows_kept
    entry.dropped, entry.counters = dict(count.dropped), dict(count.counters)
    if not count.is_balanced():
        raise StoreError(
            f"The stage {stage.name} lost rows: {count.rows_in} in, {count.rows_kept} kept, "
            f"{sum(count.dropped.values())} dropped. This is a fault of taco; please report it."
        )


def _describe_count(count: StageCount) -> str:
    dropped = ", ".join(f"{number} {reason}" for reason, number in sorted(count.dropped.items()))
    return f"{count.rows_kept} of {count.rows_in} rows kept" + (f" (dropped: {dropped})" if dropped else "")
