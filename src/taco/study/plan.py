"""What a study will take, before it starts: runs, tokens, time, disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from taco.errors import TacoError
from taco.pipeline import plan_recipe
from taco.progress import SilentProgress
from taco.store.manifest import Manifest, read_manifest
from taco.study.jobs import RUNS, Job
from taco.study.options import ArmsStudy

TRAINED_TOKENS_PER_S = 200.0
"""Speed assumed where the study has no finished run: the embedded base on 2 cores, chains of about 240 tokens."""

ANSWERED_TOKENS_PER_S = 170.0
"""The same for answers, 64 at a time."""

TOKENS_OF_ANSWER = 200
"""Tokens assumed of an answer."""

ADAPTER_BYTES = 20_000_000
"""Size assumed of a run with its adapter: rank 32 on the embedded base is 15 MB."""

OVERHEAD_S = 15.0
"""Seconds of a run for the stages around training and answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """What a study will take.

    Attributes:
        runs: Number of runs; `done` of them are finished.
        trainings: How many of them train.
        tokens: Tokens to learn in all, those of finished runs included.
        seconds: Estimated time of the runs that are not finished.
        disk_bytes: Estimated size of all adapters and files.
        speed: Where the speed is from.
    """

    runs: int
    done: int
    trainings: int
    tokens: int
    seconds: float
    disk_bytes: int
    speed: str

    def to_json(self) -> dict[str, object]:
        """Return the plan as plain values."""
        return asdict(self)


def plan_study(jobs: Sequence[Job], study: ArmsStudy, folder: Path, *, cache: Path) -> StudyPlan:
    """Say what a study will take; nothing is made or fetched."""
    finished = [job for job in jobs if is_finished(job, folder, cache=cache)]
    left = [job for job in jobs if job not in finished]
    trainings = sum(job.arm.is_trained for job in jobs)
    sizes = [_measure_size(job.find_run(folder)) for job in finished if job.arm.is_trained]
    size = round(sum(sizes) / len(sizes)) if sizes else ADAPTER_BYTES
    return StudyPlan(
        runs=len(jobs),
        done=len(finished),
        trainings=trainings,
        tokens=trainings * study.tokens,
        seconds=round(sum(estimate_seconds(job, study, folder) for job in left), 1),
        disk_bytes=trainings * size,
        speed="its finished runs" if any(job.arm.is_trained for job in finished) else "assumed, see docs/study.md",
    )


def estimate_seconds(job: Job, study: ArmsStudy, folder: Path) -> float:
    """Return about how long a run takes, by the speed of a finished run of the study where there is one."""
    answers = job.recipe.source.heldout * TOKENS_OF_ANSWER / ANSWERED_TOKENS_PER_S
    if not job.arm.is_trained:
        return OVERHEAD_S + answers
    return OVERHEAD_S + answers + study.tokens / find_speed(folder)


def find_speed(folder: Path) -> float:
    """Return the tokens a second of the study's finished trainings together; the assumed speed without any."""
    tokens = seconds = 0.0
    for path in sorted(folder.glob("runs/*/manifest.json")):
        entry = _read_manifest(path).stages.get("train")
        if entry is not None and entry.status == "done":
            tokens += float(entry.counters.get("tokens", 0))
            seconds += float(entry.counters.get("seconds", 0))
    return tokens / seconds if tokens and seconds else TRAINED_TOKENS_PER_S


def is_finished(job: Job, folder: Path, *, cache: Path) -> bool:
    """Whether a run has its scores, made with the settings that the study has now."""
    entry = _read_manifest(job.find_run(folder) / "manifest.json").stages.get("evaluate")
    if entry is None or entry.status != "done":
        return False
    try:
        findings = plan_recipe(job.recipe, runs=folder / RUNS, cache=cache, progress=SilentProgress())
    except TacoError:  # running it says what is wrong
        return False
    return all(found.is_fresh for found in findings if found.stage != "report")


def _read_manifest(path: Path) -> Manifest:
    try:
        return read_manifest(path)
    except TacoError:  # running it says what is wrong
        return Manifest()


def _measure_size(run: Path) -> int:
    return sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
