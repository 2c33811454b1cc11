"""The `evaluate` stage: answers of both arms in, scores out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from taco import __version__
from taco.errors import DataError
from taco.evaluate.case import REFERENCE, Case, build_case, build_reference
from taco.evaluate.chains import CHAINS
from taco.evaluate.comparison import sign_p_value
from taco.evaluate.confusion import CONFUSION
from taco.evaluate.copied import COPIES
from taco.evaluate.fidelity import FIDELITY
from taco.evaluate.language import LANGUAGE
from taco.evaluate.length import make_length
from taco.evaluate.metric import Family, Metric
from taco.evaluate.options import EvaluateOptions, TerParts
from taco.evaluate.python_code import PYTHON_CODE
from taco.evaluate.repairs import RepairScores, score_repairs
from taco.evaluate.repetition import REPETITION
from taco.evaluate.retention import RETENTION
from taco.evaluate.scores import Scores, write_scores
from taco.evaluate.similarity import SIMILARITY, measure_floors
from taco.evaluate.step3 import FILE as STEP3_FILE
from taco.evaluate.step3 import SectionTranslation, make_step3, read_translations
from taco.evaluate.structure import STRUCTURE
from taco.evaluate.summary import Measured, compare_corpus, compare_rows, measure_row, summarise_arm
from taco.evaluate.together import score_together
from taco.languages.identify import identify
from taco.languages.table import Language
from taco.measure.bootstrap import Bootstrap
from taco.measure.chrf import sign_chrf
from taco.measure.unit import find_scale
from taco.progress import Progress, Task
from taco.records import ARMS, Answer, Drop, Example, StageCount
from taco.store.files import digest_file
from taco.store.jsonl import read_records, write_records


def list_families(
    options: EvaluateOptions, translations: Mapping[str, SectionTranslation] | None = None
) -> tuple[Family, ...]:
    """Return all measures, in the order in which they are shown.

    Args:
        options: The stage's settings.
        translations: The engine's translations of English sections; without any, nothing is held against them.
    """
    return (
        CHAINS,
        LANGUAGE,
        CONFUSION,
        SIMILARITY,
        RETENTION,
        FIDELITY,
        *((make_step3(translations),) if translations else ()),
        REPETITION,
        COPIES,
        STRUCTURE,
        PYTHON_CODE,
        make_length(options.sentence_limit),
    )


def run_evaluate(
    options: EvaluateOptions,
    *,
    chain: Path,
    answers: Path,
    out: Path,
    language: Language,
    seed: int,
    progress: Progress,
) -> StageCount:
    """Score the answers of both arms against the held-out examples.

    A held-out row without an answer is counted as unanswered and is in no mean. An answer is dropped where it belongs
    to no held-out row ("unknown-id"), stands there twice in the same words ("doubled"), or answers other words than the
    example of its id asks ("other-prompt").

    Args:
        options: The stage's settings.
        chain: Folder with heldout.jsonl (Example).
        answers: Folder with base.jsonl and tuned.jsonl (Answer).
        out: Where scores.json and dropped.jsonl go, and where step3.jsonl is if sections were translated.
        language: The target language.
        seed: Seed of the bootstrap.
        progress: Where to say how far it is.

    Raises:
        DataError: A file is missing or damaged, or two different answers of one arm have the same id.
    """
    examples = _read_examples(chain / "heldout.jsonl")
    drops: list[Drop] = []
    chosen = {arm: _choose_answers(answers / f"{arm}.jsonl", arm, examples, drops) for arm in ARMS}
    kept = sum(len(found) for found in chosen.values())
    translations = read_translations(out / STEP3_FILE)
    families = list_families(options, translations)
    with progress.task("evaluate", total=kept + len(examples), unit="answers") as task:
        arms = {arm: _measure_arm(chosen[arm], examples, families, language, task) for arm in ARMS}
        references = _measure([build_reference(example, language) for example in examples.values()], families, task)
    bootstrap = Bootstrap(samples=options.bootstrap_samples, confidence=options.confidence, seed=seed)
    inputs = [chain / "heldout.jsonl", *(answers / f"{arm}.jsonl" for arm in ARMS)]
    inputs += [out / STEP3_FILE] if translations else []
    scores = build_scores(arms, references, families, bootstrap, language, inputs=_digest(inputs), ter=options.ter)
    engines = {"step 3": ", ".join(sorted({one.engine for one in translations.values()}))} if translations else {}
    write_scores(out / "scores.json", scores.model_copy(update={"signatures": scores.signatures | engines}))
    write_records(out / "dropped.jsonl", drops)
    return StageCount(
        rows_in=kept + len(drops),
        rows_kept=kept,
        dropped=Counter(drop.reason for drop in drops),
        counters={f"unanswered_{arm}": len(arms[arm].unanswered) for arm in ARMS},
    )


def build_scores(
    arms: Mapping[str, Measured],
    references: Measured,
    families: Sequence[Family],
    bootstrap: Bootstrap,
    language: Language,
    *,
    inputs: Mapping[str, str],
    ter: TerParts = "question",
) -> Scores:
    """Put the scores of all arms together.

    Args:
        arms: What each arm's answers scored.
        references: What the reference chains score as if they were answers.
        families: The measures that were taken.
        bootstrap: How intervals are made.
        language: The target language.
        inputs: File -> SHA-256.
        ter: Which parts TER is taken of.
    """
    examples = [case.example for case in references.cases]
    templates = list(dict.fromkeys(case.template for case in references.cases))
    metrics = tuple(
        metric
        for family in families
        for metric in family.metrics
        if not templates or any(metric.applies_to(template) for template in templates)
    )
    base, tuned = (arms[arm] for arm in ARMS)
    together = score_together(arms, references, bootstrap, language, ter=ter)
    return Scores(
        language=language.code,
        language_name=language.name,
        template=", ".join(sorted(template.signature for template in templates)),
        rows=len(examples),
        metrics=metrics,
        arms={
            arm: summarise_arm(measured, metrics, bootstrap, together.arms[arm]).model_copy(
                update={"repairs": _score_repairs(measured, families, metrics, bootstrap)}
            )
            for arm, measured in arms.items()
        },
        reference=summarise_arm(references, metrics, bootstrap, together.arms[REFERENCE]) if examples else None,
        floors={
            name: bootstrap.estimate_mean(values, scale=find_scale("chrF++"))
            for name, values in measure_floors(examples).items()
        },
        differences=compare_rows(base.rows, tuned.rows, metrics, bootstrap),
        corpus_differences=compare_corpus(base, tuned, bootstrap),
        totals=together.metrics,
        total_differences=together.differences,
        total_p_values=together.p_values,
        signatures=_sign(bootstrap, language),
        bootstrap=bootstrap,
        inputs=dict(inputs),
        knows_target=identify("", target=language).knows_target,
        per_row=tuple(row for arm in ARMS for row in arms[arm].rows),
    )


def _score_repairs(
    measured: Measured, families: Sequence[Family], metrics: Sequence[Metric], bootstrap: Bootstrap
) -> RepairScores | None:
    return score_repairs(measured.cases, [row.values for row in measured.rows], families, metrics, bootstrap)


def _read_examples(path: Path) -> dict[str, Example]:
    examples: dict[str, Example] = {}
    for example in read_records(path, Example):
        if example.id in examples:
            raise DataError(
                f"{path} holds the id {example.id} twice.", hint="Run the chain stage again: --again chain."
            )
        examples[example.id] = example
    return examples


def _choose_answers(path: Path, arm: str, examples: Mapping[str, Example], drops: list[Drop]) -> dict[str, Answer]:
    """Return id -> answer, and add to `drops` those that belong to no example."""
    chosen: dict[str, Answer] = {}
    for number, answer in enumerate(read_records(path, Answer), start=1):
        origin = f"{path.name}:{number}"
        if answer.arm != arm:
            raise DataError(
                f"{path}:{number} is an answer of the arm {answer.arm!r}, expected {arm!r}.",
                hint="Run the generate stage again: --again generate.",
            )
        reason, detail = _find_fault(answer, examples, chosen, origin=f"{path}:{number}")
        if reason:
            drops.append(Drop(id=answer.id, stage="evaluate", reason=reason, detail=detail, origin=origin))
        else:
            chosen[answer.id] = answer
    return chosen


def _find_fault(
    answer: Answer, examples: Mapping[str, Example], chosen: Mapping[str, Answer], *, origin: str
) -> tuple[str, str]:
    """Return why an answer cannot be scored, as (reason, detail); ("", "") where it can."""
    if answer.id not in examples:
        return "unknown-id", "no held-out row has this id"
    if answer.prompt != examples[answer.id].prompt:
        return "other-prompt", f"it answers {answer.prompt[:80]!r}"
    if answer.id not in chosen:
        return "", ""
    if answer.text != chosen[answer.id].text:
        raise DataError(
            f"{origin} is a second, different answer to {answer.id}: nobody can say which one counts.",
            hint="Run the generate stage again: --again generate.",
        )
    return "doubled", "the same answer stands in the file already"


def _measure_arm(
    answers: Mapping[str, Answer],
    examples: Mapping[str, Example],
    families: Sequence[Family],
    language: Language,
    task: Task,
) -> Measured:
    cases = [build_case(example, answers[key], language) for key, example in examples.items() if key in answers]
    return _measure(cases, families, task, unanswered=tuple(key for key in examples if key not in answers))


def _measure(
    cases: Sequence[Case], families: Sequence[Family], task: Task, *, unanswered: tuple[str, ...] = ()
) -> Measured:
    rows = []
    for case in cases:
        rows.append(measure_row(case, families))
        task.advance()
    return Measured(tuple(cases), tuple(rows), unanswered)


def _sign(bootstrap: Bootstrap, language: Language) -> dict[str, str]:
    return {
        "taco": __version__,
        "chrF++": sign_chrf(),
        "language": identify("", target=language).signature,
        "intervals": bootstrap.signature,
        "p-values": sign_p_value(samples=bootstrap.samples, seed=bootstrap.seed),
    }


def _digest(paths: Sequence[Path]) -> dict[str, str]:
    return {f"{path.parent.name}/{path.name}": digest_file(path) for path in paths}
