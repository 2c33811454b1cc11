"""Which stages of a run are stale, and running them in the order in which data moves.

A stage is up to date when the manifest says that it was finished with the same key and its files are as it left them.
The key is a digest of the stage's options, of the files of the stages before it and of the stage's version here. A stage
that was killed is started again with what it had written; a stage whose key changed starts from an empty folder.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taco import __version__
from taco.errors import RecipeError, StoreError, TacoError
from taco.progress import Progress
from taco.recipe.schema import Recipe
from taco.records import StageCount
from taco.registry import suggest
from taco.store.manifest import Manifest, StageEntry
from taco.store.run_folder import RunFolder

PACKAGES = ("torch", "transformers", "peft", "accelerate", "numpy", "sacrebleu", "py3langid", "pydantic")
"""Packages whose versions the manifest records."""

DISK_RESERVE_BYTES = 16 * 2**20
"""A failure with less free space than this is put down to the full disk: libraries report it in many ways."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a stage may use.

    Attributes:
        recipe: The resolved recipe.
        folder: The run's folder.
        cache: Folder for models and the translation memory.
        progress: Where to say how far it is.
        key: Key of the stage that runs.
    """

    recipe: Recipe
    folder: RunFolder
    cache: Path
    progress: Progress
    key: str = ""

    @property
    def memory(self) -> Path:
        """The translation memory."""
        return self.recipe.translate.memory or self.cache / "memory.sqlite"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the pipeline.

    Attributes:
        name: Its name, and that of its folder.
        version: Raised when the same input and options give other results than before.
        inputs: The stages whose files it reads.
        settings: What of the recipe decides its output.
        run: Does the work.
        files: Its files relative to the run folder, where they are not in its own folder.
    """

    name: str
    version: int
    inputs: tuple[str, ...]
    settings: Callable[[Context], Sequence[Any]]
    run: Callable[[Context], StageCount]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a stage has to run, and why."""

    stage: str
    is_fresh: bool
    reason: str


def _run_source(context: Context) -> StageCount:
    from taco.source.run import run_source

    return run_source(
        context.recipe.source,
        folder=Path.cwd(),
        out=context.folder.stage("source"),
        seed=context.recipe.seed,
        progress=context.progress,
    )


def _run_translate(context: Context) -> StageCount:
    from taco.chain.run import list_phrases
    from taco.translate.run import Payer, run_translate

    return run_translate(
        context.recipe.translate,
        source=context.folder.stage("source"),
        out=context.folder.stage("translate"),
        target=context.recipe.target,
        phrases=list_phrases(context.recipe.chain),
        memory=context.memory,
        payer=Payer(run=context.key, account=context.recipe.name),
        progress=context.progress,
    )


def _run_gate(context: Context) -> StageCount:
    from taco.gate.back import BackOptions
    from taco.gate.run import run_gate
    from taco.translate.run import Payer

    options = context.recipe.gate
    back = BackOptions(
        translate=options.choose_back(context.recipe.translate),
        memory=context.memory,
        payer=Payer(run=context.key, account=context.recipe.name),
    )
    return run_gate(
        options,
        translated=context.folder.stage("translate"),
        out=context.folder.stage("gate"),
        target=context.recipe.target,
        seed=context.recipe.seed,
        back=back if options.asks_back else None,
        progress=context.progress,
    )


def _run_chain(context: Context) -> StageCount:
    from taco.chain.run import run_chain

    return run_chain(
        context.recipe.chain,
        translated=context.folder.stage("gate"),
        out=context.folder.stage("chain"),
        language=context.recipe.target,
        progress=context.progress,
    )


def _run_train(context: Context) -> StageCount:
    from taco.train.run import run_train

    return run_train(
        context.recipe.train,
        model=context.recipe.model,
        chain=context.folder.stage("chain"),
        out=context.folder.stage("train"),
        cache=context.cache,
        seed=context.recipe.seed,
        progress=context.progress,
    )


def _run_generate(context: Context) -> StageCount:
    from taco.generate.run import run_generate

    return run_generate(
        context.recipe.generate,
        model=context.recipe.model,
        chain=context.folder.stage("chain"),
        adapter=context.folder.stage("train") / "adapter",
        out=context.folder.stage("generate"),
        cache=context.cache,
        language=context.recipe.target,
        progress=context.progress,
    )


def _run_evaluate(context: Context) -> StageCount:
    from taco.evaluate.run import run_evaluate

    if context.recipe.evaluate.translate_step3:
        _translate_step3(context)
    return run_evaluate(
        context.recipe.evaluate,
        chain=context.folder.stage("chain"),
        answers=context.folder.stage("generate"),
        out=context.folder.stage("evaluate"),
        language=context.recipe.target,
        seed=context.recipe.seed,
        progress=context.progress,
    )


def _translate_step3(context: Context) -> None:
    from taco.evaluate.step3 import Step3Options, translate_sections
    from taco.translate.run import Payer

    translate_sections(
        Step3Options(
            translate=context.recipe.translate,
            memory=context.memory,
            payer=Payer(run=context.key, account=context.recipe.name),
        ),
        chain=context.folder.stage("chain"),
        answers=context.folder.stage("generate"),
        out=context.folder.stage("evaluate"),
        language=context.recipe.target,
        progress=context.progress,
    )


def _run_report(context: Context) -> StageCount:
    from taco.report.run import run_report

    return run_report(
        run=context.folder.root,
        name=context.recipe.run_name,
        language=context.recipe.target,
        progress=context.progress,
    )


def _source_settings(context: Context) -> Sequence[Any]:
    from taco.source.run import digest_source

    digest = digest_source(context.recipe.source, folder=Path.cwd(), digest=context.folder.digests.digest)
    return (context.recipe.source, context.recipe.seed, digest)


def _translate_settings(context: Context) -> Sequence[Any]:
    from taco.chain.run import list_phrases

    deciding = context.recipe.translate.select_deciding()
    return (deciding, context.recipe.language, list_phrases(context.recipe.chain))


def _gate_settings(context: Context) -> Sequence[Any]:
    options = context.recipe.gate
    back = options.choose_back(context.recipe.translate).select_deciding() if options.asks_back else None
    seed = context.recipe.seed if options.corpus_round_trip.sentences else None
    return (options, context.recipe.language, back, seed)


def _evaluate_settings(context: Context) -> Sequence[Any]:
    options = context.recipe.evaluate
    engine = context.recipe.translate.select_deciding() if options.translate_step3 else None
    return (options, context.recipe.language, context.recipe.seed, engine)


def _train_settings(context: Context) -> Sequence[Any]:
    from taco.train.rows import digest_files

    recipe = context.recipe
    files = digest_files(recipe.train, chain=context.folder.stage("chain"), digest=context.folder.digests.digest)
    return (recipe.train.select_deciding(), recipe.model, recipe.seed, *files.values())


def _report_settings(context: Context) -> Sequence[Any]:
    """Verdicts are written after the run, by `taco judge`: the report is made anew with them, once."""
    from taco.report.verdicts import digest_verdicts

    verdicts = digest_verdicts(context.folder.root, digest=context.folder.digests.digest)
    return (context.recipe.run_name, context.recipe.language, verdicts)


STAGES = (
    Stage("source", 2, (), _source_settings, _run_source),
    Stage("translate", 3, ("source",), _translate_settings, _run_translate),
    Stage("gate", 1, ("translate",), _gate_settings, _run_gate),
    Stage(
        "chain",
        1,
        ("gate",),
        lambda c: (c.recipe.chain, c.recipe.chain.list_signatures(), c.recipe.language),
        _run_chain,
    ),
    Stage("train", 1, ("chain",), _train_settings, _run_train),
    Stage(
        "generate",
        2,
        ("chain", "train"),
        lambda c: (c.recipe.generate, c.recipe.model, c.recipe.language),
        _run_generate,
    ),
    Stage(
        "evaluate",
        2,
        ("chain", "generate"),
        _evaluate_settings,
        _run_evaluate,
    ),
    Stage(
        "report",
        3,
        ("source", "translate", "gate", "chain", "train", "generate", "evaluate"),
        _report_settings,
        _run_report,
        files=("report.html", "report.json"),
    ),
)
"""The stages, in the order in which data moves."""


def run_recipe(
    recipe: Recipe,
    *,
    runs: Path,
    cache: Path,
    progress: Progress,
    until: str | None = None,
    again: str | None = None,
) -> RunFolder:
    """Run every stage of a recipe that is not up to date, and return the run's folder.

    Args:
        recipe: What to do.
        runs: Folder that holds the run folders.
        cache: Folder for models and the translation memory.
        progress: Where to say how far it is.
        until: Name of the last stage to run; None for all.
        again: Name of a stage to run even if it is up to date.

    Raises:
        TacoError: A stage could not finish. What was done is kept; the same call goes on from there.
    """
    last = len(STAGES) if until is None else _stage_index(until) + 1
    forced = None if again is None else STAGES[_stage_index(again)].name
    context = Context(recipe, RunFolder(runs / recipe.run_name), cache, progress)
    with context.folder.lock():
        manifest = context.folder.read_manifest()
        manifest.name, manifest.seed = recipe.run_name, recipe.seed
        manifest.versions, manifest.recipe = collect_versions(), recipe.model_dump(mode="json")
        for stage in STAGES[:last]:
            finding = _find_state(stage, context, manifest)
            if finding.is_fresh and stage.name != forced:
                progress.say(f"{stage.name}: up to date")
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


def collect_versions() -> dict[str, str]:
    """Return name -> version of what a run's results may depend on."""
    versions = {"taco": __version__, "python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _stage_index(name: str) -> int:
    names = [stage.name for stage in STAGES]
    if name not in names:
        raise RecipeError(f"There is no stage {name!r}{suggest(name, names)}", hint=f"Stages: {', '.join(names)}.")
    return names.index(name)


def _find_state(stage: Stage, context: Context, manifest: Manifest) -> Finding:
    entry = manifest.stages.get(stage.name)
    if entry is None:
        return Finding(stage.name, False, "was never run")
    if entry.key != _make_key(stage, context, manifest):
        return Finding(stage.name, False, "its options or inputs changed")
    if entry.status != "done":
        return Finding(stage.name, False, "was interrupted")
    if _digest_outputs(stage, context.folder) != entry.outputs:
        return Finding(stage.name, False, "its files were changed or are missing")
    return Finding(stage.name, True, "up to date")


def _make_key(stage: Stage, context: Context, manifest: Manifest) -> str:
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
    key = _make_key(stage, context, manifest)
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
    started = time.monotonic()
    count = _call_stage(stage, dataclasses.replace(context, key=key))
    entry.seconds = round(time.monotonic() - started, 3)
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
