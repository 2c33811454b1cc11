"""A bench from the user's file to a folder with results, outputs and figures."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from taco import __version__
from taco.bench.attempt import Attempt, Bench, describe_attempt, try_engine
from taco.bench.figure import draw_scores
from taco.bench.options import COPY, BenchOptions
from taco.bench.pairs import Pair, read_pairs, sample_pairs
from taco.bench.results import LanguageResult, Measure, Results, Segment, SegmentOutput, write_results
from taco.bench.score import Measured, compare_engines, measure_outputs, measure_structure, score_measured
from taco.bench.sending import remove_memory
from taco.bench.timing import Call, Purse
from taco.bench.translate import Output, copy_texts
from taco.evaluate.comparison import sign_p_value
from taco.languages.table import Language
from taco.measure.bootstrap import Bootstrap
from taco.measure.chrf import score_counts
from taco.measure.corpus import describe_omissions, list_corpus_metrics
from taco.progress import Progress
from taco.store.files import digest_file, disk_faults, write_atomically
from taco.store.jsonl import RecordLog, write_records
from taco.store.run_folder import RunFolder

CONFIDENCE = 0.95
"""Share of intervals that should hold the true score."""

_RUN_KEY = "run-key"


def run_bench(options: BenchOptions, *, out: Path, memory: Path, progress: Progress) -> Results:
    """Score engines on the user's texts.

    A killed bench goes on with the same call: what was translated is in the memory, and the log of calls in `out` keeps the
    times. An engine that cannot be opened, refuses the pair or breaks off is a result with its reason.

    Args:
        options: What to do.
        out: Folder for results.json, segments.jsonl, calls.jsonl and a figure for each language.
        memory: The translation memory.
        progress: Where to say how far it is.

    Raises:
        DataError: The texts cannot be read.
        StoreError: The memory or `out` cannot be used.
    """
    found = read_pairs(options.corpus, languages=options.languages, direction=options.direction)
    inputs = _digest_inputs(options.corpus.paths)
    with RunFolder(out).lock(), RecordLog(out / "calls.jsonl", Call) as log:
        run = _find_run_key(out)
        purse = Purse(options.budget_usd, spent_usd=sum(call.usd for call in log.records if call.run == run))
        bench = Bench(options=options, out=out, memory=memory, log=log, purse=purse, run=run, progress=progress)
        segments: list[Segment] = []
        languages = [_run_language(bench, language, found[language.code], segments) for language in options.languages]
        results = _sum_up(options, languages, inputs)
        write_records(out / "segments.jsonl", segments)
        for made in languages:
            write_atomically(out / f"scores-{made.language}.svg", [draw_scores(made).encode()])
        write_results(out / "results.json", results)
        for choice in options.engines:
            remove_memory(bench.fresh_memory(choice.label))
        with disk_faults(out / _RUN_KEY, "remove"):
            (out / _RUN_KEY).unlink()
    return results


def _digest_inputs(paths: Sequence[Path]) -> dict[str, str]:
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [f"{path.parent.name}/{path.name}" for path in paths]
    return {name: digest_file(path) for name, path in zip(names, paths, strict=True)}


def _find_run_key(out: Path) -> str:
    """Return the key of this run, the same for all attempts until one ends; the first attempt makes it."""
    path = out / _RUN_KEY
    with disk_faults(path):
        if path.exists() and (key := path.read_text(encoding="ascii").strip()):
            return key
        key = uuid.uuid4().hex
        write_atomically(path, [key.encode()])
    return key


def _run_language(
    bench: Bench, language: Language, file_pairs: Sequence[Pair], segments: list[Segment]
) -> LanguageResult:
    """Try all engines on one language, and add its texts with their outputs to `segments`."""
    options, bootstrap = bench.options, make_bootstrap(bench.options)
    pairs = sample_pairs(file_pairs, limit=options.limit, seed=options.seed)
    texts = [pair.source for pair in pairs]
    attempts = {choice.label: try_engine(bench, choice, language, texts) for choice in options.engines}
    attempts[COPY] = Attempt(outputs=copy_texts(texts))
    script = options.pair(language)[1].script
    metrics = list_corpus_metrics(script)
    made = {label: attempt.outputs for label, attempt in attempts.items() if attempt.outputs is not None}
    with bench.progress.task(f"score {language.name}", total=len(pairs) * len(made), unit="texts") as task:
        measured = {label: measure_outputs(outputs, pairs, metrics, task=task) for label, outputs in made.items()}
    segments.extend(_list_segments(language, pairs, measured))
    names = {choice.label: choice.engine for choice in options.engines}
    file_characters = sum(len(pair.source) for pair in file_pairs)
    engines = []
    for label, attempt in attempts.items():
        result = describe_attempt(
            bench, attempt, language, label=label, engine=names.get(label, label), file_characters=file_characters
        )
        scores = score_measured(measured[label], metrics, bootstrap) if label in made else {}
        structure = measure_structure(made[label], pairs, bootstrap) if label in made and label != COPY else None
        engines.append(result.model_copy(update={"scores": scores, "structure": structure}))
    return LanguageResult(
        language=language.code,
        name=language.name,
        texts=len(pairs),
        characters=sum(map(len, texts)),
        file_texts=len(file_pairs),
        file_characters=file_characters,
        measures=tuple(
            Measure(name=metric.name, unit=metric.unit, better=metric.better, signature=metric.signature)
            for metric in metrics
        ),
        note=describe_omissions(script),
        engines=tuple(engines),
        comparisons=tuple(compare_engines(measured, metrics, bootstrap)),
    )


def make_bootstrap(options: BenchOptions) -> Bootstrap:
    """Return how the intervals of a bench are made."""
    return Bootstrap(samples=options.samples, confidence=CONFIDENCE, seed=options.seed)


def _list_segments(language: Language, pairs: Sequence[Pair], measured: Mapping[str, Measured]) -> Iterator[Segment]:
    for number, pair in enumerate(pairs):
        yield Segment(
            language=language.code,
            origin=pair.origin,
            source=pair.source,
            reference=pair.reference,
            outputs={
                label: _show_output(found.outputs[number], found.counts["chrf"][number])
                for label, found in measured.items()
            },
        )


def _show_output(output: Output, counts: Sequence[int]) -> SegmentOutput:
    return SegmentOutput(
        text=output.text,
        chrf=round(score_counts(counts), 2),
        fault=output.fault,
        detail=output.detail,
        words=output.words,
        unknown_words=output.unknown_words,
        raw=output.raw,
        raw_fault=output.raw_fault,
    )


def _sum_up(options: BenchOptions, languages: Sequence[LanguageResult], inputs: Mapping[str, str]) -> Results:
    bootstrap = make_bootstrap(options)
    packages = {name: version(name) for name in ("numpy", "sacrebleu")}
    return Results(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"taco": __version__, "python": platform.python_version(), **packages},
        inputs=dict(inputs),
        direction=options.direction,
        limit=options.limit,
        seed=options.seed,
        is_fresh=options.is_fresh,
        bootstrap=bootstrap,
        signatures={
            "intervals": bootstrap.signature,
            "p-values": sign_p_value(samples=options.samples, seed=options.seed),
        },
        languages=tuple(languages),
    )
