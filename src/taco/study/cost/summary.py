"""What one system took, read from its run's manifest and answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from taco.chain.template import SECTIONS
from taco.errors import DataError
from taco.generate.sections import OTHER
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.unit import COUNTED
from taco.records import ARMS, Answer
from taco.store.jsonl import read_records
from taco.store.manifest import Manifest, StageEntry, read_manifest
from taco.study.cost.options import CostStudy

_JOULES_PER_WH = 3600.0


class StageCost(BaseModel):
    """What one stage took.

    Attributes:
        seconds: Wall-clock time of the attempt that finished.
        cpu_seconds, peak_mib: See `taco.pipeline.usage.Usage`; None where the manifest does not say.
        is_bound: Whether the memory is the most since the process began, which an earlier stage or run may have held.
        energy_wh: Estimate in watt-hours; None where there is nothing to estimate it from.
        attempts: More than 1: it was stopped, and the time of the earlier attempts is not counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float
    cpu_seconds: float | None
    peak_mib: float | None
    is_bound: bool
    energy_wh: float | None
    attempts: int


class SystemCost(BaseModel):
    """What one system of a run took: the base model alone, or with what was trained.

    Attributes:
        run, arm: Name of the run; "base" or "tuned".
        language, template, base: The target, the chain format, the base model.
        trained_tokens, supervised_tokens: Tokens seen and learnt in training; None for the base model.
        stages: Stage -> what it took; of "generate" the arm's share of the time. Without training only "generate".
        answers: Number of answers.
        tokens, seconds: Of an answer. Answers of a batch share each step's time.
        sections: Section, or "other" -> tokens of an answer.
        tokens_per_s: Generated tokens / seconds.
        energy_wh_per_1000: Estimate for 1,000 answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    arm: str
    language: str
    template: str
    base: str
    trained_tokens: int | None
    supervised_tokens: int | None
    stages: dict[str, StageCost]
    answers: int
    tokens: Estimate
    seconds: Estimate
    sections: dict[str, Estimate]
    tokens_per_s: float | None
    energy_wh_per_1000: float | None


class CostResults(BaseModel):
    """The results of a cost study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    systems: tuple[SystemCost, ...]
    energy: str
    intervals: str
    machines: dict[str, str]


def read_systems(run: Path, study: CostStudy) -> list[SystemCost]:
    """Read the systems of a finished run, the base model first.

    Raises:
        DataError: The run has no answers.
    """
    manifest = read_manifest(run / "manifest.json")
    generate = manifest.stages.get("generate")
    if generate is None or generate.status != "done":
        raise DataError(f"{run}: the stage generate is not done.", hint="taco run RECIPE finishes it.")
    found = []
    for arm in ARMS:
        path = run / "generate" / f"{arm}.jsonl"
        answers = list(read_records(path, Answer)) if path.is_file() else []
        if answers:
            found.append(_sum_up(answers, run=run, manifest=manifest, arm=arm, study=study))
    if not found:
        raise DataError(f"{run} holds no answers.")
    return found


def _sum_up(answers: Sequence[Answer], *, run: Path, manifest: Manifest, arm: str, study: CostStudy) -> SystemCost:
    stages = _list_stages(manifest, arm, study)
    train = manifest.stages.get("train")
    trained = arm == "tuned" and train is not None
    tokens, seconds = sum(one.tokens for one in answers), sum(one.seconds for one in answers)
    energy = stages["generate"].energy_wh
    recipe = manifest.recipe
    return SystemCost(
        run=manifest.name or run.name,
        arm=arm,
        language=str(recipe.get("language", "")),
        template=_find_text(recipe, "chain", "template"),
        base=_find_text(recipe, "model", "base"),
        trained_tokens=_find_count(train, "tokens") if trained else None,
        supervised_tokens=_find_count(train, "supervised_tokens") if trained else None,
        stages=stages,
        answers=len(answers),
        tokens=study.bootstrap.estimate_mean([float(one.tokens) for one in answers], scale=COUNTED),
        seconds=study.bootstrap.estimate_mean([one.seconds for one in answers], scale=COUNTED),
        sections=_estimate_sections(answers, study.bootstrap),
        tokens_per_s=round(tokens / seconds, 2) if seconds else None,
        energy_wh_per_1000=None if energy is None else round(1000 * energy / len(answers), 3),
    )


def _list_stages(manifest: Manifest, arm: str, study: CostStudy) -> dict[str, StageCost]:
    """Return what each stage took for an arm; the base model alone needs no rows and no training."""
    needed = manifest.stages if arm == "tuned" else {"generate": manifest.stages["generate"]}
    passed_over = ("evaluate", "report")
    return {
        name: _cost_stage(entry, study, share=_find_share(entry, arm) if name == "generate" else 1.0)
        for name, entry in needed.items()
        if entry.status == "done" and name not in passed_over
    }


def _cost_stage(entry: StageEntry, study: CostStudy, *, share: float) -> StageCost:
    cpu_seconds = None if entry.cpu_seconds is None else share * entry.cpu_seconds
    return StageCost(
        seconds=round(share * entry.seconds, 3),
        cpu_seconds=None if cpu_seconds is None else round(cpu_seconds, 2),
        peak_mib=entry.peak_mib if entry.peak_mib is not None else _find_old_peak(entry),
        is_bound=entry.peak_mib is None,
        energy_wh=_estimate_energy(share * entry.seconds, cpu_seconds, study),
        attempts=entry.attempts,
    )


def _estimate_energy(seconds: float, cpu_seconds: float | None, study: CostStudy) -> float | None:
    if study.watts is not None:
        return round(seconds * study.watts / _JOULES_PER_WH, 4)
    return None if cpu_seconds is None else round(cpu_seconds * study.watts_per_core / _JOULES_PER_WH, 4)


def _find_share(entry: StageEntry, arm: str) -> float:
    """Return an arm's share of the time in which both answered; the whole where the manifest does not say."""
    spent = {name: _find_number(entry, f"{name}_seconds") for name in ARMS}
    total = sum(spent.values())
    return spent[arm] / total if total else 1.0


def _find_old_peak(entry: StageEntry) -> float | None:
    """Training has counted its process's memory, in millions of bytes, before all stages counted their own."""
    peak = _find_number(entry, "peak_rss_mb")
    return round(peak * 1e6 / 2**20, 1) if peak else None


def _find_number(entry: StageEntry, name: str) -> float:
    value = entry.counters.get(name, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _find_count(entry: StageEntry | None, name: str) -> int | None:
    return int(_find_number(entry, name)) or None if entry is not None else None


def _find_text(recipe: object, *path: str) -> str:
    for name in path:
        recipe = recipe.get(name) if isinstance(recipe, dict) else None
    return str(recipe or "")


def _estimate_sections(answers: Sequence[Answer], bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Estimate the tokens of each section over all answers; a section that is not there has none."""
    counts = [{use.name: use.tokens for use in answer.sections} for answer in answers]
    names = [name for name in (*SECTIONS, OTHER) if any(name in found for found in counts)]
    return {
        name: bootstrap.estimate_mean([float(found.get(name, 0)) for found in counts], scale=COUNTED) for name in names
    }
