"""A transfer study from its file to its tables and picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from taco.chain.formats import PART
from taco.errors import EngineError
from taco.evaluate.metric import Metric
from taco.evaluate.scores import Scores, read_scores
from taco.languages.distance import measure_kinship_distance, read_distances
from taco.languages.table import find_language
from taco.progress import Progress
from taco.records import Row
from taco.store.jsonl import read_records
from taco.study.result import list_paragraphs, write_result
from taco.study.transfer.ask import ask_language, read_own
from taco.study.transfer.lender import Lender, read_lender
from taco.study.transfer.options import TransferStudy
from taco.study.transfer.show import draw_charts, list_notes, list_tables
from taco.study.transfer.summary import MEASURES, Asked, LanguageResult, TransferResults, summarise_language

TITLE = "An adapter asked in other languages"

SIGNED = ("chrF++", "intervals")
"""Signatures of the lender's scores that stand for all numbers here."""


def run_transfer(
    study: TransferStudy, *, folder: Path, cache: Path, progress: Progress
) -> tuple[TransferResults, list[Path]]:
    """Ask a run's adapter in each language; return the results and the files that hold them.

    The tables and the picture are written anew after each language, so a study that is stopped has those that are done; the
    same call goes on. A language that the engine cannot translate into is named, and the others go on.

    Args:
        study: Which run, and in which languages.
        folder: The study's folder; the borrowed runs are in its folder `runs`.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        TacoError: The run is not finished, or the model cannot be used.
    """
    lender = read_lender(study.run)
    home, runs = lender.recipe.target, folder / "runs"
    typology = read_distances(study.typology) if study.typology else {}
    own = {code: read_own(run, find_language(code)) for code, run in study.own.items()}
    at_home = _ask_home(lender, study.questions, own.get(home.code))
    metrics = _choose_metrics(at_home.scores)
    found = [summarise_language(at_home, lender=home, typology=typology, metrics=metrics)]
    others = [find_language(code) for code in study.languages if code != home.code]
    absent: list[str] = []
    frame = _frame_results(study, lender, at_home, metrics)
    results, paths = _write(frame, found, absent, folder=folder)
    with progress.task("Languages", total=len(others), unit="languages") as task:
        for language in sorted(others, key=lambda one: measure_kinship_distance(home, one)):
            try:
                scores = ask_language(
                    lender, language, runs=runs, questions=study.questions, cache=cache, progress=progress
                )
            except EngineError as error:
                absent.append(f"{language.name}: {error.message}")
                progress.say(absent[-1])
            else:
                answers = runs / language.code / "generate" / "tuned.jsonl"
                asked = Asked(language=language, scores=scores, answers=answers, own=own.get(language.code))
                found.append(summarise_language(asked, lender=home, typology=typology, metrics=metrics))
            results, paths = _write(frame, found, absent, folder=folder)
            task.advance()
    return results, paths


def _ask_home(lender: Lender, questions: int | None, own: Scores | None) -> Asked:
    """Return what the lender scored in its own language, on the same rows."""
    scores = read_scores(lender.run / "evaluate" / "scores.json")
    asked = {row.id for row in islice(read_records(lender.run / "source" / "heldout.jsonl", Row), questions)}
    kept = tuple(row for row in scores.per_row if row.id.partition(PART)[0] in asked)
    answers = lender.run / "generate" / "tuned.jsonl"
    return Asked(
        language=lender.recipe.target, scores=scores.model_copy(update={"per_row": kept}), answers=answers, own=own
    )


def _frame_results(
    study: TransferStudy, lender: Lender, at_home: Asked, metrics: tuple[Metric, ...]
) -> TransferResults:
    """Return what the results hold before any language is in them."""
    signatures = at_home.scores.signatures
    return TransferResults(
        study=study.name,
        lender=lender.recipe.run_name,
        lender_language=at_home.language.name,
        metrics=metrics,
        languages=(),
        signatures={name: signatures[name] for name in SIGNED if name in signatures},
        adapter=dict(lender.adapter),
    )


def _write(
    frame: TransferResults, found: Sequence[LanguageResult], absent: Sequence[str], *, folder: Path
) -> tuple[TransferResults, list[Path]]:
    results = frame.model_copy(update={"languages": tuple(found), "absent": tuple(absent)})
    paths = write_result(
        folder,
        name="transfer",
        title=TITLE,
        numbers=results,
        paragraphs=list_paragraphs("transfer", TITLE, list_tables(results), list_notes(results)),
        charts=draw_charts(results),
    )
    return results, paths


def _choose_metrics(scores: Scores) -> tuple[Metric, ...]:
    found = [scores.find_metric(name) for name in MEASURES]
    return tuple(metric for metric in found if metric is not None)
