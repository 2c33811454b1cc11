"""The paper's measure of translation quality: sentences there and back, by BLEU, chrF++ and TER.

The paper gives the figures of 1,000 sampled sentences for each of four languages (arXiv 2311.10797, table of round trips),
without signatures or seeds. Here both are said, and how sure each figure is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from taco.errors import DataError
from taco.gate.back import BackTranslator
from taco.gate.sentences import Sample
from taco.languages.table import ENGLISH, Language
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.chrf import score_text
from taco.measure.corpus import list_corpus_metrics
from taco.measure.unit import Better, Unit, find_scale
from taco.progress import Task
from taco.records import Row
from taco.store.files import disk_faults, write_atomically
from taco.store.jsonl import write_records

SCHEMA = 1
"""Version of the form of round_trip.json."""

CONFIDENCE = 0.95

WARNING = (
    "A round trip rewards copying: a text that was left in English, or translated word by word, comes back whole, and two "
    "engines that share their mistakes undo them. It says what can be recovered, not that a reader would understand the "
    "translation. Never use it as the only measure, and compare engines only on the same sentences."
)

CHUNK_SENTENCES = 50
"""Sentences scored at a time; TER takes milliseconds for each."""


class Score(BaseModel):
    """One measure.

    Attributes:
        unit: What it is called.
        better: Which way is better.
        signature: sacrebleu's own, with name and version.
        estimate: Of the sentences that came back, against the English ones.
        untranslated: Value of the translations themselves against the English sentences: what doing nothing scores.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit
    better: Better
    signature: str
    estimate: Estimate
    untranslated: float | None


class RoundTrip(BaseModel):
    """A round trip of a run's sentences.

    Attributes:
        sentences: Number of sentences.
        pool: Number of sentences that they were drawn from.
        failed: Sentences that did not come back; they count as empty texts.
        seed: Of sample and bootstrap.
        digest: Of the sample, see `taco.gate.sentences.Sample`.
        engines, back_engines: Signatures of the engines of both ways.
        intervals: How intervals were made.
        scores: Measure -> score.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA
    language: str
    sentences: int
    pool: int
    failed: int
    seed: int
    digest: str
    engines: tuple[str, ...]
    back_engines: tuple[str, ...]
    intervals: str
    scores: dict[str, Score]
    warning: str = WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A sentence there and back, for a reader.

    Attributes:
        row: Id of its row.
        chrf: chrF++ of `back` against `english`.
    """

    row: str
    english: str
    target: str
    back: str
    chrf: float | None


def translate_sample(sample: Sample, back: BackTranslator) -> list[str]:
    """Translate the sentences of a sample back; "" for those that do not come through."""
    rows = [Row(id="", instruction=one.target, input="", response="", keep=one.keep) for one in sample.sentences]
    found = back.translate(rows)
    return [found[place].instruction if place in found else "" for place in range(len(rows))]


def score_sample(
    sample: Sample,
    texts: Sequence[str],
    *,
    target: Language,
    seed: int,
    resamples: int,
    back_engines: Sequence[str],
    task: Task,
) -> RoundTrip:
    """Score what came back.

    Args:
        sample: The sentences.
        texts: What came back of each, "" for nothing.
        target: The language in between.
        seed: Of sample and bootstrap.
        resamples: Number of resamples behind each interval.
        back_engines: Signatures of the engines of the way back.
        task: Counts sentences.
    """
    bootstrap = Bootstrap(samples=resamples, confidence=CONFIDENCE, seed=seed)
    metrics = list_corpus_metrics(ENGLISH.script)
    counts: dict[str, list[list[int]]] = {metric.name: [] for metric in metrics}
    floors: dict[str, list[list[int]]] = {metric.name: [] for metric in metrics}
    for start in range(0, len(texts), CHUNK_SENTENCES):
        chunk = sample.sentences[start : start + CHUNK_SENTENCES]
        pairs = [(text, one.english) for text, one in zip(texts[start:], chunk, strict=False)]
        for metric in metrics:
            counts[metric.name] += metric.count(pairs)
            floors[metric.name] += metric.count([(one.target, one.english) for one in chunk])
        task.advance(len(chunk))
    scores = {
        metric.name: Score(
            unit=metric.unit,
            better=metric.better,
            signature=metric.signature,
            estimate=bootstrap.estimate_total(counts[metric.name], metric.score, scale=find_scale(metric.unit)),
            untranslated=round(metric.score([sum(column) for column in zip(*floors[metric.name], strict=True)]), 6)
            if texts
            else None,
        )
        for metric in metrics
    }
    return RoundTrip(
        language=target.code,
        sentences=len(texts),
        pool=sample.pool,
        failed=sum(not text for text in texts),
        seed=seed,
        digest=sample.digest,
        engines=tuple(sorted({one.engine for one in sample.sentences})),
        back_engines=tuple(sorted(back_engines)),
        intervals=bootstrap.signature,
        scores=scores,
    )


def write_round_trip(out: Path, found: RoundTrip, sample: Sample, texts: Sequence[str]) -> None:
    """Write round_trip.json and the sentences, round_trip.jsonl."""
    write_records(
        out / "round_trip.jsonl",
        (
            Returned(
                row=one.row,
                english=one.english,
                target=one.target,
                back=text,
                chrf=None if (value := score_text(text, one.english)) is None else round(value, 2),
            )
            for one, text in zip(sample.sentences, texts, strict=True)
        ),
    )
    text = json.dumps(found.model_dump(), ensure_ascii=False, indent=1)
    write_atomically(out / "round_trip.json", [text.encode(), b"\n"])


def read_round_trip(path: Path) -> RoundTrip | None:
    """Read round_trip.json; None where there is none.

    Raises:
        DataError: The file is damaged.
    """
    if not path.exists():
        return None
    with disk_faults(path, "read"):
        text = path.read_bytes()
    try:
        return RoundTrip.model_validate_json(text)
    except ValidationError as error:
        raise DataError(
            f"{path} is damaged: {error.errors(include_url=False)[0]['msg']}.",
            hint="Run the gate again: taco run RECIPE --again gate.",
        ) from error
