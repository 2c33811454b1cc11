"""Reading several run folders into one content."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.errors import DataError
from taco.evaluate.comparison import sign_p_value
from taco.evaluate.metric import Metric
from taco.evaluate.scores import read_scores
from taco.languages.table import find_language
from taco.records import ARMS, Example
from taco.report.answers import list_asked
from taco.report.content import JudgeVerdict, Report, Sample
from taco.report.inputs import build_report
from taco.report.side_by_side.benchmarks import gather_benchmarks, gather_ratings
from taco.report.side_by_side.content import Question, Reply, RunFacts, ShownFailure, SideBySide
from taco.report.side_by_side.failures import list_failures
from taco.report.side_by_side.paired import ARM, compare_runs
from taco.report.verdicts import Verdicts, read_verdicts
from taco.store.jsonl import read_records
from taco.store.manifest import read_manifest

MOST_VALUE_LETTERS = 120
"""Letters of a recipe's option that are shown."""


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """A run as it was read.

    Attributes:
        templates: Id of a held-out row -> name of its template.
    """

    report: Report
    verdicts: Verdicts
    templates: dict[str, str]


def read_runs(runs: Sequence[Path]) -> SideBySide:
    """Put the content of several runs together.

    Args:
        runs: Run folders; the first is the one that the others are compared with.

    Raises:
        DataError: No run is given, one is given twice, or one is not finished or damaged.
        StoreError: A manifest is damaged.
    """
    if not runs:
        raise DataError("There is no run to report on.", hint="taco report RUN [RUN ...]")
    if len({run.resolve() for run in runs}) < len(runs):
        raise DataError("The same run is given twice.", hint="Name each run folder once.")
    loaded = [load_run(run) for run in runs]
    first = loaded[0].report.scores.bootstrap
    return SideBySide(
        runs=tuple(_describe(run, label) for run, label in zip(loaded, _label(loaded), strict=True)),
        differing=find_differing([run.report.recipe for run in loaded]),
        differences=tuple(compare_runs([_list_values(run.report) for run in loaded], _list_metrics(loaded), first)),
        questions=gather_questions(loaded),
        signature=f"{first.signature}; {sign_p_value(samples=first.samples, seed=first.seed)}; corrected by Holm",
        benchmarks=gather_benchmarks([run.report for run in loaded]),
        ratings=gather_ratings([run.report for run in loaded]),
    )


def find_differing(recipes: Sequence[Mapping[str, object]]) -> dict[str, tuple[str, ...]]:
    """Return the options that not all recipes have alike, with their values as JSON.

    >>> find_differing([{"train": {"rank": 8, "epochs": 1}}, {"train": {"rank": 16, "epochs": 1}}])
    {'train.rank': ('8', '16')}
    """
    flat = [dict(_flatten("", recipe)) for recipe in recipes]
    names = sorted({name for options in flat for name in options})
    table = {name: tuple(options.get(name, "") for options in flat) for name in names}
    return {name: values for name, values in table.items() if len(set(values)) > 1}


def gather_questions(runs: Sequence[LoadedRun]) -> tuple[Question, ...]:
    """Bring the answers of all runs to the same question together.

    The question is the same where language, row, prompt and the reference in the target language are: another
    translation of a row is another question, since answers to it are held against another reference. Runs of different
    formats may be asked the same; the reference that is shown is the one with the most sections.
    """
    asked: dict[tuple[str, ...], list[tuple[int, Sample]]] = {}
    for number, run in enumerate(runs):
        for sample in run.report.samples:
            asked.setdefault((run.report.language.code, *identify_question(sample)), []).append((number, sample))
    questions = (_make_question(language, samples, runs) for (language, *_), samples in asked.items())
    return tuple(sorted(questions, key=lambda one: (one.language, one.category, one.id, one.runs)))


def identify_question(sample: Sample) -> tuple[str, ...]:
    """Return all that makes a question the same in two runs of a language."""
    return (sample.id, sample.prompt, sample.reference.response)


def load_run(run: Path) -> LoadedRun:
    """Read one run folder; its name is the manifest's, else the folder's."""
    scores = read_scores(run / "evaluate" / "scores.json")
    name = read_manifest(run / "manifest.json").name or run.resolve().name
    verdicts = read_verdicts(run)
    report = build_report(run, verdicts, name=name, language=find_language(scores.language))
    examples = read_records(run / "chain" / "heldout.jsonl", Example)
    return LoadedRun(report, verdicts, {example.id: example.template for example in examples})


