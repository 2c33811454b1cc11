"""Making the runs of a study, one after the other, and its table anew after each of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from taco.errors import BudgetError, StoreError, TacoError
from taco.pipeline import run_recipe
from taco.progress import Progress, Task
from taco.report.wording import write_seconds
from taco.store.run_folder import RunFolder
from taco.study.answers import name_answerer
from taco.study.comparison import compare_study
from taco.study.content import measure_content
from taco.study.jobs import RUNS, Job, list_jobs
from taco.study.options import ArmsStudy
from taco.study.plan import estimate_seconds, is_finished
from taco.study.result import list_study_paragraphs, write_result
from taco.study.table import Study


def run_study(
    study: ArmsStudy, *, kind: str, folder: Path, cache: Path, progress: Progress, command: str = ""
) -> Study:
    """Make all runs of a study that are not up to date, and its table and picture.

    A study that was stopped, however hard, goes on with the same call. A run that fails does not stop the others; a spent
    budget and a broken disk do.

    Args:
        study: The study.
        kind: "ablation" or "compare".
        folder: The study's folder.
        cache: The cache folder.
        progress: Where to say how far it is.
        command: The command that was called, for the page.

    Raises:
        RecipeError: The recipe is missing or faulty.
        BudgetError, StoreError: It cannot go on; what is done is kept.
        TacoError: Every run failed; the first one's fault.
    """
    jobs = list_jobs(study, kind=kind)
    faults: dict[str, TacoError] = {}
    done: list[Job] = []
    watch = StudyProgress(progress, jobs, study, folder=folder, cache=cache)

    def write() -> Study:
        found, charts = compare_study(study, jobs, done, kind=kind, folder=folder, faults=faults, command=command)
        write_result(
            folder,
            name=kind,
            title=found.title,
            numbers=found,
            paragraphs=list_study_paragraphs(found),
            charts=charts,
        )
        return found

    with RunFolder(folder).lock():
        for job in jobs:
            watch.begin(job)
            try:
                make_run(job, folder=folder, cache=cache, progress=watch)
            except (BudgetError, StoreError):
                raise
            except TacoError as error:
                faults[job.label] = error
                progress.say(f"{job.label} failed: {error}")
                continue
            done.append(job)
            gc.collect()  # a trainer and its model hold each other: the next run would find both still in memory
            if job is not jobs[-1]:
                write()
        if not done:
            raise next(iter(faults.values()))
        return write()


def make_run(job: Job, *, folder: Path, cache: Path, progress: Progress) -> None:
    """Make one run as far as it is not up to date, and measure what its replies say.

    Raises:
        TacoError: It cannot be finished; what is done is kept.
    """
    run = run_recipe(job.recipe, runs=folder / RUNS, cache=cache, progress=progress)
    measure_content(job.recipe, run.root, arm=name_answerer(job.seed), cache=cache, progress=progress)


class StudyProgress:
    """Says of each task which run of the study it belongs to, and when the study will be done.

    Args:
        shown: Where it is said.
        jobs: All runs of the study.
        study: The study, for the estimate.
        folder: The study's folder.
        cache: The cache folder.
    """

    def __init__(self, shown: Progress, jobs: Sequence[Job], study: ArmsStudy, *, folder: Path, cache: Path) -> None:
        self._shown, self._labels = shown, [job.label for job in jobs]
        self._expected = {
            job.label: 0.0 if is_finished(job, folder, cache=cache) else estimate_seconds(job, study, folder)
            for job in jobs
        }
        self._head = ""
        self._started: float | None = None

    def begin(self, job: Job) -> None:
        """Turn to the next run, and say how long the rest will take at the pace so far."""
        place, now = self._labels.index(job.label), time.monotonic()
        if self._started is None and self._expected[job.label]:
            # Runs that were there already take next to no time, and say nothing about the pace.
            self._started = now
        passed = sum(self._expected[label] for label in self._labels[:place])
        pace = (now - self._started) / passed if self._started is not None and passed else 1.0
        left = pace * sum(self._expected[label] for label in self._labels[place:])
        self._head = f"[{place + 1}/{len(self._labels)} {job.label}] "
        self._shown.say(f"{self._head}study: {f'about {write_seconds(left)} to go' if left else 'all there'}")

    def say(self, line: str) -> None:
        """Show one line above the bar."""
        self._shown.say(f"{self._head}{line}")

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
        """Count as `Progress.task` does, under the run's name."""
        with self._shown.task(f"{self._head}{title}", total=total, unit=unit, done=done) as task:
            yield task
