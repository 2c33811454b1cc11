"""From the scores of a study's runs to its tables, its picture, and what they do not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from taco.errors import TacoError
from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Bootstrap
from taco.store.manifest import read_manifest
from taco.study.answers import RunScores, compare_arms, estimate_arm, list_questions, read_run
from taco.study.arms import CASCADE
from taco.study.jobs import Job, group_by_arm
from taco.study.options import ArmsStudy
from taco.study.picture import Chart, chart_table
from taco.study.scale import tabulate_scale
from taco.study.table import Column, Line, Study, Table

SHOWN: Mapping[str, str] = {
    "reply_in_target": "reply in the language",
    "chrf_reply": "reply against MT",
    "chrf_content": "content (round trip)",
    "chrf_english": "English against reference",
    "complete_chain": "complete chains",
    "ended_by_itself": "ended by itself",
    "copied_question": "question copied",
    "looped": "looped",
    "repetition": "repetition",
    "characters": "characters of the reply",
    "tokens": "tokens an answer",
}
"""Measure -> its heading, in the order of the table."""

DRAWN = ("reply_in_target", "chrf_reply", "chrf_content")
"""Measures of the picture."""
AGAINST: Mapping[str, tuple[str, ...]] = {"direct": (), "base": (), "shuffled": ("staged",)}
"""Arm -> those that are compared with it; all others where none is named."""

KIND_TITLES = {
    "ablation": "What each part of the chain gives, at equal tokens",
    "compare": "Base, plain tuning and the chain on one benchmark, at equal tokens",
}

LIMITS = (
    "Equal are the tokens processed (prompt and completion) and the steps. A format with shorter rows learns from more rows.",
    "Supervised tokens (completions alone) are not equal; they are given for each run.",
    "Rate, rank and schedule are the same for all arms and tuned for none of them.",
    "Agreement with the machine translation of the reference is not quality: the engine's own mistakes score high.",
    "Content is read through the engine too; plain agreement in words with one English reference is a weak measure of it.",
    "The arm `translate-test` is translated by the same engine as the references, which is an advantage there.",
    "Chains of `translate-test` are complete by construction; those that count as incomplete were cut off or looped.",
    "Unscored is not zero: plain replies have no English section, and formats without labels no complete chains.",
    "Few seeds: what another seed would change is estimated from those that were run, and rather too small.",
    "Intervals are not corrected for the number of comparisons.",
)


def compare_study(
    study: ArmsStudy,
    jobs: Sequence[Job],
    done: Sequence[Job],
    *,
    kind: str,
    folder: Path,
    faults: Mapping[str, TacoError],
    command: str,
) -> tuple[Study, tuple[Chart, ...]]:
    """Put the scores of the runs that are done together; return what was found, and its charts.

    Args:
        study: The study.
        jobs: All its runs.
        done: Those that are finished, at least one.
        kind: "ablation" or "compare".
        folder: The study's folder.
        faults: Runs that failed, and why.
        command: The command that makes it.

    Raises:
        DataError: The scores of a run are missing or damaged.
    """
    by_arm = group_by_arm(done)
    runs = {
        arm: [read_run(job.find_run(folder), arm=arm, seed=job.seed) for job in found] for arm, found in by_arm.items()
    }
    recipe = jobs[0].recipe
    options = recipe.evaluate
    bootstrap = Bootstrap(samples=options.bootstrap_samples, confidence=options.confidence, seed=recipe.seed)
    arms = tabulate_arms(runs, bootstrap)
    scale = tabulate_scale([found[0].find_run(folder) for found in by_arm.values()], arms.columns, bootstrap)
    differences = [
        tabulate_differences(runs, one, others, bootstrap)
        for one, named in AGAINST.items()
        if one in runs and (others := [arm for arm in runs if arm != one and (arm in named or not named)])
    ]
    found = Study(
        name=study.name,
        kind=kind,
        title=KIND_TITLES[kind],
        facts=list_facts(study, jobs[0], runs),
        tables=(arms, *([scale] if scale else []), *differences),
        runs=tuple(describe_run(job, folder) for job in done),
        open=tuple(list_open(jobs, done, faults)),
        signatures=sign(runs, bootstrap),
        limits=LIMITS,
        command=command,
    )
    return found, chart_table([(table, DRAWN) for table in (arms, *differences[:1])], scale=scale)


def list_facts(study: ArmsStudy, job: Job, runs: Mapping[str, Sequence[RunScores]]) -> dict[str, str]:
    """Return what is the same for all arms.

    Args:
        study: The study.
        job: Any of its runs.
        runs: What the answers scored.
    """
    recipe = job.recipe
    return {
        "language": recipe.target.name,
        "base": recipe.model.base,
        "engine": recipe.translate.engine,
        "tokens of a training": str(study.tokens),
        "tokens of a step": str(study.batch_tokens),
        "seeds": ", ".join(map(str, study.seeds)),
        "questions": str(len(list_questions([run for found in runs.values() for run in found]))),
    }


def list_metrics(runs: Mapping[str, Sequence[RunScores]]) -> list[Metric]:
    """Return the measures of the table that any run has."""
    found = {metric.name: metric for arm in runs.values() for run in arm for metric in run.metrics}
    return [found[name] for name in SHOWN if name in found]


def tabulate_arms(runs: Mapping[str, Sequence[RunScores]], bootstrap: Bootstrap) -> Table:
    """Make the table of all arms."""
    questions = list_questions([run for found in runs.values() for run in found])
    metrics = list_metrics(runs)
    lines = [
        Line(
            label=arm,
            cells={metric.name: estimate_arm(found, metric, questions, bootstrap) for metric in metrics},
        )
        for arm, found in runs.items()
    ]
    seeds = ", ".join(f"{arm} {len(found)}" for arm, found in runs.items() if found[0].seed is not None)
    note = "Means over questions and seeds, in brackets the interval over both. – is unscored, which is not zero."
    note += f" Seeds: {seeds}." if seeds else ""
    return Table(title="all arms", stub="arm", columns=make_columns(metrics), lines=tuple(lines), note=note)


def tabulate_differences(
    runs: Mapping[str, Sequence[RunScores]], against: str, others: Sequence[str], bootstrap: Bootstrap
) -> Table:
    """Make the table of how other arms differ from one of them, question by question and seed by seed."""
    questions = list_questions([run for found in runs.values() for run in found])
    metrics = list_metrics(runs)
    lines = [
        Line(
            label=arm,
            cells={metric.name: compare_arms(runs[against], found, metric, questions, bootstrap) for metric in metrics},
        )
        for arm, found in runs.items()
        if arm in others
    ]
    note = f"Each arm minus `{against}` on the same questions, and with the same seed where both have seeds."
    columns = make_columns(metrics, is_difference=True)
    return Table(title=f"against `{against}`", stub="arm", columns=columns, lines=tuple(lines), note=note)


def make_columns(metrics: Sequence[Metric], *, is_difference: bool = False) -> tuple[Column, ...]:
    """Return the columns of measures."""
    return tuple(
        Column(
            name=metric.name,
            title=SHOWN[metric.name],
            unit=metric.unit,
            better=metric.better,
            is_difference=is_difference,
        )
        for metric in metrics
    )


def describe_run(job: Job, folder: Path) -> dict[str, str | int | float]:
    """Return what a run took."""
    manifest = read_manifest(job.find_run(folder) / "manifest.json")
    facts: dict[str, str | int | float] = {"run": job.label}
    train = manifest.stages.get("train") if job.arm.is_trained else None
    if train is not None:
        wanted = ("tokens", "supervised_tokens", "steps", "final_loss", "seconds", "tokens_per_s")
        facts |= {name.replace("_", " "): train.counters[name] for name in wanted if name in train.counters}
        facts["rows"] = train.rows_kept
    generate = manifest.stages.get("generate")
    if generate is not None:
        arm = "tuned" if job.arm.is_trained else "base"
        facts |= {"seconds of answers": generate.counters.get(f"{arm}_seconds", 0)}
    return facts


def list_open(jobs: Sequence[Job], done: Sequence[Job], faults: Mapping[str, TacoError]) -> list[str]:
    """Say which runs are not in the table, and why."""
    found = [f"{label}: {error.message}" for label, error in faults.items()]
    waiting = [job.label for job in jobs if job not in done and job.label not in faults]
    return found + ([f"Not run yet: {', '.join(waiting)}."] if waiting else [])


def sign(runs: Mapping[str, Sequence[RunScores]], bootstrap: Bootstrap) -> dict[str, str]:
    """Return what made the numbers."""
    first = next(run for found in runs.values() for run in found)
    signatures = {name: made for name, made in first.signatures.items() if name not in ("intervals", "p-values")}
    signatures["intervals"] = (
        f"pigeonhole bootstrap over seeds and questions, percentiles expanded, {bootstrap.samples} resamples, {100 * bootstrap.confidence:g} %, "
        f"numpy {np.__version__} PCG64, seed {bootstrap.seed}"
    )
    if CASCADE in runs:
        signatures["translate-test"] = (
            "the recipe's engine both ways, the base model in English without a system message"
        )
    return signatures