def _label(runs: Sequence[LoadedRun]) -> list[str]:
    """Return the runs' names, numbered where a name occurs twice."""
    times = Counter(run.report.name for run in runs)
    seen: Counter[str] = Counter()
    labels = []
    for run in runs:
        name = run.report.name
        seen[name] += 1
        labels.append(f"{name} ({seen[name]})" if times[name] > 1 else name)
    return labels


def _describe(run: LoadedRun, label: str) -> RunFacts:
    report = run.report
    train = next((stage for stage in report.flow if stage.name == "train"), None)
    return RunFacts(
        label=label,
        language=report.language,
        base=report.base,
        engine=report.engine,
        seed=report.seed,
        trained=train.rows_kept if train else None,
        versions=report.versions,
        recipe=report.recipe,
        scores=report.scores.model_copy(update={"per_row": ()}),
        ratings=run.verdicts.estimate_ratings(report.scores.bootstrap),
        judged=report.judged,
    )


def _list_metrics(runs: Sequence[LoadedRun]) -> list[Metric]:
    """Return the measures that any run has, each once, those for which no way is better left out."""
    found = {metric.name: metric for run in reversed(runs) for metric in run.report.scores.metrics}
    order = {metric.name: None for run in runs for metric in run.report.scores.metrics}
    return [found[name] for name in order if found[name].better != "neither" or name == "tokens"]


def _list_values(report: Report) -> dict[str, Mapping[str, float | None]]:
    """Return what the tuned answers scored, by all that makes a question the same."""
    return {
        json.dumps([report.language.code, *identify_question(sample)]): sample.answers[ARM].values
        for sample in report.samples
        if ARM in sample.answers
    }


def _make_question(language: str, asked: Sequence[tuple[int, Sample]], runs: Sequence[LoadedRun]) -> Question:
    sample = asked[0][1]
    replies = [reply for arm in reversed(ARMS) for reply in _gather_replies(arm, asked, runs)]
    return Question(
        id=sample.id,
        category=sample.category,
        language=language,
        prompt=sample.prompt,
        reference=max((one.reference for _, one in asked), key=lambda reference: len(list_asked(reference))),
        runs=tuple(number for number, _ in asked),
        replies=tuple(replies),
    )


def _gather_replies(arm: str, asked: Sequence[tuple[int, Sample]], runs: Sequence[LoadedRun]) -> Iterator[Reply]:
    """Yield the different answers of one arm, those that several runs gave once."""
    same: dict[tuple[object, ...], list[int]] = {}
    samples = {number: sample for number, sample in asked if arm in sample.answers}
    for number, sample in samples.items():
        answer = sample.answers[arm]
        same.setdefault((answer.text, answer.finish, list_asked(sample.reference)), []).append(number)
    for numbers in same.values():
        verdicts = [samples[number].answers[arm].verdicts for number in numbers]
        yield Reply(
            arm=arm,
            runs=tuple(numbers),
            answer=samples[numbers[0]].answers[arm].model_copy(update={"verdicts": ()}),
            asked=list_asked(samples[numbers[0]].reference),
            failures=_list_failures(arm, samples[numbers[0]], runs[numbers[0]]),
            verdicts=_drop_equal(verdict for found in verdicts for verdict in found),
        )


def _drop_equal(verdicts: Iterable[JudgeVerdict]) -> tuple[JudgeVerdict, ...]:
    """Return verdicts, those that several runs have word for word once."""
    return tuple({verdict.model_dump_json(): verdict for verdict in verdicts}.values())


def _list_failures(arm: str, sample: Sample, run: LoadedRun) -> tuple[ShownFailure, ...]:
    answer = sample.answers[arm]
    if arm != ARM:
        return tuple(ShownFailure(kind=one.kind, detail=one.detail) for one in answer.failures)
    language = find_language(run.report.language.code)
    return list_failures(sample, answer, language=language, template=run.templates[sample.id])


def _flatten(prefix: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(f"{prefix}{name}.", value)
        else:
            text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
            yield f"{prefix}{name}", text if len(text) <= MOST_VALUE_LETTERS else f"{text[:MOST_VALUE_LETTERS]}…"
