"""Reading a run folder into a report's content. What the manifest or the log lacks is left open, not guessed."""

from __future__ import annotations

import json
import math
from pathlib import Path

from taco.chain.template import SECTIONS
from taco.evaluate.scores import read_scores
from taco.gate.round_trip import read_round_trip
from taco.languages.table import Language
from taco.records import ARMS, Answer, Example
from taco.report.benchmarks import read_benchmarks
from taco.report.content import LanguageFacts, Report, StageFlow, TrainStep
from taco.report.findings import state_findings, state_headline
from taco.report.samples import build_samples
from taco.report.verdicts import Verdicts, read_verdicts
from taco.store.jsonl import read_records
from taco.store.manifest import Manifest, read_manifest


def read_report(run: Path, *, name: str, language: Language) -> Report:
    """Put a report's content together.

    Args:
        run: The run folder.
        name: Name of the run.
        language: The target language.

    Raises:
        DataError: The scores, answers or held-out examples are missing or damaged, or the round trip is.
        StoreError: The manifest is damaged, or a judge's verdicts cannot be read.
    """
    return build_report(run, read_verdicts(run), name=name, language=language)


def build_report(run: Path, verdicts: Verdicts, *, name: str, language: Language) -> Report:
    """Put a report's content together with verdicts that were read before; see `read_report`."""
    manifest = read_manifest(run / "manifest.json")
    scores = read_scores(run / "evaluate" / "scores.json")
    examples = list(read_records(run / "chain" / "heldout.jsonl", Example))
    round_trip = read_round_trip(run / "gate" / "round_trip.json")
    answers = [answer for arm in ARMS for answer in read_records(run / "generate" / f"{arm}.jsonl", Answer)]
    return Report(
        name=name,
        language=LanguageFacts(
            code=language.code,
            name=language.name,
            autonym=language.autonym,
            script=language.script,
            direction=language.direction,
        ),
        base=find_setting(manifest, "model", "base"),
        engine=find_counter(manifest, "translate", "engine") or find_setting(manifest, "translate", "engine"),
        seed=manifest.seed or scores.bootstrap.seed,
        versions=manifest.versions,
        recipe=manifest.recipe,
        headline=state_headline(scores),
        findings=state_findings(scores, is_judged=bool(verdicts.scores), round_trip=round_trip),
        flow=_read_flow(manifest),
        steps=read_steps(run / "train" / "log.jsonl"),
        scores=scores,
        samples=build_samples(scores, examples, answers, verdicts.by_answer),
        round_trip=round_trip,
        judged=verdicts.describe(),
        benchmarks=read_benchmarks(run, language),
    )


def find_setting(manifest: Manifest, table: str, key: str) -> str:
    """Return a setting of the recipe as text, "" where the manifest does not hold it."""
    settings = manifest.recipe.get(table)
    found = settings.get(key) if isinstance(settings, dict) else None
    return "" if found is None else str(found)


def find_counter(manifest: Manifest, stage: str, key: str) -> str:
    """Return a counter of a stage as text, "" where the manifest does not hold it."""
    entry = manifest.stages.get(stage)
    found = entry.counters.get(key) if entry else None
    return "" if found is None else str(found)


def read_steps(path: Path) -> tuple[TrainStep, ...]:
    """Read the training log; lines without a step and a finite loss are passed over, an absent file is no steps."""
    if not path.is_file():
        return ()
    steps = [_read_step(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    return tuple(step for step in steps if step is not None)


def _read_step(line: str) -> TrainStep | None:
    try:
        logged = json.loads(line)
        step, loss = int(logged["step"]), float(logged["loss"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    if not math.isfinite(loss):
        return None
    parts = logged.get("parts")
    losses = parts if isinstance(parts, dict) else {}
    return TrainStep(
        step=step,
        loss=loss,
        epoch=_read_number(logged.get("epoch")),
        learning_rate=_read_number(logged.get("learning_rate")),
        **{name: _read_number(losses.get(name)) for name in SECTIONS},
    )


def _read_number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _read_flow(manifest: Manifest) -> tuple[StageFlow, ...]:
    """Return what each finished stage did; the report's own entry is not finished while it is being written."""
    return tuple(
        StageFlow(
            name=name,
            rows_in=entry.rows_in,
            rows_kept=entry.rows_kept,
            dropped=entry.dropped,
            seconds=entry.seconds,
            attempts=entry.attempts,
            counters=entry.counters,
        )
        for name, entry in manifest.stages.items()
        if entry.status == "done" and name != "report"
    )
